/** Small datasets with post-generation processors, and storages that die, for tests. */
import type { CompiledDataset } from '../../src/config/compiled.ts'
import { NO_TOTALS } from '../../src/contract.ts'
import type { PlanSegment } from '../../src/contract.ts'
import { keys } from '../../src/dataset/layout.ts'
import { writeMetadata } from '../../src/dataset/metadata.ts'
import type { Metadata } from '../../src/dataset/metadata.ts'
import type { DatasetProcessor, ProcessorOutput } from '../../src/dataset/ports.ts'
import { runProcessors } from '../../src/dataset/processors/run-processors.ts'
import type { RunProcessorsOptions } from '../../src/dataset/processors/run-processors.ts'
import { encodeTable } from '../../src/parquet/encode-table.ts'
import { planSegments } from '../../src/plan/row-groups.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Schema, Table } from '../../src/values.ts'
import { DATASET, receiptOf } from './receipts.ts'

export const SCHEMA: Schema = [{ name: 'x', type: { kind: 'string' } }]
/** A config of that column alone, as far as processors, profile and report look at it. */
export const COMPILED = {
  schema: SCHEMA,
  droppedSchema: [],
  columns: [],
  types: {},
  models: {},
  processors: [],
  datasetProcessors: [],
  profilers: [],
  policies: { maxDropped: { rows: 0 } },
} as unknown as CompiledDataset
/** Three row groups of two rows. */
export const SEGMENTS: readonly PlanSegment[] = planSegments(6, 2)

/** Writes a row group whose rows say `value`, whatever stood there. */
export async function writeRowGroup(
  storage: Storage,
  id: number,
  value: string,
  { generation = 0, segments = SEGMENTS }: { readonly generation?: number; readonly segments?: readonly PlanSegment[] } = {},
): Promise<void> {
  const table = { rowCount: 2, columns: new Map([['x', [`${value}-${id}a`, `${value}-${id}b`]]]) }
  const receipt = receiptOf(segments, id, [], { generation })
  await storage.writeAtomic(keys.rowGroup(id), await encodeTable(SCHEMA, table, JSON.stringify(receipt)))
}

/** Writes the checkpoint of a plan. */
export async function writePlan(storage: Storage, segments: readonly PlanSegment[] = SEGMENTS): Promise<Metadata> {
  const target = segments.at(-1)?.end ?? 0
  const metadata: Metadata = {
    dataset_name: 'processed',
    buffer_size: 2,
    target_num_records: target,
    original_target_num_records: target,
    actual_num_records: target,
    total_num_batches: 3,
    num_completed_batches: 3,
    preserve_dropped_columns: false,
    parquetry: {
      version: 1,
      dataset_id: DATASET.datasetId,
      fingerprint: { hash: DATASET.fingerprint, parts: {} },
      seed: '1',
      reference_time: '2026-01-01T00:00:00.000Z',
      request_id: 'r',
      segments,
      epoch: 1,
      sequence: 0,
      state: 'complete',
      totals: NO_TOTALS,
      committed: [[0, 3]],
      updated_at: '',
      rehearsal: false,
      currency: null,
    },
  }
  await writeMetadata(storage, metadata)
  return metadata
}

/** A complete dataset whose rows say `value`. */
export async function writeDataset(storage: Storage, value: string): Promise<Metadata> {
  for (const id of [0, 1, 2]) await writeRowGroup(storage, id, value)
  return await writePlan(storage)
}

/** Runs processors as an activity does. */
export async function run(
  storage: Storage,
  processors: readonly DatasetProcessor[],
  changes: Partial<RunProcessorsOptions> = {},
): Promise<readonly string[]> {
  const dataset = { storage, segments: SEGMENTS, compiled: { schema: SCHEMA }, transforms: [] }
  const attempt = { runId: 'run', attempt: 1 }
  const { ran } = await runProcessors({
    dataset,
    processors,
    epoch: 1,
    attempt,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...changes,
  })
  return ran
}

/** Copies every row group into a text file, and counts rows in a second pass. */
export function copying(name: string, ran: string[] = []): DatasetProcessor {
  return {
    name,
    async *process(tables) {
      ran.push(name)
      let part = 0
      for await (const table of tables) yield file(`parts/${(part += 1)}.txt`, textOf(table))
      let rows = 0
      for await (const table of tables) rows += table.rowCount
      yield file('count.txt', String(rows))
    },
  }
}

/** An output file of text. */
export function file(name: string, text: string): ProcessorOutput {
  return { name, bytes: new TextEncoder().encode(text) }
}

/** All values of a table. */
export function textOf(table: Table): string {
  return [...table.columns.values()]
    .flat()
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join(',')
}

/** What `copying` makes of a dataset whose rows say `value`. */
export function copyOf(value: string): Readonly<Record<string, string>> {
  const part = (id: number): string => `${value}-${id}a,${value}-${id}b`
  return { 'count.txt': '6', 'parts/1.txt': part(0), 'parts/2.txt': part(1), 'parts/3.txt': part(2) }
}

/** Everything in a folder and below, as text; hidden files only when they are asked for. */
export async function filesBelow(storage: Storage, folder: string, isHiddenShown = false): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {}
  for (const name of await storage.list(folder)) {
    if (name.startsWith('.') && !isHiddenShown) continue
    const key = `${folder}/${name}`
    if (name.endsWith('/')) {
      const below = await filesBelow(storage, key.slice(0, -1), isHiddenShown)
      for (const [inner, text] of Object.entries(below)) found[`${name}${inner}`] = text
    } else found[name] = new TextDecoder().decode((await storage.read(key)) ?? undefined)
  }
  return found
}

/** The outputs of a processor as a reader sees them. */
export async function outputOf(storage: Storage, name: string): Promise<Readonly<Record<string, string>>> {
  return await filesBelow(storage, keys.processorFolder(name))
}

/** A storage whose process dies at operation number `at`, before or after it was done; nothing works from then on. */
export function dyingStorage(
  storage: Storage,
  at: number,
  when: 'before' | 'after',
): { readonly storage: Storage; readonly isDead: () => boolean } {
  let operations = 0
  const handler: ProxyHandler<Storage> = {
    get(target, property) {
      const work = Reflect.get(target, property) as (...args: unknown[]) => unknown
      if (property === 'describe') return work.bind(target)
      return async (...args: unknown[]) => {
        operations += 1
        if (operations > at || (operations === at && when === 'before')) throw new Error('died')
        const result = await work.apply(target, args)
        if (operations >= at) throw new Error('died')
        return result
      }
    },
  }
  return { storage: new Proxy(storage, handler), isDead: () => operations >= at }
}
