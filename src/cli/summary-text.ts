/** A dataset's summary in words, for `list` and `status`. Pure. */
import type { DatasetSummary } from '../client/dataset-summary.ts'
import { count, money } from './format.ts'
import { waitedFor } from './waiting.ts'

/** `complete`, `INCOMPLETE`, `waiting`, `complete (rehearsal)` …: what calls for somebody is in capitals. */
export function stateText({ state, rehearsal }: DatasetSummary): string {
  const isAlarm = state === 'incomplete' || state === 'waiting' || state === 'interrupted' || state === 'damaged'
  return `${isAlarm ? state.toUpperCase() : state}${rehearsal ? ' (rehearsal)' : ''}`
}

/** `1,960/2,000`, with `, 40 dropped` where some are. */
export function rowsText({ rowsWritten, rowsDropped, targetNumRecords }: DatasetSummary): string {
  const wanted = targetNumRecords === null ? '?' : count(targetNumRecords)
  return `${count(rowsWritten)}/${wanted}${rowsDropped === 0 ? '' : `, ${count(rowsDropped)} dropped`}`
}

/** `$1.36`, `6,000 calls` where no price is known, `-` without calls. */
export function spentText({ usage, currency, rehearsal }: DatasetSummary): string {
  if (usage.calls === 0) return '-'
  if (rehearsal) return '$0.00'
  return currency === null ? `${count(usage.calls)} calls` : money(usage.cost, currency)
}

/** Time since the last checkpoint: `42s`, `3h07m`, `12d`; `-` without one. */
export function ageText(updatedAt: number | null, now: number): string {
  if (updatedAt === null) return '-'
  const days = Math.floor((now - updatedAt) / 86_400_000)
  return days >= 2 ? `${days}d` : waitedFor(now - updatedAt)
}
