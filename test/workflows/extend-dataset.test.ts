import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listOpenRuns } from '../../src/client/open-runs.ts'
import { SIGNALS, workflowIdOf } from '../../src/contract.ts'
import type { DatasetResult } from '../../src/contract.ts'
import { EXTEND_DATASET, FIRING_PREFIX } from '../../src/schedule-contract.ts'
import type { ExtendDatasetResult } from '../../src/schedule-contract.ts'
import { until } from '../helpers/datasets.ts'
import type { Harness } from '../helpers/temporal.ts'
import { openHarness } from '../helpers/temporal.ts'
import { blocked } from './fake-activities.ts'
import { createFakeExtension, extensionInput } from './fake-extension.ts'
import type { FakeExtension, FakeExtensionOptions } from './fake-extension.ts'

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(async () => {
  await harness?.close()
})

interface Fired {
  readonly result: ExtendDatasetResult | null
  readonly cause: unknown
  readonly fakes: FakeExtension
}

/** Fires once; `act` may meddle with the firing and its run once that has begun. */
async function fire(
  options: Omit<FakeExtensionOptions, 'id'>,
  act?: (firing: WorkflowHandle, run: WorkflowHandle<() => Promise<DatasetResult>>) => Promise<void>,
): Promise<Fired> {
  const id = randomUUID()
  const fakes = createFakeExtension({ id, ...options })
  return await harness.withWorker({ taskQueue: id, activities: fakes.activities }, async () => {
    const args = [extensionInput(id)]
    const firing = await harness.client.workflow.start(EXTEND_DATASET, { taskQueue: id, workflowId: `${FIRING_PREFIX}${id}`, args })
    if (act !== undefined) {
      await until(() => fakes.disk.generated.length > 0)
      await act(firing, harness.client.workflow.getHandle(workflowIdOf(id)))
    }
    try {
      return { result: (await firing.result()) as ExtendDatasetResult, cause: null, fakes }
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error
      return { result: null, cause: error.cause, fakes }
    }
  })
}

const fake = { numRecords: 8, bufferSize: 2, window: 1 } as const
const slow = { ...fake, groupMs: 300 } as const

describe('a firing of a schedule', () => {
  it('goes on with an unfinished dataset before it asks for more, each under a request of its own', { timeout: 60_000 }, async () => {
    const { result, fakes } = await fire({ fake, isUnfinished: true })
    expect(result).toMatchObject({ outcome: 'extended', targetNumRecords: 8 })
    expect(fakes.staged.map(({ mayFinish }) => mayFinish)).toEqual([true, false])
    expect(fakes.disk.prepared.map(({ requestId, resume }) => [requestId, resume])).toEqual(
      fakes.staged.map(({ requestId }) => [requestId, 'always']),
    )
    expect(new Set(fakes.staged.map(({ requestId }) => requestId)).size).toBe(2)
  })

  it('fails when more rows are dropped than allowed, and says how to get on', { timeout: 60_000 }, async () => {
    const { cause } = await fire({ fake: { ...fake, droppedOf: () => 1 } })
    expect(cause).toBeInstanceOf(ApplicationFailure)
    expect(cause).toMatchObject({ type: 'DATASET_INCOMPLETE', message: expect.stringMatching(/4 of them are dropped.*retry-dropped/) })
  })

  it('fails with the code and the words of what cannot be staged', { timeout: 60_000 }, async () => {
    const onStage = (): never => {
      throw blocked('NOTHING_TO_RESUME', 'nothing there')
    }
    expect((await fire({ fake, onStage })).cause).toMatchObject({
      type: 'NOTHING_TO_RESUME',
      message: expect.stringMatching(/^fake: nothing there/),
    })
  })

  it('has its run listed among the open ones, ends as stopped with it, and adds nothing after that', { timeout: 60_000 }, async () => {
    const { result, fakes } = await fire({ fake: { ...fake, groupMs: 20_000 }, isUnfinished: true }, async (_firing, run) => {
      await until(async () => (await listOpenRuns(harness.client)).some(({ workflowId }) => workflowId === run.workflowId))
      await run.signal(SIGNALS.stop, { now: true })
    })
    expect(result).toMatchObject({ outcome: 'stopped', reason: expect.stringContaining('the next firing goes on with it') })
    expect(fakes.staged).toHaveLength(1)
  })

  it('takes its run with it when it is cancelled, and fails when that is cancelled by somebody else', { timeout: 60_000 }, async () => {
    let run: WorkflowHandle | undefined
    const cancelled = await fire({ fake: slow }, async (firing, of) => {
      run = of
      await firing.cancel()
    })
    expect(cancelled.cause).toBeInstanceOf(CancelledFailure)
    expect((await run!.describe()).status.name).toBe('CANCELLED')
    const failed = await fire({ fake: slow }, async (_firing, of) => void (await of.cancel()))
    expect(failed.cause).toMatchObject({ type: 'RUN_FAILED', message: expect.stringContaining('its run was cancelled') })
  })
})
