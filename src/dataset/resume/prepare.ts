/**
 * Before the first model call: the folder is owned, and config, seed and plan are on disk (ruling 3). Idempotent: preparing the
 * same request again finds it done.
 */
import { randomUUID } from 'node:crypto'
import type { Finding, PrepareInput, PreparedDataset, PlanSegment } from '../../contract.ts'
import { NO_TOTALS } from '../../contract.ts'
import { ParquetryError } from '../../errors.ts'
import { compileStored } from '../../config/stored.ts'
import { unpricedModels } from '../../config/budget.ts'
import type { CompiledDataset } from '../../config/compiled.ts'
import { maxDroppedRows } from '../../plan/max-dropped.ts'
import { extendSegments, planSegments, rowCount } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import { adoptedMessage, decideResume, rebuiltMessage, resumeModeOf } from './decide-resume.ts'
import type { FolderFacts, RunRequest } from './decide-resume.ts'
import { createFindings } from '../scan/findings.ts'
import { keys } from '../layout.ts'
import type { Metadata, ParquetryMetadata } from '../metadata.ts'
import { METADATA_VERSION, readMetadata, writeMetadata } from '../metadata.ts'
import { claimOwner } from '../owner/owner.ts'
import { factsOf } from './folder-facts.ts'
import type { DatasetProcessor } from '../ports.ts'
import { isProcessingDue } from '../processors/processing-due.ts'
import { processorSteps } from '../processors/processor-steps.ts'
import { readRequest, removeRequest } from './request.ts'
import type { StagedRequest } from './request.ts'
import { readStored, readStoredFacts, tryReadJson } from '../stored-files.ts'
import type { StoredFacts } from '../stored-files.ts'

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

/**
 * Prepares the folder for a run and answers what the workflow needs to know. Throws what `decideResume` throws, and
 * `RESUME_INCOMPATIBLE` for `never` on a folder that another request prepared.
 */
export async function prepareDataset(storage: Storage, input: PrepareInput, ports: PreparePorts): Promise<PreparedDataset> {
  const epoch = await claimOwner(storage, input.owner, ports.now())
  const request = await readRequest(storage, input.requestId)
  if (request === null) return await prepareAgain(storage, input, epoch, ports)
  const compiled = compileStored(request.builder_config, request.parquetry)
  if (compiled.fingerprint.hash !== input.dataset.fingerprint) {
    throw new ParquetryError('DATASET_DAMAGED', `the staged request in ${storage.describe()} is not the one that was started`)
  }
  const facts = await factsOf(storage, request.parquetry)
  refuseIncompatible(facts, request, compiled, input.resume)
  const known = knownMetadata(facts, { input, request, compiled, epoch, ports })
  if (known !== null && known.parquetry.dataset_id !== input.dataset.datasetId) {
    throw new ParquetryError(
      'DATASET_DAMAGED',
      `expected ${storage.describe()} to hold dataset ${input.dataset.datasetId}, found its checkpoint to be of ${known.parquetry.dataset_id}`,
    )
  }
  const metadata =
    known === null
      ? freshMetadata(await readStoredFacts(storage), { input, request, compiled, epoch, ports })
      : extendedMetadata(known, request, compiled, epoch, ports)
  if (known === null || (facts.adoptable !== null && facts.rebuilt === null)) await clearPartialResults(storage, ports)
  const findings = await putRight(storage, facts, known !== null)
  const { seed, reference_time, adopted } = metadata.parquetry
  await storage.writeAtomic(
    keys.parquetryFile,
    json({ ...request.parquetry, seed, reference_time, ...(adopted === true ? { adopted } : {}) }),
  )
  await storage.writeAtomic(keys.builderConfig, json(request.builder_config))
  await writeMetadata(storage, metadata)
  await removeRequest(storage, input.requestId)
  return { ...(await preparedOf(storage, metadata, compiled, ports)), ...(findings.length === 0 ? {} : { findings }) }
}

/** The request was taken before: what was prepared then still holds. */
async function prepareAgain(storage: Storage, input: PrepareInput, epoch: number, ports: PreparePorts): Promise<PreparedDataset> {
  const before = await readMetadata(storage)
  const known = before.kind === 'ours' ? before.value : null
  if (known === null || known.parquetry.fingerprint.hash !== input.dataset.fingerprint) {
    throw new ParquetryError(
      'DATASET_DAMAGED',
      `expected the request ${input.requestId} or a prepared dataset in ${storage.describe()}, found neither`,
    )
  }
  const stored = await readStored(storage)
  return await preparedOf(storage, await rewrite(storage, known, { epoch, now: ports.now() }), stored, ports)
}

