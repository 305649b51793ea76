/**
 * Reading the folder: which row groups of a page are committed. The files decide, not the checkpoint.
 *
 * 1. Nothing is ever deleted: what stands under a row group's name and is not that row group moves to `quarantine/`.
 * 2. A disk that cannot be read is an error, never a missing or damaged row group.
 * 3. Scanning twice finds the same, except for what the first scan moved.
 */
import { randomUUID } from 'node:crypto'
import type { Finding, PlanSegment, RangeSet, RowGroup, ScanResult, Totals } from '../../contract.ts'
import { NO_TOTALS } from '../../contract.ts'
import { addTotals } from '../../plan/progress.ts'
import { fromIds, intersect } from '../../plan/range-set.ts'
import { parseBatchName, rowGroupCount, rowGroupsOf } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import { createFindings } from './findings.ts'
import type { Findings } from './findings.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'
import { differenceOf } from '../read-receipt.ts'
import type { ReceiptReading } from '../read-receipt.ts'
import type { Receipt } from '../receipt.ts'
import { totalsOfReceipt } from '../receipt-totals.ts'
import { rollForwardSidecars } from './roll-forward.ts'

/** Effects of a scan. */
export interface ScanPorts {
  readonly storage: Storage
  /** Reads the receipt under a key; usually `readReceipt` of `read-receipt.ts`. */
  readReceipt(key: string): Promise<ReceiptReading>
}

/** What to scan. */
export interface ScanRequest {
  /** Row group ids [firstId, endId), inside the plan. */
  readonly firstId: number
  readonly endId: number
  readonly segments: readonly PlanSegment[]
  readonly datasetId: string
  /** Config fingerprint `sha256:<hex>`. */
  readonly fingerprint: string
  /** Row group ids that the checkpoint counts as done, of the page or of the whole plan. */
  readonly checkpointed: RangeSet
  /** Count readable files without our receipt as committed: for folders of DataDesigner (ruling 7). Default false. */
  readonly adoptsPlainFiles?: boolean
}

/** What a scan found. */
export interface Scan {
  readonly result: ScanResult
  /** Receipts of the committed row groups by id; adopted ones have none. */
  readonly receipts: ReadonlyMap<number, Receipt>
}

/** Footers read at once: enough to keep a disk or a share busy, few enough for its handles. */
const READS_AT_ONCE = 32
const EXTENSION = '.parquet'

/** Scans a page. Throws `DISK_FULL`, `STORAGE_FAILED` and a `RangeError` for a page outside the plan. */
export async function scanDataset(ports: ScanPorts, request: ScanRequest): Promise<Scan> {
  const { firstId, endId, segments } = request
  const findings = createFindings()
  const present = await listRowGroups(ports.storage, request, findings)
  const wanted = [...rowGroupsOf(segments, firstId, endId)].filter(({ id }) => present.has(id))
  const scanned = await mapBounded(wanted, READS_AT_ONCE, (rowGroup) => scanRowGroup(ports, request, rowGroup))
  // In the order of the row groups, whichever was read first.
  for (const { finding } of scanned) if (finding !== null) findings.add(...finding)
  const committed = scanned.map((one) => one.committed).filter((one) => one !== null)
  const receipts = new Map(committed.flatMap(({ id, receipt }) => (receipt === null ? [] : [[id, receipt] as const])))
  await rollForwardSidecars(ports.storage, [...receipts.values()], findings)
  const withDropped = fromIds([...receipts].filter(([, { dropped }]) => dropped.length > 0).map(([id]) => id))
  return {
    receipts,
    result: {
      committed: fromIds(committed.map(({ id }) => id)),
      totals: committed.map(totalsOf).reduce(addTotals, NO_TOTALS),
      checkpointed: firstId < endId ? intersect(request.checkpointed, [[firstId, endId]]) : [],
      findings: findings.list(),
      ...(withDropped.length === 0 ? {} : { withDropped }),
    },
  }
}

