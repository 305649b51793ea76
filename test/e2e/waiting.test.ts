import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RunHandle } from '../../src/client/run-handle.ts'
import { verifyFiles } from '../../src/client/dataset-files.ts'
import type { ParquetryWorkerOptions } from '../../src/worker/create-worker.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, QUICK_RUN, rowsOf, until } from '../helpers/datasets.ts'
import type { MoodyModel } from '../helpers/moody-model.ts'
import { startMoodyModel } from '../helpers/moody-model.ts'
import type { SmallDisk } from '../helpers/small-disk.ts'
import { openSmallDisk } from '../helpers/small-disk.ts'

let workshop: Workshop
let model: MoodyModel

beforeAll(async () => {
  workshop = await openWorkshop()
})
beforeEach(async () => {
  model = await startMoodyModel()
  return async () => await model.close()
})
afterAll(async () => {
  await workshop?.close()
})

function config(policies: object = {}): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: write a review' },
      {
        name: 'summary',
        column_type: 'llm-structured',
        model_alias: 'm',
        prompt: 'Order {{ order_id }}: summarize',
        output_format: {
          type: 'object',
          properties: { title: { type: 'string' }, rating: { type: 'integer' } },
          required: ['title', 'rating'],
        },
      },
    ],
    model_configs: [{ alias: 'm', model: 'moody-1', provider: 'moody', inference_parameters: { max_parallel_requests: 8 } }],
    model_providers: [{ name: 'moody', endpoint: model.endpoint, provider_type: 'openai', api_key: 'MOODY_KEY' }],
    parquetry: policies,
  }
}

const ROWS = 60
const options = { numRecords: ROWS, bufferSize: 30, seed: 5, run: { ...QUICK_RUN, maxConcurrentRowGroups: 2 } } as const

/** Keys are read by the worker; a failed call is repeated once, so that the wait comes soon. */
const worker = { env: { MOODY_KEY: 'sk-moody' }, retry: { maxRetries: 1 } } as const

async function untilBlocked(run: RunHandle, code: string): Promise<void> {
  await until(async () => {
    const progress = await run.readProgress().catch(() => null)
    return progress?.state === 'waiting' && progress.blocked?.code === code
  })
}

async function serve(run: RunHandle, operation: () => Promise<void>, options: Partial<ParquetryWorkerOptions> = {}): Promise<void> {
  await workshop.withWorker(run, operation, { ...worker, ...options })
}

async function expectAllRows(run: RunHandle): Promise<void> {
  expect(await run.result()).toMatchObject({ state: 'complete', totals: { rowsWritten: ROWS, rowsDropped: 0 } })
  expect(await rowsOf(run.location)).toHaveLength(ROWS)
  expect(await verifyFiles(run.location)).toMatchObject({ rowsWritten: ROWS, rowsMissing: 0, problems: [] })
}

