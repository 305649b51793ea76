/** Starting a run over a composite: its folder gets an identity and the request, and the workflow goes from stage to stage. */
import { WorkflowNotFoundError } from '@temporalio/client'
import type { Client, WorkflowExecutionDescription } from '@temporalio/client'
import { changedStages, stagesToMake } from '../composite/changed-stages.ts'
import { chooseStages } from '../composite/choose-stages.ts'
import type { CompiledComposite, CompiledStage } from '../composite/compile-composite.ts'
import { readCompositeIdentity } from '../composite/composite-identity.ts'
import type { CompositeIdentity } from '../composite/composite-identity.ts'
import { readLastRequest, requestedStage, stageCompositeRequest, withMaxDropped } from '../composite/composite-request.ts'
import type { CompositeRequest } from '../composite/composite-request.ts'
import { compositeKeys } from '../composite/layout.ts'
import { GENERATE_COMPOSITE } from '../composite-contract.ts'
import type { GenerateCompositeInput } from '../composite-contract.ts'
import type { ConfigSources } from '../config/prepare-config.ts'
import { taskQueueOf, TASK_QUEUE, workflowIdOf } from '../contract.ts'
import type { RunOptions } from '../contract.ts'
import { resumeModeOf } from '../dataset/resume/decide-resume.ts'
import type { ResumeMode } from '../dataset/resume/decide-resume.ts'
import { checkDatasetName, keys } from '../dataset/layout.ts'
import { ensureSeedSnapshot } from '../dataset/seed/seed-snapshot.ts'
import { ParquetryError } from '../errors.ts'
import { openStorage as openLocation } from '../storage/open.ts'
import type { Storage } from '../storage/storage.ts'
import { CompositeHandle } from './composite-handle.ts'

/** How a compiled composite is run. */
export interface StartCompositeOptions {
  /**
   * Default `if_possible`: what stands as it would be made is left, what is unfinished is gone on with, what changed is made again, its old
   * folder kept beside. `always` refuses any change. `never` makes every stage again.
   */
  readonly resume?: ResumeMode | boolean
  /** Only these stages and those they follow from. Default all. */
  readonly targets?: readonly string[]
  /** This stage and those that follow from it are made again although nothing changed. Not with `resume: never`. */
  readonly rerunFrom?: string
  /** Rows per row group of stages that begin. Default: each stage's own, or 1,000. */
  readonly bufferSize?: number
  /** Of all stages. Default: each stage's own, or drawn once and recorded. */
  readonly seed?: string | number
  /** `own`: a queue that only a worker made for this composite serves. Default `shared`. */
  readonly taskQueue?: 'own' | 'shared'
  /** Settings of the stages' runs that change no value. */
  readonly run?: RunOptions
}

/** How a composite is gone on with. */
export interface ResumeCompositeOptions extends Pick<StartCompositeOptions, 'taskQueue' | 'run'> {
  /** Another limit of dropped rows for all stages. */
  readonly maxDropped?: { readonly rows: number } | { readonly share: number }
}

/** What to make and where. */
export interface CreateCompositeOptions extends StartCompositeOptions {
  /** Folder name. Default: the composite's `name`. */
  readonly name?: string
  /** Folder that holds composites and datasets. Default `artifacts`. */
  readonly artifactPath?: string
  /** Send all calls of all stages to this provider instead, e.g. `rehearsal`. */
  readonly provider?: string
  /** Where model providers and home files come from. Default: the environment and the home folder. */
  readonly sources?: Partial<ConfigSources>
}

/** Effects of starting. */
export interface StartCompositePorts {
  readonly client: Client
  /** Identity of the Temporal server. */
  readonly server: string
  readonly openStorage: (location: string) => Storage
  readonly newId: () => string
}

