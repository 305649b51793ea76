/**
 * Where a run begins: a row group of the plan and the counts of what lies before it. Zero and nothing for a run of its own; where
 * continue-as-new left off for the next one of a chain. Pure; whatever is outside the plan is refused here, where it enters.
 */
import type { PlanSegment, Totals } from '../contract.ts'
import { foldResults } from './progress.ts'
import { rowCount, rowGroupById, rowGroupCount } from './row-groups.ts'

/** What to begin with. */
export interface StartOptions {
  /** Id of the first row group to look at, 0 to the number of row groups (then there is nothing left to do). Default 0. */
  readonly firstRowGroup?: number
  /** Counts of the row groups before it. Default none. */
  readonly initialTotals?: Totals
}

/** Where the run stands before its first page. */
export interface Start {
  /** Id of the first row group of the first page. */
  readonly cursor: number
  /** Counts of the row groups before the cursor. */
  readonly totals: Totals
}

/**
 * The start, checked against the plan. Throws a `RangeError` for a row group that the plan does not have, for counts below zero or
 * not whole, and for counts of more than the row groups before the first one can hold.
 */
export function startAt(segments: readonly PlanSegment[], options: StartOptions = {}): Start {
  const { firstRowGroup: cursor = 0, initialTotals: totals = foldResults([]) } = options
  const groups = rowGroupCount(segments)
  requireCount('the first row group', cursor, groups)
  requireCount('the initial row groups', totals.rowGroups, cursor)
  const rowsBefore = cursor === groups ? rowCount(segments) : rowGroupById(segments, cursor).start
  requireCount('the initial rows written', totals.rowsWritten, rowsBefore)
  requireCount('the initial rows dropped', totals.rowsDropped, rowsBefore)
  requireCount('the initial rows', totals.rowsWritten + totals.rowsDropped, rowsBefore)
  const { calls, inputTokens, outputTokens, cost } = totals.usage
  requireCount('the initial calls', calls)
  requireCount('the initial input tokens', inputTokens)
  requireCount('the initial output tokens', outputTokens)
  requireCount('the initial calls paid twice', totals.callsPaidTwice ?? 0)
  if (!(Number.isFinite(cost) && cost >= 0)) throw new RangeError(`Expected the initial cost to be 0 or more, found ${cost}.`)
  return { cursor, totals }
}

function requireCount(what: string, value: number, most: number = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return
  const bounds = most === Number.MAX_SAFE_INTEGER ? '0 or more' : `0 to ${most}`
  throw new RangeError(`Expected ${what} to be a whole number of ${bounds}, found ${value}.`)
}
