/** One run, changed while it is under way, on the real server, with worker processes and the stub: what is asked for is seen at the stub. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { verifyFiles } from '../../src/client/dataset-files.ts'
import type { RunProgress } from '../../src/client/progress.ts'
import type { RunHandle } from '../../src/client/run-handle.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { startWorkerProcess } from './worker-process.ts'

let workshop: Workshop
let stub: ModelStub

beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  stub = await startModelStub(60)
}, 180_000)
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
})

function config(): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: write a review' },
    ],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: 12 } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
  }
}

/** Most calls in flight at the stub, over all workers, from now on for a while. */
async function peakOf(ms: number): Promise<number> {
  await stub.reset()
  await delay(ms)
  return (await stub.stats()).peakInFlight
}

/** A look at the run; tried again while the worker that has it is gone. */
async function lookAt(run: RunHandle): Promise<RunProgress> {
  let look: RunProgress | null = null
  await until(async () => (look = await run.readProgress().catch(() => null)) !== null)
  return look as unknown as RunProgress
}

describe('a run that two workers serve', () => {
  it('follows what it is told while it is under way, and nothing is lost or paid twice', { timeout: 180_000 }, async () => {
    const run = await workshop.start(config(), {
      datasetName: 'live',
      numRecords: 1_500,
      bufferSize: 25,
      seed: 3,
      run: { heartbeatTimeoutMs: 2_000, checkpointIntervalMs: 100, maxConcurrentRowGroups: 6 },
    })
    const address = inject('temporalAddress')
    const first = await startWorkerProcess(address, run.taskQueue)
    const second = await startWorkerProcess(address, run.taskQueue)
    // The config's limit is each worker's.
    await until(async () => (await peakOf(200)) > 12)

    await run.setModelLimits({ alias: 'm', parallel: 4 })
    await until(async () => (await peakOf(500)) <= 4)
    expect(await peakOf(2_500)).toBe(4)

    await run.setModelLimits({ alias: 'm', parallel: 16 })
    await until(async () => (await peakOf(300)) > 12)
    expect(await peakOf(1_000)).toBeLessThanOrEqual(16)

    await run.pause()
    await until(async () => (await lookAt(run)).state === 'paused' && (await stub.stats()).inFlight === 0)
    const before = await stub.stats()
    await first.kill()
    const killedAt = Date.now()
    // Its row groups are taken over, and wait as well.
    await until(async () => ((await lookAt(run)).quietSince ?? 0) > killedAt + 1_000)
    await delay(2_000)
    expect((await stub.stats()).requests).toBe(before.requests)
    expect((await lookAt(run)).callsInFlight).toBe(0)

    expect(await run.extend(1_600)).toEqual({ targetNumRecords: 1_600, rowGroupsWanted: 64 })
    // Set while nothing is in flight: what is answered counts, and half of it again may be spent.
    const { usage } = await lookAt(run)
    const spent = usage.inputTokens + usage.outputTokens
    const perCall = spent / usage.calls
    const tokens = Math.round(spent + 200 * perCall)
    expect(await run.setBudget({ tokens })).toMatchObject({ budget: { money: null, tokens } })
    const third = await startWorkerProcess(address, run.taskQueue)
    await run.resume()
    await until(async () => (await lookAt(run)).blocked?.code === 'BUDGET_REACHED')
    const atLimit = await stub.stats()
    const paid = atLimit.requests - before.requests
    expect(paid).toBeGreaterThan(100)
    expect(paid).toBeLessThanOrEqual(200)
    expect(atLimit.inFlight).toBe(0)
    await run.setBudget({ tokens: null })
    expect(await run.result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 1_600, rowsDropped: 0, usage: { calls: 1_600 } } })
    expect((await stub.stats()).peakInFlight).toBeLessThanOrEqual(16)
    expect(await rowsOf(run.location)).toHaveLength(1_600)
    expect(await verifyFiles(run.location)).toMatchObject({ rowsWritten: 1_600, rowsMissing: 0, problems: [] })
    await Promise.all([second.terminate(), third.terminate()])
  })
})
