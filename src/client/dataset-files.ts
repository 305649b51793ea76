/** Looking at a dataset's folder without a server: one record, and whether all files are what they were. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { seedPlaceOf } from '../config/prepare-config.ts'
import { compileStored } from '../config/stored.ts'
import { ParquetryError } from '../errors.ts'
import { readIdentity } from '../dataset/resume/folder-facts.ts'
import { readMetadata } from '../dataset/metadata.ts'
import { readJson } from '../dataset/stored-files.ts'
import { readRow } from '../dataset/read-rows.ts'
import type { FoundRow } from '../dataset/read-rows.ts'
import { repairFolder } from '../dataset/verify/repair-folder.ts'
import type { FolderRepair } from '../dataset/verify/repair-folder.ts'
import { verifyDataset } from '../dataset/verify/verify.ts'
import type { DatasetVerification, VerifyOptions } from '../dataset/verify/verify.ts'
import { keys } from '../dataset/layout.ts'
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
  return {
    compiled: compileStored(builderConfig, parquetryFile),
    builderConfig,
    parquetryFile,
    explicit: { bufferSize: null, seed: null },
    seedPlace: seedPlaceOf(null, process.env, homedir()),
  }
}

/** The id of the dataset in a folder. Throws `DATASET_NOT_FOUND`. */
export async function readDatasetId(location: string): Promise<string> {
  const identity = await readIdentity(openStorage(resolve(location)))
  if (identity !== null) return identity.dataset_id
  throw new ParquetryError('DATASET_NOT_FOUND', `expected a dataset of Parquetry in ${location}, found no dataset.json there`)
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

/**
 * Verifies every file of the dataset in a folder; needs no server. Throws `DATASET_NOT_FOUND`.
 */
export async function verifyFiles(location: string, options: VerifyOptions = {}): Promise<DatasetVerification> {
  return await verifyDataset(openStorage(resolve(location)), options)
}

/**
 * Sets damaged and foreign files of the dataset in a folder aside, so that resuming makes them anew. Throws `DATASET_OPEN_ELSEWHERE`
 * while a run has claimed the folder; one that waits without a sign of life is known to the server only: look with `findOpen` first.
 */
export async function repairFiles(location: string, options: VerifyOptions = {}): Promise<FolderRepair> {
  return await repairFolder(openStorage(resolve(location)), Date.now, options)
}
