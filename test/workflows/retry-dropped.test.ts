import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { WorkflowHandle } from '@temporalio/client'
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GENERATE_DATASET, QUERIES, SIGNALS, UPDATES } from '../../src/contract.ts'
import type { DatasetResult, GenerateDatasetInput, Progress, RunOptions } from '../../src/contract.ts'
import type { Harness } from '../helpers/temporal.ts'
import { openHarness } from '../helpers/temporal.ts'
import { blocked, createFakes } from './fake-activities.ts'
import type { FakeDisk, FakeOptions } from './fake-activities.ts'

let harness: Harness

beforeAll(async () => {
  harness = await openHarness()
})
afterAll(async () => {
  await harness?.close()
})

interface Started {
  readonly handle: WorkflowHandle
  readonly disk: FakeDisk
  readonly result: () => Promise<DatasetResult>
  readonly progress: () => Promise<Progress>
}

interface Scenario extends FakeOptions {
  /** Row groups that are there before the run. */
  readonly disk?: readonly number[]
  readonly run?: RunOptions
  readonly retryDropped?: boolean
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_200; tries += 1) {
    if (await condition()) return
    await delay(25)
  }
  throw new Error('the awaited state did not come')
}

describe.each([
  ['cached workflows', 50],
  ['every task replayed', 0],
])('trying dropped rows again, with %s', (_name, maxCachedWorkflows) => {
  async function run<T>(scenario: Scenario, act: (started: Started) => Promise<T>): Promise<T> {
    const { disk, activities } = createFakes(scenario)
    for (const id of scenario.disk ?? []) disk.committed.add(id)
    const taskQueue = `test-${randomUUID()}`
    return await harness.withWorker({ taskQueue, activities, maxCachedWorkflows }, async () => {
      const input: GenerateDatasetInput = {
        dataset: { location: '/fake', datasetId: taskQueue, fingerprint: 'sha256:0' },
        requestId: 'request',
        server: 'server',
        options: { heartbeatTimeoutMs: 5_000, checkpointIntervalMs: 20, probeIntervalMs: 300, ...scenario.run },
        retryDropped: scenario.retryDropped ?? true,
      }
      const handle = await harness.client.workflow.start(GENERATE_DATASET, { taskQueue, workflowId: taskQueue, args: [input] })
      return await act({
        handle,
        disk,
        result: () => handle.result() as Promise<DatasetResult>,
        progress: () => handle.query<Progress>(QUERIES.progress),
      })
    })
  }

  const finished = { numRecords: 60, bufferSize: 10, disk: [0, 1, 2, 3, 4, 5], droppedOf: (id: number) => (id % 2 === 1 ? 2 : 0) }

  it('repairs only row groups with drops, one at a time and before the processors, and an incomplete dataset becomes complete', async () => {
    await run(finished, async ({ disk, result }) => {
      const outcome = await result()
      expect(disk.repairs.map(({ rowGroup }) => rowGroup.id)).toEqual([1, 3, 5])
      expect(new Set(disk.repairs.map(({ token }) => token)).size).toBe(1)
      expect(disk.generated).toEqual([])
      expect(disk.overlaps).toBe(0)
      expect(outcome).toMatchObject({
        state: 'complete',
        generated: true,
        totals: { rowGroups: 6, rowsWritten: 60, rowsDropped: 0 },
        produced: { rowGroups: 3, rowsWritten: 6, usage: { calls: 6 } },
        retried: { rowsTried: 6, rowsFilled: 6 },
      })
      expect(disk.processorCalls).toEqual([expect.objectContaining({ producedData: true })])
      expect(disk.checkpoints.at(-1)).toMatchObject({ isFinal: true, state: 'complete', totals: { rowsWritten: 60, rowsDropped: 0 } })
    })
  })

  it('makes what is missing first', async () => {
    await run({ ...finished, disk: [0, 1, 2] }, async ({ disk, result }) => {
      expect(await result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 60, rowsDropped: 0 } })
      expect([...disk.generated].sort((a, b) => a - b)).toEqual([3, 4, 5])
      expect(disk.repairs.map(({ rowGroup }) => rowGroup.id)).toEqual([1, 3, 5])
    })
  })

  it('stays incomplete with the rows that fail again, and ends', async () => {
    await run({ ...finished, onRepair: ({ rowGroup }) => (rowGroup.id === 3 ? 0 : 2) }, async ({ result }) => {
      expect(await result()).toMatchObject({
        state: 'incomplete',
        totals: { rowsWritten: 58, rowsDropped: 2 },
        retried: { rowsTried: 6, rowsFilled: 4 },
      })
    })
  })

  it('does nothing where nothing is dropped, and nothing unasked', async () => {
    await run({ ...finished, droppedOf: () => 0 }, async ({ disk, result }) => {
      expect(await result()).toMatchObject({ state: 'complete', generated: false })
      expect(disk.repairs).toEqual([])
      expect(disk.processorCalls).toEqual([])
    })
    await run({ ...finished, retryDropped: false }, async ({ disk, result }) => {
      expect(await result()).toMatchObject({ state: 'incomplete', generated: false })
      expect(disk.repairs).toEqual([])
    })
  })

  it('waits where no repair can succeed, probes, and goes on with the same row group', async () => {
    let refusals = 2
    const onRepair = (): number => {
      refusals -= 1
      if (refusals >= 0) throw blocked('MODEL_AUTH', 'the key is refused')
      return 2
    }
    await run({ ...finished, onRepair }, async ({ disk, result, progress }) => {
      await until(async () => (await progress()).blocked?.code === 'MODEL_AUTH')
      expect(await result()).toMatchObject({ state: 'complete' })
      expect(disk.repairs.map(({ rowGroup, isProbe }) => [rowGroup.id, isProbe])).toEqual([
        [1, false],
        [1, true],
        [1, true],
        [3, false],
        [5, false],
      ])
    })
  })

  it('goes on at the resume signal, and ends at once when it is stopped', async () => {
    let isRefused = true
    const onRepair = (): number => {
      if (isRefused) throw blocked('MODEL_AUTH', 'the key is refused')
      return 2
    }
    const patient = { probeIntervalMs: 60_000 }
    await run({ ...finished, onRepair, run: patient }, async ({ handle, result, progress }) => {
      await until(async () => (await progress()).blocked !== null)
      isRefused = false
      await handle.signal(SIGNALS.resume)
      expect(await result()).toMatchObject({ state: 'complete' })
    })
    isRefused = true
    await run({ ...finished, onRepair, run: patient }, async ({ handle, result, progress }) => {
      await until(async () => (await progress()).blocked !== null)
      await handle.signal(SIGNALS.stop)
      expect(await result()).toMatchObject({ state: 'stopped', totals: { rowsWritten: 54, rowsDropped: 6 } })
    })
  })

  it('stopped now, gives the repair up, and cancelled, ends drained', async () => {
    await run({ ...finished, groupMs: 60_000 }, async ({ handle, disk, result }) => {
      await until(() => disk.repairs.length === 1)
      await handle.signal(SIGNALS.stop, { now: true })
      expect(await result()).toMatchObject({ state: 'stopped' })
    })
    await run({ ...finished, groupMs: 60_000 }, async ({ handle, disk, result }) => {
      await until(() => disk.repairs.length === 1)
      await handle.cancel()
      await expect(result()).rejects.toThrow()
      expect(disk.checkpoints.length).toBeGreaterThan(0)
    })
  })

  it('fails on what no waiting can cure', async () => {
    const onRepair = (): number => {
      throw blocked('DATASET_DAMAGED', 'it is gone')
    }
    await run({ ...finished, onRepair }, async ({ result }) => {
      await expect(result()).rejects.toThrow()
    })
  })

  it('continues as new in the middle of a pass, with the same pass, and repairs nothing twice', async () => {
    const many = { numRecords: 300, bufferSize: 10, disk: Array.from({ length: 30 }, (_, id) => id), droppedOf: () => 1 }
    await run({ ...many, run: { continueAsNewAfterEvents: 60, pageSize: 7 } }, async ({ handle, disk, result }) => {
      expect(await result()).toMatchObject({ state: 'complete', retried: { rowsTried: 30, rowsFilled: 30 }, produced: { rowGroups: 30 } })
      expect(disk.repairs.map(({ rowGroup }) => rowGroup.id)).toEqual(many.disk)
      expect(new Set(disk.repairs.map(({ token }) => token)).size).toBe(1)
      const { runId } = await handle.describe()
      expect(disk.repairs[0]?.token.startsWith(runId)).toBe(false)
    })
  })

  it('is asked for by an update while the run is open, each time with a pass of its own, and refused once it is stopping', async () => {
    await run({ ...finished, disk: [], groupMs: 100, retryDropped: false, onRepair: () => 1 }, async ({ handle, disk, result }) => {
      await until(() => disk.generated.length > 0)
      expect(await handle.executeUpdate(UPDATES.retryDropped)).toEqual({ rowsDropped: expect.any(Number) })
      await until(() => disk.repairs.length > 0)
      expect(await handle.executeUpdate(UPDATES.retryDropped)).toMatchObject({ rowsDropped: expect.any(Number) })
      expect(await result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 60, rowsDropped: 0 }, retried: { passes: 2 } })
      expect(new Set(disk.repairs.map(({ token }) => token)).size).toBe(2)
    })
    await run({ ...finished, disk: [], groupMs: 300, retryDropped: false }, async ({ handle, disk, result }) => {
      await until(() => disk.generated.length > 0)
      await handle.signal(SIGNALS.stop)
      await expect(handle.executeUpdate(UPDATES.retryDropped)).rejects.toThrow(WorkflowUpdateFailedError)
      expect(await result()).toMatchObject({ state: 'stopped' })
    })
  })
})
