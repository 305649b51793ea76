/**
 * A few rows in memory: no folder, no server, nothing committed. The rows are those that a run with the same seed would begin with,
 * given the same answers.
 */
import type { ColumnGenerators } from '../../columns/custom-generator.ts'
import type { OpenPeople } from '../../columns/sampler/people.ts'
import type { CompiledDataset } from '../../config/compiled.ts'
import type { RowGroupProgress, Usage } from '../../contract.ts'
import type { KeptAnswer, Models } from '../../model/client.ts'
import type { Value } from '../../values.ts'
import { createAnswerBook } from './answer-book.ts'
import type { Journal } from '../journal/journal.ts'
import { createMemoryImages } from '../media/image-store.ts'
import { compileProgram, transformRow } from '../open-dataset.ts'
import type { DroppedRow } from '../receipt.ts'
import type { SeedPlace } from '../../seed/source.ts'
import { streamSeedRows, withSeedRows } from '../seed/seed-rows.ts'
import { runRows } from './run-rows.ts'

/** What a preview takes. */
export interface PreviewOptions {
  readonly compiled: CompiledDataset
  /** Where seed data are found. */
  readonly seedPlace: SeedPlace
  readonly models: Models
  /** Reads managed people. Default: there are none. */
  readonly openPeople?: OpenPeople
  /** Code of custom columns. Default none. */
  readonly columnGenerators?: ColumnGenerators
  /** One line for people. Default: nothing. */
  readonly warn?: (message: string) => void
  readonly seed: string
  /** ISO 8601, UTC: the day on which drawn people have their age. */
  readonly referenceTime: string
  /** ≥ 1. */
  readonly numRecords: number
  /** Aborted when the preview shall end: nothing is kept of it. */
  readonly signal: AbortSignal
  readonly onProgress?: (progress: RowGroupProgress) => void
}

/** A record, and what the `schema_transform` processors make of it, by their names. */
export interface PreviewedRecord {
  readonly row: number
  readonly values: Readonly<Record<string, Value>>
  readonly processors: Readonly<Record<string, Readonly<Record<string, Value>>>>
}

/** Records with the columns of the main files, in row order. */
export interface Preview {
  readonly records: readonly PreviewedRecord[]
  readonly dropped: readonly DroppedRow[]
  readonly usage: Usage
  /** True when an answer came from the rehearsal endpoint. */
  readonly rehearsal: boolean
}

/** Makes the rows. Throws what a row group throws: `MODEL_*`, `TOO_MANY_DROPPED`, `CONSTRAINT_UNSATISFIABLE`, or the signal's reason. */
export async function previewDataset(options: PreviewOptions): Promise<Preview> {
  const { compiled, numRecords, seed, signal } = options
  const code = { columnGenerators: options.columnGenerators ?? {}, warn: options.warn ?? ((): void => undefined) }
  const program = await compileProgram(compiled, seed, options.referenceTime, options.openPeople, code)
  const seedRows = compiled.seed === null ? null : streamSeedRows(compiled.seed, program.random, options.seedPlace)
  const samplers = await withSeedRows({ ...program, seedRows }, { start: 0, end: numRecords })
  const journal = createMemoryJournal()
  const life = new AbortController()
  const give = (): void => life.abort(signal.reason)
  if (signal.aborted) give()
  signal.addEventListener('abort', give, { once: true })
  const images = createMemoryImages()
  const answers = createAnswerBook({
    images,
    models: options.models,
    compiledModels: compiled.models,
    journal,
    random: program.random,
    stop: life.signal,
    abort: life.signal,
    // The first call goes alone, so that a refused key is said once.
    isProbe: true,
  })
  const progressOf = (done: number, dropped: number): RowGroupProgress => ({
    id: 0,
    rowsDone: done,
    rowsDropped: dropped,
    rowsWanted: numRecords,
    usage: answers.usage(),
    callsInFlight: answers.callsInFlight(),
  })
  try {
    const made = await runRows({
      rowGroup: { id: 0, start: 0, end: numRecords },
      samplers,
      generators: program.generators,
      random: program.random,
      answers,
      media: images,
      refillAttempts: compiled.policies.refillAttempts,
      dropPolicy: compiled.policies,
      signal: life.signal,
      checkRow: program.checkRow,
      onFailure: (error) => life.abort(error),
      onProgress: (done, dropped) => options.onProgress?.(progressOf(done, dropped)),
    })
    const records = made.rows.map((finished): PreviewedRecord => ({
      row: finished.row,
      values: Object.fromEntries(compiled.schema.map(({ name }) => [name, finished.values[name] ?? null])),
      processors: Object.fromEntries(
        program.transforms.map((transform) => [transform.name, transformRow(transform, program.random, finished)]),
      ),
    }))
    return { records, dropped: made.dropped, usage: answers.usage(), rehearsal: answers.isRehearsal() }
  } finally {
    signal.removeEventListener('abort', give)
  }
}

/** A journal that forgets with the process. */
function createMemoryJournal(): Journal {
  const answers = new Map<string, KeptAnswer>()
  let paid = { calls: 0, inputTokens: 0, outputTokens: 0 }
  return {
    lookup: (key) => answers.get(key),
    record(key, _place, answer): Promise<void> {
      answers.set(key, answer)
      const { inputTokens, outputTokens } = answer.usage
      paid = { calls: paid.calls + 1, inputTokens: paid.inputTokens + inputTokens, outputTokens: paid.outputTokens + outputTokens }
      return Promise.resolve()
    },
    get size() {
      return answers.size
    },
    usage: () => paid,
    usagePaidTwice: () => Promise.resolve({ calls: 0, inputTokens: 0, outputTokens: 0 }),
    damagedLines: 0,
    close: () => Promise.resolve(),
  }
}
