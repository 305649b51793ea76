import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { startWorkerProcess } from './worker-process.ts'
import type { WorkerProcess } from './worker-process.ts'

let workshop: Workshop
let stub: ModelStub

beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  stub = await startModelStub(40)
}, 180_000)
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
})

const PARALLEL = 16

function config(parallel: number = PARALLEL): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: write a review' },
      { name: 'reply', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: answer {{ review }}' },
    ],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: parallel } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
  }
}

const options = { numRecords: 300, bufferSize: 60, seed: 11, run: { heartbeatTimeoutMs: 2_000, maxConcurrentRowGroups: 3 } } as const

describe('a worker process', () => {
  it(
    'killed twice in the middle of its work costs at most the calls that were in flight, and no row differs',
    { timeout: 180_000 },
    async () => {
      const unbroken = await workshop.make(config(), { ...options, datasetName: 'unbroken' })
      await stub.reset()
      const run = await workshop.start(config(), { ...options, datasetName: 'killed' })
      const address = inject('temporalAddress')
      for (const calls of [120, 330]) {
        const worker = await startWorkerProcess(address, run.taskQueue)
        await until(async () => (await stub.stats()).requests >= calls)
        await worker.kill()
      }
      const last = await startWorkerProcess(address, run.taskQueue)
      const result = await run.result()
      expect(await last.terminate()).toBe(0)
      expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 300, rowsDropped: 0, usage: { calls: 600 } } })
      const { requests, distinct } = await stub.stats()
      expect(distinct).toBe(600)
      expect(requests - distinct).toBeLessThanOrEqual(2 * PARALLEL)
      expect(await rowsOf(result.location)).toEqual(await rowsOf(unbroken.location))
    },
  )

  it('asked to end by SIGTERM repeats no call at all', { timeout: 180_000 }, async () => {
    await stub.reset()
    const run = await workshop.start(config(), { ...options, datasetName: 'terminated' })
    const address = inject('temporalAddress')
    const first = await startWorkerProcess(address, run.taskQueue)
    await until(async () => (await stub.stats()).requests >= 200)
    expect(await first.terminate()).toBe(0)
    const second = await startWorkerProcess(address, run.taskQueue)
    expect(await run.result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 300 } })
    await second.terminate()
    expect(await stub.stats()).toMatchObject({ requests: 600, distinct: 600, aborted: 0 })
  })

  it(
    'that a row group kills again and again is not sacrificed for ever: the run waits and says so, until somebody resumes it',
    { timeout: 180_000 },
    async () => {
      await stub.reset()
      const run = await workshop.start(config(), {
        ...options,
        numRecords: 120,
        datasetName: 'deadly',
        run: { heartbeatTimeoutMs: 1_500, maxConcurrentRowGroups: 1, probeIntervalMs: 200 },
      })
      const address = inject('temporalAddress')
      // Before its first answer is on disk, so that nothing is got done.
      const killPoint = { operation: 'openAppend', key: 'batch_00000', when: 'before' } as const
      let deaths = 0
      let survivor: WorkerProcess
      for (;;) {
        survivor = await startWorkerProcess(address, run.taskQueue, { killPoint })
        const waits = until(async () => (await run.readProgress().catch(() => null))?.blocked?.code === 'ROW_GROUP_KILLS_WORKER')
        const end = await Promise.race([survivor.ended, waits])
        if (end === undefined) break
        waits.catch(() => undefined)
        expect(end.signal).toBe('SIGKILL')
        deaths += 1
      }
      // The first checkpoint of the run may count as something that was got done.
      expect([5, 6]).toContain(deaths)
      expect((await run.readProgress()).blocked?.message).toContain('5 times in a row')
      // It is not tried again by itself, so the worker lives.
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      expect(await survivor.terminate()).toBe(0)
      const healthy = await startWorkerProcess(address, run.taskQueue)
      await run.resume()
      expect(await run.result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 120, rowsDropped: 0 } })
      expect(await healthy.terminate()).toBe(0)
    },
  )

  it('is not blamed on row groups that only waited for others when it was killed', { timeout: 180_000 }, async () => {
    await stub.reset()
    const run = await workshop.start(config(2), {
      ...options,
      numRecords: 160,
      bufferSize: 20,
      datasetName: 'starved',
      run: { heartbeatTimeoutMs: 1_500, maxConcurrentRowGroups: 8 },
    })
    const address = inject('temporalAddress')
    // Two calls at a time for eight row groups: most of them have no turn before the worker dies.
    const killPoint = { operation: 'append', key: '^journal/', when: 'after', count: 2 } as const
    for (let deaths = 0; deaths < 7; deaths += 1) {
      const victim = await startWorkerProcess(address, run.taskQueue, { killPoint })
      expect((await victim.ended).signal).toBe('SIGKILL')
    }
    const last = await startWorkerProcess(address, run.taskQueue)
    await until(async () => (await stub.stats()).distinct === 320)
    expect(await run.result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 160, rowsDropped: 0 } })
    expect(await last.terminate()).toBe(0)
  })
})
