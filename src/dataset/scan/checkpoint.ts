/** Folding what a run committed into `metadata.json` (ruling 9); at the end of a run also cleaning up after it. */
import type { CheckpointInput, PlanSegment } from '../../contract.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import { unpackRanges } from '../../plan/packed-ranges.ts'
import { subtract, union } from '../../plan/range-set.ts'
import { rowCount } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import { clearLeftovers } from './clear-leftovers.ts'
import { cleanJournals } from '../journal/clean-journals.ts'
import { keys } from '../layout.ts'
import type { Metadata } from '../metadata.ts'
import { readMetadata, writeMetadata } from '../metadata.ts'
import { releaseOwner, renewOwner } from '../owner/owner.ts'

/**
 * Writes the checkpoint, unless a later one stands: (epoch, sequence) never goes back, and target_num_records never falls.
 * Throws `DATASET_OPEN_ELSEWHERE`, `METADATA_DAMAGED`.
 */
export async function writeCheckpoint(storage: Storage, input: CheckpointInput, now: number): Promise<void> {
  await renewOwner(storage, input.epoch, now)
  const before = await readMetadata(storage)
  if (before.kind !== 'ours') {
    throw new ParquetryError(
      'METADATA_DAMAGED',
      `expected ${storage.describe()}/metadata.json as this run wrote it, found it ${before.kind}`,
      {
        wayOut: 'start again with --resume always',
      },
    )
  }
  const { parquetry } = before.value
  const isLater = input.epoch > parquetry.epoch || (input.epoch === parquetry.epoch && input.sequence > parquetry.sequence)
  if (isLater) await writeMetadata(storage, await fold(storage, before.value, input, now))
  if (!input.isFinal) return
  const segments = rowCount(input.segments) > rowCount(parquetry.segments) ? input.segments : parquetry.segments
  await cleanUp(storage, input, segments)
  await releaseOwner(storage, input.epoch)
}

/** What is left over is no part of the dataset: what cannot be removed does not keep the run from ending, and the next one tries again. */
async function cleanUp(storage: Storage, input: CheckpointInput, segments: readonly PlanSegment[]): Promise<void> {
  try {
    await cleanJournals(storage, { ref: input.dataset, segments })
    if (input.state === 'complete' || input.state === 'incomplete') await clearLeftovers(storage)
  } catch (error) {
    if (!isParquetryError(error)) throw error
  }
}

async function fold(storage: Storage, before: Metadata, input: CheckpointInput, now: number): Promise<Metadata> {
  const { firstId, endId } = input.page
  const inPage = unpackRanges(input.page.committed)
  const earlier = subtract(before.parquetry.committed, firstId < endId ? [[firstId, endId]] : [])
  const committed = union(earlier, inPage)
  const { rowGroups, rowsWritten } = input.totals
  const { file_paths: stale, ...rest } = before
  // A run may be extended while it is under way; the plan is only ever appended to.
  const isExtended = rowCount(input.segments) > before.target_num_records
  return {
    ...rest,
    ...(input.isFinal ? { file_paths: await filePathsOf(storage) } : stale === undefined ? {} : { file_paths: stale }),
    ...(isExtended ? { target_num_records: rowCount(input.segments) } : {}),
    actual_num_records: rowsWritten,
    total_num_batches: rowGroups,
    num_completed_batches: rowGroups,
    parquetry: {
      ...before.parquetry,
      epoch: input.epoch,
      sequence: input.sequence,
      state: input.state,
      totals: input.totals,
      ...(isExtended ? { segments: input.segments } : {}),
      committed,
      updated_at: new Date(now).toISOString(),
    },
  }
}

/** Relative paths of all files, as DataDesigner lists them; of processors those that count, not other versions. */
async function filePathsOf(storage: Storage): Promise<Record<string, unknown>> {
  const parquetFiles = await filesIn(storage, keys.rowGroupsFolder)
  const processors: Record<string, string[]> = {}
  for (const entry of await storage.list(keys.processorsFolder)) {
    if (!entry.endsWith('/') || entry.startsWith('.')) continue
    processors[entry.slice(0, -1)] = await filesIn(storage, `${keys.processorsFolder}/${entry.slice(0, -1)}`)
  }
  return { 'parquet-files': parquetFiles, ...(Object.keys(processors).length === 0 ? {} : { 'processor-files': processors }) }
}

/** Parquet files in a folder and below it. */
async function filesIn(storage: Storage, folder: string): Promise<string[]> {
  const names = await storage.list(folder)
  const files = names.filter((name) => name.endsWith('.parquet')).map((name) => `${folder}/${name}`)
  for (const name of names) if (name.endsWith('/')) files.push(...(await filesIn(storage, `${folder}/${name.slice(0, -1)}`)))
  return files
}
