/**
 * Between two stages: the rows that the one before has left become the seed data of the next one, whose folder is made ready for a run
 * just as the client makes one ready.
 *
 * 1. The folder decides, not `workflow-metadata.json`: its fingerprint covers the config and the content of the rows it began with.
 * 2. Nothing that was paid for is deleted: a folder that no longer fits is renamed, with the time in its name.
 * 3. Doing it again does nothing twice: a folder that was begun under this very request is gone on with.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { canonicalJson } from '../config/canonical-json.ts'
import type { CompiledDataset } from '../config/compiled.ts'
import { loadSeed } from '../config/load-seed.ts'
import { compileStored } from '../config/stored.ts'
import type { PreparedStage, PrepareStageInput } from '../composite-contract.ts'
import type { Owner } from '../contract.ts'
import { keys, timestampedName } from '../dataset/layout.ts'
import { claimOwner, releaseOwner, startAboveEpoch } from '../dataset/owner/owner.ts'
import type { DatasetProcessor } from '../dataset/ports.ts'
import { beginDataset } from '../dataset/resume/begin-dataset.ts'
import { DEFAULT_NUM_RECORDS, runRequestOf } from '../dataset/resume/prepare.ts'
import { resolveDataset } from '../dataset/resume/resolve-dataset.ts'
import type { ResolvePorts } from '../dataset/resume/resolve-dataset.ts'
import { copySeedSnapshot, ensureSeedSnapshot } from '../dataset/seed/seed-snapshot.ts'
import { ParquetryError } from '../errors.ts'
import { parseBatchName } from '../plan/row-groups.ts'
import type { SeedFacts } from '../seed/source.ts'
import type { Storage } from '../storage/storage.ts'
import { readCompositeRequest, stageOf } from './composite-request.ts'
import type { CompositeRequest, RequestedStage } from './composite-request.ts'
import { decideStage } from './decide-stage.ts'
import { stageFolder } from './layout.ts'
import { completeStage, UPSTREAM_PLACE } from './settle-stage.ts'
import { baseEntry, writeEntry } from './workflow-metadata.ts'

/** Effects of preparing a stage. */
export interface StagePorts extends ResolvePorts {
  readonly datasetProcessors: readonly DatasetProcessor[]
}

/** Prepares. Throws `RESUME_INCOMPATIBLE` and the like for a change that was not to be, `CONFIG_INVALID` where the rows do not fit. */
export async function prepareStage(input: PrepareStageInput, ports: StagePorts): Promise<PreparedStage> {
  const storage = ports.openStorage(input.composite.location)
  const request = await readCompositeRequest(storage, input.requestId)
  const stage = stageOf(request, input.index)
  if (input.emptyUpstream !== undefined) {
    const entry = { ...baseEntry(stage, request.stages), status: 'skipped_empty_upstream', upstream_stage: input.emptyUpstream } as const
    await writeEntry(storage, request, entry)
    return { kind: 'skipped' }
  }
  const upstream = request.stages.find(({ index }) => index === stage.upstream) ?? null
  if (upstream !== null) await requireOnlyRowGroups(storage, upstream)
  const seed = upstream === null ? null : await seedFactsOf(storage, stage)
  const parquetryFile = seed === null ? stage.parquetry : { ...stage.parquetry, seed_data: seed }
  const compiled = compileStored(stage.builder_config, parquetryFile)
  const numRecords = stage.num_records ?? seed?.rowCount ?? DEFAULT_NUM_RECORDS
  const requestId = `${request.request_id}-stage-${stage.index}`
  const started = startedEntry(stage, request, compiled, numRecords)
  const folder = stageFolder(stage)
  const own = ports.openStorage(join(storage.describe(), folder))
  const decision = await decideStage(own, {
    name: stage.name,
    compiled,
    parquetryFile,
    numRecords,
    seed: stage.seed,
    mode: request.resume,
    isForced: request.forced.includes(stage.index),
    requestId,
    datasetProcessors: ports.datasetProcessors,
  })
  if (decision.action === 'unchanged') {
    const facts = await completeStage(storage, request, stage, { started, metadata: decision.metadata, durationMs: null })
    return { kind: 'unchanged', ...facts }
  }
  const aside = decision.action === 'set-aside' ? await setAside(storage, own, folder, input.owner, ports) : null
  const asked = { numRecords, bufferSize: decision.action === 'resume' ? null : stage.buffer_size, seed: stage.seed }
  const resolved = await resolveDataset(
    {
      artifactPath: storage.describe(),
      datasetName: folder,
      requestId,
      parquetryFile,
      request: { ...runRequestOf(compiled), ...asked, mode: 'if_possible', isModeExplicit: true },
    },
    ports,
  )
  if (resolved.location !== own.describe()) throw takenMeanwhile(own)
  await beginDataset(own, resolved, {
    requestId,
    compiled,
    builderConfig: stage.builder_config,
    parquetryFile,
    asked,
    copySeed: (data) =>
      upstream === null ? copySeedSnapshot(storage, own, data.data.contentHash) : ensureSeedSnapshot(own, data, UPSTREAM_PLACE),
  })
  await writeEntry(storage, request, { ...started, status: 'running' })
  const why = decision.action === 'set-aside' ? `${decision.why}; the old folder is kept as ${aside}` : null
  return {
    kind: 'ready',
    dataset: { location: resolved.location, datasetId: resolved.datasetId, fingerprint: compiled.fingerprint.hash },
    datasetName: folder,
    requestId,
    numRecords,
    note: [why, resolved.note].filter((note) => note !== null).join('; ') || null,
  }
}

