import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { NativeConnection } from '@temporalio/worker'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { verifyFiles } from '../../src/client/dataset-files.ts'
import { ParquetryClient } from '../../src/client/parquetry-client.ts'
import type { RunHandle } from '../../src/client/run-handle.ts'
import { createWorker } from '../../src/worker/create-worker.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { bundled, openWorkshop, QUICK_RUN, rowsOf, until } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { startTestServer } from '../helpers/temporal-server.ts'
import type { TestServer } from '../helpers/temporal-server.ts'
import { startWorkerProcess } from './worker-process.ts'

let workshop: Workshop
let stub: ModelStub

beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  stub = await startModelStub(40)
}, 180_000)
beforeEach(async () => {
  await stub.reset({ latencyMs: 40 })
})
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
})

const PARALLEL = 16
const ROWS = 200

function config(): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'secret', column_type: 'sampler', sampler_type: 'uuid', params: {}, drop: true },
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: write a review' },
      { name: 'reply', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: answer {{ review }}' },
    ],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: PARALLEL } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
  }
}

const options = {
  numRecords: ROWS,
  bufferSize: 50,
  seed: 11,
  run: { ...QUICK_RUN, heartbeatTimeoutMs: 2_000, maxConcurrentRowGroups: 2 },
} as const

async function expectWhole(run: RunHandle): Promise<void> {
  expect(await run.result()).toMatchObject({ state: 'complete', totals: { rowGroups: 4, rowsWritten: ROWS, rowsDropped: 0 } })
  expect(await verifyFiles(run.location)).toMatchObject({ rowsWritten: ROWS, rowsMissing: 0, problems: [] })
  expect(await readdir(join(run.location, 'parquet-files'))).toHaveLength(4)
  expect(await readdir(join(run.location, 'dropped-columns-parquet-files'))).toHaveLength(4)
}

async function bytesOf(location: string): Promise<readonly Buffer[]> {
  const folder = join(location, 'parquet-files')
  return await Promise.all((await readdir(folder)).sort().map((name) => readFile(join(folder, name))))
}

