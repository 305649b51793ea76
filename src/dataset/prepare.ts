/**
 * Before the first model call: the folder is owned, and config, seed and plan are on disk (ruling 3). Idempotent: preparing the
 * same request again finds it done.
 */
import type { PrepareInput, PreparedDataset, PlanSegment } from '../contract.ts'
import { NO_TOTALS } from '../contract.ts'
import { ParquetryError } from '../errors.ts'
import { compileStored } from '../config/stored.ts'
import type { CompiledDataset, Policies } from '../config/compiled.ts'
import { extendSegments, planSegments } from '../plan/row-groups.ts'
import type { Storage } from '../storage/storage.ts'
import { decideResume } from './decide-resume.ts'
import { keys } from './layout.ts'
import type { Metadata } from './metadata.ts'
import { METADATA_VERSION, readMetadata, writeMetadata } from './metadata.ts'
import { claimOwner } from './owner.ts'
import { factsOf } from './folder-facts.ts'
import type { DatasetProcessor } from './ports.ts'
import { isProcessingDue } from './processing-due.ts'
import { readRequest, removeRequest } from './request.ts'
import type { StagedRequest } from './request.ts'

/** Records of a dataset when none are asked for, as DataDesigner. */
export const DEFAULT_NUM_RECORDS = 10
/** Rows per row group when nothing else is said, as DataDesigner. */
export const DEFAULT_BUFFER_SIZE = 1_000

/** Effects of preparing. */
export interface PreparePorts {
  now(): number
  /** A fresh seed, for a dataset that was given none: at least 53 random bits as text. */
  drawSeed(): string
  log(message: string): void
  /** Post-generation processors of the worker. Default none. */
  readonly datasetProcessors?: readonly DatasetProcessor[]
}

/** Prepares the folder for a run and answers what the workflow needs to know. */
export async function prepareDataset(storage: Storage, input: PrepareInput, ports: PreparePorts): Promise<PreparedDataset> {
  const epoch = await claimOwner(storage, input.owner, ports.now())
  const request = await readRequest(storage, input.requestId)
  const before = await readMetadata(storage)
  const known = before.kind === 'ours' ? before.value : null
  if (request === null) {
    if (known === null || known.parquetry.fingerprint.hash !== input.dataset.fingerprint) {
      throw new ParquetryError(
        'DATASET_DAMAGED',
        `expected the request ${input.requestId} or a prepared dataset in ${storage.describe()}, found neither`,
      )
    }
    const stored = await readStored(storage)
    return await preparedOf(storage, await rewrite(storage, known, { epoch, now: ports.now() }), stored, ports)
  }
  const compiled = compileStored(request.builder_config, request.parquetry)
  if (compiled.fingerprint.hash !== input.dataset.fingerprint) {
    throw new ParquetryError('DATASET_DAMAGED', `the staged request in ${storage.describe()} is not the one that was started`)
  }
  await refuseIncompatible(storage, request, compiled)
  const metadata =
    known === null ? freshMetadata(input, request, compiled, epoch, ports) : extendedMetadata(known, request, compiled, epoch, ports)
  if (known === null) await clearPartialResults(storage, ports)
  await storage.writeAtomic(
    keys.parquetryFile,
    json({ ...request.parquetry, seed: metadata.parquetry.seed, reference_time: metadata.parquetry.reference_time }),
  )
  await storage.writeAtomic(keys.builderConfig, json(request.builder_config))
  await writeMetadata(storage, metadata)
  await removeRequest(storage, input.requestId)
  return await preparedOf(storage, metadata, compiled, ports)
}

/** The client decided already; the folder may have changed since. */
async function refuseIncompatible(storage: Storage, request: StagedRequest, compiled: CompiledDataset): Promise<void> {
  const facts = await factsOf(storage)
  if (facts.metadata.kind === 'absent' && facts.rowGroupFiles === 0) return
  decideResume(facts, {
    mode: 'always',
    isModeExplicit: true,
    fingerprint: compiled.fingerprint,
    numRecords: request.num_records,
    bufferSize: request.buffer_size,
    seed: request.seed,
  })
}

/** Removes staged files that no receipt can name, since nothing was ever committed. Idempotent; journals stay. */
export async function clearPartialResults(storage: Storage, ports: Pick<PreparePorts, 'log'>): Promise<void> {
  if ((await storage.list(keys.partialFolder)).length === 0) return
  ports.log('no metadata.json and no committed row group: partial results are cleared')
  await storage.remove(keys.partialFolder)
}

