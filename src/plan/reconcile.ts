/**
 * What is left to do of a page of the plan, from what the disk says, what the checkpoint says and what this run remembers.
 *
 * 1. Total: skip ∪ missing ∪ inFlight is the page, and no two of them share an id.
 * 2. The disk decides: a row group is skipped if and only if its file is there and nobody is at it.
 * 3. A row group in flight stays in flight whatever the disk says: its attempt looks for the file itself and ends by itself.
 * 4. Only a row group that was done before the scan began can be lost: one that ended later may not have been seen (ruling 8).
 */
import type { Finding, RangeSet, ScanResult } from '../contract.ts'
import { count, intersect, iterate, subtract, take, union } from './range-set.ts'

/** What is known of a page. Ids outside the page are ignored. */
export interface ReconcileInput {
  /** Row group ids [firstId, endId). */
  readonly page: readonly [firstId: number, endId: number]
  readonly scan: ScanResult
  /** Ids this run saw end before the scan began. */
  readonly doneBeforeScan: RangeSet
  /** Ids that are open now. */
  readonly inFlight: RangeSet
}

/** What to do. `skip`, `missing` and `inFlight` are disjoint and together the page. */
export interface Reconciled {
  readonly skip: RangeSet
  /** To be generated, `lost` included. */
  readonly missing: RangeSet
  readonly inFlight: RangeSet
  /** Done according to this run, and not on disk. */
  readonly lost: RangeSet
  /** Those of the scan, and what disk, checkpoint and history disagree on. */
  readonly findings: readonly Finding[]
}

/** Row groups that a finding names before it says "and so many more". */
const NAMED_IDS = 3

/** Reconciles; pure and total. */
export function reconcile({ page: [firstId, endId], scan, doneBeforeScan, inFlight }: ReconcileInput): Reconciled {
  const page: RangeSet = firstId < endId ? [[firstId, endId]] : []
  const open = intersect(page, inFlight)
  const idle = subtract(page, open)
  const skip = intersect(idle, scan.committed)
  const missing = subtract(idle, skip)
  const lost = intersect(missing, doneBeforeScan)
  const gone = intersect(missing, union(scan.checkpointed, doneBeforeScan))
  const unknown = subtract(skip, union(scan.checkpointed, doneBeforeScan))
  return {
    skip,
    missing,
    inFlight: open,
    lost,
    findings: [
      ...scan.findings,
      ...findingOf('missing', gone, 'counted as done, but not on disk; generated again'),
      ...findingOf('unknown-to-checkpoint', unknown, 'on disk, but not in the checkpoint yet; counted from the files themselves'),
    ],
  }
}

/** Kinds that a scan says of what stands there now; of the others it speaks once, since it changes what it finds. */
const RESTATED: ReadonlySet<Finding['kind']> = new Set(['adopted', 'ignored', 'missing', 'unknown-to-checkpoint'])

/** The findings of a page that is scanned again: what was set aside or put right before is not there to be found twice. */
export function keepFindings(before: readonly Finding[], now: readonly Finding[]): readonly Finding[] {
  return [...before.filter(({ kind }) => !RESTATED.has(kind) || !now.some((finding) => finding.kind === kind)), ...now]
}

function findingOf(kind: Finding['kind'], ids: RangeSet, what: string): Finding[] {
  const total = count(ids)
  if (total === 0) return []
  const named = [...iterate(take(ids, NAMED_IDS))].join(', ')
  const more = total > NAMED_IDS ? ` and ${total - NAMED_IDS} more` : ''
  return [{ kind, count: total, message: `${total === 1 ? 'row group' : 'row groups'} ${named}${more}: ${what}` }]
}
