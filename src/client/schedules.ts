/** Schedules of Temporal that extend datasets: made, looked at, changed. A dataset has one at most, found by the dataset's own id. */
import { basename, join, resolve } from 'node:path'
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client'
import type { Client, ScheduleHandle } from '@temporalio/client'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import type { ConfigInput } from '../config/prepare-config.ts'
import { SEARCH_ATTRIBUTES, TASK_QUEUE } from '../contract.ts'
import type { RunOptions } from '../contract.ts'
import { checkDatasetName } from '../dataset/layout.ts'
import { factsOf, readIdentity } from '../dataset/resume/folder-facts.ts'
import { ParquetryError } from '../errors.ts'
import { EXTEND_DATASET, FIRING_PREFIX } from '../schedule-contract.ts'
import type { ExtendDatasetInput } from '../schedule-contract.ts'
import { openStorage } from '../storage/open.ts'
import { isComplete } from './dataset-files.ts'
import { describeSchedule, memoOf } from './describe-schedule.ts'
import type { DatasetSchedule, ScheduleMemo } from './describe-schedule.ts'
import type { CreateOptions, RunnableConfig } from './parquetry-client.ts'
import type { RunHandle } from './run-handle.ts'
import { specOf } from './schedule-times.ts'
import type { ScheduleTimes } from './schedule-times.ts'

/** How a dataset is extended again and again. */
export interface ScheduleOptions
  extends
    ScheduleTimes,
    Pick<CreateOptions, 'datasetName' | 'artifactPath' | 'bufferSize' | 'seed' | 'provider' | 'sources' | 'columnGenerators' | 'run'> {
  /** Rows that each firing adds, ≥ 1. */
  readonly extendBy: number
  /** Rows of the first run, which begins at once. Default: as many as a firing adds; a dataset that is there already keeps what it has. */
  readonly first?: number
  /** Name of the task queue. Default `shared`, which `parquetry worker` and `parquetry dev` serve. */
  readonly taskQueue?: 'shared' | (string & {})
}

/** A schedule that was made. */
export interface CreatedSchedule {
  readonly schedule: DatasetSchedule
  /** The run that makes what is missing before the first firing; null when nothing is. */
  readonly run: RunHandle | null
}

/** What the class works with. */
export interface SchedulePorts {
  readonly client: Client
  readonly prepare: (config: ConfigInput, options: CreateOptions) => Promise<RunnableConfig>
  readonly start: (prepared: RunnableConfig, options: CreateOptions) => Promise<RunHandle>
  /** Identity of the server (ruling 2). */
  readonly server: () => Promise<string>
  readonly runOptions: (run: RunOptions | undefined) => Promise<RunOptions>
}

/** A firing that the server missed for longer than this is left out, in ms: whoever was away for days is not sent a bill for each. */
const CATCH_UP_MS = 600_000

const DATASET = defineSearchAttributeKey(SEARCH_ATTRIBUTES.dataset, SearchAttributeType.KEYWORD)

/** The schedules of one server's namespace. A dataset is given by its folder, or by its name where the folder is gone. */
export class Schedules {
  readonly #ports: SchedulePorts

  constructor(ports: SchedulePorts) {
    this.#ports = ports
  }

  /**
   * Begins the dataset, or takes the one of the same config that is there, and makes the schedule. The config is fixed by that: firings
   * read it from the dataset's folder. Throws `SCHEDULE_EXISTS`, `USAGE`, and what `ParquetryClient.create` throws.
   */
  async create(config: ConfigInput, options: ScheduleOptions): Promise<CreatedSchedule> {
    return await this.start(await this.#ports.prepare(config, { ...createOptionsOf(options), resume: 'if_possible' }), options)
  }

  /** As `create`, for a config that is compiled already. */
  async start(prepared: RunnableConfig, options: ScheduleOptions): Promise<CreatedSchedule> {
    const spec = specOf(options, Date.now())
    requireRows('the rows that each firing adds', options.extendBy)
    if (options.first !== undefined) requireRows('the rows of the first run', options.first)
    const { artifactPath, datasetName } = placeOf(options)
    checkDatasetName(datasetName)
    const location = join(artifactPath, datasetName)
    const storage = openStorage(location)
    const known = await readIdentity(storage)
    if (known !== null && (await this.#handleOf(location)) !== null) throw exists(datasetName)
    const { holdsAnything } = await factsOf(storage, prepared.parquetryFile)
    const isDone = holdsAnything && (await isComplete(location, prepared, options.first ?? null))
    const numRecords = options.first ?? (holdsAnything ? undefined : options.extendBy)
    const run = isDone
      ? null
      : await this.#ports.start(prepared, {
          ...createOptionsOf(options),
          ...(numRecords === undefined ? {} : { numRecords }),
          ...(holdsAnything ? { resume: 'always' } : {}),
        })
    const datasetId = run?.datasetId ?? known?.dataset_id
    if (datasetId === undefined) throw new ParquetryError('DATASET_DAMAGED', `expected ${location}/dataset.json, found none`)
    const runOptions = await this.#ports.runOptions(options.run)
    const input: ExtendDatasetInput = {
      dataset: { location, datasetId },
      datasetName,
      extendBy: options.extendBy,
      server: await this.#ports.server(),
      options: runOptions,
    }
    const scheduleId = scheduleIdOf(datasetName, datasetId)
    const memo: ScheduleMemo = {
      dataset: datasetName,
      location,
      datasetId,
      extendBy: options.extendBy,
      everyMs: options.everyMs ?? null,
      cron: options.cron ?? null,
    }
    try {
      const handle = await this.#ports.client.schedule.create({
        scheduleId,
        spec,
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS, pauseOnFailure: false },
        memo: { ...memo },
        action: {
          type: 'startWorkflow',
          workflowType: EXTEND_DATASET,
          workflowId: `${FIRING_PREFIX}${scheduleId}`,
          taskQueue: queueOf(options),
          args: [input],
          memo: { dataset: datasetName, location },
          staticSummary: `${datasetName}: ${options.extendBy} rows more`,
          ...(runOptions.hasSearchAttributes === true ? { typedSearchAttributes: [{ key: DATASET, value: datasetName }] } : {}),
        },
      })
      return { schedule: await describeSchedule(this.#ports.client, handle), run }
    } catch (error) {
      throw error instanceof ScheduleAlreadyRunning ? exists(datasetName) : error
    }
  }

