/** Arithmetic of progress: sums of committed row groups, speed and time left. Pure; the clock is the caller's. */
import type { RepairResult, RowGroupResult, Totals } from '../contract.ts'
import { addDropReasons, dropReasonsField, subtractDropReasons } from './drop-reasons.ts'

/** Sum of two totals. */
export function addTotals(a: Totals, b: Totals): Totals {
  const callsPaidTwice = (a.callsPaidTwice ?? 0) + (b.callsPaidTwice ?? 0)
  const fallbackCalls = (a.usage.fallbackCalls ?? 0) + (b.usage.fallbackCalls ?? 0)
  return {
    rowGroups: a.rowGroups + b.rowGroups,
    rowsWritten: a.rowsWritten + b.rowsWritten,
    rowsDropped: a.rowsDropped + b.rowsDropped,
    usage: {
      calls: a.usage.calls + b.usage.calls,
      inputTokens: a.usage.inputTokens + b.usage.inputTokens,
      outputTokens: a.usage.outputTokens + b.usage.outputTokens,
      cost: a.usage.cost + b.usage.cost,
      ...(fallbackCalls === 0 ? {} : { fallbackCalls }),
    },
    ...dropReasonsField(addDropReasons(a.dropReasons, b.dropReasons)),
    ...(callsPaidTwice === 0 ? {} : { callsPaidTwice }),
  }
}

/** Totals with one more row group. */
export function addResult(totals: Totals, { rowsWritten, rowsDropped, usage, callsPaidTwice = 0, dropReasons }: RowGroupResult): Totals {
  return addTotals(totals, { rowGroups: 1, rowsWritten, rowsDropped, usage, callsPaidTwice, ...dropReasonsField(dropReasons ?? []) })
}

/** As `addResult`, for what a run has made itself: why rows were dropped is not told again. */
export function addProduced(totals: Totals, result: RowGroupResult): Totals {
  return addResult(totals, { ...result, dropReasons: [] })
}

/** Totals in which a row group counts with what its repair made of it. */
export function addRepair(totals: Totals, { rowsFilled, usageAdded, droppedBefore, dropReasons }: RepairResult): Totals {
  const { dropReasons: before, ...counts } = totals
  const repaired = addTotals(counts, { rowGroups: 0, rowsWritten: rowsFilled, rowsDropped: -rowsFilled, usage: usageAdded })
  return { ...repaired, ...dropReasonsField(addDropReasons(subtractDropReasons(before, droppedBefore), dropReasons)) }
}

/** Totals of row groups; each id counts once, its last result. */
export function foldResults(results: Iterable<RowGroupResult>): Totals {
  const byId = new Map<number, RowGroupResult>()
  for (const result of results) byId.set(result.id, result)
  const none: Totals = { rowGroups: 0, rowsWritten: 0, rowsDropped: 0, usage: { calls: 0, inputTokens: 0, outputTokens: 0, cost: 0 } }
  return [...byId.values()].reduce(addResult, none)
}

/** One look at a run: rows accounted for (written or dropped) at a time in ms, of any monotonic origin. */
export interface ProgressSample {
  readonly atMs: number
  readonly rows: number
}

/** How fast a run is and when it will be through. */
export interface Pace {
  /** Rows a second over the window; 0 while nothing moves. */
  readonly rowsPerSecond: number
  /** Milliseconds left at this pace; 0 when all rows are there, null while nothing can be said. */
  readonly timeLeftMs: number | null
}

/** Samples kept for the pace: those of the last `windowMs` and the newest before them, so that the window is full. Default 60 s. */
export function keepSample(samples: readonly ProgressSample[], sample: ProgressSample, windowMs = 60_000): readonly ProgressSample[] {
  const all = [...samples, sample]
  const from = all.findLastIndex(({ atMs }) => atMs <= sample.atMs - windowMs)
  return all.slice(Math.max(0, from))
}

/**
 * The pace from samples in order of time, oldest first, towards `rowsWanted`. Rows that fall (a lost row group) count as no
 * progress, never as a negative pace.
 */
export function paceOf(samples: readonly ProgressSample[], rowsWanted: number): Pace {
  const first = samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined) return { rowsPerSecond: 0, timeLeftMs: null }
  const seconds = (last.atMs - first.atMs) / 1_000
  const rowsPerSecond = seconds > 0 ? Math.max(0, last.rows - first.rows) / seconds : 0
  const rowsLeft = Math.max(0, rowsWanted - last.rows)
  if (rowsLeft === 0) return { rowsPerSecond, timeLeftMs: 0 }
  return { rowsPerSecond, timeLeftMs: rowsPerSecond === 0 ? null : (rowsLeft / rowsPerSecond) * 1_000 }
}

/** Share of `rowsWanted` that is accounted for, 0–1; 1 when nothing is wanted. */
export function shareDone(totals: Pick<Totals, 'rowsWritten' | 'rowsDropped'>, rowsWanted: number): number {
  if (rowsWanted <= 0) return 1
  return Math.min(1, Math.max(0, (totals.rowsWritten + totals.rowsDropped) / rowsWanted))
}