describe('a dataset has one writer', () => {
  it(
    'though a worker sleeps through its timeout and wakes up when its successor has committed: a zombie changes and pays nothing',
    { timeout: 180_000 },
    async () => {
      const unbroken = await workshop.make(config(), { ...options, datasetName: 'unbroken' })
      await stub.reset({ latencyMs: 40 })
      const run = await workshop.start(config(), { ...options, datasetName: 'zombie' })
      const address = inject('temporalAddress')
      const zombie = await startWorkerProcess(address, run.taskQueue, { pollers: 2 })
      await until(async () => (await stub.stats()).requests >= 60)
      process.kill(zombie.pid, 'SIGSTOP')
      const successor = await startWorkerProcess(address, run.taskQueue)
      await expectWhole(run)
      const [before, paid] = [await bytesOf(run.location), (await stub.stats()).requests]
      process.kill(zombie.pid, 'SIGCONT')
      // Long enough for whatever it still had in mind.
      await delay(4_000)
      expect(await bytesOf(run.location)).toEqual(before)
      expect((await stub.stats()).requests).toBe(paid)
      expect(paid - 2 * ROWS).toBeLessThanOrEqual(PARALLEL)
      expect(await rowsOf(run.location)).toEqual(await rowsOf(unbroken.location))
      expect(await readdir(join(run.location, 'tmp-partial-parquet-files')).catch(() => [])).toEqual([])
      expect(await zombie.terminate()).toBe(0)
      expect(await successor.terminate()).toBe(0)
    },
  )

  it(
    'though a worker wakes up while its successor is still at work: the calls on the wire are all that is paid twice',
    { timeout: 180_000 },
    async () => {
      const run = await workshop.start(config(), { ...options, datasetName: 'woken' })
      const address = inject('temporalAddress')
      const zombie = await startWorkerProcess(address, run.taskQueue, { pollers: 2 })
      await until(async () => (await stub.stats()).requests >= 60)
      process.kill(zombie.pid, 'SIGSTOP')
      const successor = await startWorkerProcess(address, run.taskQueue)
      const asked = (await stub.stats()).requests
      await until(async () => (await stub.stats()).requests >= asked + 20)
      process.kill(zombie.pid, 'SIGCONT')
      await expectWhole(run)
      const { requests, distinct } = await stub.stats()
      expect(distinct).toBe(2 * ROWS)
      expect(requests - distinct).toBeLessThanOrEqual(2 * PARALLEL)
      expect(await zombie.terminate()).toBe(0)
      expect(await successor.terminate()).toBe(0)
    },
  )

  it('though two workers serve its run: each row group is made once', { timeout: 120_000 }, async () => {
    const run = await workshop.start(config(), { ...options, datasetName: 'two-workers' })
    await workshop.withWorker(run, () => workshop.withWorker(run, () => expectWhole(run)))
    expect(await stub.stats()).toMatchObject({ requests: 2 * ROWS, distinct: 2 * ROWS })
  })

  it('though two clients start it in the same moment: both follow the one run', { timeout: 120_000 }, async () => {
    const other = await ParquetryClient.connect({ env: { TEMPORAL_ADDRESS: inject('temporalAddress') } })
    try {
      const start = (client: ParquetryClient) =>
        client.create(config(), {
          ...options,
          artifactPath: workshop.artifactPath,
          taskQueue: 'own',
          datasetName: 'two-clients',
          resume: 'if_possible',
        })
      const [one, two] = await Promise.all([start(workshop.client), start(other)])
      expect(one.workflowId).toBe(two.workflowId)
      await workshop.withWorker(one, async () => {
        await Promise.all([expectWhole(one), expectWhole(two)])
      })
      expect(await stub.stats()).toMatchObject({ requests: 2 * ROWS, distinct: 2 * ROWS })
      expect((await readdir(workshop.artifactPath)).filter((name) => name.startsWith('two-clients'))).toEqual(['two-clients'])
    } finally {
      await other.close()
    }
  })

  it(
    'though its run is terminated and another one started at once: attempts of the first go over to the second',
    { timeout: 120_000 },
    async () => {
      const first = await workshop.start(config(), { ...options, datasetName: 'two-runs' })
      await workshop.withWorker(first, async () => {
        await until(async () => (await stub.stats()).requests >= 100)
        await workshop.client.temporal.workflow.getHandle(first.workflowId).terminate('another one follows')
        const second = await workshop.start(config(), { ...options, datasetName: 'two-runs', resume: 'always' })
        expect(second.workflowId).toBe(first.workflowId)
        await expectWhole(second)
      })
      expect(await stub.stats()).toMatchObject({ requests: 2 * ROWS, distinct: 2 * ROWS, aborted: 0 })
    },
  )

  describe('though two Temporal servers know it', () => {
    let server: TestServer
    let client: ParquetryClient

    beforeAll(async () => {
      server = await startTestServer()
      client = await ParquetryClient.connect({ env: { TEMPORAL_ADDRESS: server.address } })
    }, 90_000)
    afterAll(async () => {
      await client?.close()
      await server?.stop()
    })

    async function withOtherWorker<T>(run: RunHandle, operation: () => Promise<T>): Promise<T> {
      const connection = await NativeConnection.connect({ address: server.address })
      const worker = await createWorker({ connection, taskQueue: run.taskQueue, drainMs: 5_000, ...bundled() })
      const running = worker.run()
      try {
        return await operation()
      } finally {
        worker.shutdown()
        await running
        await connection.close()
      }
    }

    const elsewhere = (datasetName: string) =>
      client.create(config(), { ...options, artifactPath: workshop.artifactPath, taskQueue: 'own', datasetName, resume: 'always' })

    it('the second is refused while the first is at work, and finds it complete afterwards', { timeout: 120_000 }, async () => {
      const run = await workshop.start(config(), { ...options, datasetName: 'two-servers' })
      await workshop.withWorker(run, async () => {
        await until(async () => (await stub.stats()).requests >= 60)
        const other = await elsewhere('two-servers')
        await withOtherWorker(other, async () => {
          await expect(other.result()).rejects.toMatchObject({
            code: 'DATASET_OPEN_ELSEWHERE',
            message: expect.stringContaining(run.workflowId),
          })
        })
        await expectWhole(run)
      })
      expect(await stub.stats()).toMatchObject({ requests: 2 * ROWS, distinct: 2 * ROWS })
      const after = await elsewhere('two-servers')
      await withOtherWorker(after, async () => {
        expect(await after.result()).toMatchObject({ state: 'complete', generated: false })
      })
    })

    it('the first, whose claim had run out, stops by itself when the second has taken the folder', { timeout: 120_000 }, async () => {
      const run = await workshop.start(config(), { ...options, datasetName: 'taken-over' })
      const first = await startWorkerProcess(inject('temporalAddress'), run.taskQueue, { pollers: 2 })
      await until(async () => (await stub.stats()).requests >= 60)
      // Asleep, it does not renew its claim; what follows does not wait until the claim has run out.
      process.kill(first.pid, 'SIGSTOP')
      const file = join(run.location, 'owner.json')
      await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), renewedAt: 0 }))
      const other = await elsewhere('taken-over')
      await withOtherWorker(other, async () => {
        await until(async () => (await stub.stats()).requests >= 120)
        process.kill(first.pid, 'SIGCONT')
        await expectWhole(other)
      })
      await expect(run.result()).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
      expect(await first.terminate()).toBe(0)
      const { requests, distinct } = await stub.stats()
      expect(distinct).toBe(2 * ROWS)
      // The calls of the first that were on the wire when it lost the folder.
      expect(requests - distinct).toBeLessThanOrEqual(2 * PARALLEL)
    })
  })
})
