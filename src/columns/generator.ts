/**
 * What a column is to the row group that runs it. One file per kind, one registry (`registry.ts`).
 * Generators reach the world only through `CellPorts`.
 */
import type { ChatAnswer, ChatRequest, ToolCall, ToolDefinition } from '../model/client.ts'
import type { CheckedLanguage, CodeResult } from '../plan/code-checks.ts'
import type { CellMedia } from './media/cell-media.ts'
import type { RowStream } from '../random/random.ts'
import type { Value } from '../values.ts'

/** The row a cell belongs to. */
export interface CellRow {
  /** Fixed index of the record, 0 … num_records−1. */
  readonly rowIndex: number
  /** 0 for the first try at this row, 1, 2 … for refills. */
  readonly refill: number
  /** The values of this row's columns that are ready; a generator reads only its declared inputs. */
  get(column: string): Value
  /** This row's own random stream for this column and purpose (default `cell`): same values whoever makes it, and when. */
  random(purpose?: 'cell' | 'skip'): RowStream
  /** Sets a side-effect column of this generator in this row. */
  setSideEffect(column: string, value: Value): void
  /** True for a column whose cell was skipped in this row; side-effect columns included. */
  isSkipped(column: string): boolean
  /** Notes that the cells of these columns are skipped in this row. */
  markSkipped(columns: readonly string[]): void
}

/**
 * Position of a model call inside its cell; with row, column, refill and request it is the journal's key.
 * `restart` counts fresh conversations, `step` correction rounds within one, `turn` the turns of tool calls so far (absent for none).
 */
export interface CallOrdinal {
  readonly restart: number
  readonly step: number
  readonly turn?: number
}

/** Position of a tool call inside its cell: that of the answer that asks for it, and its place among that answer's calls, from 0. */
export interface ToolCallOrdinal extends CallOrdinal {
  readonly call: number
}

/** The tools that a cell may use. */
export interface CellTools {
  /** The tools of a tool alias; always the same list object while the worker lives. Throws `TOOL_*`, of kind `blocked`. */
  list(toolAlias: string): Promise<readonly ToolDefinition[]>
  /**
   * What comes of a tool call, as the model is told: a tool's failure is a text like any other. A journalled result is used instead of a
   * call. Throws `TOOL_*`, of kind `blocked`, while the tool's server is not there.
   */
  call(toolAlias: string, call: ToolCall, ordinal: ToolCallOrdinal): Promise<string>
}

/** A validator elsewhere, and how it is asked; DataDesigner's names. */
export interface RemoteValidator {
  /** The validation column. */
  readonly column: string
  readonly endpoint_url: string
  /** Seconds for one request. */
  readonly timeout: number
  readonly max_retries: number
  /** Seconds before the first repetition. */
  readonly retry_backoff: number
  readonly max_parallel_requests: number
  /** Records in one request. */
  readonly batch_size: number
}

/** A record to be judged by a validator elsewhere. */
export interface RemoteValidation {
  /** The same object for all cells of a column: their records go together. */
  readonly validator: RemoteValidator
  readonly record: Readonly<Record<string, Value>>
  /** The cell, from the validator's result for the record; called before the result is kept. */
  readonly read: (
    result: unknown,
  ) => { readonly isUsable: true; readonly value: Value } | { readonly isUsable: false; readonly message: string }
}

/** What a generator may use of the outside. */
export interface CellPorts {
  /** Asks the model of an alias; a journalled answer is used instead of a call. Throws `ParquetryError`. */
  ask(alias: string, request: ChatRequest, ordinal: CallOrdinal): Promise<ChatAnswer>
  /** Absent where no column uses tools. */
  readonly tools?: CellTools
  readonly signal: AbortSignal
  /** Checks a text off the event loop. Throws `CODE_UNCHECKABLE`. */
  readonly checkCode?: (language: CheckedLanguage, code: string) => Promise<CodeResult>
  /** Has a record judged; a journalled result is used instead of a request. Throws `VALIDATOR_REFUSED`, `VALIDATOR_UNAVAILABLE`. */
  readonly validate?: (validation: RemoteValidation) => Promise<Value>
  /** Pictures of the dataset that is being made. */
  readonly media: CellMedia
  /**
   * Waits until all rows of the row group are at this column or will not come, and answers what `make` makes of this one: called once with
   * all that came, in row order, whichever row brought it. Only for generators with `isFullColumn`; absent where there is no row group.
   */
  together?(row: CellRow, make: MakeTogether): Promise<Value>
}

/** A row that waits with others, and what its part of the work may use. */
export interface Member {
  readonly row: CellRow
  readonly ports: CellPorts
}

/** Makes the cells of several rows: one result a row, in the same order. What it throws becomes the error of all of them. */
export type MakeTogether = (members: readonly Member[]) => Promise<readonly PromiseSettledResult<Value>[]>

/**
 * A column made cell by cell. `generate` returns the cell (side-effect columns first set through `setSideEffect`), or throws a
 * `ParquetryError`: kind `content` drops or refills the row, any other kind ends the row group uncommitted.
 */
export interface CellGenerator {
  readonly column: string
  /** Columns that must be ready first. */
  readonly inputs: readonly string[]
  /** Columns that it makes beside its own. Default none. */
  readonly sideEffects?: readonly string[]
  /** True when `generate` never waits: such columns are made in one tight loop. */
  readonly isSync: boolean
  /** True when its cells may be skipped. Default false. */
  readonly canSkip?: boolean
  /** True when its cells are made together (`CellPorts.together`). Default false. */
  readonly isFullColumn?: boolean
  /** Throws a `ParquetryError` when this worker cannot make the column: before any call is paid for. Default: it can. */
  requireReady?(): void
  generate(row: CellRow, ports: CellPorts): Value | Promise<Value>
}

/** All samplers of a dataset together: they are drawn and redrawn as one (constraints, ruling 11). */
export interface SamplerProgram {
  /** Names of the columns it makes, in config order. */
  readonly columns: readonly string[]
  /**
   * Draws the sampler values of one row into `into[column]`. Pure: depends on (seed, row index, refill) only.
   * Throws `CONSTRAINT_UNSATISFIABLE`.
   */
  sampleRow(rowIndex: number, refill: number, into: Record<string, Value>): void
}
