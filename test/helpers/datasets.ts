/** Datasets made through the real client, worker and server, for end-to-end tests. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NativeConnection } from '@temporalio/worker'
import { inject } from 'vitest'
import { ParquetryClient } from '../../src/client/parquetry-client.ts'
import type { CreateOptions } from '../../src/client/parquetry-client.ts'
import type { RunHandle } from '../../src/client/run-handle.ts'
import type { ConfigInput } from '../../src/config/prepare-config.ts'
import type { DatasetResult } from '../../src/contract.ts'
import { readRows } from '../../src/dataset/read-rows.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { Value } from '../../src/values.ts'
import { createWorker } from '../../src/worker/create-worker.ts'
import { quietRuntime } from './temporal.ts'
import type { ParquetryWorkerOptions } from '../../src/worker/create-worker.ts'

/** A workshop for datasets: a client, a temporary artifact folder, workers on demand. */
export interface Workshop {
  readonly client: ParquetryClient
  readonly artifactPath: string
  /** Starts a run on a queue of its own. */
  start(config: ConfigInput, options?: CreateOptions): Promise<RunHandle>
  /** Runs `operation` while a worker serves the run. */
  withWorker<T>(run: RunHandle, operation: () => Promise<T>, options?: Partial<ParquetryWorkerOptions>): Promise<T>
  /** Starts a run, serves it, and waits for its end. Without options of a worker, by one worker that all such runs share. */
  make(config: ConfigInput, options?: CreateOptions, worker?: Partial<ParquetryWorkerOptions>): Promise<DatasetResult>
  /** As `make`, with the notes of the run. */
  go(config: ConfigInput, options?: CreateOptions): Promise<DatasetResult & { readonly notes: string }>
  close(): Promise<void>
}

/** Settings of runs in tests: deaths and waits are noticed soon. */
export const QUICK_RUN = { heartbeatTimeoutMs: 3_000, probeIntervalMs: 400, checkpointIntervalMs: 100 } as const

/** Opens a workshop; close it in `afterAll`. */
export async function openWorkshop(): Promise<Workshop> {
  quietRuntime()
  const address = inject('temporalAddress')
  const client = await ParquetryClient.connect({ env: { TEMPORAL_ADDRESS: address } })
  const artifactPath = await mkdtemp(join(tmpdir(), 'parquetry-test-'))
  let common: Promise<CommonWorker> | undefined
  const workshop: Workshop = {
    client,
    artifactPath,
    start: async (config, options = {}) => client.create(config, { artifactPath, taskQueue: 'own', run: QUICK_RUN, ...options }),
    async withWorker(run, operation, options = {}) {
      const connection = await NativeConnection.connect({ address })
      try {
        const worker = await createWorker({ connection, taskQueue: run.taskQueue, drainMs: 5_000, ...bundled(), ...options })
        const running = worker.run()
        try {
          return await Promise.race([operation(), running.then(() => Promise.reject(new Error('the worker ended')))])
        } finally {
          worker.shutdown()
          await running
        }
      } finally {
        await connection.close().catch(() => undefined)
      }
    },
    async make(config, options, worker) {
      if (worker === undefined) return await workshop.go(config, options)
      const run = await workshop.start(config, options)
      return await workshop.withWorker(run, () => run.result(), worker)
    },
    async go(config, options) {
      common ??= startCommonWorker(address)
      const { taskQueue } = await common
      const run = await workshop.start(config, { taskQueue, ...options })
      const isServed = run.taskQueue === taskQueue
      const result = await (isServed ? run.result() : workshop.withWorker(run, () => run.result()))
      return { ...result, notes: run.notes.join('\n') }
    },
    async close() {
      await (await common)?.stop()
      await client.close()
      await rm(artifactPath, { recursive: true, force: true })
    },
  }
  return workshop
}

interface CommonWorker {
  readonly taskQueue: string
  stop(): Promise<void>
}

/** Creating a worker costs as much as making a small dataset. */
async function startCommonWorker(address: string): Promise<CommonWorker> {
  const connection = await NativeConnection.connect({ address })
  const taskQueue = `parquetry-test-${randomUUID()}`
  const worker = await createWorker({ connection, taskQueue, drainMs: 5_000, ...bundled() })
  const running = worker.run()
  return {
    taskQueue,
    async stop() {
      worker.shutdown()
      await running
      await connection.close()
    },
  }
}

/** The workflows of this run of tests, bundled once: for workers made with `createWorker`. */
export function bundled(): Pick<ParquetryWorkerOptions, 'workflowBundle'> {
  return { workflowBundle: { codePath: inject('workflowBundle') } }
}

/** All rows of a dataset. */
export async function rowsOf(location: string): Promise<Readonly<Record<string, Value>>[]> {
  const rows = []
  for await (const row of readRows(openStorage(location))) rows.push(row)
  return rows
}

/** Waits until the condition holds, up to 30 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the awaited state did not come')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