/** Starts or joins. Throws `USAGE`, `NOTHING_TO_RESUME`, `RESUME_INCOMPATIBLE`, `DATASET_MOVED`; nothing is begun then. */
export async function startComposite(
  ports: StartCompositePorts,
  composite: CompiledComposite,
  options: StartCompositeOptions,
): Promise<CompositeHandle> {
  const { location, name, stages, fingerprint } = composite
  checkDatasetName(name)
  const mode = options.resume === undefined ? 'if_possible' : resumeModeOf(options.resume)
  const { targets, rerunFrom } = options
  const choice = chooseStages(stages, {
    isAnew: mode === 'never',
    ...(targets === undefined ? {} : { targets }),
    ...(rerunFrom === undefined ? {} : { rerunFrom }),
  })
  const storage = ports.openStorage(location)
  const open = await openRunOf(ports, storage)
  if (open !== null) return join(ports, composite, open)
  const identity = await claimIdentity(ports, storage, composite, mode)
  const changed = await changedStages({ location, stages: stages.filter(({ index }) => choice.wanted.includes(index)) }, ports.openStorage)
  if (mode === 'always') refuseChanges(composite, changed)
  for (const { index, upstream, prepared } of stages) {
    const { seed } = prepared.compiled
    if (upstream === null && seed !== null && choice.wanted.includes(index)) await ensureSeedSnapshot(storage, seed, prepared.seedPlace)
  }
  const asked = {
    ...(options.bufferSize === undefined ? {} : { bufferSize: options.bufferSize }),
    ...(options.seed === undefined ? {} : { seed: String(options.seed) }),
  }
  const request = {
    name,
    fingerprint,
    resume: mode,
    ...choice,
    stages: stages.map((stage) => requestedStage(stage, asked)),
  }
  const notes = mode === 'never' ? [] : changed.map((stage) => changeNote(stage))
  return await launch(ports, { storage, identity, request, options, notes })
}

/** What a run is started with. */
interface Launch {
  readonly storage: Storage
  readonly identity: CompositeIdentity
  readonly request: Omit<CompositeRequest, 'request_id'>
  readonly options: Pick<StartCompositeOptions, 'taskQueue' | 'run'>
  readonly notes: readonly string[]
}

async function launch(ports: StartCompositePorts, { storage, identity, request, options, notes }: Launch): Promise<CompositeHandle> {
  const location = storage.describe()
  const { name, fingerprint, wanted, stages } = request
  const requestId = ports.newId()
  await stageCompositeRequest(storage, { ...request, request_id: requestId })
  const input: GenerateCompositeInput = {
    composite: { location, compositeId: identity.composite_id },
    name,
    requestId,
    server: ports.server,
    fingerprint,
    stages: stages
      .filter(({ index }) => wanted.includes(index))
      .map(({ index, name: stage, upstream, expected_records: expectedRecords }) => ({ index, name: stage, upstream, expectedRecords })),
    ...(options.run === undefined ? {} : { options: options.run }),
  }
  const workflowId = workflowIdOf(identity.composite_id)
  await ports.client.workflow.start(GENERATE_COMPOSITE, {
    workflowId,
    taskQueue: options.taskQueue === 'own' ? taskQueueOf(identity.composite_id) : TASK_QUEUE,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    memo: { dataset: name, location, fingerprint, requestId },
    staticSummary: name,
  })
  const description = await ports.client.workflow.getHandle(workflowId).describe()
  const isOthers = description.memo?.['requestId'] !== requestId && description.status.name === 'RUNNING'
  if (isOthers) return join(ports, { location, name, fingerprint }, { identity, description })
  return handleOf(ports, { location, name }, { identity, description }, { isAttached: false, notes })
}

/**
 * Goes on with the composite in a folder, as it was asked for last: joins its open run, or starts one. `maxDropped` is another limit of
 * dropped rows for all stages. Throws `DATASET_NOT_FOUND`.
 */
export async function resumeComposite(
  ports: StartCompositePorts,
  location: string,
  options: ResumeCompositeOptions,
): Promise<CompositeHandle> {
  const storage = ports.openStorage(location)
  const identity = await readCompositeIdentity(storage)
  const request = await readLastRequest(storage)
  if (identity === null || request === null) {
    throw new ParquetryError(
      'DATASET_NOT_FOUND',
      `expected a composite in ${location}, found no ${identity === null ? 'composite.json' : 'request'} there`,
      {
        wayOut: 'start it again with create and its file',
      },
    )
  }
  const open = await openRunOf(ports, storage)
  if (open !== null) {
    const run = handleOf(ports, { location, name: request.name }, open, { isAttached: true, notes: [JOINED] })
    await run.resume()
    return run
  }
  const { maxDropped } = options
  const stages = request.stages.map((stage) => (maxDropped === undefined ? stage : withMaxDropped(stage, maxDropped)))
  return await launch(ports, { storage, identity, request: { ...request, forced: [], stages }, options, notes: [] })
}

