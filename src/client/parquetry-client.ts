/**
 * The programmatic API: start a run on a dataset, join one that is open, look at it, change it. The command line uses nothing else.
 */
import { randomUUID } from 'node:crypto'
import { basename, join, resolve } from 'node:path'
import type { Connection } from '@temporalio/client'
import { Client, WorkflowNotFoundError } from '@temporalio/client'
import { unpricedModels } from '../config/budget.ts'
import type { ColumnGenerators } from '../columns/custom-generator.ts'
import { prepareConfig } from '../config/prepare-config.ts'
import type { ConfigInput, ConfigSources, PreparedConfig } from '../config/prepare-config.ts'
import { compileComposite } from '../composite/compile-composite.ts'
import type { CompiledComposite, CompositeInput } from '../composite/compile-composite.ts'
import { GENERATE_DATASET, SEARCH_ATTRIBUTES, taskQueueOf, TASK_QUEUE, workflowIdOf } from '../contract.ts'
import type { GenerateDatasetInput, RunOptions } from '../contract.ts'
import { resumeModeOf } from '../dataset/resume/decide-resume.ts'
import type { ResumeMode, RunRequest } from '../dataset/resume/decide-resume.ts'
import { readIdentity } from '../dataset/resume/folder-facts.ts'
import { checkDatasetName } from '../dataset/layout.ts'
import { compileProgram } from '../dataset/open-dataset.ts'
import { runRequestOf } from '../dataset/resume/prepare.ts'
import { beginDataset, forgetDataset } from '../dataset/resume/begin-dataset.ts'
import { removeRequest } from '../dataset/resume/request.ts'
import { ensureSeedSnapshot } from '../dataset/seed/seed-snapshot.ts'
import type { ResolvedDataset } from '../dataset/resume/resolve-dataset.ts'
import { decideStart, resolveDataset } from '../dataset/resume/resolve-dataset.ts'
import { isParquetryError, ParquetryError } from '../errors.ts'
import { refusalOfBudget } from '../plan/budget.ts'
import { staticDetailsOf } from '../plan/run-details.ts'
import { configuredTarget, connectTemporal } from '../server/connection.ts'
import type { TemporalTarget } from '../server/connection.ts'
import { findOwnServer } from '../server/own-server.ts'
import { openStorage } from '../storage/open.ts'
import { listOpenRuns } from './open-runs.ts'
import type { OpenRun } from './open-runs.ts'
import type { CompositeHandle } from './composite-handle.ts'
import { hasPollers } from './progress.ts'
import { resumeComposite, startComposite } from './start-composite.ts'
import type { CreateCompositeOptions, ResumeCompositeOptions, StartCompositeOptions, StartCompositePorts } from './start-composite.ts'
import { findRun, isPlaceLost, movedNote, notesOfJoining } from './find-run.ts'
import type { MovedRun, OpenDatasetRun } from './find-run.ts'
import { createPeopleCount, findManagedPeople } from './managed-people.ts'
import { RunHandle } from './run-handle.ts'
import { Schedules } from './schedules.ts'

/** How to reach the Temporal server. */
export interface ConnectOptions {
  /** Environment for `@temporalio/envconfig` (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, …). Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** What to generate and where. */
export interface CreateOptions {
  /** Rows wanted. Default on a fresh dataset: 10; on a resumed one: what was recorded. More than recorded extends it. */
  readonly numRecords?: number
  /** Folder name. Default `dataset`. */
  readonly datasetName?: string
  /** Folder that holds datasets. Default `artifacts`. */
  readonly artifactPath?: string
  /** Default `never`; without it an unfinished run of the same config is refused with `DATASET_UNFINISHED` (ruling 22). */
  readonly resume?: ResumeMode | boolean
  /** Rows per row group. Default 1,000; fixed once the dataset has begun. */
  readonly bufferSize?: number
  /** Any text or number. Default: drawn once and recorded. */
  readonly seed?: string | number
  /** Send all calls to this provider instead, e.g. `rehearsal`. */
  readonly provider?: string
  /**
   * Which workers serve the run. Default `shared`: any `parquetry worker`; `own`: one made for this dataset; any other text is the
   * name of a queue, for workers started with the same `taskQueue`.
   */
  readonly taskQueue?: 'own' | 'shared' | (string & {})
  /** Where model providers and home files come from. Default: the environment and the home folder. */
  readonly sources?: Partial<ConfigSources>
  /** Generators of `custom` columns: what they declare is recorded with the dataset. Workers need the same ones. */
  readonly columnGenerators?: ColumnGenerators
  /** Settings of the run that change no value. */
  readonly run?: RunOptions
  /** Make the rows that were dropped again, once everything else is there. Default false. An open run is asked to do so as well. */
  readonly retryDropped?: boolean
  /** Called once it is decided that a new run starts, before anything is made for it; its error is thrown on. Not called for one that is joined. */
  readonly beforeStart?: () => Promise<void>
}

/** What a run is started with: a prepared config, or what a dataset's folder holds of one. */
export type RunnableConfig = Pick<PreparedConfig, 'compiled' | 'builderConfig' | 'parquetryFile' | 'explicit' | 'seedPlace'>

const PORTS = { openStorage, now: Date.now, newId: randomUUID }

/** A connection to Temporal that knows datasets. Close it when done. */
export class ParquetryClient {
  readonly #client: Client
  readonly #connection: Connection
  readonly #namespace: string
  readonly #target: TemporalTarget | null

