/**
 * Makes the rows of one row group. Every cell starts when its own row's inputs are ready; rows run together.
 *
 * R1  A row's values depend on (seed, row index, refill number) and on the answers, never on order or company.
 * R2  Only errors of kind `content` drop or refill a row (ruling 1); any other error ends the row group.
 * R3  When the row group ends early, no cell is left running.
 */
import type { CellGenerator, CellPorts, CellRow, SamplerProgram } from '../../columns/generator.ts'
import { NO_MEDIA } from '../../columns/media/cell-media.ts'
import type { CellMedia } from '../../columns/media/cell-media.ts'
import type { RowGroup } from '../../contract.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { createRandom, RowStream } from '../../random/random.ts'
import type { Value } from '../../values.ts'
import type { AnswerBook } from './answer-book.ts'
import type { CellChecks } from './cell-checks.ts'
import { createDropWatch } from './drop-watch.ts'
import type { DropPolicy } from './drop-watch.ts'
import { openFullColumns } from './full-columns.ts'
import type { FullColumns } from './full-columns.ts'
import type { DroppedRow } from '../receipt.ts'

/** A finished row. */
export interface MadeRow {
  readonly row: number
  readonly refill: number
  readonly values: Readonly<Record<string, Value>>
}

/** What becomes of a row group's rows: written + dropped = wanted. */
export interface MadeRows {
  readonly rows: readonly MadeRow[]
  readonly dropped: readonly DroppedRow[]
}

/** A row that is made, and the first refill number it is tried with. */
export interface RowToMake {
  readonly row: number
  readonly firstRefill: number
}

/** What making rows takes. */
export interface RunRowsOptions {
  readonly rowGroup: RowGroup
  readonly samplers: SamplerProgram
  /** In an order in which every column follows its inputs. */
  readonly generators: readonly CellGenerator[]
  readonly random: ReturnType<typeof createRandom>
  readonly answers: AnswerBook
  /** Default: there are no validation columns. */
  readonly checks?: CellChecks
  /** Pictures of the dataset. Default: there are none. */
  readonly media?: CellMedia
  readonly refillAttempts: number
  /** Only these rows, each from a refill number of its own on; in row order. Default: all rows of the row group, from 0 on. */
  readonly rows?: readonly RowToMake[]
  readonly dropPolicy: DropPolicy
  readonly signal: AbortSignal
  /**
   * Refuses a finished row that no file can hold, or of which a schema_transform cannot make its record. Throws
   * `VALUE_NOT_REPRESENTABLE`, `TEMPLATE_FAILED` with the column, or the processor, in its details.
   */
  readonly checkRow: (values: Readonly<Record<string, Value>>, row: number, refill: number) => void
  /** Called with the first error that ends the row group, so that no further call is issued. */
  readonly onFailure: (error: unknown) => void
  /** Called whenever a row is done or dropped. */
  readonly onProgress: (done: number, dropped: number) => void
}

/** Rows whose model cells run at once; more only costs memory, since the limiters hold the calls. */
const MAX_OPEN_ROWS = 4_096
/** Longest stretch of work on the event loop before heartbeats and sockets get their turn, in ms. */
const MAX_TURN_MS = 12

/** Rows that are begun before the event loop gets its turn, where all rows of a row group are open at once. */
const ROWS_A_TURN = 512