/** The client decided already; the folder may have changed since, or there was no client of ours. */
function refuseIncompatible(facts: FolderFacts, request: StagedRequest, compiled: CompiledDataset, resume: PrepareInput['resume']): void {
  const mode = resume === undefined ? 'if_possible' : resumeModeOf(resume)
  const hasBegun = facts.metadata.kind !== 'absent' || facts.rowGroupFiles > 0
  const isPreparedByThis = facts.metadata.kind === 'ours' && facts.metadata.value.parquetry.request_id === request.request_id
  if (mode === 'never' && hasBegun && !isPreparedByThis) {
    throw new ParquetryError(
      'RESUME_INCOMPATIBLE',
      `expected ${facts.location} to hold nothing yet (resume: never), found a dataset there`,
      {
        wayOut: 'start with resume: always to go on with it, or in another folder',
      },
    )
  }
  if (!hasBegun && mode !== 'always') return
  decideResume(facts, { ...runRequestOf(compiled), mode: 'always', isModeExplicit: true, ...askedOf(request) })
}

/** What of a run's wishes follows from its config. */
export function runRequestOf({
  fingerprint,
  policies,
  columns,
}: CompiledDataset): Pick<RunRequest, 'fingerprint' | 'preservesDroppedColumns' | 'usesReferenceTime'> {
  return {
    fingerprint,
    preservesDroppedColumns: policies.preserveDroppedColumns,
    usesReferenceTime: columns.some(
      (column) => column.column_type === 'sampler' && ['person', 'person_from_faker'].includes(column.sampler_type),
    ),
  }
}

function askedOf(request: StagedRequest): Pick<RunRequest, 'numRecords' | 'bufferSize' | 'seed'> {
  return { numRecords: request.num_records, bufferSize: request.buffer_size, seed: request.seed }
}

/** Moves aside what is unreadable and says what is written anew in its place. Crashing in between is made good by preparing again. */
async function putRight(storage: Storage, facts: FolderFacts, isKnown: boolean): Promise<readonly Finding[]> {
  const findings = createFindings()
  if (facts.adoptable !== null) findings.add('rebuilt', adoptedMessage(facts.location, facts.adoptable))
  if (facts.metadata.kind === 'damaged' || (facts.metadata.kind === 'absent' && facts.rebuilt !== null)) {
    const { metadata, rebuilt } = facts
    const state = metadata.kind === 'damaged' ? `damaged (${metadata.why}), moved to ${await setAside(storage, keys.metadata)}` : 'missing'
    if (rebuilt !== null) findings.add('rebuilt', rebuiltMessage(state, rebuilt))
  }
  for (const key of [keys.builderConfig, keys.parquetryFile]) {
    const state = await tryReadJson(storage, key)
    if (state === 'damaged')
      findings.add('rebuilt', `${key} was damaged, moved to ${await setAside(storage, key)}, and is written anew from the config given`)
    if (state === 'absent' && isKnown && facts.adoptable === null)
      findings.add('rebuilt', `${key} was missing, and is written anew from the config given`)
  }
  return findings.list()
}

async function setAside(storage: Storage, key: string): Promise<string> {
  const aside = keys.quarantinedFile(key, randomUUID())
  await storage.move(key, aside)
  return aside
}

/** Removes staged files that no receipt can name, since nothing was ever committed. Idempotent; journals stay. */
export async function clearPartialResults(storage: Storage, ports: Pick<PreparePorts, 'log'>): Promise<void> {
  if ((await storage.list(keys.partialFolder)).length === 0) return
  ports.log('no metadata.json and no committed row group: partial results are cleared')
  await storage.remove(keys.partialFolder)
}

/** What metadata of a run that begins is made of. */
interface Beginning {
  readonly input: PrepareInput
  readonly request: StagedRequest
  readonly compiled: CompiledDataset
  readonly epoch: number
  readonly ports: PreparePorts
}