  /** Over an open connection; `connect` opens one. `target` says how a worker reaches the same server. */
  constructor(connection: Connection, namespace = 'default', target: TemporalTarget | null = null) {
    this.#connection = connection
    this.#target = target
    this.#namespace = namespace
    this.#client = new Client({ connection, namespace })
  }

  /**
   * Connects to the server that Temporal's own environment configuration names, or else to the one that Parquetry's commands have
   * started on this machine, whatever its port, or else to Temporal's default address. Throws `TEMPORAL_UNREACHABLE`.
   */
  static async connect(options: ConnectOptions = {}): Promise<ParquetryClient> {
    const env = options.env ?? process.env
    const target = await connectTemporal(env, configuredTarget(env) === null ? ((await findOwnServer(env)) ?? undefined) : undefined)
    return new ParquetryClient(target.connection, target.namespace, target)
  }

  /**
   * Address, TLS and key as `NativeConnection.connect` takes them, for a worker of the same program. Holds secrets: never log it.
   * Throws `USAGE` for a client that was made over a connection.
   */
  get connectionOptions(): TemporalTarget['connectionOptions'] {
    if (this.#target !== null) return this.#target.connectionOptions
    throw new ParquetryError('USAGE', 'expected a client made by ParquetryClient.connect, found one made over a connection')
  }

  /** The Temporal client underneath, for what this class does not offer. */
  get temporal(): Client {
    return this.#client
  }
  get namespace(): string {
    return this.#namespace
  }

  /**
   * Starts a run, or joins the one that is open on the dataset. `config` is a file's path, its parsed content, or what
   * `defineDataset` made. Throws `CONFIG_INVALID` with all problems, and what `resolveDataset` throws; nothing is begun then.
   */
  async create(config: ConfigInput, options: CreateOptions = {}): Promise<RunHandle> {
    return await this.start(await prepareFor(config, options), options)
  }

  /** As `create`, for a config that is compiled already. */
  async start(prepared: RunnableConfig, options: CreateOptions = {}): Promise<RunHandle> {
    // What only compiling the columns finds (locales, dates, schemas) is found before anything is begun.
    const people = createPeopleCount(options.sources?.env, options.sources?.homeFolder)
    await compileProgram(prepared.compiled, '0', new Date().toISOString(), people)
    requireBudget(prepared, options)
    const requestId = randomUUID()
    const asked = askedOf(prepared, options)
    const mode = resumeModeOf(options.resume)
    const isFreshWanted = options.resume !== undefined && mode === 'never'
    const place = placeOf(options)
    checkDatasetName(place.datasetName)
    const open = await this.#openRunIn(join(place.artifactPath, place.datasetName))
    if (open !== null && !isFreshWanted) return await this.#join(open, prepared, asked, options)
    const { beforeStart: beforeClaim } = options
    const resolved = await resolveDataset(
      { ...startOf(prepared, options), requestId, ...(beforeClaim === undefined ? {} : { beforeClaim }) },
      PORTS,
    )
    const notes = [resolved.note, open === null ? null : `a run is open on ${open.dataset.location}: ${open.description.workflowId}`]
    const dataset = { ...resolved, note: notes.filter((note) => note !== null).join('; ') || null }
    const found = await findRun(this.#client, dataset, PORTS)
    if (found.kind === 'here') return await this.#join({ dataset, description: found.description }, prepared, asked, options)
    if (found.kind === 'moved') await this.#endMoved(found, dataset)
    const storage = openStorage(dataset.location)
    await beginDataset(storage, dataset, {
      requestId,
      ...prepared,
      asked,
      copySeed: (seed) => ensureSeedSnapshot(storage, seed, prepared.seedPlace),
    })
    try {
      const resume = dataset.isFresh ? 'never' : mode
      return await this.#startRun(found.kind === 'moved' ? movedNote(dataset, found) : dataset, prepared, requestId, { ...options, resume })
    } catch (error) {
      await removeRequest(storage, requestId)
      if (dataset.isFresh) await forgetDataset(storage)
      throw error
    }
  }

  /**
   * Starts a run over a composite, or joins the one that is open: `input` is a file with `name` and `stages`, or what stands in one.
   * Stages that stand as they would be made are left as they are. Throws `CONFIG_INVALID` with the problems of all stages at once.
   */
  async createComposite(input: CompositeInput, options: CreateCompositeOptions = {}): Promise<CompositeHandle> {
    const composite = await compileComposite(input, {
      findPeople: findManagedPeople,
      openPeople: createPeopleCount(options.sources?.env, options.sources?.homeFolder),
      ...options.sources,
      artifactPath: resolve(options.artifactPath ?? 'artifacts'),
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.provider === undefined ? {} : { provider: options.provider }),
    })
    return await this.startComposite(composite, options)
  }

  /** As `createComposite`, for a composite that is compiled already. */
  async startComposite(composite: CompiledComposite, options: StartCompositeOptions = {}): Promise<CompositeHandle> {
    return await startComposite(await this.#compositePorts(), composite, { ...options, run: await this.#runOptions(options.run) })
  }

  /** Goes on with the composite in a folder, as it was asked for last: joins its open run, or starts one. Throws `DATASET_NOT_FOUND`. */
  async resumeComposite(location: string, options: ResumeCompositeOptions = {}): Promise<CompositeHandle> {
    const run = await this.#runOptions(options.run)
    return await resumeComposite(await this.#compositePorts(), resolve(location), { ...options, run })
  }

  /** The run of a dataset by its folder, open or closed. Throws `DATASET_NOT_FOUND`. */
  async attach(location: string): Promise<RunHandle> {
    const absolute = resolve(location)
    const identity = await readIdentity(openStorage(absolute))
    if (identity === null) {
      throw new ParquetryError('DATASET_NOT_FOUND', `expected a dataset of Parquetry in ${absolute}, found no dataset.json there`, {
        wayOut: 'give the folder of a dataset, e.g. artifacts/product-reviews',
      })
    }
    const handle = this.#client.workflow.getHandle(workflowIdOf(identity.dataset_id))
    const description = await handle.describe().catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      throw new ParquetryError('DATASET_NOT_FOUND', `this Temporal server knows no run of ${absolute}`, {
        wayOut: 'start one with --resume always',
      })
    })
    return this.#handleOf(
      {
        location: absolute,
        datasetName: textOf(description.memo?.['dataset']),
        datasetId: identity.dataset_id,
        isFresh: false,
        note: null,
      },
      { taskQueue: description.taskQueue, isAttached: true, notes: [] },
    )
  }

