/**
 * The code behind `custom` columns, as a program registers it: `columnGenerators` of `ParquetryClient.create` and `createWorker`, or
 * `--extensions` on the command line. A config names it in `generator_function`.
 */
import type { z } from 'zod'
import type { ChatAnswer, ChatMessage } from '../model/client.ts'
import type { RowStream } from '../random/random.ts'
import type { Value, ValueType } from '../values.ts'

/**
 * Type of a column: a zod schema (of zod 4), by which every value is judged too, or one of our own types, or the word for one.
 * `int64`: whole numbers, `bigint` beyond ±(2^53−1); `double`: any number but NaN; `timestamp`: `Date`; `json`: what JSON can say.
 * Every column may hold null, unless a zod schema says otherwise.
 */
export type OutputType = 'string' | 'int64' | 'double' | 'boolean' | 'timestamp' | 'json' | ValueType | z.ZodType

/** What a model is asked: a prompt, with a system prompt if there is one, or a whole conversation. */
export type Question = string | { readonly prompt: string; readonly system?: string } | { readonly messages: readonly ChatMessage[] }

/** One row as a generator sees it. */
export interface GeneratorRow {
  /** Fixed index of the record, 0 … num_records−1. */
  readonly rowIndex: number
  /** 0 for the first try at this row, 1, 2 … for refills. */
  readonly refill: number
  /** The declared inputs, by column. Frozen. */
  readonly values: Readonly<Record<string, Value>>
  /** The row's own random numbers for this column: the same whoever makes the row, and when. Use these, never `Math.random`. */
  readonly random: RowStream
  /**
   * Asks the model of a declared alias. The call is limited, journalled and counted like any other, and an answer that the journal has is
   * not paid for again; so ask in an order that does not depend on the clock. Throws `MODEL_*` errors: let them through.
   */
  ask(alias: string, question: Question): Promise<ChatAnswer>
}

/** What a generator is given besides rows. */
export interface GeneratorContext<Params = unknown> {
  /** Name of the column that is made. */
  readonly column: string
  /** `generator_params` of the config, as the generator's own schema reads them; as they are when it has none; null when there are none. */
  readonly params: Params
  /** Aborted when the row group is given up: end soon, and throw its reason. */
  readonly signal: AbortSignal
}

/**
 * The columns made for one row: the column itself under its name (`context.column`) and the declared side-effect columns. Inputs may stand
 * there too (`{ ...row.values, band }`) and are passed over; other columns are left out with a warning.
 */
export type GeneratedColumns = Readonly<Record<string, unknown>>

/** What both kinds of generators declare. */
interface GeneratorDeclaration<Params> {
  /** Type of the column. */
  readonly output: OutputType
  /** Columns that must be ready first; no others can be read. Default none. */
  readonly inputs?: readonly string[]
  /** Column → type of the columns that it makes beside its own. Default none. */
  readonly sideEffects?: Readonly<Record<string, OutputType>>
  /** Model aliases that it may ask. Default none. */
  readonly models?: readonly string[]
  /** Judges `generator_params`. Default: any are taken as they are. */
  readonly params?: z.ZodType<Params>
  /**
   * Stands for what it does, and is part of the dataset's fingerprint: raise it when the same row would get another value, and leave it
   * when a mistake is corrected with which no row was made. Default none.
   */
  readonly version?: string
}

/**
 * Makes one cell at a time, many at once. What it throws drops or refills the row (`CUSTOM_CELL_FAILED`), a `TypeError` no less; when too
 * many rows drop, the row group waits. A `ParquetryError` does what its kind says. All cells share one event loop, which gets its turn
 * between cells only: give work of more than 50 ms to a worker thread.
 */
export interface CellColumnGenerator<Params = unknown> extends GeneratorDeclaration<Params> {
  readonly strategy?: 'cell_by_cell'
  generate(row: GeneratorRow, context: GeneratorContext<Params>): GeneratedColumns | Promise<GeneratedColumns>
}

/**
 * Makes the column for a whole row group at once: called when every row has its inputs or has failed to get them, with those that have, in
 * row order; other columns do not wait for it. Answers one result a row, in the same order; an `Error` in a row's place drops or refills
 * that row. Rows that are made again (refills, dropped rows that are retried) come in a later call of their own. What it throws is about no
 * single row: the row group waits (`CUSTOM_COLUMN_FAILED`), and no answer is lost.
 */
export interface FullColumnGenerator<Params = unknown> extends GeneratorDeclaration<Params> {
  readonly strategy: 'full_column'
  generate(
    rows: readonly GeneratorRow[],
    context: GeneratorContext<Params>,
  ): readonly (GeneratedColumns | Error)[] | Promise<readonly (GeneratedColumns | Error)[]>
}

/** A generator of either kind. */
export type ColumnGenerator<Params = unknown> = CellColumnGenerator<Params> | FullColumnGenerator<Params>

/** Generators by the names that configs use, each with parameters of its own. */
export type ColumnGenerators = Readonly<Record<string, ColumnGenerator<any>>>
