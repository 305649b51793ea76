import { randomUUID } from 'node:crypto'
import { WorkflowFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GENERATE_COMPOSITE } from '../../src/composite-contract.ts'
import type { CompositeProgress, CompositeResult } from '../../src/composite-contract.ts'
import { GENERATE_DATASET, QUERIES, SIGNALS, workflowIdOf } from '../../src/contract.ts'
import { until } from '../helpers/datasets.ts'
import type { Harness } from '../helpers/temporal.ts'
import { openHarness } from '../helpers/temporal.ts'
import { blocked } from './fake-activities.ts'
import { compositeInput, createFakeComposite, stageDataset } from './fake-stages.ts'
import type { FakeComposite, FakeCompositeOptions } from './fake-stages.ts'

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(async () => {
  await harness?.close()
})

interface Started {
  readonly id: string
  readonly handle: WorkflowHandle
  readonly fakes: FakeComposite
  readonly progress: () => Promise<CompositeProgress>
}

/** With `maxCachedWorkflows` 0, every workflow task is replayed from the start. */
async function run<T>(
  stages: number,
  { maxCachedWorkflows = 50, ...options }: Partial<FakeCompositeOptions> & { readonly maxCachedWorkflows?: number },
  scenario: (started: Started) => Promise<T>,
  before: (id: string) => Promise<unknown> = () => Promise.resolve(),
): Promise<T> {
  const id = randomUUID()
  await before(id)
  const fakes = createFakeComposite({ id, fake: { numRecords: 10, bufferSize: 5, groupMs: 5 }, ...options })
  return await harness.withWorker({ taskQueue: id, activities: fakes.activities, maxCachedWorkflows }, async () => {
    const handle = await harness.client.workflow.start(GENERATE_COMPOSITE, {
      taskQueue: id,
      workflowId: workflowIdOf(id),
      args: [compositeInput(id, stages)],
    })
    return await scenario({ id, handle, fakes, progress: () => handle.query<CompositeProgress>(QUERIES.progress) })
  })
}

describe('generateComposite', () => {
  it('makes one stage after the other, with a history that knows nothing of their row groups', async () => {
    const lengths: number[] = []
    for (const bufferSize of [10, 4]) {
      await run(
        2,
        { maxCachedWorkflows: bufferSize === 10 ? 0 : 50, fake: { numRecords: 20, bufferSize, groupMs: 1 } },
        async ({ handle, fakes }) => {
          const result = (await handle.result()) as CompositeResult
          expect(result).toMatchObject({ state: 'complete', generated: true, targetNumRecords: 40, totals: { rowsWritten: 40 } })
          expect(result.stages.map(({ totals }) => totals.rowGroups)).toEqual([20 / bufferSize, 20 / bufferSize])
          expect(fakes.prepared.map(({ index }) => index)).toEqual([0, 1])
          expect(fakes.settled).toMatchObject([{ end: 'complete' }, { end: 'complete' }])
          lengths.push((await handle.describe()).historyLength)
        },
      )
    }
    // Tasks may take one message each or several.
    expect(Math.max(...lengths)).toBeLessThan(100)
    expect(Math.abs(lengths[0]! - lengths[1]!)).toBeLessThan(20)
  })

  it('waits, and says why, while a run of the dataset of a stage is open that somebody else has started', async () => {
    const other = (id: string): WorkflowHandle => harness.client.workflow.getHandle(workflowIdOf(stageDataset(id, 0)))
    await run(
      1,
      {},
      async ({ id, handle, fakes, progress }) => {
        await until(async () => (await progress()).state === 'waiting')
        expect((await progress()).blocked).toMatchObject({
          code: 'DATASET_OPEN_ELSEWHERE',
          message: expect.stringContaining('stage "s0": a run of its dataset is open, started by somebody else'),
        })
        expect(fakes.disk(0).generated).toEqual([])
        await other(id).terminate()
        await handle.signal(SIGNALS.resume)
        expect(await handle.result()).toMatchObject({ state: 'complete' })
      },
      (id) =>
        harness.client.workflow.start(GENERATE_DATASET, {
          taskQueue: `nobody-${id}`,
          workflowId: workflowIdOf(stageDataset(id, 0)),
          args: [],
        }),
    )
  })

  it('is paused between stages as within them, and stops', async () => {
    let isSecond = false
    const onPrepare = ({ index }: { readonly index: number }): void => void (isSecond ||= index === 1)
    await run(2, { onPrepare, fake: { numRecords: 24, bufferSize: 1, groupMs: 50 } }, async ({ handle, progress, fakes }) => {
      await until(() => isSecond)
      await handle.signal(SIGNALS.pause)
      await until(async () => (await progress()).state === 'paused')
      await handle.signal(SIGNALS.stop)
      expect(await handle.result()).toMatchObject({ state: 'stopped', stages: [{ state: 'complete' }, {}] })
      expect(fakes.settled[0]).toMatchObject({ index: 0, end: 'complete' })
    })
  })

  it('cancelled, cancels the open stage and leaves word of it', async () => {
    await run(2, { fake: { numRecords: 100, bufferSize: 1, groupMs: 100 } }, async ({ id, handle, fakes }) => {
      await until(() => fakes.disk(0).generated.length > 2)
      await handle.cancel()
      const error: unknown = await handle.result().catch((caught: unknown) => caught)
      expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure)
      const child = await harness.client.workflow.getHandle(workflowIdOf(stageDataset(id, 0))).describe()
      expect(child.status.name).toBe('CANCELLED')
      expect(fakes.settled).toMatchObject([{ index: 0, end: 'stopped' }])
    })
  })

  it('terminated, leaves no stage behind that goes on spending', async () => {
    await run(1, { fake: { numRecords: 1_000, bufferSize: 1, groupMs: 100 } }, async ({ id, handle, fakes }) => {
      await until(() => fakes.disk(0).generated.length > 2)
      await handle.terminate()
      const child = harness.client.workflow.getHandle(workflowIdOf(stageDataset(id, 0)))
      await until(async () => (await child.describe()).status.name === 'CANCELLED')
      expect(fakes.disk(0).openNow).toBe(0)
    })
  })

  it('fails with the code of the stage that failed, naming it, and begins nothing more', async () => {
    const onGroup = (stage: number): void => {
      if (stage === 1) throw blocked('CONSTRAINT_UNSATISFIABLE', 'no row fits')
    }
    await run(3, { onGroup }, async ({ handle, fakes }) => {
      const error: unknown = await handle.result().catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(WorkflowFailedError)
      const { cause } = error as WorkflowFailedError
      expect(cause).toBeInstanceOf(ApplicationFailure)
      expect(cause).toMatchObject({ type: 'CONSTRAINT_UNSATISFIABLE', message: 'stage "s1": no row fits' })
      expect(fakes.settled).toMatchObject([
        { index: 0, end: 'complete' },
        { index: 1, end: 'failed' },
      ])
      expect(fakes.prepared.length).toBe(2)
    })
  })
})