  /** The open run of the dataset in a folder, or null when none is open on this server. Throws `DATASET_NOT_FOUND`. */
  async findOpen(location: string): Promise<RunHandle | null> {
    const absolute = resolve(location)
    if ((await readIdentity(openStorage(absolute))) === null) return await this.attach(absolute)
    return (await this.#openRunIn(absolute)) === null ? null : await this.attach(absolute)
  }

  /** All open runs of this server's namespace. */
  async listOpen(): Promise<readonly OpenRun[]> {
    return await listOpenRuns(this.#client)
  }

  /** True when some worker polls the task queue now. */
  async hasWorker(taskQueue: string): Promise<boolean> {
    return await hasPollers(this.#client, this.#namespace, taskQueue)
  }

  /** Schedules of this server's namespace: datasets that are extended again and again. */
  get schedules(): Schedules {
    return new Schedules({
      client: this.#client,
      prepare: prepareFor,
      start: async (prepared, options) => this.start(prepared, options),
      server: async () => this.#serverId(),
      runOptions: async (run) => this.#runOptions(run),
    })
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  /** The open run of the dataset that a folder holds, or null when it holds none, or one whose run is another place's. */
  async #openRunIn(location: string): Promise<OpenDatasetRun | null> {
    const identity = await readIdentity(openStorage(location))
    if (identity === null) return null
    const dataset = { location, datasetName: basename(location), datasetId: identity.dataset_id, isFresh: false, note: null }
    const found = await findRun(this.#client, dataset, PORTS)
    return found.kind === 'here' ? { dataset, description: found.description } : null
  }

  /** Joins the open run; a different config is refused, since a run's arguments cannot change. */
  async #join(
    { dataset, description }: OpenDatasetRun,
    prepared: RunnableConfig,
    asked: Asked,
    { retryDropped }: CreateOptions,
  ): Promise<RunHandle> {
    if (description.memo?.['fingerprint'] !== prepared.compiled.fingerprint.hash) {
      throw new ParquetryError('RESUME_INCOMPATIBLE', `a run with another config is open on ${dataset.location}`, {
        wayOut: 'wait for its end or stop it, or start under another name',
      })
    }
    const notes = await notesOfJoining(openStorage(dataset.location), asked)
    const run = this.#handleOf(dataset, {
      taskQueue: description.taskQueue,
      isAttached: true,
      notes: [...(dataset.note === null ? [] : [dataset.note]), ...notes],
    })
    if (retryDropped === true) await run.retryDropped()
    return run
  }

  /** Ends the run of a dataset that is not at that run's place any more: no worker could find it there. */
  async #endMoved({ from, description }: MovedRun, { datasetId, location }: ResolvedDataset): Promise<void> {
    const isServed = await this.hasWorker(description.taskQueue)
    if (isServed && !isPlaceLost(description)) {
      throw new ParquetryError(
        'DATASET_MOVED',
        `a run of this dataset is open and served as ${from}, which is not to be seen from here; asked for was ${location}`,
        {
          wayOut: `stop that run or its worker, then start again`,
        },
      )
    }
    await this.#client.workflow.getHandle(workflowIdOf(datasetId)).terminate(`the dataset was moved from ${from} to ${location}`)
  }

