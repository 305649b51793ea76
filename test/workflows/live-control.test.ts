/** Messages that change a run while it is under way, over fake activities; and their histories replay. */
import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GENERATE_DATASET, QUERIES, SIGNALS, UPDATES } from '../../src/contract.ts'
import type { DatasetResult, GenerateDatasetInput, Progress, RunOptions } from '../../src/contract.ts'
import { until } from '../helpers/datasets.ts'
import type { Harness } from '../helpers/temporal.ts'
import { openHarness } from '../helpers/temporal.ts'
import { createFakes } from './fake-activities.ts'
import type { FakeDisk, FakeOptions } from './fake-activities.ts'

let harness: Harness

beforeAll(async () => {
  harness = await openHarness()
})
afterAll(async () => {
  await harness?.close()
})

interface Started {
  readonly disk: FakeDisk
  readonly handle: WorkflowHandle
  readonly result: () => Promise<DatasetResult>
  readonly progress: () => Promise<Progress>
  readonly update: (name: string, argument: unknown) => Promise<unknown>
}

async function run(fake: FakeOptions & { readonly run?: RunOptions }, scenario: (started: Started) => Promise<void>): Promise<void> {
  const { disk, activities } = createFakes(fake)
  const taskQueue = `test-${randomUUID()}`
  await harness.withWorker({ taskQueue, activities, maxCachedWorkflows: 50 }, async () => {
    const input: GenerateDatasetInput = {
      dataset: { location: '/fake', datasetId: taskQueue, fingerprint: 'sha256:0' },
      requestId: 'request',
      server: 'server',
      options: { heartbeatTimeoutMs: 5_000, checkpointIntervalMs: 20, probeIntervalMs: 300, ...fake.run },
    }
    const handle = await harness.client.workflow.start(GENERATE_DATASET, { taskQueue, workflowId: taskQueue, args: [input] })
    await scenario({
      disk,
      handle,
      result: () => handle.result() as Promise<DatasetResult>,
      progress: () => handle.query<Progress>(QUERIES.progress),
      update: (name, argument) => handle.executeUpdate<unknown, [unknown]>(name, { args: [argument] }),
    })
    await Worker.runReplayHistory({ workflowBundle: harness.bundle }, await handle.fetchHistory())
  })
}

const MODELS = { m: { parallel: 16, requestsPerMinute: null, tokensPerMinute: 9_000 } }

