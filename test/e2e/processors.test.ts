import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { workflowIdOf } from '../../src/contract.ts'
import type { DatasetProcessor } from '../../src/dataset/ports.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import { startWorkerProcess } from './worker-process.ts'

let workshop: Workshop

beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
}, 300_000)
afterAll(async () => {
  await workshop?.close()
})

const config = { columns: [{ name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} }] }
const processors = new URL('./dying-processors.mjs', import.meta.url).href

/** The output as a reader of the folder sees it. */
async function outputAt(location: string): Promise<{ readonly count: string; readonly parts: readonly string[] }> {
  const folder = join(location, 'processors-files', 'counting')
  return { count: await readFile(join(folder, 'count.txt'), 'utf8'), parts: (await readdir(join(folder, 'parts'))).sort() }
}

async function staged(location: string): Promise<readonly string[]> {
  return await readdir(join(location, 'tmp-partial-parquet-files')).catch(() => [])
}

const OLD = { count: '10', parts: ['10.txt', '5.txt'] }
const NEW = { count: '15', parts: ['10.txt', '15.txt', '5.txt'] }

describe('a worker process killed with kill -9', () => {
  it.each([
    ['in a processor', 'in-processor', OLD, 2],
    ['in the middle of the swap', 'before-swap', OLD, 1],
    ['at the end of the swap', 'after-swap', NEW, 1],
  ])(
    '%s leaves one whole output, and the next worker ends with the new one',
    { timeout: 180_000 },
    async (_where, killAt, left, timesRun) => {
      const address = inject('temporalAddress')
      const datasetName = `killed-${killAt}`
      const ranFile = join(workshop.artifactPath, `${datasetName}.ran`)
      const ran = (): number => (existsSync(ranFile) ? readFileSync(ranFile, 'utf8').split('\n').length - 1 : 0)
      const start = async (numRecords: number, env: Record<string, string> = {}) => {
        const run = await workshop.start(config, { datasetName, numRecords, bufferSize: 5, resume: 'if_possible' })
        return { run, worker: await startWorkerProcess(address, run.taskQueue, { processors, env: { RAN_FILE: ranFile, ...env } }) }
      }

      const first = await start(10)
      const { location } = await first.run.result()
      await first.worker.terminate()
      expect(await outputAt(location)).toEqual(OLD)

      const second = await start(15, { KILL_AT: killAt })
      expect(await Promise.race([second.worker.ended, second.run.result()])).toMatchObject({ signal: 'SIGKILL' })
      expect(await outputAt(location)).toEqual(left)
      const third = await startWorkerProcess(address, second.run.taskQueue, { processors, env: { RAN_FILE: ranFile } })
      expect(await second.run.result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 15 } })
      await third.terminate()
      expect(await outputAt(location)).toEqual(NEW)
      expect(ran()).toBe(1 + timesRun)
      expect(await staged(location)).toEqual([])
      expect((await readdir(join(location, 'processors-files'))).sort()).toEqual(['.versions', 'counting'])
      expect((await readdir(join(location, 'processors-files', '.versions'))).length).toBe(1)

      const last = await start(15)
      expect(await last.run.result()).toMatchObject({ state: 'complete', generated: false })
      await last.worker.terminate()
      expect(ran()).toBe(1 + timesRun)
    },
  )
})

/** Activities that the last run on a dataset called, each once. */
async function activitiesOf(location: string): Promise<readonly string[]> {
  const { dataset_id: datasetId } = JSON.parse(await readFile(join(location, 'dataset.json'), 'utf8')) as { dataset_id: string }
  const connection = await Connection.connect({ address: inject('temporalAddress') })
  try {
    const { events } = await new Client({ connection }).workflow.getHandle(workflowIdOf(datasetId)).fetchHistory()
    const names = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name ?? [])
    return [...new Set(names)].sort()
  } finally {
    await connection.close()
  }
}

