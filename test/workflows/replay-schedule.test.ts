/**
 * Histories of finished firings of schedules, replayed by the workflow code as it is now, as in `replay.test.ts`.
 * `RECORD_HISTORIES=1 npx vitest run test/workflows/replay-schedule.test.ts` records them anew; do that only for a release.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GENERATE_DATASET, SIGNALS, workflowIdOf } from '../../src/contract.ts'
import { EXTEND_DATASET } from '../../src/schedule-contract.ts'
import { until } from '../helpers/datasets.ts'
import type { Harness } from '../helpers/temporal.ts'
import { openHarness } from '../helpers/temporal.ts'
import { createFakeExtension, extensionInput } from './fake-extension.ts'
import type { FakeExtensionOptions } from './fake-extension.ts'
import { recordHistory } from './record-history.ts'

const folder = fileURLToPath(new URL('./histories/schedule/', import.meta.url))
let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(async () => {
  await harness?.close()
})

type Recording = Omit<FakeExtensionOptions, 'id'> & {
  /** A run is open already. Default false. */
  readonly isOpen?: boolean
  readonly act?: (firing: WorkflowHandle, run: WorkflowHandle) => Promise<void>
}

const fake = { numRecords: 4, bufferSize: 2, window: 1, groupMs: 20 } as const
const slow = { ...fake, groupMs: 300 } as const

const RECORDINGS: Readonly<Record<string, Recording>> = {
  'finished-and-extended': { fake, isUnfinished: true },
  skipped: { fake, isOpen: true },
  incomplete: { fake: { ...fake, droppedOf: () => 1 } },
  stopped: { fake: slow, act: async (_firing, run) => run.signal(SIGNALS.stop, {}) },
  cancelled: { fake: slow, act: async (firing) => void (await firing.cancel()) },
}

if (process.env['RECORD_HISTORIES'] === '1') {
  describe('recording', () => {
    it.each(Object.entries(RECORDINGS))('%s', { timeout: 60_000 }, async (name, { act, isOpen, ...options }) => {
      const id = randomUUID()
      const { activities, disk } = createFakeExtension({ id, ...options })
      const { workflow } = harness.client
      const other = isOpen === true ? await workflow.start(GENERATE_DATASET, { taskQueue: 'nobody', workflowId: workflowIdOf(id) }) : null
      await harness.withWorker({ taskQueue: id, activities }, async () => {
        const args = [extensionInput(id, { hasSearchAttributes: true })]
        const firing = await workflow.start(EXTEND_DATASET, { taskQueue: id, workflowId: `firing-${id}`, args })
        if (act !== undefined) {
          await until(() => disk.generated.length > 0)
          await act(firing, workflow.getHandle(workflowIdOf(id)))
        }
        await firing.result().catch(() => undefined)
        await recordHistory(folder, name, firing.workflowId)
      })
      await other?.terminate()
    })
  })
}

describe('a firing recorded earlier', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

  it('is there to be replayed, one of each way that a firing can go', () => {
    expect(names.map((name) => name.replace('.json', '')).sort()).toEqual(Object.keys(RECORDINGS).sort())
  })

  it.each(names)('replays without a difference: %s', async (name) => {
    const history = JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as object
    await Worker.runReplayHistory({ workflowBundle: harness.bundle }, history)
  })
})
