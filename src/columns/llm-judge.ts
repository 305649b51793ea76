/** Columns in which a model scores what other columns hold: for each score its reasoning and one option. */
import type { LlmJudgeColumn } from '../config/compiled.ts'
import { judgeOptions, judgeSchema } from '../plan/judge-schema.ts'
import type { CellGenerator } from './generator.ts'
import { compileJsonCell } from './json-cell.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'

/**
 * Compiles an llm-judge column. A cell is a group of scores, each with `reasoning` and `score`; a score that means one option is
 * taken for it (`coerceScore`), any other is asked again. Throws what `compileJsonCell` does.
 */
export function compileLlmJudge(column: LlmJudgeColumn, options: LlmColumnOptions): CellGenerator {
  const optionsOf = new Map(column.scores.map((score) => [score.name, judgeOptions(score.options)]))
  return compileJsonCell(column, options, {
    schema: judgeSchema(column.scores),
    path: `columns.${column.name}.scores`,
    mend: (json) => (isObject(json) ? mapFields(json, (name, scored) => mendScore(scored, optionsOf.get(name) ?? [])) : json),
  })
}

function mendScore(scored: unknown, options: readonly (string | number)[]): unknown {
  return isObject(scored) && Object.hasOwn(scored, 'score')
    ? mapFields(scored, (name, value) => (name === 'score' ? coerceScore(value, options) : value))
    : scored
}

/**
 * The option that an answered score means: itself, else the only one that reads the same apart from case and outer blanks, be it
 * written as a number or as a text. True and false never mean 1 and 0. A score that means none is given back as it is.
 */
export function coerceScore(score: unknown, options: readonly (string | number)[]): unknown {
  const exact = options.find((option) => option === score)
  if (exact !== undefined) return exact
  const said = normalised(score)
  const matches = options.filter((option) => normalised(option) === said)
  return said !== null && matches.length === 1 ? matches[0] : score
}

function normalised(score: unknown): string | null {
  if (typeof score === 'string') return score.trim().toLowerCase()
  return typeof score === 'number' || typeof score === 'boolean' ? String(score) : null
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapFields(value: Readonly<Record<string, unknown>>, map: (name: string, field: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, map(name, field)]))
}
