import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { ParquetryClient } from '../../src/client/parquetry-client.ts'
import type { RunHandle } from '../../src/client/run-handle.ts'
import type { DatasetResult } from '../../src/contract.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import { openWorkshop, QUICK_RUN, rowsOf, until } from '../helpers/datasets.ts'
import type { Workshop } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { startTestServer } from '../helpers/temporal-server.ts'
import type { TestServer } from '../helpers/temporal-server.ts'
import { startWorkerProcess } from './worker-process.ts'
import type { WorkerProcess } from './worker-process.ts'

let workshop: Workshop
let stub: ModelStub

beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  stub = await startModelStub(40)
}, 240_000)
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
})
beforeEach(async () => {
  await stub.reset()
})

function config(): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: write a review' },
      { name: 'reply', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: answer {{ review }}' },
    ],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: 8 } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
  }
}

const ROWS = 240
const CALLS = 2 * ROWS
const options = { numRecords: ROWS, bufferSize: 40, seed: 11, run: { ...QUICK_RUN, maxConcurrentRowGroups: 2 } } as const
const callsMade = async (): Promise<number> => (await stub.stats()).requests
const NOTHING_TWICE = { requests: CALLS, distinct: CALLS, aborted: 0 }
const COMPLETE = { state: 'complete', totals: { rowsWritten: ROWS, rowsDropped: 0, usage: { calls: CALLS } } }

/** The result, whatever becomes of the server meanwhile. */
async function resultOf(run: RunHandle): Promise<DatasetResult> {
  for (;;) {
    try {
      return await run.result()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

describe('a Temporal server killed and started again on its file', () => {
  let folder = ''
  let server: TestServer
  let client: ParquetryClient
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parquetry-restart-'))
    server = await startTestServer({ databaseFile: join(folder, 'temporal.sqlite') })
    client = await ParquetryClient.connect({ env: { TEMPORAL_ADDRESS: server.address } })
  }, 120_000)
  afterAll(async () => {
    await client?.close()
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('while a run is open: the worker finds it again by itself, and nothing is paid twice', { timeout: 120_000 }, async () => {
    const unbroken = await workshop.make(config(), { ...options, datasetName: 'unbroken' })
    await stub.reset()
    // The server is back before its clock, or that of the worker, could give anything up.
    const run = await client.create(config(), {
      ...options,
      artifactPath: workshop.artifactPath,
      datasetName: 'server-killed',
      taskQueue: 'own',
      run: { maxConcurrentRowGroups: 2 },
    })
    const worker = await startWorkerProcess(server.address, run.taskQueue)
    try {
      for (const calls of [100, 300]) {
        await until(async () => (await callsMade()) >= calls)
        await server.killAndRestart()
      }
      expect(await resultOf(run)).toMatchObject(COMPLETE)
      expect(await worker.terminate()).toBe(0)
      expect(await stub.stats()).toMatchObject(NOTHING_TWICE)
      expect(await rowsOf(run.location)).toEqual(await rowsOf(unbroken.location))
    } finally {
      await worker.kill()
    }
  })
})

describe('a worker that is asked to end, or to pause', () => {
  const workers: WorkerProcess[] = []
  afterAll(async () => {
    for (const worker of workers) await worker.kill()
  })
  async function serve(run: RunHandle): Promise<WorkerProcess> {
    const worker = await startWorkerProcess(inject('temporalAddress'), run.taskQueue)
    workers.push(worker)
    return worker
  }

  it('by SIGTERM, three times in one run, repeats no call', { timeout: 120_000 }, async () => {
    const run = await workshop.start(config(), { ...options, datasetName: 'terminated-thrice' })
    for (const calls of [60, 180, 300]) {
      const worker = await serve(run)
      await until(async () => (await callsMade()) >= calls)
      expect(await worker.terminate()).toBe(0)
    }
    const last = await serve(run)
    expect(await run.result()).toMatchObject(COMPLETE)
    await last.terminate()
    expect(await stub.stats()).toMatchObject(NOTHING_TWICE)
  })

  it('by the pause signal, goes on at resume and repeats no call', { timeout: 120_000 }, async () => {
    const run = await workshop.start(config(), { ...options, datasetName: 'paused' })
    const worker = await serve(run)
    await until(async () => (await callsMade()) >= 60)
    await run.pause()
    await until(async () => {
      const before = await callsMade()
      await new Promise((resolve) => setTimeout(resolve, 500))
      return (await callsMade()) === before
    })
    expect(await callsMade()).toBeLessThan(CALLS)
    expect((await run.readProgress()).state).toBe('paused')
    await run.resume()
    expect(await run.result()).toMatchObject(COMPLETE)
    await worker.terminate()
    expect(await stub.stats()).toMatchObject(NOTHING_TWICE)
  })

  it('by the stop signal, leaves a dataset that a new run completes without repeating a call', { timeout: 120_000 }, async () => {
    const run = await workshop.start(config(), { ...options, datasetName: 'stopped' })
    const worker = await serve(run)
    await until(async () => (await callsMade()) >= 60)
    await run.stop()
    expect((await run.result()).state).toBe('stopped')
    expect(await callsMade()).toBeLessThan(CALLS)
    const again = await workshop.start(config(), { ...options, datasetName: 'stopped', resume: 'always' })
    expect(await again.result()).toMatchObject(COMPLETE)
    await worker.terminate()
    expect(await stub.stats()).toMatchObject(NOTHING_TWICE)
  })
})
