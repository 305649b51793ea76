/**
 * Taking over a dataset that DataDesigner began (ruling 7): its `metadata.json` gives the plan, its `builder_config.json` the config, and
 * its files, which have no receipts, count by their footers. Whether that can be done at all is said here, before anything is touched.
 */
import type { Fingerprint } from '../../config/compiled.ts'
import { compileStored } from '../../config/stored.ts'
import type { PlanSegment, RangeSet } from '../../contract.ts'
import { isParquetryError } from '../../errors.ts'
import { fromIds } from '../../plan/range-set.ts'
import { extendSegments, planSegments, rowCount, rowGroupById, rowGroupCount } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import type { DataDesignerMetadata } from '../metadata.ts'
import type { Rebuilt, RowGroupFile } from './rebuild.ts'
import { tryReadJson } from '../stored-files.ts'

/** A folder of DataDesigner, as we would go on with it. */
export interface Adoptable {
  readonly metadata: DataDesignerMetadata
  /** Their config as ours, never their own hash; null when `problem` says why not. */
  readonly fingerprint: Fingerprint | null
  readonly segments: readonly PlanSegment[]
  /** Readable row groups of theirs and of ours, by their footers. */
  readonly committed: RangeSet
  readonly rowGroups: number
  readonly rowsWritten: number
  /** Rows that those row groups lack. Which ones is not known for files of theirs. */
  readonly rowsDropped: number
  /** Why it cannot be gone on with, or null. */
  readonly problem: string | null
}

/** What their folder is. `parquetryFile` names the providers of the config that is to go on with it. */
export async function readAdoptable(
  storage: Storage,
  metadata: DataDesignerMetadata,
  files: readonly RowGroupFile[],
  rebuilt: Rebuilt | null,
  parquetryFile: object,
): Promise<Adoptable> {
  const planned = planOf(metadata, rebuilt)
  const segments = typeof planned === 'string' ? [] : planned
  const readable = files.flatMap(({ id, reading }) =>
    reading.kind === 'plain' || reading.kind === 'receipt' ? [{ id, rows: reading.rowCount }] : [],
  )
  const inPlan = readable
    .filter(({ id }) => id < rowGroupCount(segments))
    .map(({ id, rows }) => ({ id, rows, wanted: rowsOf(segments, id) }))
  const config = await compileTheirs(storage, parquetryFile)
  const tooLarge = inPlan.find(({ rows, wanted }) => rows > wanted)
  return {
    metadata,
    fingerprint: typeof config === 'string' ? null : config,
    segments,
    committed: fromIds(inPlan.map(({ id }) => id)),
    rowGroups: inPlan.length,
    rowsWritten: inPlan.reduce((total, { rows }) => total + rows, 0),
    rowsDropped: inPlan.reduce((total, { rows, wanted }) => total + Math.max(0, wanted - rows), 0),
    problem:
      processingProblemOf(metadata) ??
      (typeof planned === 'string' ? planned : null) ??
      (typeof config === 'string' ? config : null) ??
      (tooLarge === undefined
        ? null
        : `${keys.rowGroup(tooLarge.id)} has ${tooLarge.rows} rows, its metadata.json plans ${tooLarge.wanted} there`),
  }
}

/** Their processors over the whole dataset rewrite the row groups themselves: what stands there then is no part of the plan any more. */
function processingProblemOf({
  post_generation_state: state,
  post_generation_processed: isProcessed,
}: DataDesignerMetadata): string | null {
  if (state === 'started') return "DataDesigner's processors were rewriting its row groups when it ended; its rows may be half rewritten"
  return state === 'complete' || isProcessed === true
    ? "DataDesigner's processors have rewritten its row groups after generation; new rows would not match them"
    : null
}

/** Their plan: the first target in row groups of `buffer_size`, and behind it everything that was added since. Ours goes on where it was begun by us. */
function planOf(metadata: DataDesignerMetadata, rebuilt: Rebuilt | null): readonly PlanSegment[] | string {
  const { buffer_size: size, target_num_records: target, original_target_num_records: original = target } = metadata
  if (original > target) return `its metadata.json contradicts itself: first ${original} records were wanted, then ${target}`
  if (rebuilt !== null && rowCount(rebuilt.segments) <= target) return extendSegments(rebuilt.segments, target, size)
  return extendSegments(planSegments(original, size), target, size)
}

async function compileTheirs(storage: Storage, parquetryFile: object): Promise<Fingerprint | string> {
  const builderConfig = await tryReadJson(storage, keys.builderConfig)
  if (typeof builderConfig === 'string') return `its builder_config.json is ${builderConfig === 'absent' ? 'missing' : 'no JSON'}`
  try {
    return compileStored(builderConfig, parquetryFile).fingerprint
  } catch (error) {
    if (!isParquetryError(error)) throw error
    return `its builder_config.json cannot be taken over: ${error.message}`
  }
}

function rowsOf(segments: readonly PlanSegment[], id: number): number {
  const { start, end } = rowGroupById(segments, id)
  return end - start
}
