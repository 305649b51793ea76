/**
 * The composition root: the only place that gives the activities their effects. A worker holds one model registry, so that limits
 * hold across all its open row groups, and one pool of encoder threads.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from '@temporalio/worker'
import type { NativeConnection, WorkerOptions } from '@temporalio/worker'
import { createActivities } from '../../activities/index.ts'
import type { ColumnGenerators } from '../columns/custom-generator.ts'
import { knownGenerators } from '../config/column-generators.ts'
import { createHomeKeys } from '../config/home-keys.ts'
import { createHomeToolSecrets } from '../config/home-tool-secrets.ts'
import { TASK_QUEUE } from '../contract.ts'
import { createOpenGroups } from '../dataset/row-group/open-groups.ts'
import { createControlWatch } from '../dataset/control/control-watch.ts'
import { createOwnerWatch } from '../dataset/owner/owner-watch.ts'
import type { DatasetPorts, DatasetProcessor } from '../dataset/ports.ts'
import { checkProcessorNames } from '../dataset/processors/run-processors.ts'
import { createEncoderPool } from '../parquet/encoder-pool.ts'
import type { ModelEvent } from '../model/model-client.ts'
import { createToolServers } from '../mcp/tool-servers.ts'
import { createModels } from '../model/models.ts'
import type { RetryPolicy } from '../model/retry.ts'
import { openStorage } from '../storage/open.ts'
import { createContact } from './contact.ts'
import type { Storage } from '../storage/storage.ts'
import { createDatasetCache } from './dataset-cache.ts'
import type { WorkerMetrics } from './metrics.ts'
import { createPeople } from './people.ts'
import { createRehearsal } from './rehearsal.ts'
import { createValidation } from './validation.ts'
import type { RehearsalOptions } from './rehearsal.ts'
import type { WorkerEvent } from './worker-events.ts'

/** Settings of a worker. */
export interface ParquetryWorkerOptions {
  /** Host and port of the Temporal server, or an open connection. */
  readonly connection: NativeConnection
  /** Default `default`. */
  readonly namespace?: string
  /** Default `parquetry`, the shared queue. */
  readonly taskQueue?: string
  /** Environment that keys are read from, late. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Post-generation processors by code, in the order in which they run. */
  readonly datasetProcessors?: readonly DatasetProcessor[]
  /** Generators of `custom` columns, by the names that configs use. */
  readonly columnGenerators?: ColumnGenerators
  /** The storage of a dataset folder, so that a program can wrap it. Default: the local folder or `file:` URL of the location. */
  readonly openStorage?: (location: string) => Storage
  /** How the built-in rehearsal endpoint behaves. */
  readonly rehearsal?: RehearsalOptions
  /** Called for every answer, retry and failure of a model call, with the alias; for forecasts. */
  readonly observeModels?: (event: ModelEvent) => void
  /** How often and for how long a failed model call is repeated before the run waits. */
  readonly retry?: Partial<RetryPolicy>
  /** Metrics of this worker; `createMetrics` makes them. Default: none are kept. */
  readonly metrics?: WorkerMetrics
  /** Hears of model calls and row groups, for logs; must not throw. */
  readonly onEvent?: (event: WorkerEvent) => void
  /** One line for people. Default: nothing. */
  readonly log?: (message: string, facts?: Readonly<Record<string, unknown>>) => void
  /** Row groups this worker runs at once, over all datasets. Default 64. */
  readonly maxConcurrentRowGroups?: number
  /** Calls on the wire may finish for this long after a stop, in ms. Default 20,000. */
  readonly drainMs?: number
  /** The bundled workflows. Default: those of the build, or else the sources, bundled when the worker is created. */
  readonly workflowBundle?: WorkerOptions['workflowBundle']
  /** Further options of the Temporal worker, e.g. `maxCachedWorkflows: 0` in tests. */
  readonly temporal?: Partial<WorkerOptions>
}

/** A worker that can be run once. */
export interface ParquetryWorker {
  /** Serves the task queue until `shutdown`, or until the promise given settles. */
  run(): Promise<void>
  /** Takes no new work; open row groups give up, their answers on the wire are journalled. `run` resolves then. */
  shutdown(): void
}

