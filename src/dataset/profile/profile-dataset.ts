/** Statistics of every column, from the files, one row group in memory at a time; they go into `metadata.json`. */
import { readMetadata, writeMetadata } from '../metadata.ts'
import type { OpenDataset } from '../open-dataset.ts'
import { requireEpoch } from '../owner/owner.ts'
import { createProfiler } from './profiler.ts'
import { readTables } from '../read-rows.ts'
import { hashOfRowGroups } from '../processors/row-groups-hash.ts'

/** What profiling takes beside the dataset. */
export interface ProfileOptions {
  /** Ownership epoch of the run. */
  readonly epoch: number
  /** Aborted when the attempt shall end; heard between two row groups. */
  readonly signal: AbortSignal
}

/**
 * Profiles the committed row groups and records the result, unless it was made from these very ones. Throws
 * `DATASET_OPEN_ELSEWHERE` when a later run owns the folder, or the signal's reason.
 */
export async function profileDataset({ storage, compiled, segments }: OpenDataset, { epoch, signal }: ProfileOptions): Promise<void> {
  const madeFrom = await hashOfRowGroups(storage, segments, signal)
  const known = await readMetadata(storage)
  if (known.kind === 'ours' && known.value.column_statistics !== undefined && known.value.parquetry.profile_made_from === madeFrom) return
  const columns = new Map(compiled.columns.map((column) => [column.name, column]))
  const profiler = createProfiler(
    compiled.schema.map(({ name, type }) => {
      const column = columns.get(name)
      return {
        name,
        columnType: column?.column_type ?? 'side-effect',
        valueType: type,
        ...(column?.column_type === 'sampler' ? { samplerType: column.sampler_type } : {}),
      }
    }),
  )
  for await (const table of readTables(storage)) {
    profiler.add(table)
    // A row group is some milliseconds of work; heartbeats and sockets get their turn between two.
    await new Promise<void>((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
  }
  await requireEpoch(storage, epoch)
  const metadata = await readMetadata(storage)
  if (metadata.kind !== 'ours') return
  const parquetry = { ...metadata.value.parquetry, profile_made_from: madeFrom }
  await writeMetadata(storage, { ...metadata.value, column_statistics: profiler.result(), parquetry })
}