  /** All schedules of datasets, by name. One that was made a moment ago may not be listed yet. */
  async list(): Promise<readonly DatasetSchedule[]> {
    const found: DatasetSchedule[] = []
    for await (const { scheduleId, memo, action } of this.#ports.client.schedule.list()) {
      if (action?.workflowType !== EXTEND_DATASET || memoOf(memo) === null) continue
      found.push(await describeSchedule(this.#ports.client, this.#ports.client.schedule.getHandle(scheduleId)))
    }
    return found.sort((a, b) => (a.location < b.location ? -1 : 1))
  }

  /** The schedule of a dataset. Throws `SCHEDULE_NOT_FOUND`. */
  async get(dataset: string): Promise<DatasetSchedule> {
    return await describeSchedule(this.#ports.client, await this.#require(dataset))
  }

  /** No firing until `resume`; a run that is open goes on. */
  async pause(dataset: string, note = 'paused by a person'): Promise<DatasetSchedule> {
    return await this.#change(dataset, (handle) => handle.pause(note))
  }

  /** Fires again. */
  async resume(dataset: string, note = 'resumed by a person'): Promise<DatasetSchedule> {
    return await this.#change(dataset, (handle) => handle.unpause(note))
  }

  /** Fires now, also while it is paused. A firing that finds a run open says so and adds nothing. */
  async trigger(dataset: string): Promise<DatasetSchedule> {
    return await this.#change(dataset, (handle) => handle.trigger(ScheduleOverlapPolicy.ALLOW_ALL))
  }

  /** Ends the schedule; the dataset stays, and a run that is open goes on. */
  async delete(dataset: string): Promise<DatasetSchedule> {
    const handle = await this.#require(dataset)
    const schedule = await describeSchedule(this.#ports.client, handle)
    await handle.delete()
    return schedule
  }

  async #change(dataset: string, change: (handle: ScheduleHandle) => Promise<void>): Promise<DatasetSchedule> {
    const handle = await this.#require(dataset)
    await change(handle)
    return await describeSchedule(this.#ports.client, handle)
  }

  async #require(dataset: string): Promise<ScheduleHandle> {
    const handle = await this.#handleOf(dataset)
    if (handle !== null) return handle
    throw new ParquetryError('SCHEDULE_NOT_FOUND', `expected a schedule of ${dataset}, found none on this Temporal server`, {
      wayOut: 'look with schedule --list, or make one with schedule CONFIG --every 1d --extend 1000',
    })
  }

  /** By the folder's own id, which is known at once; else among those that are listed. */
  async #handleOf(dataset: string): Promise<ScheduleHandle | null> {
    const { schedule } = this.#ports.client
    const location = resolve(dataset)
    const identity = await readIdentity(openStorage(location))
    if (identity !== null) {
      const handle = schedule.getHandle(scheduleIdOf(basename(location), identity.dataset_id))
      if (await isThere(handle)) return handle
    }
    for await (const { scheduleId, memo } of schedule.list()) {
      const known = memoOf(memo)
      if (known === null) continue
      const isIt = identity === null ? known.location === location || known.dataset === dataset : known.datasetId === identity.dataset_id
      // The list is behind what was deleted a moment ago.
      if (isIt && (await isThere(schedule.getHandle(scheduleId)))) return schedule.getHandle(scheduleId)
    }
    return null
  }
}

async function isThere(handle: ScheduleHandle): Promise<boolean> {
  try {
    await handle.describe()
    return true
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false
    throw error
  }
}

/** Readable in the UI's list, and the dataset's own. */
function scheduleIdOf(datasetName: string, datasetId: string): string {
  return `${datasetName}-${datasetId.slice(0, 8)}`
}

function placeOf({ artifactPath, datasetName }: ScheduleOptions): { readonly artifactPath: string; readonly datasetName: string } {
  return { artifactPath: resolve(artifactPath ?? 'artifacts'), datasetName: datasetName ?? 'dataset' }
}

function queueOf({ taskQueue = 'shared' }: ScheduleOptions): string {
  return taskQueue === 'shared' ? TASK_QUEUE : taskQueue
}

/** What the first run is started with. */
function createOptionsOf(options: ScheduleOptions): CreateOptions {
  const { everyMs: _every, cron: _cron, extendBy: _extend, first: _first, ...rest } = options
  return { ...rest, ...placeOf(options) }
}

function requireRows(what: string, rows: number): void {
  if (Number.isSafeInteger(rows) && rows >= 1) return
  throw new ParquetryError('USAGE', `expected ${what} to be a whole number of at least 1, found ${rows}`)
}

function exists(datasetName: string): ParquetryError {
  return new ParquetryError('SCHEDULE_EXISTS', `expected no schedule of ${datasetName} yet, found one`, {
    wayOut: `look with schedule ${datasetName}; end it with schedule ${datasetName} --delete before making another`,
  })
}
