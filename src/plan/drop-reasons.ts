/**
 * Why rows were dropped, as a small summary: rows by error code and column. Pure.
 *
 * 1. Sums are exact: of more than `MAX_REASONS` different reasons the rarest are counted together, none is lost.
 * 2. A summary of nothing is absent, so that results without drops look as they always did.
 */
import type { DropReason } from '../contract.ts'

/** Different reasons that are told apart; a workflow carries them. */
export const MAX_REASONS = 16
/** Code of the reasons that are not told apart any more. */
export const OTHER_REASONS = 'OTHER'

/** The summary of single dropped rows, most frequent reason first. */
export function dropReasonsOf(dropped: readonly Pick<DropReason, 'code' | 'column'>[]): readonly DropReason[] {
  return addDropReasons(
    dropped.map(({ code, column }) => ({ code, column, rows: 1 })),
    [],
  )
}

/** Sum of two summaries, either of which may be absent. */
export function addDropReasons(a: readonly DropReason[] | undefined, b: readonly DropReason[] | undefined): readonly DropReason[] {
  return combine([...(a ?? []), ...(b ?? [])])
}

/** `a` without what `b` counts; never below zero. */
export function subtractDropReasons(a: readonly DropReason[] | undefined, b: readonly DropReason[] | undefined): readonly DropReason[] {
  return combine([...(a ?? []), ...(b ?? []).map((reason) => ({ ...reason, rows: -reason.rows }))])
}

/** The summary as a field, absent when there is nothing to say. */
export function dropReasonsField(reasons: readonly DropReason[]): { readonly dropReasons?: readonly DropReason[] } {
  return reasons.length === 0 ? {} : { dropReasons: reasons }
}

function combine(reasons: readonly DropReason[]): readonly DropReason[] {
  const byName = new Map<string, DropReason>()
  for (const reason of reasons) {
    const name = `${reason.code}\n${reason.column}`
    byName.set(name, { ...reason, rows: (byName.get(name)?.rows ?? 0) + reason.rows })
  }
  const sorted = [...byName.values()].filter(({ rows }) => rows > 0).sort(byFrequency)
  if (sorted.length <= MAX_REASONS) return sorted
  const rows = sorted.slice(MAX_REASONS - 1).reduce((sum, reason) => sum + reason.rows, 0)
  return [...sorted.slice(0, MAX_REASONS - 1), { code: OTHER_REASONS, column: '', rows }]
}

/** In the same order for the same summary, also where two reasons are equally frequent. */
function byFrequency(a: DropReason, b: DropReason): number {
  return b.rows - a.rows || compareText(a.code, b.code) || compareText(a.column, b.column)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
