/**
 * The request of a scheduled run, made from the folder alone: the config as it stands, and so many records more. Asking again under the
 * same request id answers the same, whatever died in between: rows are never added twice.
 */
import { compileStored } from '../../config/stored.ts'
import { ParquetryError } from '../../errors.ts'
import type { StagedExtension, StageExtensionInput } from '../../schedule-contract.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import { readMetadata } from '../metadata.ts'
import type { MetadataReading } from '../metadata.ts'
import { readJson } from '../stored-files.ts'
import { recordedOf } from './decide-resume.ts'
import { factsOf } from './folder-facts.ts'
import { readRequest, stageRequest } from './request.ts'

/** Stages. Throws `NOTHING_TO_RESUME` for a folder in which nothing was begun, `DATASET_DAMAGED` where its config cannot be read. */
export async function stageExtension(storage: Storage, input: StageExtensionInput): Promise<StagedExtension> {
  const { requestId, extendBy, mayFinish } = input
  const metadata = await readMetadata(storage)
  if (metadata.kind === 'absent' && (await storage.stat(keys.builderConfig)) === null) throw nothingBegun(storage)
  const builderConfig = await readJson(storage, keys.builderConfig)
  const parquetryFile = await readJson(storage, keys.parquetryFile)
  const { fingerprint } = compileStored(builderConfig, parquetryFile)
  const recorded = recordedOf(await factsOf(storage, parquetryFile))
  if (recorded === null) throw nothingBegun(storage)
  const datasetName = metadata.kind === 'ours' ? metadata.value.dataset_name : (input.dataset.location.split('/').at(-1) ?? '')
  const about = { dataset: { ...input.dataset, fingerprint: fingerprint.hash }, datasetName }
  const before = await readRequest(storage, requestId)
  if (before !== null) {
    const { num_records: asked } = before
    return { ...about, kind: asked === null ? 'finish' : 'extend', numRecords: asked ?? recorded.targetNumRecords }
  }
  // A run took it already.
  if (metadata.kind === 'ours' && metadata.value.parquetry.request_id === requestId) {
    return { ...about, kind: mayFinish && !isFinished(metadata) ? 'finish' : 'extend', numRecords: recorded.targetNumRecords }
  }
  const kind = mayFinish && !isFinished(metadata) ? 'finish' : 'extend'
  const numRecords = kind === 'finish' ? recorded.targetNumRecords : recorded.targetNumRecords + extendBy
  await stageRequest(storage, {
    request_id: requestId,
    fingerprint: fingerprint.hash,
    builder_config: builderConfig,
    parquetry: parquetryFile,
    dataset_name: datasetName,
    num_records: kind === 'finish' ? null : numRecords,
    buffer_size: null,
    seed: null,
  })
  return { ...about, kind, numRecords }
}

/** Whether the last run came to its end, with every row accounted for. */
function isFinished(metadata: MetadataReading): boolean {
  return metadata.kind === 'ours' && (metadata.value.parquetry.state === 'complete' || metadata.value.parquetry.state === 'incomplete')
}

function nothingBegun(storage: Storage): ParquetryError {
  return new ParquetryError('NOTHING_TO_RESUME', `expected a dataset to extend in ${storage.describe()}, found that none was begun there`, {
    wayOut: 'make it once with create CONFIG --resume if_possible',
  })
}
