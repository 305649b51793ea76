/** What a folder with an identity is given before a run is started on it: the rows of its seed data, and the request that prepare takes. */
import type { CompiledDataset, CompiledSeed } from '../../config/compiled.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import type { RunRequest } from './decide-resume.ts'
import { stageRequest } from './request.ts'
import type { ResolvedDataset } from './resolve-dataset.ts'

/** What the run will be started with. */
export interface Beginning {
  readonly requestId: string
  readonly compiled: CompiledDataset
  /** Content of `builder_config.json`. */
  readonly builderConfig: object
  /** Content of `parquetry.json`. */
  readonly parquetryFile: object
  /** What was given explicitly. */
  readonly asked: Pick<RunRequest, 'numRecords' | 'bufferSize' | 'seed'>
  /** Puts the rows of the seed data into the folder: they travel with the dataset, for workers need not see where they came from. */
  readonly copySeed: (seed: CompiledSeed) => Promise<void>
}

/** Makes the folder ready; safe to repeat. A folder that was made for this run is forgotten again when that fails. */
export async function beginDataset(
  storage: Storage,
  { datasetName, isFresh }: Pick<ResolvedDataset, 'datasetName' | 'isFresh'>,
  { requestId, compiled, builderConfig, parquetryFile, asked, copySeed }: Beginning,
): Promise<void> {
  try {
    if (compiled.seed !== null) await copySeed(compiled.seed)
  } catch (error) {
    if (isFresh) await forgetDataset(storage)
    throw error
  }
  await stageRequest(storage, {
    request_id: requestId,
    fingerprint: compiled.fingerprint.hash,
    builder_config: builderConfig,
    parquetry: parquetryFile,
    dataset_name: datasetName,
    num_records: asked.numRecords,
    buffer_size: asked.bufferSize,
    seed: asked.seed,
  })
}

/** A folder that was made for a run which did not begin is as if it had never been. */
export async function forgetDataset(storage: Storage): Promise<void> {
  await storage.remove(keys.seedFolder)
  await storage.remove(keys.identity)
}