/** What the rows of the stage before are; sizes and times that did not change since this stage was begun spare reading them again. */
async function seedFactsOf(storage: Storage, stage: RequestedStage): Promise<SeedFacts> {
  const reading = await loadSeed(stage.builder_config, UPSTREAM_PLACE, join(storage.describe(), stageFolder(stage)))
  if (reading !== null && !('problem' in reading)) return { ...reading, notes: [] }
  throw new ParquetryError(
    'SEED_DATA_UNREADABLE',
    `the rows for stage "${stage.name}" cannot be read: ${reading?.problem ?? 'there are none'}`,
  )
}

/** A parquet file that somebody else put among the row groups would become rows of the next stage. */
async function requireOnlyRowGroups(storage: Storage, upstream: RequestedStage): Promise<void> {
  if (upstream.output_folder !== keys.rowGroupsFolder) return
  const folder = `${stageFolder(upstream)}/${keys.rowGroupsFolder}`
  const names = await storage.list(folder)
  const alien = names.find(
    (name) => name.endsWith('.parquet') && !name.startsWith('.') && parseBatchName(name.slice(0, -'.parquet'.length)) === null,
  )
  if (alien === undefined) return
  throw new ParquetryError('SEED_DATA_UNREADABLE', `expected nothing but row groups in ${storage.describe()}/${folder}, found ${alien}`, {
    wayOut: 'move that file away: its rows would become rows of the next stage',
  })
}

/** What DataDesigner writes of a stage when it starts. */
function startedEntry(
  stage: RequestedStage,
  request: CompositeRequest,
  compiled: CompiledDataset,
  numRecords: number,
): Readonly<Record<string, unknown>> {
  const upstream = request.stages.find(({ index }) => index === stage.upstream)
  const { data_designer: config } = stage.builder_config as { readonly data_designer: object }
  return {
    ...baseEntry(stage, request.stages),
    fingerprint: createHash('sha256')
      .update(canonicalJson({ dataset: compiled.fingerprint.hash, num_records: numRecords }))
      .digest('hex'),
    num_records_requested: numRecords,
    seeded_from_stage: upstream?.name ?? null,
    seed_path: upstream === undefined ? null : `${stageFolder(upstream)}/${upstream.output_folder}`,
    config,
  }
}

/** Renames the stage's folder, once nobody writes it any more; answers its new name. Throws `DATASET_OPEN_ELSEWHERE`. */
async function setAside(storage: Storage, own: Storage, folder: string, owner: Owner, ports: StagePorts): Promise<string> {
  const now = ports.now()
  const epoch = await claimOwner(own, owner, now)
  await releaseOwner(own, epoch)
  const taken = new Set(await storage.list(''))
  const stamped = timestampedName(folder, new Date(now))
  const name = taken.has(`${stamped}/`) ? `${stamped}_${ports.newId().replaceAll('-', '').slice(0, 8)}` : stamped
  await storage.move(folder, name)
  await startAboveEpoch(own, owner, epoch)
  return name
}

function takenMeanwhile(own: Storage): ParquetryError {
  return new ParquetryError('RESUME_INCOMPATIBLE', `${own.describe()} was changed by somebody else in this moment`, {
    wayOut: 'start again',
  })
}
