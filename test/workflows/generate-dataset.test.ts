import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GENERATE_DATASET, NO_TOTALS, QUERIES, SIGNALS, UPDATES } from '../../src/contract.ts'
import type { CarriedState, DatasetResult, GenerateDatasetInput, Progress, RunOptions } from '../../src/contract.ts'
import { planSegments } from '../../src/plan/row-groups.ts'
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

describe.each([
  ['cached workflows', 50],
  ['every task replayed', 0],
])('generateDataset with %s', (_name, maxCachedWorkflows) => {
  async function run<T>(
    fake: FakeOptions & { readonly disk?: readonly number[]; readonly run?: RunOptions; readonly carried?: CarriedState },
    scenario: (started: Started) => Promise<T>,
  ): Promise<T> {
    const { disk, activities } = createFakes(fake)
    for (const id of fake.disk ?? []) disk.committed.add(id)
    const taskQueue = `test-${randomUUID()}`
    return await harness.withWorker({ taskQueue, activities, maxCachedWorkflows }, async () => {
      const input: GenerateDatasetInput = {
        dataset: { location: '/fake', datasetId: taskQueue, fingerprint: 'sha256:0' },
        requestId: 'request',
        server: 'server',
        options: { heartbeatTimeoutMs: 5_000, checkpointIntervalMs: 20, probeIntervalMs: 300, ...fake.run },
        ...(fake.carried === undefined ? {} : { carried: fake.carried }),
      }
      const handle = await harness.client.workflow.start(GENERATE_DATASET, { taskQueue, workflowId: taskQueue, args: [input] })
      return await scenario({
        handle,
        disk,
        result: () => handle.result() as Promise<DatasetResult>,
        progress: () => handle.query<Progress>(QUERIES.progress),
      })
    })
  }

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 400; tries += 1) {
      if (await condition()) return
      await delay(25)
    }
    throw new Error('the awaited state did not come')
  }

  it('generates every row group once, within the window, and profiles at the end', async () => {
    await run({ numRecords: 95, bufferSize: 10, window: 3, groupMs: 10 }, async ({ disk, result }) => {
      const outcome = await result()
      expect(outcome).toMatchObject({ state: 'complete', generated: true, totals: { rowGroups: 10, rowsWritten: 95, rowsDropped: 0 } })
      expect(outcome.produced.rowsWritten).toBe(95)
      expect([...disk.generated].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(disk.openMost).toBeLessThanOrEqual(3)
      expect(disk.profiled).toBe(1)
      expect(disk.processorCalls).toEqual([expect.objectContaining({ producedData: true })])
      expect(disk.checkpoints.at(-1)).toMatchObject({ isFinal: true, state: 'complete', totals: { rowsWritten: 95 } })
    })
  })

  it('runs one row group after the other, in order, when the window is 1', async () => {
    await run({ numRecords: 50, bufferSize: 10, run: { maxConcurrentRowGroups: 1 } }, async ({ disk, result }) => {
      await result()
      expect(disk.generated).toEqual([0, 1, 2, 3, 4])
      expect(disk.openMost).toBe(1)
    })
  })

  it('generates only what the disk lacks, holes included', async () => {
    await run({ numRecords: 60, bufferSize: 10, disk: [0, 3, 5] }, async ({ disk, result }) => {
      const outcome = await result()
      expect([...disk.generated].sort((a, b) => a - b)).toEqual([1, 2, 4])
      expect(outcome).toMatchObject({ state: 'complete', generated: true, totals: { rowsWritten: 60 }, produced: { rowsWritten: 30 } })
    })
  })

  it('runs neither processors nor profile when nothing is missing', async () => {
    await run({ numRecords: 20, bufferSize: 10, disk: [0, 1] }, async ({ disk, result }) => {
      expect(await result()).toMatchObject({ state: 'complete', generated: false })
      expect(disk.generated).toEqual([])
      expect(disk.processorCalls).toEqual([])
      expect(disk.profiled).toBe(0)
    })
  })

  it('ends complete where the profile lacks something, and says so', async () => {
    const lacking = { kind: 'not-summarised', count: 2, message: 'no summary of verdict.tone' } as const
    await run({ numRecords: 10, bufferSize: 10, profileFindings: [lacking] }, async ({ result }) => {
      expect(await result()).toMatchObject({ state: 'complete', findings: [lacking] })
    })
  })

  it('runs processors and profile when prepare says that an earlier processing did not finish, though nothing is generated', async () => {
    await run({ numRecords: 20, bufferSize: 10, disk: [0, 1], isProcessingDue: true }, async ({ disk, result }) => {
      expect(await result()).toMatchObject({ state: 'complete', generated: false })
      expect(disk.generated).toEqual([])
      expect(disk.processorCalls).toEqual([expect.objectContaining({ producedData: false })])
      expect(disk.profiled).toBe(1)
    })
  })

  it('continues as new after draining, page by page, and ends with the same totals', async () => {
    await run(
      { numRecords: 120, bufferSize: 1, window: 5, run: { continueAsNewAfterEvents: 120, pageSize: 50 } },
      async ({ disk, result, handle }) => {
        const outcome = await result()
        expect(outcome).toMatchObject({
          state: 'complete',
          totals: { rowGroups: 120, rowsWritten: 120 },
          produced: { rowGroups: 120, rowsWritten: 120 },
        })
        expect(disk.generated.length).toBe(120)
        expect(disk.overlaps).toBe(0)
        expect(disk.prepared.length).toBe(1)
        expect(disk.processorCalls.length).toBe(1)
        const runs = new Set(disk.scans.map(({ firstId }) => firstId))
        expect(runs).toEqual(new Set([0, 50, 100]))
        const first = await harness.client.workflow.getHandle(handle.workflowId).describe()
        expect(first.runId).not.toBe((handle as unknown as { firstExecutionRunId: string }).firstExecutionRunId)
        expect(JSON.stringify(first.raw.workflowExecutionInfo).length).toBeLessThan(20_000)
      },
    )
  })

  it('writes the counts of the real files into the checkpoint before it makes anything new', async () => {
    await run(
      { numRecords: 60, bufferSize: 10, disk: [0, 3], run: { maxConcurrentRowGroups: 1 }, groupMs: 30 },
      async ({ disk, result }) => {
        await result()
        expect(disk.checkpoints[0]).toMatchObject({
          totals: { rowGroups: 2, rowsWritten: 20 },
          page: {
            committed: [
              [0, 1],
              [3, 4],
            ],
          },
        })
      },
    )
  })

  it('does not try a row group that kills its workers again by itself, and goes on when it is told to', async () => {
    let isKilling = true
    await run(
      {
        numRecords: 40,
        bufferSize: 10,
        window: 2,
        groupMs: 30,
        run: { probeIntervalMs: 20 },
        onGroup: ({ rowGroup }) => {
          if (isKilling && rowGroup.id === 0) throw blocked('ROW_GROUP_KILLS_WORKER', 'five workers died of it')
        },
      },
      async ({ disk, result, progress, handle }) => {
        await until(async () => (await progress()).blocked?.code === 'ROW_GROUP_KILLS_WORKER' && disk.openNow === 0)
        await delay(300)
        expect(disk.generated.filter((id) => id === 0)).toHaveLength(1)
        expect((await progress()).state).toBe('waiting')
        isKilling = false
        await handle.signal(SIGNALS.resume)
        expect(await result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 40 } })
      },
    )
  })

  it('refuses to go on with counts that the plan cannot hold, before anything is touched', async () => {
    const carried: CarriedState = {
      prepared: {
        datasetName: 'fake',
        segments: planSegments(60, 10),
        targetNumRecords: 60,
        maxConcurrentRowGroups: 4,
        maxDroppedRows: 0,
        rehearsal: false,
        currency: null,
        epoch: 1,
        isProcessingDue: false,
      },
      cursor: 2,
      totals: { ...NO_TOTALS, rowGroups: 2, rowsWritten: 21 },
      produced: NO_TOTALS,
      findings: [],
      sequence: 1,
      isPaused: false,
      blocked: null,
      maxConcurrentRowGroups: null,
      startedAt: 0,
    }
    await run({ numRecords: 60, bufferSize: 10, carried }, async ({ disk, result }) => {
      await expect(result()).rejects.toMatchObject({ cause: { type: 'RUN_FAILED', message: expect.stringContaining('found 21') } })
      expect(disk.scans).toEqual([])
      expect(disk.generated).toEqual([])
    })
  })

  it('waits with the reason when a row group is blocked, probes with one row group, and completes by itself', async () => {
    let refusals = 3
    await run(
      {
        numRecords: 60,
        bufferSize: 10,
        window: 3,
        onGroup: () => {
          if (refusals > 0) {
            refusals -= 1
            throw blocked('MODEL_AUTH', 'the key was refused')
          }
        },
      },
      async ({ disk, result, progress }) => {
        await until(async () => (await progress()).state === 'waiting')
        expect((await progress()).blocked).toMatchObject({ code: 'MODEL_AUTH', message: 'the key was refused' })
        expect(await result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 60 } })
        expect(disk.probes.filter(Boolean).length).toBe(1)
        expect(disk.overlaps).toBe(0)
      },
    )
  })

  it('goes on at once at the resume signal, and scans again first', async () => {
    let isRefused = true
    const fake = { numRecords: 30, bufferSize: 10, window: 2, run: { probeIntervalMs: 600_000 } }
    await run({ ...fake, onGroup: () => void (isRefused && fail()) }, async ({ disk, result, progress, handle }) => {
      await until(async () => (await progress()).state === 'waiting' && disk.openNow === 0)
      isRefused = false
      disk.committed.add(2)
      await handle.signal(SIGNALS.resume)
      expect(await result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 30 }, produced: { rowsWritten: 20 } })
      expect(disk.generated.filter((id) => id === 2)).toEqual([])
      expect(disk.scans.length).toBe(2)
    })
    function fail(): never {
      throw blocked('MODEL_UNREACHABLE', 'nobody there')
    }
  })

  it('generates again what was done but the disk lost, after resume', async () => {
    await run({ numRecords: 60, bufferSize: 10, window: 1, groupMs: 60 }, async ({ disk, result, handle }) => {
      await until(() => disk.committed.size === 2)
      await handle.signal(SIGNALS.pause)
      await until(() => disk.openNow === 0)
      disk.committed.delete(0)
      await handle.signal(SIGNALS.resume)
      expect(await result()).toMatchObject({ state: 'complete', totals: { rowGroups: 6, rowsWritten: 60 } })
      expect(disk.generated.filter((id) => id === 0)).toEqual([0, 0])
      expect(disk.committed.size).toBe(6)
    })
  })

  it('ends cleanly at stop: open row groups finish, no new one starts, processors do not run', async () => {
    await run({ numRecords: 100, bufferSize: 10, window: 2, groupMs: 80 }, async ({ disk, result, handle }) => {
      await until(() => disk.committed.size >= 2)
      await handle.signal(SIGNALS.stop)
      const outcome = await result()
      expect(outcome.state).toBe('stopped')
      expect(disk.openNow).toBe(0)
      expect(outcome.totals.rowGroups).toBe(disk.committed.size)
      expect(disk.committed.size).toBeLessThan(10)
      expect(disk.processorCalls).toEqual([])
      expect(disk.checkpoints.at(-1)).toMatchObject({ isFinal: true, state: 'stopped' })
    })
  })

  it('gives open row groups up at stop now', async () => {
    await run(
      { numRecords: 40, bufferSize: 10, window: 2, groupMs: 30_000, run: { heartbeatTimeoutMs: 1_000 } },
      async ({ disk, result, handle }) => {
        await until(() => disk.openNow === 2)
        await handle.signal(SIGNALS.stop, { now: true })
        expect(await result()).toMatchObject({ state: 'stopped', generated: false })
        expect(disk.openNow).toBe(0)
        expect(disk.committed.size).toBe(0)
      },
    )
  })

  it('leaves nothing running when it is cancelled', async () => {
    await run(
      { numRecords: 40, bufferSize: 10, window: 2, groupMs: 30_000, run: { heartbeatTimeoutMs: 1_000 } },
      async ({ disk, result, handle }) => {
        await until(() => disk.openNow === 2)
        await handle.cancel()
        await expect(result()).rejects.toBeInstanceOf(WorkflowFailedError)
        expect(disk.openNow).toBe(0)
        expect((await handle.describe()).status.name).toBe('CANCELLED')
      },
    )
  })

  it('opens nothing while paused', async () => {
    await run({ numRecords: 40, bufferSize: 10, window: 1, groupMs: 40 }, async ({ disk, result, progress, handle }) => {
      await until(() => disk.generated.length >= 1)
      await handle.signal(SIGNALS.pause)
      await until(async () => disk.openNow === 0 && (await progress()).state === 'paused')
      const started = disk.generated.length
      await delay(300)
      expect(disk.generated.length).toBe(started)
      await handle.signal(SIGNALS.resume)
      expect(await result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 40 } })
    })
  })

  it('tells the workers of open row groups of every pause and its end, once each', async () => {
    await run({ numRecords: 40, bufferSize: 10, window: 1, groupMs: 60 }, async ({ disk, result, handle }) => {
      await until(() => disk.generated.length >= 1)
      await handle.signal(SIGNALS.pause)
      await handle.signal(SIGNALS.pause)
      await until(() => disk.controls.length === 1)
      await handle.signal(SIGNALS.resume)
      await handle.signal(SIGNALS.resume)
      await result()
      expect(disk.controls.map(({ epoch, control }) => [epoch, control.revision, control.paused])).toEqual([
        [1, 1, true],
        [1, 2, false],
      ])
    })
  })

  it('stopped while it is paused, gives open row groups up, for they would never end', async () => {
    await run(
      { numRecords: 40, bufferSize: 10, window: 2, groupMs: 30_000, run: { heartbeatTimeoutMs: 1_000 } },
      async ({ disk, result, handle }) => {
        await until(() => disk.openNow === 2)
        await handle.signal(SIGNALS.pause)
        await handle.signal(SIGNALS.stop)
        expect(await result()).toMatchObject({ state: 'stopped', generated: false })
        expect(disk.openNow).toBe(0)
      },
    )
  })

  it('changes the window while running, and answers a wrong one with a reason', async () => {
    await run({ numRecords: 60, bufferSize: 1, window: 1, groupMs: 30 }, async ({ disk, result, handle }) => {
      expect(await handle.executeUpdate(UPDATES.setMaxConcurrentRowGroups, { args: [6] })).toBe(6)
      const refused = handle.executeUpdate(UPDATES.setMaxConcurrentRowGroups, { args: [0] })
      await expect(refused).rejects.toBeInstanceOf(WorkflowUpdateFailedError)
      await result()
      expect(disk.openMost).toBe(6)
    })
  })

  it('ends as incomplete when more rows dropped than allowed, and as complete within the allowance', async () => {
    const fake = { numRecords: 30, bufferSize: 10, droppedOf: (id: number) => (id === 1 ? 2 : 0) }
    await run(fake, async ({ result }) => {
      expect(await result()).toMatchObject({ state: 'incomplete', totals: { rowsWritten: 28, rowsDropped: 2 } })
    })
    await run({ ...fake, maxDroppedRows: 2 }, async ({ result }) => {
      expect((await result()).state).toBe('complete')
    })
  })

  it('fails with the cause when a row group meets an error that no waiting can cure, after the others ended', async () => {
    const onGroup = ({ rowGroup }: { rowGroup: { id: number } }): void => {
      if (rowGroup.id === 1) throw ApplicationFailure.nonRetryable('no row can satisfy it', 'CONSTRAINT_UNSATISFIABLE')
    }
    await run({ numRecords: 60, bufferSize: 10, window: 3, onGroup }, async ({ disk, result, handle }) => {
      await expect(result()).rejects.toMatchObject({ cause: { cause: { type: 'CONSTRAINT_UNSATISFIABLE' } } })
      expect(disk.openNow).toBe(0)
      expect((await handle.describe()).status.name).toBe('FAILED')
    })
  })

  it('folds completions into one checkpoint while one is being written', async () => {
    await run({ numRecords: 60, bufferSize: 1, window: 8, checkpointMs: 150 }, async ({ disk, result }) => {
      await result()
      expect(disk.checkpoints.length).toBeLessThan(30)
      const sequences = disk.checkpoints.map(({ sequence }) => sequence)
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
      expect(new Set(sequences).size).toBe(sequences.length)
    })
  })

  it('replays its own history', async () => {
    await run({ numRecords: 40, bufferSize: 5, window: 3 }, async ({ result, handle }) => {
      await result()
      const history = await handle.fetchHistory()
      await Worker.runReplayHistory({ workflowBundle: harness.bundle }, history)
    })
  })
})
