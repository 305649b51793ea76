/** What a row group's file is, from its checksums and its receipt. Pure. */
import type { RowGroup } from '../../contract.ts'
import type { Inspection } from '../../parquet/verify-bytes.ts'
import { RECEIPT_KEY } from '../../parquet/seal.ts'
import { contains } from '../../plan/range-set.ts'
import { rowGroupById, rowGroupCount } from '../../plan/row-groups.ts'
import type { Schema } from '../../values.ts'
import { checkReceipt, differenceOf } from '../read-receipt.ts'
import type { Receipt } from '../receipt.ts'
import type { ExpectedDataset } from './verify-expected.ts'

/** The verdict. */
export type RowGroupVerdict =
  | { readonly kind: 'sound'; readonly receipt: Receipt; readonly schema: Schema }
  /** A file of DataDesigner's; the indices of its missing rows are unknown (ruling 7). */
  | { readonly kind: 'adopted'; readonly rowsWritten: number; readonly rowsDropped: number }
  | { readonly kind: 'damaged'; readonly reason: string }
  /** `belongsTo`: the row group of this very dataset that the file is, or null. */
  | { readonly kind: 'foreign'; readonly reason: string; readonly belongsTo: number | null }

/** Judges the file under a row group's name. */
export function judgeRowGroup(inspection: Inspection, expected: ExpectedDataset, rowGroup: RowGroup): RowGroupVerdict {
  const { verification, footer } = inspection
  if (footer === null || (!verification.ok && verification.part !== 'unsealed')) {
    return { kind: 'damaged', reason: verification.ok ? 'it has no footer' : verification.reason }
  }
  const text = footer.metadata.get(RECEIPT_KEY)
  if (text === undefined) return judgePlain(footer.rowCount, expected, rowGroup)
  if (!verification.ok) return { kind: 'damaged', reason: verification.reason }
  const receipt = checkReceipt(text)
  if ('problem' in receipt) return { kind: 'damaged', reason: receipt.problem }
  if (receipt.rowsWritten !== footer.rowCount) {
    return { kind: 'damaged', reason: `its receipt says ${receipt.rowsWritten} rows, the file has ${footer.rowCount}` }
  }
  const reason = differenceOf(receipt, { ...expected, rowGroup })
  if (reason !== null) return { kind: 'foreign', reason, belongsTo: placeOf(receipt, expected) }
  if (expected.seed !== null && receipt.seed !== expected.seed) {
    return { kind: 'foreign', reason: `it was made with seed ${receipt.seed}, the dataset has ${expected.seed}`, belongsTo: null }
  }
  return { kind: 'sound', receipt, schema: footer.schema }
}

function judgePlain(rowsWritten: number, expected: ExpectedDataset, { id, start, end }: RowGroup): RowGroupVerdict {
  if (!contains(expected.adopted, id)) return { kind: 'foreign', reason: 'it has no receipt of this dataset', belongsTo: null }
  const rowsDropped = end - start - rowsWritten
  if (rowsDropped >= 0) return { kind: 'adopted', rowsWritten, rowsDropped }
  return { kind: 'foreign', reason: `it has ${rowsWritten} rows, planned are ${end - start}`, belongsTo: null }
}

/** The row group of the plan that a receipt of this dataset describes, or null. */
function placeOf(receipt: Receipt, expected: ExpectedDataset): number | null {
  const { id } = receipt.rowGroup
  if (id >= rowGroupCount(expected.segments)) return null
  return differenceOf(receipt, { ...expected, rowGroup: rowGroupById(expected.segments, id) }) === null ? id : null
}