/** Makes all rows, in row order. Throws the first error that is not of kind `content`, after all started cells have ended (R3). */
export async function runRows(options: RunRowsOptions): Promise<MadeRows> {
  const { rowGroup, generators, signal } = options
  for (const generator of generators) generator.requireReady?.()
  const { early, late } = splitGenerators(generators, options.samplers)
  const count = options.rows?.length ?? rowGroup.end - rowGroup.start
  const outcomes: (MadeRow | DroppedRow)[] = Array.from({ length: count })
  const watch = createDropWatch(count, options.dropPolicy)
  const full = openFullColumns(generators, count, 1 + options.refillAttempts)
  const work: Work = { options, full, early, late }
  const onAbort = (): void => full?.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  let done = 0
  let dropped = 0
  let next = 0
  let failure: unknown
  let turnStart = performance.now()

  async function lane(): Promise<void> {
    while (next < count && failure === undefined) {
      const offset = next
      next += 1
      try {
        const wanted = options.rows?.[offset] ?? { row: rowGroup.start + offset, firstRefill: 0 }
        const making = makeRow(work, offset, wanted)
        const outcome = making instanceof Promise ? await making : making
        outcomes[offset] = outcome
        full?.settle(offset)
        if ('code' in outcome) dropped += 1
        else done += 1
        watch.add('code' in outcome ? outcome : null)
        options.onProgress(done, dropped)
      } catch (error) {
        if (failure === undefined) options.onFailure(error)
        failure ??= error
        full?.abort(error)
      }
      if (performance.now() - turnStart > MAX_TURN_MS) {
        await new Promise<void>((resolve) => setImmediate(resolve))
        turnStart = performance.now()
        if (signal.aborted) failure ??= signal.reason
      }
    }
  }

  const lanes = late.length === 0 ? 1 : full === null ? Math.min(count, MAX_OPEN_ROWS) : count
  const running: Promise<void>[] = []
  while (running.length < lanes) {
    running.push(lane())
    if (running.length % ROWS_A_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  await Promise.all(running)
  signal.removeEventListener('abort', onAbort)
  if (failure !== undefined) throw failure
  signal.throwIfAborted()
  watch.end()
  return {
    rows: outcomes.filter((outcome): outcome is MadeRow => !('code' in outcome)),
    dropped: outcomes.filter((outcome): outcome is DroppedRow => 'code' in outcome),
  }
}

/** Columns that never wait, directly or through an input, are made in one go; the others as their inputs come. */
function splitGenerators(
  generators: readonly CellGenerator[],
  samplers: SamplerProgram,
): { early: CellGenerator[]; late: CellGenerator[] } {
  const ready = new Set(samplers.columns)
  const early: CellGenerator[] = []
  const late: CellGenerator[] = []
  for (const generator of generators) {
    const isEarly = generator.isSync && generator.inputs.every((input) => ready.has(input))
    if (isEarly) for (const made of madeBy(generator)) ready.add(made)
    ;(isEarly ? early : late).push(generator)
  }
  return { early, late }
}

function madeBy(generator: CellGenerator): readonly string[] {
  return [generator.column, ...(generator.sideEffects ?? [])]
}

type Outcome = MadeRow | DroppedRow

/** What all rows share. */
interface Work {
  readonly options: RunRowsOptions
  /** Null where no column is made for all rows at once. */
  readonly full: FullColumns | null
  readonly early: readonly CellGenerator[]
  readonly late: readonly CellGenerator[]
}

function makeRow(work: Work, offset: number, { row, firstRefill }: RowToMake): Outcome | Promise<Outcome> {
  const { options, late } = work
  const lastRefill = firstRefill + options.refillAttempts
  for (let refill = firstRefill; ; refill += 1) {
    const cells = new OpenRow(work, row, refill, offset, firstRefill)
    try {
      cells.begin()
      if (late.length === 0) {
        options.checkRow(cells.values, row, refill)
        return { row, refill, values: cells.values }
      }
      return finishRow(cells, lastRefill)
    } catch (error) {
      const drop = dropOf(error, cells)
      work.full?.passAll(refill - firstRefill, offset)
      if (refill >= lastRefill) return drop
    }
  }
}

async function finishRow(first: OpenRow, lastRefill: number): Promise<Outcome> {
  const { work, rowIndex, offset, firstRefill } = first
  for (let cells = first; ;) {
    try {
      await makeLateCells(cells)
      work.options.checkRow(cells.values, rowIndex, cells.refill)
      return { row: rowIndex, refill: cells.refill, values: cells.values }
    } catch (error) {
      let drop = dropOf(error, cells)
      // The sampled part is drawn anew; it may fail too, and each failure uses up one refill.
      for (let refill = cells.refill + 1; ; refill += 1) {
        if (refill > lastRefill) return drop
        cells = new OpenRow(work, rowIndex, refill, offset, firstRefill)
        try {
          cells.begin()
          break
        } catch (again) {
          drop = dropOf(again, cells)
          work.full?.passAll(refill - firstRefill, offset)
        }
      }
    }
  }
}

/** A row being made. */
class OpenRow {
  readonly work: Work
  readonly rowIndex: number
  readonly refill: number
  /** The row's place among those that are made. */
  readonly offset: number
  readonly firstRefill: number
  readonly values: Record<string, Value> = {}
  /** Column that failed first. */
  failedColumn = ''
  #skipped: Set<string> | null = null

  constructor(work: Work, rowIndex: number, refill: number, offset: number, firstRefill: number) {
    this.work = work
    this.rowIndex = rowIndex
    this.refill = refill
    this.offset = offset
    this.firstRefill = firstRefill
  }

  /** Makes what never waits. */
  begin(): void {
    const { options, early } = this.work
    options.samplers.sampleRow(this.rowIndex, this.refill, this.values)
    for (const generator of early) makeEarlyCell(this, generator)
  }
  /** Which try at the row this is, from 0. */
  get round(): number {
    return this.refill - this.firstRefill
  }
  isSkipped(column: string): boolean {
    return this.#skipped?.has(column) ?? false
  }
  markSkipped(columns: readonly string[]): void {
    this.#skipped ??= new Set()
    for (const column of columns) this.#skipped.add(column)
  }
}

/** A row as one of its columns sees it. One is made for every cell: it has no closures. */
class CellView implements CellRow {
  readonly rowIndex: number
  readonly refill: number
  readonly #cells: OpenRow
  readonly #column: string

  constructor(cells: OpenRow, column: string) {
    this.rowIndex = cells.rowIndex
    this.refill = cells.refill
    this.#cells = cells
    this.#column = column
  }

  get(column: string): Value {
    const { values } = this.#cells
    return Object.hasOwn(values, column) ? (values[column] ?? null) : null
  }
  random(purpose: 'cell' | 'skip' = 'cell'): RowStream {
    return this.#cells.work.options.random.stream(this.#column, this.rowIndex, this.refill, 0, purpose)
  }
  setSideEffect(column: string, value: Value): void {
    this.#cells.values[column] = value
  }
  isSkipped(column: string): boolean {
    return this.#cells.isSkipped(column)
  }
  markSkipped(columns: readonly string[]): void {
    this.#cells.markSkipped(columns)
  }
}

const NO_PORTS = {
  ask(): never {
    throw new ParquetryError('INTERNAL', 'a column that never waits asked a model')
  },
  signal: new AbortController().signal,
  media: NO_MEDIA,
}

function makeEarlyCell(cells: OpenRow, generator: CellGenerator): void {
  try {
    cells.values[generator.column] = generator.generate(new CellView(cells, generator.column), NO_PORTS) as Value
  } catch (error) {
    cells.failedColumn = generator.column
    throw error
  }
}

async function makeLateCells(cells: OpenRow): Promise<void> {
  const { late } = cells.work
  const cellOf = new Map<string, Promise<void>>()
  for (const generator of late) {
    const waits = generator.inputs.map((input) => cellOf.get(input)).filter((wait) => wait !== undefined)
    const cell = makeLateCell(cells, generator, waits)
    for (const made of madeBy(generator)) cellOf.set(made, cell)
  }
  // All cells end before the row does (R3); the first failure is the row's.
  const results = await Promise.allSettled(cellOf.values())
  const failures = results.filter((result) => result.status === 'rejected').map((result) => result.reason as unknown)
  if (failures.length === 0) return
  throw failures.find((reason) => !isContentError(reason)) ?? failures[0]
}

async function makeLateCell(cells: OpenRow, generator: CellGenerator, waits: readonly Promise<void>[]): Promise<void> {
  try {
    for (const wait of waits) await wait
    await makeReadyCell(cells, generator)
  } finally {
    // Whether its cell was made with the others', was skipped or failed before: nobody need wait for this row.
    if (generator.isFullColumn === true) cells.work.full?.pass(generator.column, cells.round, cells.offset)
  }
}

async function makeReadyCell(cells: OpenRow, generator: CellGenerator): Promise<void> {
  const { work, rowIndex, refill, offset, round } = cells
  const { options, full } = work
  const cell = { row: rowIndex, column: generator.column, refill }
  const tools = options.answers.toolsOf?.(cell)
  const ports: CellPorts = {
    ask: (alias, request, ordinal) => options.answers.ask(cell, alias, request, ordinal),
    ...(tools === undefined ? {} : { tools }),
    signal: options.signal,
    ...options.checks?.(cell),
    media: options.media ?? NO_MEDIA,
    ...(full === null ? {} : { together: (row, make) => full.join(generator.column, round, offset, { row, ports }, make) }),
  }
  try {
    cells.values[generator.column] = await generator.generate(new CellView(cells, generator.column), ports)
  } catch (error) {
    cells.failedColumn ||= generator.column
    throw error
  }
}

function isContentError(error: unknown): error is ParquetryError {
  return isParquetryError(error) && error.kind === 'content'
}

/** The record of a row that cannot be made; every other error is thrown on (R2). */
function dropOf(error: unknown, cells: OpenRow): DroppedRow {
  if (!isContentError(error)) throw error
  const { column: named } = error.details
  const column = cells.failedColumn || (typeof named === 'string' ? named : '')
  return { row: cells.rowIndex, code: error.code, column, refill: cells.refill, reason: error.message.slice(0, 200) }
}
