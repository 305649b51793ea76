/**
 * Cells that are left out (DataDesigner's rules): first because a column they need was skipped in their row, then because the
 * column's own condition holds. The row stays, and the cell gets the value that the config gives for it.
 */
import type { CellColumn } from '../config/compiled.ts'
import { isParquetryError } from '../errors.ts'
import type { Value, ValueType } from '../values.ts'
import type { CellGenerator, CellRow } from './generator.ts'
import type { CompileTemplate } from './llm-prompt.ts'

/** What a column with skipped cells needs besides its own config. */
export interface SkipOptions {
  /** Declared types of all columns. */
  readonly types: Readonly<Record<string, ValueType>>
  readonly compileTemplate: CompileTemplate
  /** Columns that may be skipped in some row, side-effect columns included. */
  readonly skippable: ReadonlySet<string>
}

/** The generator with the column's rules of skipping around it; the same one when none of its cells can be skipped. Throws `TEMPLATE_INVALID`. */
export function withSkip(generator: CellGenerator, column: CellColumn, options: SkipOptions): CellGenerator {
  const { skip } = column
  const inherited = column.propagate_skip ? generator.inputs.filter((input) => options.skippable.has(input)) : []
  if (skip === null && inherited.length === 0) return generator
  const condition = skip === null ? null : compileWhen(skip.when, options)
  const value = skip?.value ?? null
  const made = [generator.column, ...(generator.sideEffects ?? [])]
  return {
    ...generator,
    inputs: [...new Set([...generator.inputs, ...(condition?.references ?? [])])],
    canSkip: true,
    generate(row, ports) {
      if (!inherited.some((column) => row.isSkipped(column)) && !(condition?.holds(row) ?? false)) return generator.generate(row, ports)
      row.markSkipped(made)
      return value
    },
  }
}

interface When {
  readonly references: readonly string[]
  readonly holds: (row: CellRow) => boolean
}

/** A condition that cannot be evaluated holds: rather a cell left out than a call paid for a row of which nothing is known. */
function compileWhen(source: string, { types, compileTemplate }: SkipOptions): When {
  // Doubles only: a text may hold a number here.
  const doubles = Object.entries(types).filter(([, type]) => type.kind === 'double')
  const template = compileTemplate(source, { types: Object.fromEntries(doubles) })
  return {
    references: template.references,
    holds(row) {
      const values = Object.fromEntries(template.references.map((name) => [name, openScalars(row.get(name))]))
      let stream: ReturnType<CellRow['random']> | undefined
      try {
        return isTruthyText(template.render(values, { random: () => (stream ??= row.random('skip')).next() }))
      } catch (error) {
        if (isParquetryError(error)) return true
        throw error
      }
    },
  }
}

/** A condition reads the JSON that texts hold, as DataDesigner has it: here numbers, true, false and null; templates open the rest. */
function openScalars(value: Value): Value {
  if (typeof value === 'string') return /^\s*(?:-?\d|true|false|null)/.test(value) ? jsonScalar(value) : value
  if (Array.isArray(value)) return (value as readonly Value[]).map(openScalars)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([field, held]) => [field, openScalars(held)]))
}

function jsonScalar(text: string): Value {
  try {
    return JSON.parse(text) as Value
  } catch {
    return text
  }
}

/** What Python's literals print as when they are false; `false` and `null` are JSON's, which texts may hold. */
const FALSE_TEXT = /^(?:False|None|false|null|[-+]?(?:0+(?:\.0*)?|\.0+)(?:[eE][-+]?\d+)?|\[\s*\]|\{\s*\}|\(\s*\)|set\(\)|''|"")$/

/** The truth of what a template renders to, read as Python reads literals; texts that are no literal are true unless they are empty. */
export function isTruthyText(text: string): boolean {
  return text !== '' && !FALSE_TEXT.test(text.trim())
}