  async #startRun(dataset: ResolvedDataset, prepared: RunnableConfig, requestId: string, options: CreateOptions): Promise<RunHandle> {
    const input: GenerateDatasetInput = {
      dataset: { location: dataset.location, datasetId: dataset.datasetId, fingerprint: prepared.compiled.fingerprint.hash },
      requestId,
      server: await this.#serverId(),
      ...(options.resume === undefined ? {} : { resume: options.resume }),
      options: await this.#runOptions(options.run),
      ...(options.retryDropped === true ? { retryDropped: true } : {}),
    }
    const named = options.taskQueue ?? 'shared'
    const taskQueue = named === 'own' ? taskQueueOf(dataset.datasetId) : named === 'shared' ? TASK_QUEUE : named
    await this.#client.workflow.start(GENERATE_DATASET, {
      workflowId: workflowIdOf(dataset.datasetId),
      taskQueue,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      memo: { dataset: dataset.datasetName, location: dataset.location, fingerprint: input.dataset.fingerprint, requestId },
      staticSummary: dataset.datasetName,
      staticDetails: staticDetailsOf(dataset.datasetName, dataset.location),
    })
    const description = await this.#client.workflow.getHandle(workflowIdOf(dataset.datasetId)).describe()
    if (description.memo?.['requestId'] !== requestId && description.status.name === 'RUNNING') {
      // Another client was faster by a moment; its request is the one that is carried out.
      await removeRequest(openStorage(dataset.location), requestId)
      return await this.#join({ dataset, description }, prepared, askedOf(prepared, options), options)
    }
    return this.#handleOf(dataset, { taskQueue, isAttached: false, notes: dataset.note === null ? [] : [dataset.note] })
  }

  #handleOf(dataset: ResolvedDataset, run: { taskQueue: string; isAttached: boolean; notes: readonly string[] }): RunHandle {
    const handle = this.#client.workflow.getHandle(workflowIdOf(dataset.datasetId))
    const { location, datasetName, datasetId } = dataset
    return new RunHandle({ client: this.#client, handle, location, datasetName, datasetId, ...run })
  }

  async #compositePorts(): Promise<StartCompositePorts> {
    return { client: this.#client, server: await this.#serverId(), openStorage, newId: randomUUID }
  }

  async #runOptions(run: RunOptions = {}): Promise<RunOptions> {
    return { ...run, hasSearchAttributes: run.hasSearchAttributes ?? (await this.#hasSearchAttributes()) }
  }

  /** Tells servers apart that use the same namespace name (ruling 2). */
  async #serverId(): Promise<string> {
    const { namespaceInfo } = await this.#client.workflowService.describeNamespace({ namespace: this.#namespace })
    return namespaceInfo?.id ?? 'unknown'
  }

  async #hasSearchAttributes(): Promise<boolean> {
    try {
      const { customAttributes } = await this.#connection.operatorService.listSearchAttributes({ namespace: this.#namespace })
      return Object.values(SEARCH_ATTRIBUTES).every((name) => Object.hasOwn(customAttributes ?? {}, name))
    } catch {
      return false
    }
  }
}

