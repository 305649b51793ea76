/**
 * What the receipts of the committed row groups say of their dataset, for when `metadata.json` says nothing (ruling 4). Pure apart from
 * reading footers: nothing on disk is changed.
 */
import type { Fingerprint } from '../../config/compiled.ts'
import type { PlanSegment, RangeSet, Totals } from '../../contract.ts'
import { NO_TOTALS } from '../../contract.ts'
import { addTotals } from '../../plan/progress.ts'
import { fromIds } from '../../plan/range-set.ts'
import { checkSegments, parseBatchName, rowCount, rowGroupById, rowGroupCount } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'
import { readReceipt } from '../read-receipt.ts'
import type { ReceiptReading } from '../read-receipt.ts'
import type { Receipt } from '../receipt.ts'
import type { StoredFacts } from '../stored-files.ts'

/** A dataset as its receipts describe it. An extension without a committed row group is unknown to them. */
export interface Rebuilt {
  readonly datasetId: string
  /** `parts` are empty when no stored config with this hash is left to name them. */
  readonly fingerprint: Fingerprint
  readonly seed: string
  readonly bufferSize: number
  readonly segments: readonly PlanSegment[]
  readonly totals: Totals
  /** Row group ids that have such a receipt. */
  readonly committed: RangeSet
  /** Of `parquetry.json`, since no receipt has it (ISO 8601, UTC); null when that file is lost too. */
  readonly referenceTime: string | null
  /** True when row groups of DataDesigner were taken over before. */
  readonly isAdopted: boolean
}

/** What stands under one row group's name. */
export interface RowGroupFile {
  readonly id: number
  readonly reading: ReceiptReading
}

const READS_AT_ONCE = 32
const EXTENSION = '.parquet'

/** Ids of all files named like a row group's, whatever the plan is. */
export async function listRowGroupFiles(storage: Storage): Promise<readonly number[]> {
  return (await storage.list(keys.rowGroupsFolder)).flatMap((name) => {
    const id = name.endsWith(EXTENSION) ? parseBatchName(name.slice(0, -EXTENSION.length)) : null
    return id === null ? [] : [id]
  })
}

/** Reads the footers of these row groups. */
export async function readRowGroupFiles(storage: Storage, ids: readonly number[]): Promise<readonly RowGroupFile[]> {
  return await mapBounded(ids, READS_AT_ONCE, async (id) => ({ id, reading: await readReceipt(storage, keys.rowGroup(id)) }))
}

/**
 * Rebuilds from the receipts of `datasetId`, or where that is not known of the dataset that most receipts name; of several configs and
 * plans the one of most receipts and the longest one. Null when there is no receipt to rebuild from.
 */
export function rebuildFromReceipts(
  files: readonly RowGroupFile[],
  known: { readonly datasetId: string | null; readonly stored: StoredFacts },
): Rebuilt | null {
  const receipts = files.flatMap(({ id, reading }) =>
    reading.kind === 'receipt' && reading.receipt.rowGroup.id === id ? [reading.receipt] : [],
  )
  const datasetId = known.datasetId ?? mostCommon(receipts.map((receipt) => receipt.datasetId))
  const own = receipts.filter((receipt) => receipt.datasetId === datasetId && hasPlan(receipt))
  const hash = mostCommon(own.map(({ fingerprint }) => fingerprint))
  const same = own.filter(({ fingerprint }) => fingerprint === hash)
  const newest = same.reduce<Receipt | null>(
    (best, receipt) => (receipt.targetNumRecords > (best?.targetNumRecords ?? -1) ? receipt : best),
    null,
  )
  if (datasetId === null || hash === null || newest === null) return null
  const { seed, bufferSize, segments } = newest
  const inPlan = same.filter((receipt) => isInPlan(receipt, segments))
  return {
    datasetId,
    fingerprint: known.stored.compiled?.fingerprint.hash === hash ? known.stored.compiled.fingerprint : { hash, parts: {} },
    seed,
    bufferSize,
    segments,
    totals: inPlan.map(totalsOf).reduce(addTotals, NO_TOTALS),
    committed: fromIds(inPlan.map(({ rowGroup }) => rowGroup.id)),
    referenceTime: known.stored.referenceTime,
    isAdopted: known.stored.isAdopted,
  }
}

function totalsOf({ rowsWritten, dropped, usage }: Receipt): Totals {
  return { rowGroups: 1, rowsWritten, rowsDropped: dropped.length, usage }
}

/** A receipt comes from a file, and files from anywhere: its plan is checked before it becomes the dataset's. */
function hasPlan({ segments, targetNumRecords, ...receipt }: Receipt): boolean {
  try {
    checkSegments(segments)
  } catch {
    return false
  }
  return rowCount(segments) === targetNumRecords && isInPlan(receipt, segments)
}

function isInPlan({ rowGroup }: Pick<Receipt, 'rowGroup'>, segments: readonly PlanSegment[]): boolean {
  if (rowGroup.id >= rowGroupCount(segments)) return false
  const { start, end } = rowGroupById(segments, rowGroup.id)
  return rowGroup.start === start && rowGroup.end === end
}

/** The value that stands most often, of equals the first; null in an empty list. */
function mostCommon(values: readonly string[]): string | null {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  let best: string | null = null
  for (const [value, times] of counts) if (best === null || times > (counts.get(best) ?? 0)) best = value
  return best
}
