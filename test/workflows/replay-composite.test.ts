/**
 * Histories of finished runs of composites and of one of their stages, replayed by the workflow code as it is now, as in `replay.test.ts`.
 * `RECORD_HISTORIES=1 npx vitest run test/workflows/replay-composite.test.ts` records them anew; do that only for a release.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GENERATE_COMPOSITE } from '../../src/composite-contract.ts'
import { QUERIES, SIGNALS, workflowIdOf } from '../../src/contract.ts'
import { until } from '../helpers/datasets.ts'
import type { Harness } from '../helpers/temporal.ts'
import { openHarness } from '../helpers/temporal.ts'
import { blocked } from './fake-activities.ts'
import { compositeInput, createFakeComposite, stageDataset } from './fake-stages.ts'
import type { FakeCompositeOptions } from './fake-stages.ts'
import { recordHistory } from './record-history.ts'

const folder = fileURLToPath(new URL('./histories/composite/', import.meta.url))
let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(async () => {
  await harness?.close()
})

type Recording = Omit<FakeCompositeOptions, 'id'> & {
  readonly act?: (handle: WorkflowHandle, stateIs: (state: string) => Promise<void>) => Promise<void>
}

const fake = { numRecords: 10, bufferSize: 5, groupMs: 20 } as const
let failures = 0

const RECORDINGS: Readonly<Record<string, Recording>> = {
  complete: { fake },
  'waited-paused-and-stopped': {
    fake: { ...fake, bufferSize: 1, window: 1, groupMs: 50 },
    onGroup(stage) {
      if (stage === 1 && (failures += 1) <= 2) throw blocked('MODEL_UNREACHABLE', 'nobody there')
    },
    act: async (handle, stateIs) => {
      await stateIs('waiting')
      await handle.signal(SIGNALS.pause)
      await stateIs('paused')
      await handle.signal(SIGNALS.resume)
      await stateIs('generating')
      await handle.signal(SIGNALS.stop)
    },
  },
  'taken-and-failed': {
    fake,
    onPrepare({ index }) {
      if (index === 1) throw blocked('RESUME_INCOMPATIBLE', 'the config differs')
      if ((failures += 1) === 1) throw blocked('DATASET_OPEN_ELSEWHERE', 'somebody else writes it')
    },
    act: async (handle, stateIs) => {
      await stateIs('waiting')
      await handle.signal(SIGNALS.resume)
    },
  },
  cancelled: { fake: { ...fake, groupMs: 300 }, act: async (handle, stateIs) => void (await stateIs('generating'), await handle.cancel()) },
}

if (process.env['RECORD_HISTORIES'] === '1') {
  describe('recording', () => {
    it.each(Object.entries(RECORDINGS))('%s', { timeout: 60_000 }, async (name, { act, ...options }) => {
      failures = 0
      const id = randomUUID()
      const { activities } = createFakeComposite({ id, ...options })
      await harness.withWorker({ taskQueue: id, activities }, async () => {
        const args = [compositeInput(id, 2, { hasSearchAttributes: true })]
        const handle = await harness.client.workflow.start(GENERATE_COMPOSITE, { taskQueue: id, workflowId: workflowIdOf(id), args })
        await act?.(handle, (state) => until(async () => (await handle.query<{ state: string }>(QUERIES.progress)).state === state))
        await handle.result().catch(() => undefined)
        await recordHistory(folder, name, handle.workflowId)
        if (name === 'waited-paused-and-stopped') await recordHistory(folder, 'a-stage', workflowIdOf(stageDataset(id, 1)))
      })
    })
  })
}

describe('a run of a composite recorded earlier', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

  it('is there to be replayed, one of each way that a run can go, and one of a stage', () => {
    expect(names.map((name) => name.replace('.json', '')).sort()).toEqual(['a-stage', ...Object.keys(RECORDINGS)].sort())
  })

  it.each(names)('replays without a difference: %s', async (name) => {
    const history = JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as object
    await Worker.runReplayHistory({ workflowBundle: harness.bundle }, history)
  })
})