/** The checkpoint of what is in the folder: as it stands, rebuilt, or taken over from DataDesigner; null when nothing was begun. */
function knownMetadata(facts: FolderFacts, beginning: Beginning): Metadata | null {
  const { metadata, rebuilt, adoptable } = facts
  if (metadata.kind === 'ours') return metadata.value
  if (adoptable !== null) {
    const { segments, committed, rowGroups, rowsWritten, rowsDropped } = adoptable
    const fresh = metadataOf(beginning, {
      segments,
      bufferSize: adoptable.metadata.buffer_size,
      seed: beginning.request.seed ?? rebuilt?.seed ?? beginning.ports.drawSeed(),
      referenceTime: rebuilt?.referenceTime ?? referenceTimeOf(beginning.request),
      totals: { ...NO_TOTALS, rowGroups, rowsWritten, rowsDropped },
      committed,
    })
    // Their other keys stay: a later resume by DataDesigner compares its hash of the config.
    return { ...adoptable.metadata, ...fresh, parquetry: { ...fresh.parquetry, adopted: true } }
  }
  if (rebuilt === null) return null
  const { segments, bufferSize, seed, totals, committed } = rebuilt
  const referenceTime = rebuilt.referenceTime ?? referenceTimeOf(beginning.request)
  const made = metadataOf(beginning, { segments, bufferSize, seed, referenceTime, totals, committed })
  return { ...made, parquetry: { ...made.parquetry, dataset_id: rebuilt.datasetId, ...(rebuilt.isAdopted ? { adopted: true } : {}) } }
}

/** A dataset that begins. Seed and reference time of an earlier begin with the same config are kept: its journal may hold paid answers. */
function freshMetadata(before: StoredFacts, beginning: Beginning): Metadata {
  const { request, compiled, ports } = beginning
  const isSame = before.compiled?.fingerprint.hash === compiled.fingerprint.hash
  const target = request.num_records ?? DEFAULT_NUM_RECORDS
  const bufferSize = request.buffer_size ?? DEFAULT_BUFFER_SIZE
  return metadataOf(beginning, {
    segments: planSegments(target, bufferSize),
    bufferSize,
    seed: request.seed ?? (isSame ? before.seed : null) ?? ports.drawSeed(),
    referenceTime: (isSame ? before.referenceTime : null) ?? referenceTimeOf(request),
    totals: NO_TOTALS,
    committed: [],
  })
}

function metadataOf(
  { input, request, compiled, epoch, ports }: Beginning,
  known: Pick<ParquetryMetadata, 'segments' | 'seed' | 'totals' | 'committed'> & {
    readonly bufferSize: number
    readonly referenceTime: string | null
  },
): Metadata {
  const { segments, seed, totals, committed } = known
  const now = new Date(ports.now()).toISOString()
  return {
    dataset_name: request.dataset_name,
    buffer_size: known.bufferSize,
    target_num_records: rowCount(segments),
    original_target_num_records: segments[0]?.end ?? 0,
    actual_num_records: totals.rowsWritten,
    total_num_batches: totals.rowGroups,
    num_completed_batches: totals.rowGroups,
    preserve_dropped_columns: compiled.policies.preserveDroppedColumns,
    parquetry: {
      version: METADATA_VERSION,
      dataset_id: input.dataset.datasetId,
      fingerprint: compiled.fingerprint,
      seed,
      reference_time: known.referenceTime ?? now,
      request_id: request.request_id,
      segments,
      epoch,
      sequence: 0,
      state: 'preparing',
      totals,
      committed,
      updated_at: now,
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
  const unpriced = unpricedModels(compiled.models)
  return {
    datasetName: metadata.dataset_name,
    segments: metadata.parquetry.segments,
    targetNumRecords: metadata.target_num_records,
    maxConcurrentRowGroups: compiled.policies.maxConcurrentRowGroups,
    models: modelsOf(compiled),
    ...(unpriced.length === 0 ? {} : { unpricedModels: unpriced }),
    ...(compiled.policies.budget === undefined ? {} : { budget: compiled.policies.budget }),
    maxDroppedRows: maxDroppedRows(compiled.policies.maxDropped, metadata.target_num_records),
    ...('share' in compiled.policies.maxDropped ? { maxDroppedShare: compiled.policies.maxDropped.share } : {}),
    rehearsal: isRehearsal(compiled),
    currency: currencyOf(compiled),
    epoch: metadata.parquetry.epoch,
    isProcessingDue: await isProcessingDue(
      storage,
      metadata,
      compiled,
      processorSteps(compiled, metadata.parquetry.seed, ports.datasetProcessors ?? []),
    ),
  }
}

function modelsOf({ models }: CompiledDataset): NonNullable<PreparedDataset['models']> {
  return Object.fromEntries(
    Object.values(models).map(({ target: { alias, maxParallelRequests, requestsPerMinute = null, tokensPerMinute = null } }) => [
      alias,
      { parallel: maxParallelRequests, requestsPerMinute, tokensPerMinute },
    ]),
  )
}

/** True when a used model answers from the rehearsal endpoint. */
export function isRehearsal(compiled: CompiledDataset): boolean {
  return Object.values(compiled.models).some(({ target }) => target.provider.type === 'rehearsal')
}

function currencyOf(compiled: CompiledDataset): string | null {
  return Object.values(compiled.models).find(({ price }) => price !== null)?.price?.currency ?? null
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