/** Creates a worker; it serves nothing before `run`. Throws `CONFIG_INVALID` when two dataset processors share a name, or a column generator declares no type. */
export async function createWorker(options: ParquetryWorkerOptions): Promise<ParquetryWorker> {
  checkProcessorNames(options.datasetProcessors ?? [], [])
  knownGenerators(options.columnGenerators ?? {})
  const env = options.env ?? process.env
  const rehearsal = createRehearsal(options.rehearsal ?? {})
  const observe = observerOf(options)
  const models = createModels({
    env,
    rehearsal,
    resolveKey: createHomeKeys(env, homedir()),
    ...(options.retry === undefined ? {} : { retry: options.retry }),
    observe: (event) => {
      options.observeModels?.(event)
      observe(event)
    },
  })
  options.metrics?.readLimits(() => models.limits())
  const toolServers = createToolServers({ env, readHomeSecrets: createHomeToolSecrets(env, homedir()) })
  const encoder = createEncoderPool()
  const validation = createValidation(env)
  const log = options.log ?? ((): void => undefined)
  const ports: DatasetPorts = {
    openStorage: options.openStorage ?? openStorage,
    models,
    toolServers,
    encoder,
    openGroups: createOpenGroups(),
    ownerWatch: createOwnerWatch(Date.now),
    controlWatch: createControlWatch(models),
    now: Date.now,
    log,
    datasetProcessors: options.datasetProcessors ?? [],
    columnGenerators: options.columnGenerators ?? {},
    openPeople: createPeople(env, env['HOME'] ?? homedir()),
    validation,
  }
  const contact = createContact({ ping: () => pingServer(options.connection) })
  const drainMs = options.drainMs ?? 20_000
  const worker = await Worker.create({
    connection: options.connection,
    namespace: options.namespace ?? 'default',
    taskQueue: options.taskQueue ?? TASK_QUEUE,
    ...(options.workflowBundle === undefined ? workflowCode() : { workflowBundle: options.workflowBundle }),
    activities: createActivities({
      ports,
      openDataset: createDatasetCache(ports),
      drawSeed: () => String(randomBytes(6).readUIntBE(0, 6)),
      drainMs,
      isInTouch: (since) => contact.isInTouch(since),
      observe,
    }),
    // Rate limits hold only without eager dispatch, and it gains nothing for row groups.
    maxEagerActivityReservationsPerWorkflowTask: 0,
    maxConcurrentActivityTaskExecutions: options.maxConcurrentRowGroups ?? 64,
    maxCachedWorkflows: 50,
    // How long the next workflow task waits for a worker that was killed, before any other takes it.
    stickyQueueScheduleToStartTimeout: '3 s',
    // The panel never stands still, and a cancellation is heard soon (ruling 17).
    maxHeartbeatThrottleInterval: '2 s',
    shutdownGraceTime: 0,
    shutdownForceTime: drainMs + 5_000,
    ...options.temporal,
  })
  return {
    async run(): Promise<void> {
      try {
        await worker.run()
      } finally {
        contact.stop()
        await Promise.allSettled([models.close(), toolServers.close(), encoder.close(), validation.close(), rehearsal.close()])
      }
    },
    shutdown(): void {
      if (worker.getState() === 'RUNNING') worker.shutdown()
    },
  }
}

function observerOf({ metrics, onEvent }: ParquetryWorkerOptions): (event: WorkerEvent) => void {
  return (event) => {
    metrics?.observe(event)
    onEvent?.(event)
  }
}

/** Longest wait for an answer to a ping, in ms. */
const PING_MS = 2_000

async function pingServer(connection: NativeConnection): Promise<void> {
  await connection.withDeadline(Date.now() + PING_MS, () => connection.workflowService.getSystemInfo({}))
}

/** The bundle made by `npm run build` when there is one, else the sources, bundled at start. */
function workflowCode(): Pick<WorkerOptions, 'workflowBundle'> | Pick<WorkerOptions, 'workflowsPath'> {
  const bundle = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url))
  if (existsSync(bundle)) return { workflowBundle: { codePath: bundle } }
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return { workflowsPath: fileURLToPath(new URL(`../../workflows/index.${extension}`, import.meta.url)) }
}