const JOINED = 'a run is open on this composite: joined it; its own settings hold'

/** The stages that a start would have to make, as far as the folders tell without reading rows. Makes nothing. */
export async function unfinishedStages(composite: CompiledComposite): Promise<readonly CompiledStage[]> {
  return await stagesToMake(composite, openLocation)
}

function changeNote({ name, why }: { readonly name: string; readonly why: string }): string {
  return `stage "${name}" changed (${why}): where its rows are not those it would have now, it is made again, and what follows from it`
}

type Place = Pick<CompiledComposite, 'location' | 'name'>

/** The open run of a composite. */
interface OpenComposite {
  readonly identity: CompositeIdentity
  readonly description: WorkflowExecutionDescription
}

async function openRunOf({ client }: StartCompositePorts, storage: Storage): Promise<OpenComposite | null> {
  const identity = await readCompositeIdentity(storage)
  if (identity === null) return null
  const description = await client.workflow
    .getHandle(workflowIdOf(identity.composite_id))
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null
      throw error
    })
  if (description === null || description.status.name !== 'RUNNING') return null
  const from = description.memo?.['location']
  if (from === storage.describe()) return { identity, description }
  throw new ParquetryError('DATASET_MOVED', `a run of this composite is open as ${String(from)}; asked for was ${storage.describe()}`, {
    wayOut: 'stop that run, then start again',
  })
}

/** Joins the open run; another composite is refused, since a run's arguments cannot change. */
function join(ports: StartCompositePorts, composite: Place & Pick<CompiledComposite, 'fingerprint'>, open: OpenComposite): CompositeHandle {
  if (open.description.memo?.['fingerprint'] !== composite.fingerprint) {
    throw new ParquetryError('RESUME_INCOMPATIBLE', `a run with other stages is open on ${composite.location}`, {
      wayOut: 'wait for its end or stop it, or start under another name',
    })
  }
  return handleOf(ports, composite, open, {
    isAttached: true,
    notes: ['a run is open on this composite: joined it; its own settings hold'],
  })
}

async function claimIdentity(
  { newId }: StartCompositePorts,
  storage: Storage,
  { name, location }: CompiledComposite,
  mode: ResumeMode,
): Promise<CompositeIdentity> {
  const known = await readCompositeIdentity(storage)
  if (known !== null) return known
  if (mode === 'always') {
    throw new ParquetryError('NOTHING_TO_RESUME', `expected a composite to resume in ${location}, found none there`, {
      wayOut: 'leave out --resume always to start a new one',
    })
  }
  if ((await storage.stat(keys.identity)) !== null || (await storage.stat(keys.metadata)) !== null) {
    throw new ParquetryError('RESUME_INCOMPATIBLE', `expected ${location} to hold a composite or nothing, found a dataset`, {
      wayOut: 'give the composite another name',
    })
  }
  const fresh: CompositeIdentity = { composite_id: newId(), name, created_at: new Date().toISOString() }
  if (await storage.createExclusive(compositeKeys.identity, `${JSON.stringify(fresh, null, 2)}\n`)) return fresh
  const theirs = await readCompositeIdentity(storage)
  if (theirs !== null) return theirs
  throw new ParquetryError('DATASET_DAMAGED', `expected ${location}/composite.json to name the composite, found something else`, {
    wayOut: 'move composite.json away: it is written anew',
  })
}

function refuseChanges({ location }: CompiledComposite, changed: readonly { readonly name: string; readonly why: string }[]): void {
  if (changed.length === 0) return
  const list = changed.map(({ name, why }) => `stage "${name}" (${why})`).join(', ')
  throw new ParquetryError('RESUME_INCOMPATIBLE', `the composite differs from that of ${location} in ${list}`, {
    wayOut: 'leave out --resume always to have these stages and those that follow from them made again; the old folders are kept',
  })
}

function handleOf(
  { client }: StartCompositePorts,
  { location, name }: Place,
  { identity, description }: OpenComposite,
  run: { readonly isAttached: boolean; readonly notes: readonly string[] },
): CompositeHandle {
  const handle = client.workflow.getHandle(workflowIdOf(identity.composite_id))
  const { taskQueue } = description
  return new CompositeHandle({ client, handle, location, datasetName: name, datasetId: identity.composite_id, taskQueue, ...run })
}
