/**
 * Histories of finished runs, replayed by the workflow code as it is now: a change that would break a run that is under way
 * fails here. `RECORD_HISTORIES=1 npx vitest run test/workflows/replay.test.ts` records them anew; do that only for a release.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GENERATE_DATASET, SIGNALS, UPDATES } from '../../src/contract.ts'
import type { GenerateDatasetInput, RunOptions } from '../../src/contract.ts'
import type { Harness } from '../helpers/temporal.ts'
import { openHarness } from '../helpers/temporal.ts'
import { blocked, createFakes } from './fake-activities.ts'
import type { FakeOptions } from './fake-activities.ts'
import { recordHistory } from './record-history.ts'

const folder = fileURLToPath(new URL('./histories/', import.meta.url))
let harness: Harness

beforeAll(async () => {
  harness = await openHarness()
})
afterAll(async () => {
  await harness?.close()
})

interface Recording {
  readonly fake: FakeOptions
  readonly run?: RunOptions
  readonly act?: (handle: {
    signal(name: string, ...args: unknown[]): Promise<void>
    cancel(): Promise<unknown>
    executeUpdate(name: string, options: { args: unknown[] }): Promise<unknown>
  }) => Promise<void>
}

const RECORDINGS: Readonly<Record<string, Recording>> = {
  complete: { fake: { numRecords: 60, bufferSize: 5, window: 4, groupMs: 20 } },
  'continued-as-new': { fake: { numRecords: 60, bufferSize: 1, window: 4 }, run: { continueAsNewAfterEvents: 100 } },
  'waited-and-resumed': {
    fake: { numRecords: 30, bufferSize: 5, window: 2, groupMs: 10, onGroup: failFirst(2) },
    run: { probeIntervalMs: 200 },
  },
  'paused-resized-and-stopped': {
    fake: { numRecords: 200, bufferSize: 5, window: 1, groupMs: 40 },
    act: async (handle) => {
      await delay(100)
      await handle.signal(SIGNALS.pause)
      await handle.executeUpdate(UPDATES.setMaxConcurrentRowGroups, { args: [3] })
      await handle.signal(SIGNALS.resume)
      await delay(200)
      await handle.signal(SIGNALS.stop)
    },
  },
  cancelled: {
    fake: { numRecords: 100, bufferSize: 5, window: 3, groupMs: 100 },
    act: async (handle) => {
      await delay(250)
      await handle.cancel()
    },
  },
}

function failFirst(count: number): () => void {
  let left = count
  return () => {
    left -= 1
    if (left >= 0) throw blocked('MODEL_UNREACHABLE', 'nobody there')
  }
}

if (process.env['RECORD_HISTORIES'] === '1') {
  describe('recording', () => {
    it.each(Object.entries(RECORDINGS))('%s', async (name, { fake, run, act }) => {
      const { activities } = createFakes(fake)
      const taskQueue = `record-${randomUUID()}`
      await harness.withWorker({ taskQueue, activities }, async () => {
        const input: GenerateDatasetInput = {
          dataset: { location: '/data/recorded', datasetId: 'recorded', fingerprint: 'sha256:0' },
          requestId: 'request',
          server: 'server',
          options: { heartbeatTimeoutMs: 1_000, checkpointIntervalMs: 20, hasSearchAttributes: true, ...run },
        }
        const handle = await harness.client.workflow.start(GENERATE_DATASET, { taskQueue, workflowId: taskQueue, args: [input] })
        await act?.(handle)
        await handle.result().catch(() => undefined)
        await recordHistory(folder, name, taskQueue, handle.firstExecutionRunId)
      })
    })
  })
}

describe('a run recorded earlier', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

  it('is there to be replayed, one of each way that a run can go', () => {
    expect(names.map((name) => name.replace('.json', '')).sort()).toEqual(Object.keys(RECORDINGS).sort())
  })

  it.each(names)('replays without a difference: %s', async (name) => {
    const history = JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as object
    await Worker.runReplayHistory({ workflowBundle: harness.bundle }, history)
  })

  it('would not replay if the order of its commands changed', async () => {
    const history = JSON.parse(readFileSync(`${folder}complete.json`, 'utf8')) as {
      events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[]
    }
    for (const event of history.events) {
      const type = event.activityTaskScheduledEventAttributes?.activityType
      if (type?.name === 'scanDataset') type.name = 'writeCheckpoint'
    }
    await expect(Worker.runReplayHistory({ workflowBundle: harness.bundle }, history)).rejects.toThrow(/TMPRL1100/)
  })
})