function freshMetadata(
  input: PrepareInput,
  request: StagedRequest,
  compiled: CompiledDataset,
  epoch: number,
  ports: PreparePorts,
): Metadata {
  const target = request.num_records ?? DEFAULT_NUM_RECORDS
  const bufferSize = request.buffer_size ?? DEFAULT_BUFFER_SIZE
  return {
    dataset_name: request.dataset_name,
    buffer_size: bufferSize,
    target_num_records: target,
    original_target_num_records: target,
    actual_num_records: 0,
    total_num_batches: 0,
    num_completed_batches: 0,
    preserve_dropped_columns: compiled.policies.preserveDroppedColumns,
    parquetry: {
      version: METADATA_VERSION,
      dataset_id: input.dataset.datasetId,
      fingerprint: compiled.fingerprint,
      seed: request.seed ?? ports.drawSeed(),
      reference_time: referenceTimeOf(request) ?? new Date(ports.now()).toISOString(),
      request_id: request.request_id,
      segments: planSegments(target, bufferSize),
      epoch,
      sequence: 0,
      state: 'preparing',
      totals: NO_TOTALS,
      committed: [],
      updated_at: new Date(ports.now()).toISOString(),
      rehearsal: isRehearsal(compiled),
      currency: currencyOf(compiled),
    },
  }
}

function extendedMetadata(
  known: Metadata,
  request: StagedRequest,
  compiled: CompiledDataset,
  epoch: number,
  ports: PreparePorts,
): Metadata {
  const target = Math.max(known.target_num_records, request.num_records ?? 0)
  const segments: readonly PlanSegment[] =
    target === known.target_num_records ? known.parquetry.segments : extendSegments(known.parquetry.segments, target, known.buffer_size)
  return {
    ...known,
    target_num_records: target,
    parquetry: {
      ...known.parquetry,
      request_id: request.request_id,
      segments,
      epoch,
      sequence: 0,
      rehearsal: isRehearsal(compiled),
      currency: currencyOf(compiled),
      updated_at: new Date(ports.now()).toISOString(),
    },
  }
}

function referenceTimeOf({ parquetry }: StagedRequest): string | null {
  const { reference_time: time } = parquetry as { readonly reference_time?: unknown }
  return typeof time === 'string' ? time : null
}

async function rewrite(storage: Storage, known: Metadata, by: { epoch: number; now: number }): Promise<Metadata> {
  if (known.parquetry.epoch === by.epoch) return known
  const metadata = { ...known, parquetry: { ...known.parquetry, epoch: by.epoch, sequence: 0, updated_at: new Date(by.now).toISOString() } }
  await writeMetadata(storage, metadata)
  return metadata
}

async function preparedOf(storage: Storage, metadata: Metadata, compiled: CompiledDataset, ports: PreparePorts): Promise<PreparedDataset> {
  return {
    datasetName: metadata.dataset_name,
    segments: metadata.parquetry.segments,
    targetNumRecords: metadata.target_num_records,
    maxConcurrentRowGroups: compiled.policies.maxConcurrentRowGroups,
    maxDroppedRows: maxDroppedRows(compiled.policies, metadata.target_num_records),
    rehearsal: isRehearsal(compiled),
    currency: currencyOf(compiled),
    epoch: metadata.parquetry.epoch,
    isProcessingDue: await isProcessingDue(storage, metadata, compiled, ports.datasetProcessors ?? []),
  }
}

function maxDroppedRows({ maxDropped }: Policies, target: number): number {
  return 'rows' in maxDropped ? maxDropped.rows : Math.floor(maxDropped.share * target)
}

/** True when a used model answers from the rehearsal endpoint. */
export function isRehearsal(compiled: CompiledDataset): boolean {
  return Object.values(compiled.models).some(({ target }) => target.provider.type === 'rehearsal')
}

function currencyOf(compiled: CompiledDataset): string | null {
  return Object.values(compiled.models).find(({ price }) => price !== null)?.price?.currency ?? null
}

/** The config as it was prepared, compiled again. */
export async function readStored(storage: Storage): Promise<CompiledDataset> {
  return compileStored(await readJson(storage, keys.builderConfig), await readJson(storage, keys.parquetryFile))
}

/** A JSON object of the folder. Throws `DATASET_DAMAGED`. */
export async function readJson(storage: Storage, key: string): Promise<object> {
  const bytes = await storage.read(key)
  try {
    if (bytes !== null) return JSON.parse(new TextDecoder().decode(bytes)) as object
  } catch {
    // Said below.
  }
  throw new ParquetryError(
    'DATASET_DAMAGED',
    `expected ${storage.describe()}/${key} to hold JSON, found ${bytes === null ? 'no such file' : 'something else'}`,
  )
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
