/** Looking at a dataset's folder without a server: one record, and whether all files are what they were. */
import { resolve } from 'node:path'
import { readRow } from '../dataset/read-rows.ts'
import type { FoundRow } from '../dataset/read-rows.ts'
import { requireMetadata } from '../dataset/read-rows.ts'
import { parseReceipt } from '../dataset/read-receipt.ts'
import { keys } from '../dataset/layout.ts'
import { readFooter } from '../parquet/read-footer.ts'
import { verifyBytes } from '../parquet/verify-bytes.ts'
import { rowGroupCount, rowGroupsOf } from '../plan/row-groups.ts'
import { openStorage } from '../storage/open.ts'

/** One record of the dataset in a folder. Throws `DATASET_NOT_FOUND`, and `USAGE` for an index outside. */
export async function readRecord(location: string, row: number): Promise<FoundRow> {
  return await readRow(openStorage(resolve(location)), row)
}

/** What reading all files back found. */
export interface Verified {
  readonly rowsWanted: number
  readonly rowsWritten: number
  readonly rowsDropped: number
  readonly files: number
  readonly bytes: number
  /** Row groups not on disk. */
  readonly missing: number
  /** One line for each file that is not what was written. */
  readonly problems: readonly string[]
}

/** Reads every row group's file: its checksums, and the rows its receipt accounts for. Throws `DATASET_NOT_FOUND`. */
export async function verifyFiles(location: string): Promise<Verified> {
  const storage = openStorage(resolve(location))
  const { target_num_records: rowsWanted, parquetry } = await requireMetadata(storage)
  const problems: string[] = []
  const found = { rowsWritten: 0, rowsDropped: 0, files: 0, bytes: 0, missing: 0 }
  for (const rowGroup of rowGroupsOf(parquetry.segments, 0, rowGroupCount(parquetry.segments))) {
    const key = keys.rowGroup(rowGroup.id)
    const bytes = await storage.read(key)
    if (bytes === null) {
      found.missing += 1
      continue
    }
    found.files += 1
    found.bytes += bytes.byteLength
    const verification = await verifyBytes(bytes)
    if (!verification.ok) {
      problems.push(`${key}: ${verification.reason}`)
      continue
    }
    const footer = await readFooter(bytes)
    const receipt = parseReceipt(footer.metadata)
    if (receipt.rowsWritten !== footer.rowCount || receipt.rowsWritten + receipt.dropped.length !== receipt.rowsWanted) {
      problems.push(`${key}: ${footer.rowCount} rows, the receipt says ${receipt.rowsWritten} written and ${receipt.dropped.length} dropped of ${receipt.rowsWanted}`)
    }
    found.rowsWritten += receipt.rowsWritten
    found.rowsDropped += receipt.dropped.length
  }
  return { rowsWanted, ...found, problems }
}