describe('a dataset whose processing did not come to its end', () => {
  const counting = (name: string, work: () => Promise<void>): DatasetProcessor => ({
    name,
    async *process(tables) {
      let rows = 0
      for await (const table of tables) rows += table.rowCount
      await work()
      yield { name: 'count.txt', bytes: new TextEncoder().encode(String(rows)) }
    },
  })
  const count = async (location: string, name: string): Promise<string> =>
    readFile(join(location, 'processors-files', name, 'count.txt'), 'utf8')

  it('is processed by the next run, which generates nothing, and by no later one', async () => {
    const options = { datasetName: 'terminated', numRecords: 10, bufferSize: 5 }
    let isReached = false
    const hanging = counting('counting', async () => {
      isReached = true
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      throw new Error('too late')
    })
    const run = await workshop.start(config, options)
    await workshop.withWorker(
      run,
      async () => {
        await until(() => isReached)
        await run.cancel()
        await expect(run.result()).rejects.toMatchObject({ code: 'RUN_FAILED' })
      },
      { datasetProcessors: [hanging] },
    )
    const rows = await rowsOf(run.location)
    expect(rows.length).toBe(10)

    let runs = 0
    const worker = { datasetProcessors: [counting('counting', async () => void (runs += 1))] }
    const second = await workshop.make(config, { ...options, resume: 'always' }, worker)
    expect(second).toMatchObject({ state: 'complete', generated: false, totals: { rowsWritten: 10 } })
    expect(await count(second.location, 'counting')).toBe('10')
    const metadata = JSON.parse(await readFile(join(second.location, 'metadata.json'), 'utf8')) as { column_statistics?: unknown[] }
    expect(metadata.column_statistics?.length).toBe(1)
    expect(await activitiesOf(second.location)).toContain('runProcessors')
    await workshop.make(config, { ...options, resume: 'always' }, worker)
    expect(runs).toBe(1)
    expect(await activitiesOf(second.location)).toEqual(['prepareDataset', 'scanDataset', 'writeCheckpoint'])
    expect(await rowsOf(run.location)).toEqual(rows)
  })

  it('because a processor failed, says so with its code, does not try it again, and is processed after it was corrected', async () => {
    const options = { datasetName: 'failing', numRecords: 10, bufferSize: 5 }
    let tries = 0
    const failing = counting('broken', async () => {
      tries += 1
      throw new TypeError('x is not a function')
    })
    const fine = counting('fine', async () => undefined)
    await expect(workshop.make(config, options, { datasetProcessors: [fine, failing] })).rejects.toMatchObject({
      code: 'PROCESSOR_FAILED',
      message: expect.stringMatching(/"broken" failed: x is not a function.*--resume always/),
    })
    expect(tries).toBe(1)
    const location = join(workshop.artifactPath, 'failing')
    expect(await count(location, 'fine')).toBe('10')
    const corrected = counting('broken', async () => undefined)
    const result = await workshop.make(config, { ...options, resume: 'always' }, { datasetProcessors: [fine, corrected] })
    expect(result).toMatchObject({ state: 'complete', generated: false, totals: { rowsWritten: 10 } })
    expect(await count(location, 'broken')).toBe('10')
  })

  it('because two processors share a folder, is refused before anything is generated', async () => {
    const shaped = { ...config, processors: [{ processor_type: 'schema_transform', name: 'shared', template: { id: '{{ order_id }}' } }] }
    const worker = { datasetProcessors: [counting('shared', async () => undefined)] }
    await expect(workshop.make(shaped, { datasetName: 'clash', numRecords: 10, bufferSize: 5 }, worker)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('"shared"'),
    })
    expect(existsSync(join(workshop.artifactPath, 'clash', 'parquet-files'))).toBe(false)
    await expect(
      workshop.make(
        config,
        { datasetName: 'clash-2', numRecords: 1 },
        { datasetProcessors: [...worker.datasetProcessors, ...worker.datasetProcessors] },
      ),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