describe('limits set live', () => {
  it('are answered, published with the slots that share them, and passed on as row groups end', async () => {
    await run({ numRecords: 60, bufferSize: 10, window: 3, groupMs: 150, models: MODELS }, async ({ disk, result, progress, update }) => {
      await until(() => disk.openNow === 3)
      const answer = { alias: 'm', parallel: 5, requestsPerMinute: null, tokensPerMinute: 9_000 }
      expect(await update(UPDATES.setModelLimits, { alias: 'm', parallel: 5 })).toEqual(answer)
      expect(await update(UPDATES.setModelLimits, { alias: 'm', parallel: 5 })).toEqual(answer)
      expect((await progress()).limits).toEqual({ m: { parallel: 5, requestsPerMinute: null, tokensPerMinute: 9_000 } })
      await result()
      const slots = disk.controls.map(({ control }) => [...(control.slots ?? [])].sort((a, b) => a - b))
      expect(slots[0]).toEqual([0, 1, 2])
      expect(slots.at(-1)).toHaveLength(1)
      expect(disk.controls.map(({ control }) => control.revision)).toEqual(disk.controls.map((_control, index) => index + 1))
      expect(disk.slots.every((slot) => slot < 3)).toBe(true)
      expect(disk.slotClashes).toBe(0)
    })
  })

  it('that cannot be are answered with a reason, and change nothing', async () => {
    await run({ numRecords: 20, bufferSize: 10, window: 1, groupMs: 500, models: MODELS }, async ({ disk, result, progress, update }) => {
      await until(() => disk.openNow === 1)
      for (const [request, reason] of [
        [{ alias: 'n', parallel: 5 }, 'asks (m), found "n"'],
        [{ alias: 'm' }, 'at least one limit'],
        [{ alias: 'm', parallel: 0 }, 'from 1 to 10000, found 0'],
        [{ alias: 'm', parallel: 1.5 }, 'found 1.5'],
        [{ alias: 'm', requestsPerMinute: -1 }, 'requests a minute above 0'],
        [{ alias: 'm', tokensPerMinute: 0 }, 'tokens a minute above 0'],
      ] as const) {
        await expect(update(UPDATES.setModelLimits, request)).rejects.toMatchObject({
          cause: { message: expect.stringContaining(reason) },
        })
      }
      expect((await progress()).limits).toBeUndefined()
      expect(await result()).toMatchObject({ state: 'complete' })
      expect(disk.controls).toEqual([])
    })
  })

  it('and a pause are kept over a continue-as-new', async () => {
    await run(
      {
        numRecords: 24,
        bufferSize: 1,
        window: 2,
        groupMs: 20,
        models: MODELS,

        run: { continueAsNewAfterEvents: 50, pageSize: 4_000 },
      },
      async ({ handle, disk, result, progress, update }) => {
        await update(UPDATES.setModelLimits, { alias: 'm', parallel: 2 })
        const { runId } = await handle.describe()
        await until(async () => (await handle.describe()).runId !== runId)
        await handle.signal(SIGNALS.pause)
        expect((await progress()).limits).toMatchObject({ m: { parallel: 2 } })
        await until(() => disk.controls.at(-1)?.control.paused === true)
        expect(disk.controls.at(-1)?.control.limits).toMatchObject({ m: { parallel: 2 } })
        await handle.signal(SIGNALS.resume)
        expect(await result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 24 } })
        const revisions = disk.controls.map(({ control }) => control.revision)
        expect(new Set(revisions).size).toBe(revisions.length)
      },
    )
  })
})

describe('extend', () => {
  it('appends to the plan of a run that is under way, and processes all of it at the end', async () => {
    await run({ numRecords: 20, bufferSize: 10, window: 2, groupMs: 200 }, async ({ disk, result, update }) => {
      await until(() => disk.openNow === 2)
      expect(await update(UPDATES.extend, 45)).toEqual({ targetNumRecords: 45, rowGroupsWanted: 5 })
      expect(await update(UPDATES.extend, 45)).toEqual({ targetNumRecords: 45, rowGroupsWanted: 5 })
      for (const [wrong, reason] of [
        [44, '45 rows that this run makes already, found 44'],
        [0, 'from 1 to'],
        [50.5, 'found 50.5'],
      ] as const) {
        await expect(update(UPDATES.extend, wrong)).rejects.toMatchObject({ cause: { message: expect.stringContaining(reason) } })
      }
      expect(await result()).toMatchObject({ state: 'complete', targetNumRecords: 45, totals: { rowGroups: 5, rowsWritten: 45 } })
      expect([...disk.generated].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
      expect(disk.processorCalls).toHaveLength(1)
      // The plan is on disk before a worker is asked for what is new in it.
      expect(disk.unknownGroups).toEqual([])
    })
  })

  it('that comes while the processors run is followed, and they run again', async () => {
    await run({ numRecords: 10, bufferSize: 10, processMs: 400 }, async ({ disk, result, progress, update }) => {
      await until(async () => (await progress()).state === 'processing')
      await update(UPDATES.extend, 15)
      expect(await result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 15 } })
      expect(disk.processorCalls).toHaveLength(2)
      expect(disk.unknownGroups).toEqual([])
    })
  })
})

/** All that was paid for. */
function spentIn({ journals }: FakeDisk): number {
  return [...journals.values()].reduce((sum, tokens) => sum + tokens, 0)
}

