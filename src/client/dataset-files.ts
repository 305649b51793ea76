/** Looking at a dataset's folder without a server: one record, and whether all files are what they were. */
import { resolve } from 'node:path'
import { compileStored } from '../config/stored.ts'
import { readMetadata } from '../dataset/metadata.ts'
import { readJson } from '../dataset/prepare.ts'
import { readRow } from '../dataset/read-rows.ts'
import type { FoundRow } from '../dataset/read-rows.ts'
import { requireMetadata } from '../dataset/read-rows.ts'
import { readReceipt } from '../dataset/read-receipt.ts'
import { keys } from '../dataset/layout.ts'
import { verifyBytes } from '../parquet/verify-bytes.ts'
import { rowGroupCount, rowGroupsOf } from '../plan/row-groups.ts'
import { openStorage } from '../storage/open.ts'
import type { RunnableConfig } from './parquetry-client.ts'

/** One record of the dataset in a folder. Throws `DATASET_NOT_FOUND`, and `USAGE` for an index outside. */
export async function readRecord(location: string, row: number): Promise<FoundRow> {
  return await readRow(openStorage(resolve(location)), row)
}

/** The config a dataset was prepared with, or null when its folder holds none yet; with `required`, `DATASET_DAMAGED` then. */
export async function readStoredConfig(location: string, options: { readonly required: true }): Promise<RunnableConfig>
export async function readStoredConfig(location: string): Promise<RunnableConfig | null>
export async function readStoredConfig(location: string, options?: { readonly required: true }): Promise<RunnableConfig | null> {
  const storage = openStorage(resolve(location))
  if (options?.required !== true && (await storage.stat(keys.builderConfig)) === null) return null
  const builderConfig = await readJson(storage, keys.builderConfig)
  const parquetryFile = await readJson(storage, keys.parquetryFile)
  return { compiled: compileStored(builderConfig, parquetryFile), builderConfig, parquetryFile, explicit: { bufferSize: null, seed: null } }
}

/** True when the folder holds this very dataset with every row accounted for, so that no model need be asked. */
export async function isComplete(
  location: string,
  prepared: Pick<RunnableConfig, 'compiled'>,
  numRecords: number | null,
): Promise<boolean> {
  const metadata = await readMetadata(openStorage(resolve(location)))
  if (metadata.kind !== 'ours' || metadata.value.parquetry.fingerprint.hash !== prepared.compiled.fingerprint.hash) return false
  const { rowsWritten, rowsDropped } = metadata.value.parquetry.totals
  const wanted = Math.max(metadata.value.target_num_records, numRecords ?? 0)
  return rowsWritten + rowsDropped >= wanted
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
    const reading = await readReceipt(storage, key)
    if (reading.kind === 'plain' && parquetry.adopted === true) {
      // A row group of DataDesigner: no checksum tells what it was, so that only its rows are counted.
      found.rowsWritten += reading.rowCount
      found.rowsDropped += Math.max(0, rowGroup.end - rowGroup.start - reading.rowCount)
      continue
    }
    const verification = await verifyBytes(bytes)
    if (!verification.ok) {
      problems.push(`${key}: ${verification.reason}`)
      continue
    }
    if (reading.kind !== 'receipt') {
      problems.push(`${key}: ${reading.kind === 'damaged' ? reading.reason : 'no receipt'}`)
      continue
    }
    const { receipt } = reading
    if (receipt.rowsWritten + receipt.dropped.length !== rowGroup.end - rowGroup.start) {
      problems.push(`${key}: ${receipt.rowsWritten} rows written and ${receipt.dropped.length} dropped of ${rowGroup.end - rowGroup.start}`)
    }
    found.rowsWritten += receipt.rowsWritten
    found.rowsDropped += receipt.dropped.length
  }
  return { rowsWanted, ...found, problems }
}
