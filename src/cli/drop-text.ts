/** Why rows were dropped, in one line. */
import type { DropReason } from '../contract.ts'
import { count } from './format.ts'
import { printable } from './text.ts'

/** `3 rows: ANSWER_INVALID 2 (column summary), MODEL_CONTENT_FILTERED 1 (column review)`; rows without a known reason are counted too. */
export function dropsText(rowsDropped: number, reasons: readonly DropReason[] = []): string {
  const known = reasons.reduce((sum, { rows }) => sum + rows, 0)
  const parts = reasons.map(
    ({ code, column, rows }) => `${code} ${count(rows)}${column === '' ? '' : ` (column ${printable(column).replaceAll('\n', ' ')})`}`,
  )
  if (known < rowsDropped && known > 0) parts.push(`reason not known ${count(rowsDropped - known)}`)
  return `${count(rowsDropped)} ${rowsDropped === 1 ? 'row' : 'rows'}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`
}
