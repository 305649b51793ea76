/**
 * Tokens of model columns, estimated: of every answer as it is stored, and of the prompts of a sample of rows, rendered again from the
 * values of the files. Rows of the sample lie at equal distances, so that they are the same each time.
 */
import { instructionsFor } from '../../columns/json-cell.ts'
import { compilePrompts } from '../../columns/llm-prompt.ts'
import type { ColumnPrompts } from '../../columns/llm-prompt.ts'
import type { CompiledDataset, LlmColumn } from '../../config/compiled.ts'
import { isParquetryError } from '../../errors.ts'
import { judgeSchema } from '../../plan/judge-schema.ts'
import type { Random } from '../../random/random.ts'
import { compileTemplate } from '../../template/template.ts'
import type { Table, Value } from '../../values.ts'
import { createMoments } from './moments.ts'
import { createQuantiles } from './quantiles.ts'
import type { TokenNumber, TokenStatistics } from './statistics.ts'
import { UNAVAILABLE } from './statistics.ts'

/** Rows whose prompts are rendered, as DataDesigner. */
const SAMPLE_ROWS = 1_000

/** Counts tokens, row group by row group. */
export interface TokenCounts {
  /** Columns that prompts need and that are not in the final rows. */
  readonly droppedInputs: readonly string[]
  /** True when a row of the table that begins with the row at `position` of the written ones is in the sample. */
  isSampled(position: number, rowCount: number): boolean
  /** One more row group; `dropped` are its dropped columns, or null when they were not kept. */
  add(table: Table, position: number, dropped: Table | null): void
  /** Of a column; undefined for one that no model writes. */
  of(column: string): TokenStatistics | undefined
}

/** As a provider's answer without usage is counted. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4)
}

/** Nothing counted yet. `rows` are those that are written, `exactRows` those of a column up to which the median is exact. */
export function createTokenCounts(
  { columns, types, models, schema }: CompiledDataset,
  random: Random,
  rows: number,
  exactRows = 1_000_000,
): TokenCounts {
  const kept = new Set(schema.map(({ name }) => name))
  const counted = columns
    .filter((column): column is LlmColumn => column.column_type.startsWith('llm-') && kept.has(column.name))
    .map((column) => ({
      column,
      prompts: compilePrompts(column, { types, compileTemplate }),
      instructions: models[column.model_alias]?.nativeStructuredOutput === true ? '' : schemaOf(column),
      input: createSpread(exactRows),
      output: createSpread(exactRows),
    }))
  const stride = Math.max(1, Math.ceil(rows / SAMPLE_ROWS))
  const droppedInputs = [...new Set(counted.flatMap(({ prompts }) => prompts.inputs))].filter((name) => !kept.has(name))
  const firstFrom = (position: number): number => (stride - (position % stride)) % stride
  return {
    droppedInputs,
    isSampled: (position, rowCount) => firstFrom(position) < rowCount,
    add(table, position, dropped): void {
      for (const { column, prompts, instructions, input, output } of counted) {
        const answers = table.columns.get(column.name) ?? []
        for (const answer of answers) if (answer !== null) output.add(estimateTokens(textOf(answer)))
        for (let at = firstFrom(position); at < table.rowCount; at += stride) {
          // A cell that was skipped had no prompt.
          if ((answers[at] ?? null) === null) continue
          const get = (name: string): Value | undefined => (table.columns.get(name) ?? dropped?.columns.get(name))?.[at]
          const prompt = promptOf(column, prompts, get, () => random.stream(column.name, position + at, 0, 0, 'profile'))
          if (prompt !== null) input.add(estimateTokens(prompt + instructions))
        }
      }
    },
    of(name) {
      const found = counted.find(({ column }) => column.name === name)
      if (found === undefined) return undefined
      const [input, output] = [found.input.numbers(), found.output.numbers()]
      return {
        input_tokens_mean: input.mean,
        input_tokens_median: input.median,
        input_tokens_stddev: input.stddev,
        output_tokens_mean: output.mean,
        output_tokens_median: output.median,
        output_tokens_stddev: output.stddev,
      }
    },
  }
}

/** Null when the prompt cannot be rendered from what is there. */
function promptOf(
  column: LlmColumn,
  prompts: ColumnPrompts,
  get: (name: string) => Value | undefined,
  random: () => ReturnType<Random['stream']>,
): string | null {
  if (prompts.inputs.some((name) => get(name) === undefined)) return null
  try {
    const { system, user } = prompts.render({
      rowIndex: 0,
      refill: 0,
      get: (name) => get(name) ?? null,
      random,
      setSideEffect: () => undefined,
      isSkipped: () => false,
      markSkipped: () => undefined,
    })
    return system === null ? user : `${system}\n\n${user}`
  } catch (error) {
    if (!isParquetryError(error)) throw error
    return null
  }
}

function schemaOf(column: LlmColumn): string {
  if (column.column_type === 'llm-structured') return instructionsFor(column.output_format)
  return column.column_type === 'llm-judge' ? instructionsFor(judgeSchema(column.scores)) : ''
}

function textOf(value: NonNullable<Value>): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))
}

/** Mean, median and spread; `--` without values, the spread of a single one included. */
function createSpread(exactRows: number): {
  add(value: number): void
  numbers(): { readonly mean: TokenNumber; readonly median: TokenNumber; readonly stddev: TokenNumber }
} {
  const moments = createMoments()
  const quantiles = createQuantiles(exactRows)
  return {
    add(value): void {
      moments.add(value)
      quantiles.add(value)
    },
    numbers: () => ({
      mean: moments.mean ?? UNAVAILABLE,
      median: quantiles.median() ?? UNAVAILABLE,
      stddev: moments.stddev ?? UNAVAILABLE,
    }),
  }
}
