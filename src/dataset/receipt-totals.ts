/** What a receipt adds to the sums of a dataset. Pure. */
import type { Totals } from '../contract.ts'
import { dropReasonsField, dropReasonsOf } from '../plan/drop-reasons.ts'
import type { Receipt } from './receipt.ts'

/** The totals of one committed row group. */
export function totalsOfReceipt({ rowsWritten, dropped, usage, paidTwice }: Receipt): Totals {
  const callsPaidTwice = paidTwice === undefined ? {} : { callsPaidTwice: paidTwice.calls }
  return { rowGroups: 1, rowsWritten, rowsDropped: dropped.length, usage, ...callsPaidTwice, ...dropReasonsField(dropReasonsOf(dropped)) }
}
