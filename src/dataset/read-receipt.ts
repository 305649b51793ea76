/** Receipts as they come from disk: nothing is believed before it is checked. */
import { z } from 'zod'
import type { DatasetRef, RowGroup } from '../contract.ts'
import { isParquetryError, ParquetryError } from '../errors.ts'
import { readFooter } from '../parquet/read-footer.ts'
import { RECEIPT_KEY } from '../parquet/seal.ts'
import type { Storage } from '../storage/storage.ts'
import { isSidecarKey, isStagedSidecarKey, keys } from './layout.ts'
import { RECEIPT_VERSION } from './receipt.ts'
import type { Receipt } from './receipt.ts'
import { footerSourceOf } from './source-of.ts'

/** What stands under a row group's name. */
export type ReceiptReading =
  | { readonly kind: 'absent' }
  /** Not a parquet file, or one whose receipt cannot be right. */
  | { readonly kind: 'damaged'; readonly reason: string }
  /** A parquet file without a receipt of ours. */
  | { readonly kind: 'plain'; readonly rowCount: number }
  | { readonly kind: 'receipt'; readonly rowCount: number; readonly receipt: Receipt }

/** What a row group's receipt must agree with. */
export interface ExpectedReceipt {
  readonly datasetId: string
  /** Config fingerprint `sha256:<hex>`. */
  readonly fingerprint: string
  readonly rowGroup: RowGroup
}

/** Reads the footer under a key: usually one small read. Faults of the disk throw as they are, so that nobody takes them for a bad file. */
export async function readReceipt(storage: Storage, key: string): Promise<ReceiptReading> {
  const source = await footerSourceOf(storage, key)
  if (source === null) return { kind: 'absent' }
  try {
    const { rowCount, metadata } = await readFooter(source)
    const text = metadata.get(RECEIPT_KEY)
    if (text === undefined) return { kind: 'plain', rowCount }
    const receipt = checkReceipt(text)
    if ('problem' in receipt) return { kind: 'damaged', reason: receipt.problem }
    if (receipt.rowsWritten === rowCount) return { kind: 'receipt', rowCount, receipt }
    return { kind: 'damaged', reason: `its receipt says ${receipt.rowsWritten} rows, the file has ${rowCount}` }
  } catch (error) {
    if (isParquetryError(error) && error.code === 'DATASET_DAMAGED') return { kind: 'damaged', reason: error.message }
    if ((await storage.stat(key)) === null) return { kind: 'absent' }
    throw error
  }
}

/** The receipt of the committed row group, or null when there is none, or another file in its place. */
export async function readCommittedReceipt(
  storage: Storage,
  dataset: { readonly ref: Pick<DatasetRef, 'datasetId' | 'fingerprint'> },
  rowGroup: RowGroup,
): Promise<Receipt | null> {
  const reading = await readReceipt(storage, keys.rowGroup(rowGroup.id))
  if (reading.kind !== 'receipt') return null
  return differenceOf(reading.receipt, { ...dataset.ref, rowGroup }) === null ? reading.receipt : null
}

/** Why a receipt is not that of the row group, in a few words, or null when it is. */
export function differenceOf({ datasetId, fingerprint, rowGroup }: Receipt, expected: ExpectedReceipt): string | null {
  if (datasetId !== expected.datasetId) return `it belongs to dataset ${datasetId}`
  if (fingerprint !== expected.fingerprint) return 'it was made with another config'
  const { id, start, end } = expected.rowGroup
  if (rowGroup.id === id && rowGroup.start === start && rowGroup.end === end) return null
  return `it holds row group ${rowGroup.id} with rows ${rowGroup.start} to ${rowGroup.end}, not ${start} to ${end}`
}

/** The receipt in a footer's key-value metadata. Throws `DATASET_DAMAGED` when there is none, or one that cannot be right. */
export function parseReceipt(metadata: ReadonlyMap<string, string>): Receipt {
  const text = metadata.get(RECEIPT_KEY)
  const receipt = text === undefined ? { problem: 'it has no receipt' } : checkReceipt(text)
  if (!('problem' in receipt)) return receipt
  throw new ParquetryError('DATASET_DAMAGED', `expected a row group with its receipt, but ${receipt.problem}`, { reason: receipt.problem })
}

/** A receipt from its JSON text, or what is wrong with it. */
export function checkReceipt(text: string): Receipt | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: 'its receipt is no JSON' }
  }
  const parsed = receiptShape.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return { problem: `its receipt has a wrong ${issue?.path.join('.') || 'form'}: ${issue?.message ?? 'unknown'}` }
  }
  const problem = contradictionIn(parsed.data)
  return problem === null ? parsed.data : { problem: `its receipt contradicts itself: ${problem}` }
}

const count = z.number().int().min(0)
const sidecar = z.looseObject({
  stagedKey: z.string().refine(isStagedSidecarKey, 'not a key of a staged file'),
  finalKey: z.string().refine(isSidecarKey, 'not a key of a processor output or of dropped columns'),
  checksum: z.string(),
})
const usage = z.looseObject({ calls: count, inputTokens: count, outputTokens: count, cost: z.number().min(0) })
const repair = z.looseObject({
  token: z.string(),
  rowsFilled: count,
  usage,
  droppedBefore: z.array(z.looseObject({ code: z.string(), column: z.string(), rows: count })),
})
/** Further fields are kept: a later release may add some without a new version. */
const receiptShape: z.ZodType<Receipt> = z.looseObject({
  version: z.literal(RECEIPT_VERSION),
  datasetId: z.string(),
  fingerprint: z.string(),
  generation: count,
  rowGroup: z.object({ id: count, start: count, end: count }),
  rowsWanted: count,
  rowsWritten: count,
  dropped: z.array(z.looseObject({ row: count, code: z.string(), column: z.string(), refill: count, reason: z.string() })),
  refilled: z.array(z.tuple([count, count])),
  usage,
  paidTwice: z.looseObject({ calls: count, inputTokens: count, outputTokens: count }).exactOptional(),
  seed: z.string(),
  bufferSize: z.number().int().min(1),
  targetNumRecords: count,
  segments: z.array(z.object({ firstId: count, start: count, end: count, size: z.number().int().min(1) })),
  sidecars: z.array(sidecar),
  rehearsal: z.boolean(),
  repair: repair.exactOptional(),
  writtenBy: z.looseObject({ runId: z.string(), attempt: count, at: z.string() }),
})

function contradictionIn({ rowGroup: { start, end }, rowsWanted, rowsWritten, dropped }: Receipt): string | null {
  if (end - start !== rowsWanted) return `rows ${start} to ${end} are not the ${rowsWanted} wanted`
  if (rowsWritten + dropped.length !== rowsWanted)
    return `${rowsWritten} written and ${dropped.length} dropped are not the ${rowsWanted} wanted`
  if (new Set(dropped.map(({ row }) => row)).size !== dropped.length) return 'a row is dropped twice'
  const outside = dropped.find(({ row }) => row < start || row >= end)
  return outside === undefined ? null : `row ${outside.row} is dropped, and not one of its rows`
}