describe('a run whose calls cannot succeed for now', () => {
  it.each([
    ['the key is refused', 401, 'MODEL_AUTH'],
    ['the key has no rights any more', 403, 'MODEL_PERMISSION'],
  ] as const)('waits when %s in the middle, drops nothing, and completes by itself when that is over', async (_name, mood, code) => {
    model.fallAfter(50, mood)
    const run = await workshop.start(config(), { ...options, datasetName: `refused-${mood}` })
    await serve(run, async () => {
      await untilBlocked(run, code)
      const progress = await run.readProgress()
      expect(progress.blocked?.message).toContain(String(mood))
      expect(progress.totals.rowsDropped).toBe(0)
      // One call an interval finds out whether the cause is gone, not a call a row.
      const [asked, probes] = [model.requests(), progress.blocked?.probes ?? 0]
      await until(async () => ((await run.readProgress()).blocked?.probes ?? 0) >= probes + 2)
      expect(model.requests() - asked).toBeLessThanOrEqual(4)
      await model.setMood('well')
      await expectAllRows(run)
    })
    expect(model.paid()).toBe(2 * ROWS)
    expect(model.distinct()).toBe(2 * ROWS)
  })

  it('waits when the endpoint goes away in the middle, and completes by itself when it is back', { timeout: 120_000 }, async () => {
    model.fallAfter(50, 'absent')
    const run = await workshop.start(config(), { ...options, datasetName: 'away' })
    await serve(run, async () => {
      await untilBlocked(run, 'MODEL_UNREACHABLE')
      await model.setMood('well')
      await expectAllRows(run)
    })
    expect(model.distinct()).toBe(2 * ROWS)
  })

  it('waits when every call fails, and goes on at the resume signal', { timeout: 120_000 }, async () => {
    model.fallAfter(20, 500)
    const run = await workshop.start(config(), {
      ...options,
      datasetName: 'failing',
      run: { ...options.run, probeIntervalMs: 600_000 },
    })
    await serve(run, async () => {
      await untilBlocked(run, 'MODEL_UNAVAILABLE')
      await model.setMood('well')
      await run.resume()
      await expectAllRows(run)
    })
    expect(model.paid()).toBe(2 * ROWS)
  })

  it('waits when most answers are useless instead of dropping the rows, and after resume tries just the failed rows anew', async () => {
    await model.setMood('nonsense')
    const run = await workshop.start(config({ refill_attempts: 1 }), { ...options, datasetName: 'nonsense' })
    await serve(run, async () => {
      await untilBlocked(run, 'TOO_MANY_DROPPED')
      await until(async () => (await run.readProgress()).rowGroupsOpen === 0)
      const paid = model.paid()
      // Nothing is paid while it waits: asking the journal again would give the same.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      expect(model.paid()).toBe(paid)
      await model.setMood('well')
      await run.resume()
      await expectAllRows(run)
      expect(model.paid() - paid).toBeLessThanOrEqual(2 * ROWS)
    })
  })

  it('that was left while it waited for better answers does the same when it is started again', async () => {
    await model.setMood('nonsense')
    const run = await workshop.start(config({ refill_attempts: 1 }), { ...options, datasetName: 'nonsense-left' })
    await serve(run, async () => {
      await untilBlocked(run, 'TOO_MANY_DROPPED')
      await run.stop({ now: true })
      expect((await run.result()).state).toBe('stopped')
    })
    const paid = model.paid()
    await model.setMood('well')
    const again = await workshop.start(config({ refill_attempts: 1 }), { ...options, datasetName: 'nonsense-left', resume: 'always' })
    await serve(again, () => expectAllRows(again))
    expect(model.paid() - paid).toBeLessThanOrEqual(2 * ROWS)
  })
})

/** Serves the run with the storage of the disk. */
async function serveFrom(disk: SmallDisk, run: RunHandle, operation: () => Promise<void>): Promise<void> {
  await serve(run, operation, { openStorage: disk.openStorage })
}

describe('a run whose disk is full', () => {
  let disk: SmallDisk

  beforeAll(async () => {
    disk = await openSmallDisk()
  })
  afterAll(async () => {
    await disk?.close()
  })

  it('waits, says so, and completes by itself once there is room; no answer is paid twice', { timeout: 120_000 }, async () => {
    const run = await workshop.start(config(), { ...options, datasetName: 'full', artifactPath: disk.folder })
    await disk.fill()
    await serveFrom(disk, run, async () => {
      await until(async () => {
        const progress = await run.readProgress().catch(() => null)
        return progress?.blocked?.code === 'DISK_FULL' || (progress?.retrying ?? '').includes('ENOSPC')
      })
      await disk.empty()
      await expectAllRows(run)
    })
  })

  it('in the middle of its work waits as well, and repeats at most the answers that could not be kept', { timeout: 120_000 }, async () => {
    const run = await workshop.start(config(), { ...options, datasetName: 'filling', artifactPath: disk.folder })
    await serveFrom(disk, run, async () => {
      await until(() => model.paid() >= 20)
      await disk.fill()
      await until(async () => (await run.readProgress().catch(() => null))?.blocked?.code === 'DISK_FULL')
      await disk.empty()
      await expectAllRows(run)
    })
    expect(model.distinct()).toBe(2 * ROWS)
    expect(model.paid() - model.distinct()).toBeLessThanOrEqual(4 * 8)
  })
})