describe('a budget', () => {
  const budget = { money: null, tokens: 500 }

  it('is kept to, the run waits when it is reached with the oldest row groups done, and goes on when it is raised', async () => {
    await run(
      { numRecords: 80, bufferSize: 10, window: 4, groupMs: 20, budget, tokensOf: () => 100 },
      async ({ disk, result, progress, handle, update }) => {
        await until(async () => (await progress()).blocked?.code === 'BUDGET_REACHED')
        const { state, blocked } = await progress()
        expect(state).toBe('waiting')
        expect(blocked?.message).toMatch(/^the budget is reached: \d+ of 500 tokens are used/)
        expect(spentIn(disk)).toBeLessThanOrEqual(500)
        expect(spentIn(disk)).toBeGreaterThan(480)
        expect(disk.committed.size).toBeGreaterThanOrEqual(2)
        // Waiting does not bring money: nothing is probed, and resuming finds it still used up.
        const tries = disk.generated.length
        await handle.signal(SIGNALS.resume)
        await until(async () => (await progress()).blocked?.code === 'BUDGET_REACHED')
        expect(disk.generated.length).toBe(tries)
        expect(await update(UPDATES.setBudget, { tokens: 600 })).toMatchObject({ budget: { money: null, tokens: 600 } })
        await until(async () => (await progress()).blocked?.code === 'BUDGET_REACHED')
        expect(spentIn(disk)).toBeLessThanOrEqual(600)
        expect(spentIn(disk)).toBeGreaterThan(580)
        expect(await update(UPDATES.setBudget, { tokens: null })).toMatchObject({ budget: null })
        expect(await result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 80 } })
        expect(disk.overlaps).toBe(0)
      },
    )
  })

  it('too small for one call is said to be reached at once, and one below zero is refused', async () => {
    await run(
      { numRecords: 20, bufferSize: 10, budget: { money: null, tokens: 5 }, tokensOf: () => 100, unpricedModels: ['m'] },
      async ({ disk, result, progress, update }) => {
        await until(async () => (await progress()).blocked?.code === 'BUDGET_REACHED')
        expect(spentIn(disk)).toBe(0)
        await expect(update(UPDATES.setBudget, { tokens: -1 })).rejects.toMatchObject({
          cause: { message: expect.stringContaining('found -1') },
        })
        await expect(update(UPDATES.setBudget, { money: 5 })).rejects.toMatchObject({
          cause: { message: expect.stringContaining('found none for m') },
        })
        await update(UPDATES.setBudget, { tokens: 200 })
        expect(await result()).toMatchObject({ state: 'complete' })
      },
    )
  })

  it('that is set or lowered live reaches row groups that are open', async () => {
    await run({ numRecords: 40, bufferSize: 10, window: 2, groupMs: 400, tokensOf: () => 100 }, async ({ disk, result, update }) => {
      await until(() => disk.openNow === 2)
      await update(UPDATES.setBudget, { tokens: 300 })
      await until(() => disk.controls.length === 1)
      const ceilings = disk.controls[0]?.control.ceilings ?? []
      expect(ceilings.map(([id]) => id)).toEqual([0, 1])
      expect(ceilings.reduce((sum, [, , tokens]) => sum + (tokens ?? 0), 0)).toBeLessThanOrEqual(300)
      await update(UPDATES.setBudget, { tokens: 10_000 })
      expect(await result()).toMatchObject({ state: 'complete' })
    })
  })

  it('counts what lies in journals of a run before', async () => {
    await run(
      { numRecords: 20, bufferSize: 10, budget, tokensOf: (id) => (id === 1 ? 1_000 : 100), journals: [[1, 495]] },
      async ({ disk, progress, result, update }) => {
        await until(async () => (await progress()).blocked?.code === 'BUDGET_REACHED')
        expect(disk.committed.size).toBe(0)
        await update(UPDATES.setBudget, { tokens: null })
        await result()
      },
    )
  })
})
