import { randomUUID } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { specOf } from '../../src/client/schedule-times.ts'
import { workflowIdOf } from '../../src/contract.ts'
import { readMetadata, writeMetadata } from '../../src/dataset/metadata.ts'
import { openStorage } from '../../src/storage/open.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import { openWorkshop, QUICK_RUN, rowsOf, until } from '../helpers/datasets.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { startWorkerProcess } from './worker-process.ts'
import type { DatasetSchedule } from '../../src/client/describe-schedule.ts'

let workshop: Workshop
beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
}, 180_000)
afterAll(async () => {
  await workshop?.close()
})

const configOf = (path: string): object => ({
  seed_config: { source: { seed_type: 'local', path }, sampling_strategy: 'shuffle' },
  columns: [
    { name: 'size', column_type: 'sampler', sampler_type: 'uniform', params: { low: 1, high: 9 } },
    { name: 'label', column_type: 'expression', expr: '{{ text }} of {{ size }}' },
  ],
})

const DAY_MS = 86_400_000
const targetOf = async (location: string): Promise<number> => {
  const metadata = await readMetadata(openStorage(location))
  return metadata.kind === 'ours' ? metadata.value.target_num_records : -1
}

describe('a scheduled dataset', () => {
  it(
    'is extended once by each firing, left alone while a run is open, and has the rows of an unbroken run, also when a worker dies at it',
    { timeout: 120_000 },
    async () => {
      const { schedules, temporal } = workshop.client
      const taskQueue = `parquetry-test-${randomUUID()}`
      const path = join(workshop.artifactPath, 'texts.csv')
      await writeFile(path, `text\n${Array.from({ length: 8 }, (_, row) => `text ${row}\n`).join('')}`)
      const config = configOf(path)
      const unbroken = await workshop.make(config, { datasetName: 'unbroken', numRecords: 21, bufferSize: 4, seed: 5 })
      const place = { artifactPath: workshop.artifactPath, datasetName: 'daily' }
      const options = {
        ...place,
        taskQueue,
        seed: 5,
        bufferSize: 4,
        first: 6,
        extendBy: 5,
        everyMs: DAY_MS,
        run: { ...QUICK_RUN, heartbeatTimeoutMs: 2_000 },
      }
      const { schedule, run } = await schedules.create(config, options)
      const location = join(workshop.artifactPath, 'daily')
      expect(schedule).toMatchObject({ dataset: 'daily', location, extendBy: 5, everyMs: DAY_MS, isPaused: false, firings: 0, last: null })
      // A whole interval from now, not at midnight.
      expect(Math.abs((schedule.nextAt ?? 0) - Date.now() - DAY_MS)).toBeLessThan(60_000)
      await expect(schedules.create(config, options)).rejects.toMatchObject({ code: 'SCHEDULE_EXISTS' })

      // Firings need neither the config nor where its rows came from.
      await rm(path)

      /** Fires and waits for what comes of it. */
      async function fire(): Promise<DatasetSchedule> {
        const { firings } = await schedules.get(location)
        await schedules.trigger(location)
        let now: DatasetSchedule | undefined
        await until(async () => {
          now = await schedules.get(location)
          return now.firings === firings + 1 && now.last !== null && now.last.outcome !== 'open'
        })
        return now as DatasetSchedule
      }

      try {
        await workshop.withWorker(run!, async () => {
          expect(await run!.result()).toMatchObject({ state: 'complete', targetNumRecords: 6 })
          expect((await fire()).last).toMatchObject({ outcome: 'extended', reason: '5 rows added: 11 in all' })
          expect(await targetOf(location)).toBe(11)

          // Somebody else's run on the same dataset, which nobody serves.
          const workflowId = workflowIdOf(run!.datasetId)
          const other = await temporal.workflow.start('generateDataset', { workflowId, taskQueue: 'nobody' })
          const { last } = await fire()
          expect(last).toMatchObject({
            outcome: 'skipped',
            reason: expect.stringContaining(`a run of this dataset is open (${workflowId})`),
          })
          expect(await readdir(join(location, 'requests'))).toEqual([])
          await other.terminate()
          expect(await targetOf(location)).toBe(11)
        })

        // A worker that dies once the request is staged, before anybody knows: the next one finds it.
        const killPoint = { operation: 'writeAtomic', key: '^requests/schedule-', when: 'after' } as const
        const dying = await startWorkerProcess(inject('temporalAddress'), taskQueue, { killPoint })
        await schedules.trigger(location)
        expect((await dying.ended).signal).toBe('SIGKILL')
        await workshop.withWorker(run!, async () => {
          await until(async () => (await schedules.get(location)).last?.outcome === 'extended')
          expect((await schedules.get(location)).last).toMatchObject({ reason: '5 rows added: 16 in all' })

          // What a run left unfinished is gone on with before anything is added.
          const metadata = await readMetadata(openStorage(location))
          if (metadata.kind !== 'ours') throw new Error('expected metadata.json to be ours')
          const { parquetry } = metadata.value
          await writeMetadata(openStorage(location), { ...metadata.value, parquetry: { ...parquetry, state: 'stopped' } })
          const { last } = await fire()
          expect(last).toMatchObject({ outcome: 'extended', reason: '5 rows added: 21 in all' })
          const { events } = await temporal.workflow.getHandle(last!.workflowId, last!.runId).fetchHistory()
          expect(events?.filter((event) => event.childWorkflowExecutionCompletedEventAttributes)).toHaveLength(2)
        })
        expect(await rowsOf(location)).toEqual(await rowsOf(unbroken.location))
      } finally {
        await schedules.delete(location)
      }
      await expect(schedules.get(location)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' })
    },
  )

  it.each(['0 6 * * *', '*/15 0-6,22 1 JAN-mar mon', '@daily', 'CRON_TZ=Europe/Berlin 30 5 * * 1-5', '0 0 * * 7'])(
    'the server understands the times %j as well',
    async (cron) => {
      const handle = await workshop.client.temporal.schedule.create({
        scheduleId: randomUUID(),
        spec: specOf({ cron }, 0),
        state: { paused: true },
        action: { type: 'startWorkflow', workflowType: 'nothing', taskQueue: 'nobody' },
      })
      expect((await handle.describe()).spec.calendars).toHaveLength(1)
      await handle.delete()
    },
  )
})