/** True when a start with these options would not be refused, as far as the folders tell without a server. Makes nothing. */
export async function mayStart(prepared: RunnableConfig, options: CreateOptions): Promise<boolean> {
  try {
    await decideStart(startOf(prepared, options), PORTS)
    return true
  } catch (error) {
    if (isParquetryError(error)) return false
    throw error
  }
}

/** The compiled config of a start with these options. Throws `CONFIG_INVALID`. */
async function prepareFor(config: ConfigInput, options: CreateOptions): Promise<PreparedConfig> {
  const isResumed = resumeModeOf(options.resume) !== 'never'
  return await prepareConfig(config, {
    findPeople: findManagedPeople,
    ...(isResumed ? { datasetFolder: resolve(options.artifactPath ?? 'artifacts', options.datasetName ?? 'dataset') } : {}),
    ...options.sources,
    ...(options.provider === undefined ? {} : { provider: options.provider }),
    ...(options.columnGenerators === undefined ? {} : { columnGenerators: options.columnGenerators }),
  })
}

function placeOf(options: CreateOptions): { readonly artifactPath: string; readonly datasetName: string } {
  return { artifactPath: resolve(options.artifactPath ?? 'artifacts'), datasetName: options.datasetName ?? 'dataset' }
}

/** What is to be decided about the folder. */
function startOf(prepared: RunnableConfig, options: CreateOptions): Parameters<typeof decideStart>[0] {
  const mode = resumeModeOf(options.resume)
  return {
    ...placeOf(options),
    request: { ...runRequestOf(prepared.compiled), ...askedOf(prepared, options), mode, isModeExplicit: options.resume !== undefined },
    parquetryFile: prepared.parquetryFile,
  }
}

/** What was given explicitly; null where nothing was. */
type Asked = Pick<RunRequest, 'numRecords' | 'bufferSize' | 'seed'>

function askedOf(prepared: RunnableConfig, options: CreateOptions): Asked {
  const seed = options.seed ?? prepared.explicit.seed
  const asked = {
    numRecords: options.numRecords ?? null,
    bufferSize: options.bufferSize ?? prepared.explicit.bufferSize,
    seed: seed === null ? null : String(seed),
  }
  for (const [name, value] of [
    ['num_records', asked.numRecords],
    ['buffer_size', asked.bufferSize],
  ] as const) {
    if (value === null || (Number.isSafeInteger(value) && value >= 1)) continue
    throw new ParquetryError('USAGE', `expected ${name} to be a whole number of at least 1, found ${value}`)
  }
  return asked
}

/** A budget that cannot be kept to is refused before anything is begun. */
function requireBudget({ compiled }: RunnableConfig, { run }: CreateOptions): void {
  if (run?.budget === undefined) return
  const refusal = refusalOfBudget(run.budget, unpricedModels(compiled.models))
  if (refusal !== null) throw new ParquetryError('USAGE', refusal)
}

/** A memo field that should be text. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