/** Ids that have a file. Names that count for nothing are said once, on the first page. */
async function listRowGroups(storage: Storage, { firstId, segments }: ScanRequest, findings: Findings): Promise<ReadonlySet<number>> {
  const total = rowGroupCount(segments)
  const present = new Set<number>()
  for (const name of await storage.list(keys.rowGroupsFolder)) {
    const id = name.endsWith(EXTENSION) ? parseBatchName(name.slice(0, -EXTENSION.length)) : null
    if (id !== null && id < total) present.add(id)
    else if (firstId === 0)
      findings.add('ignored', id === null ? `${name} is not the name of a row group` : `${name} is beyond the plan of ${total} row groups`)
  }
  return present
}

/** A row group that counts as committed. */
interface Committed {
  readonly id: number
  readonly rowsWritten: number
  readonly rowsDropped: number
  readonly receipt: Receipt | null
}

/** What one row group adds to a scan. */
interface Scanned {
  readonly committed: Committed | null
  readonly finding: readonly [kind: Finding['kind'], what: string] | null
}

async function scanRowGroup(ports: ScanPorts, request: ScanRequest, rowGroup: RowGroup): Promise<Scanned> {
  const key = keys.rowGroup(rowGroup.id)
  const verdict = judge(await ports.readReceipt(key), request, rowGroup)
  if (verdict.kind === 'absent') return { committed: null, finding: null }
  if (verdict.kind === 'committed') {
    // Which rows a row group of DataDesigner lacks is not known, since only a receipt says so.
    const { receipt, rowsWritten, rowsDropped } = verdict.committed
    const lacks = receipt === null && rowsDropped > 0
    const what = `${key} has ${rowsWritten} rows, ${rowsDropped} dropped, index unknown`
    return { committed: verdict.committed, finding: lacks ? ['adopted', what] : null }
  }
  // Looked at once more, since a file moved aside is made again: a late scan must not move what another has just put right.
  const again = judge(await ports.readReceipt(key), request, rowGroup)
  if (again.kind === 'absent') return { committed: null, finding: null }
  if (again.kind === 'committed') return { committed: again.committed, finding: null }
  const quarantined = keys.quarantined(rowGroup.id, randomUUID())
  await ports.storage.move(key, quarantined)
  return { committed: null, finding: [again.kind, `${key} moved to ${quarantined}: ${again.reason}`] }
}

type Verdict =
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged' | 'foreign'; readonly reason: string }
  | { readonly kind: 'committed'; readonly committed: Committed }

function judge(reading: ReceiptReading, request: ScanRequest, rowGroup: RowGroup): Verdict {
  if (reading.kind === 'absent' || reading.kind === 'damaged') return reading
  const rowsWanted = rowGroup.end - rowGroup.start
  if (reading.kind === 'plain') {
    if (request.adoptsPlainFiles !== true) return { kind: 'foreign', reason: 'it has no receipt of this dataset' }
    if (reading.rowCount > rowsWanted) return { kind: 'foreign', reason: `it has ${reading.rowCount} rows, planned are ${rowsWanted}` }
    const rowsDropped = rowsWanted - reading.rowCount
    return { kind: 'committed', committed: { id: rowGroup.id, rowsWritten: reading.rowCount, rowsDropped, receipt: null } }
  }
  const { receipt } = reading
  const reason = differenceOf(receipt, { ...request, rowGroup })
  if (reason !== null) return { kind: 'foreign', reason }
  return { kind: 'committed', committed: { id: rowGroup.id, rowsWritten: reading.rowCount, rowsDropped: receipt.dropped.length, receipt } }
}

function totalsOf({ rowsWritten, rowsDropped, receipt }: Committed): Totals {
  return receipt === null ? { ...NO_TOTALS, rowGroups: 1, rowsWritten, rowsDropped } : totalsOfReceipt(receipt)
}
