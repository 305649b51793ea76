/** What the client stages in a composite's folder for `prepareStage`: the stages' configs and what was asked for. No secret. */
import type { ResumeMode } from '../contract.ts'
import { ParquetryError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'
import type { CompiledStage } from './compile-composite.ts'
import { compositeKeys } from './layout.ts'

/** A stage as it was asked for. */
export interface RequestedStage {
  readonly index: number
  readonly name: string
  /** `index` of the stage whose output seeds it, or null. */
  readonly upstream: number | null
  /** Null: as many as the stage before gives, or 10. */
  readonly num_records: number | null
  /** Rows it will have, as far as that is known beforehand; 0 when it is not. */
  readonly expected_records: number
  /** `final` or `processor:<name>`. */
  readonly output: string
  /** Folder of the output, relative to that of the stage's dataset. */
  readonly output_folder: string
  readonly allow_empty: boolean
  readonly sampling_strategy: string
  readonly selection_strategy: object | null
  /** Explicitly given settings of its config; null where nothing was given. */
  readonly buffer_size: number | null
  readonly seed: string | null
  /** Content of `builder_config.json` and `parquetry.json`; the latter's `seed_data` are put right once the rows are there. */
  readonly builder_config: object
  readonly parquetry: object
}

/** A staged request. */
export interface CompositeRequest {
  readonly request_id: string
  readonly name: string
  readonly fingerprint: string
  /** `always` refuses any change; otherwise what changed is made again. */
  readonly resume: ResumeMode
  /** Indices of the stages that are made again although nothing changed. */
  readonly forced: readonly number[]
  /** Indices of the stages that are seen to. */
  readonly wanted: readonly number[]
  readonly stages: readonly RequestedStage[]
}

/** What a stage is asked for as. */
export function requestedStage(stage: CompiledStage, asked: { readonly bufferSize?: number; readonly seed?: string }): RequestedStage {
  const { index, name, upstream, num_records, output, given, allow_empty, sampling_strategy, selection_strategy, prepared } = stage
  return {
    index,
    name,
    upstream,
    num_records,
    expected_records: stage.expectedRecords ?? 0,
    output,
    output_folder: given.folder,
    allow_empty,
    sampling_strategy,
    selection_strategy,
    buffer_size: asked.bufferSize ?? prepared.explicit.bufferSize,
    seed: asked.seed ?? prepared.explicit.seed,
    builder_config: prepared.builderConfig,
    parquetry: prepared.parquetryFile,
  }
}

/** Stages a request in place of the one before it, which no run needs any more. */
export async function stageCompositeRequest(storage: Storage, request: CompositeRequest): Promise<void> {
  const key = compositeKeys.request(request.request_id)
  await storage.writeAtomic(key, `${JSON.stringify(request, null, 2)}\n`)
  for (const name of await storage.list(compositeKeys.requestsFolder)) {
    const other = `${compositeKeys.requestsFolder}/${name}`
    if (other !== key) await storage.remove(other)
  }
}

/** Reads the request of a run. Throws `DATASET_NOT_VISIBLE` (retried) when it is not there. */
export async function readCompositeRequest(storage: Storage, requestId: string): Promise<CompositeRequest> {
  const bytes = await storage.read(compositeKeys.request(requestId))
  if (bytes !== null) return JSON.parse(new TextDecoder().decode(bytes)) as CompositeRequest
  throw new ParquetryError('DATASET_NOT_VISIBLE', `expected the request ${requestId} in ${storage.describe()}, found none`, {
    wayOut: 'client and workers need the same storage under the same path',
  })
}

/** The request of the last run; null when there was none. */
export async function readLastRequest(storage: Storage): Promise<CompositeRequest | null> {
  const [name] = await storage.list(compositeKeys.requestsFolder)
  return name === undefined ? null : await readCompositeRequest(storage, name.replace(/\.json$/, ''))
}

/** The stage with another limit of dropped rows, which changes no value. */
export function withMaxDropped(stage: RequestedStage, maxDropped: object): RequestedStage {
  const { policies, ...file } = stage.parquetry as { readonly policies?: object }
  return { ...stage, parquetry: { ...file, policies: { ...policies, max_dropped: maxDropped } } }
}

/** A stage of a request. */
export function stageOf(request: CompositeRequest, index: number): RequestedStage {
  const stage = request.stages.find((candidate) => candidate.index === index)
  if (stage === undefined) throw new ParquetryError('INTERNAL', `expected a stage ${index} in the request, found none`)
  return stage
}
