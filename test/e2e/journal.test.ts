/** The journal end to end: whatever ends a run, answers that were paid for are found again; and never by the wrong call. */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { ensureBuilt } from '../cli/helpers.ts'
import { readLines } from '../../src/dataset/journal/journal-lines.ts'
import { readReceipt } from '../../src/dataset/read-receipt.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { CreateOptions } from '../../src/client/parquetry-client.ts'
import type { RunHandle } from '../../src/client/run-handle.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { startWorkerProcess } from './worker-process.ts'

const PARALLEL = 8
/** Rows of three row groups, two calls each: 240 calls. */
const SIZE = { numRecords: 120, bufferSize: 40, seed: 5 } as const
const CALLS = 240

let workshop: Workshop
let stub: ModelStub

beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  stub = await startModelStub()
}, 180_000)
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
})
beforeEach(async () => {
  await stub.reset({ latencyMs: 40 })
})

function config(changes: { endpoint?: string; extraBody?: object; parquetry?: object } = {}): object {
  const { endpoint = stub.endpoint, extraBody = {}, parquetry = {} } = changes
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: write a review' },
      { name: 'reply', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: answer {{ review }}' },
    ],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: PARALLEL } }],
    model_providers: [{ name: 'stub', endpoint, provider_type: 'openai', extra_body: extraBody }],
    parquetry,
  }
}

/** Starts a run and serves it until `calls` were made and some row group is open; the worker then drains and ends. */
async function serveUntil(calls: number, options: CreateOptions, of: object = config()): Promise<RunHandle> {
  const run = await workshop.start(of, { ...SIZE, ...options })
  await workshop.withWorker(run, () => until(async () => (await stub.stats()).requests >= calls))
  return run
}

const terminate = (run: RunHandle): Promise<unknown> => workshop.client.temporal.workflow.getHandle(run.workflowId).terminate('by the test')

const journalsOf = async (location: string): Promise<readonly string[]> => openStorage(location).list('journal')

async function entriesOf(location: string): Promise<{ endpoint?: string; answer: unknown }[]> {
  const files = await Promise.all((await journalsOf(location)).map((name) => readFile(join(location, 'journal', name))))
  return files.flatMap((bytes) => [...readLines(bytes).entries])
}

describe('answers in the journal', () => {
  it('are read back when the activity is retried, by whichever worker takes it', async () => {
    const run = await serveUntil(60, { datasetName: 'retried' })
    const before = await journalsOf(run.location)
    expect(before.length).toBeGreaterThan(0)
    expect(before.every((name) => name.endsWith('.1.jsonl'))).toBe(true)
    const result = await workshop.withWorker(run, () => run.result())
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 120, usage: { calls: CALLS } } })
    expect(result.totals).not.toHaveProperty('callsPaidTwice')
    expect(await stub.stats()).toMatchObject({ requests: CALLS, distinct: CALLS, aborted: 0 })
    const readings = await Promise.all(
      [0, 1, 2].map((id) => readReceipt(openStorage(run.location), `parquet-files/batch_0000${id}.parquet`)),
    )
    const attempts = readings.map((reading) => (reading.kind === 'receipt' ? reading.receipt.writtenBy.attempt : 0))
    expect(Math.max(...attempts)).toBeGreaterThanOrEqual(2)
    expect(await journalsOf(run.location)).toEqual([])
  })

  it('are read back by another worker process after a kill, which costs no more calls than may be open', { timeout: 180_000 }, async () => {
    const run = await workshop.start(config(), { ...SIZE, datasetName: 'killed' })
    const address = inject('temporalAddress')
    const first = await startWorkerProcess(address, run.taskQueue)
    await until(async () => (await stub.stats()).requests >= 80)
    await first.kill()
    const second = await startWorkerProcess(address, run.taskQueue)
    expect(await run.result()).toMatchObject({ state: 'complete', totals: { usage: { calls: CALLS } } })
    await second.terminate()
    const { requests, distinct } = await stub.stats()
    expect(distinct).toBe(CALLS)
    expect(requests - distinct).toBeLessThanOrEqual(PARALLEL)
  })

  it('are read back by a new run after the old one was terminated', async () => {
    const run = await serveUntil(60, { datasetName: 'terminated' })
    await terminate(run)
    const result = await workshop.make(config(), { ...SIZE, datasetName: 'terminated', resume: 'always' })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 120, usage: { calls: CALLS } } })
    expect(await stub.stats()).toMatchObject({ requests: CALLS, distinct: CALLS, aborted: 0 })
  })

  it('say who gave them, and stay good when the endpoint moves to another port', async () => {
    const secret = { endpoint: `${stub.endpoint}?token=abcdef` }
    const run = await serveUntil(60, { datasetName: 'moved' }, config(secret))
    const entries = await entriesOf(run.location)
    expect(entries.length).toBeGreaterThan(0)
    expect(new Set(entries.map(({ endpoint }) => endpoint))).toEqual(new Set([stub.endpoint]))
    await terminate(run)
    const asked = (await stub.stats()).requests
    expect(asked).toBeLessThan(CALLS)
    const moved = await startModelStub(5)
    try {
      const result = await workshop.make(config({ endpoint: moved.endpoint }), { ...SIZE, datasetName: 'moved', resume: 'always' })
      expect(result).toMatchObject({ state: 'complete', totals: { usage: { calls: CALLS } } })
      expect((await stub.stats()).requests).toBe(asked)
      expect((await moved.stats()).requests).toBe(CALLS - asked)
    } finally {
      await moved.stop()
    }
  })

  it('stay good when only policies change', async () => {
    const run = await serveUntil(60, { datasetName: 'policies' })
    await terminate(run)
    const parquetry = { refill_attempts: 7, max_conversation_restarts: 1, max_drop_share: 1, journal_sync_ms: 0 }
    const result = await workshop.make(config({ parquetry }), { ...SIZE, datasetName: 'policies', resume: 'always' })
    expect(result).toMatchObject({ state: 'complete', totals: { usage: { calls: CALLS } } })
    expect(await stub.stats()).toMatchObject({ requests: CALLS, distinct: CALLS })
  })

  it('are never given to another config in the same folder, though its requests read alike, and are removed in the end', async () => {
    const run = await serveUntil(30, { datasetName: 'changed' })
    await terminate(run)
    const left = await journalsOf(run.location)
    expect(left.length).toBeGreaterThan(0)
    // Nothing is committed and nobody remembers the config: the folder is begun anew.
    await rm(join(run.location, 'metadata.json'))
    await rm(join(run.location, 'parquet-files'), { recursive: true, force: true })
    await stub.reset({ latencyMs: 5 })
    const other = config({ extraBody: { effort: 'high' } })
    const result = await workshop.make(other, { ...SIZE, datasetName: 'changed', resume: 'always' })
    expect(result).toMatchObject({ state: 'complete', location: run.location, totals: { usage: { calls: CALLS } } })
    expect((await stub.stats()).requests).toBe(CALLS)
    expect(await journalsOf(run.location)).toEqual([])
  })

  it('that a row group was given twice are counted in its receipt, in the result and in the checkpoint', async () => {
    const run = await serveUntil(60, { datasetName: 'twice' })
    const [name = ''] = await journalsOf(run.location)
    const file = join(run.location, 'journal', name)
    const doubled = readLines(await readFile(file)).entries.length
    expect(doubled).toBeGreaterThan(0)
    await copyFile(file, file.replace('.1.jsonl', '.99.jsonl'))
    const result = await workshop.withWorker(run, () => run.result())
    expect(result.totals).toMatchObject({ callsPaidTwice: doubled, usage: { calls: CALLS } })
    const metadata = JSON.parse(await readFile(join(run.location, 'metadata.json'), 'utf8')) as { parquetry: { totals: object } }
    expect(metadata.parquetry.totals).toMatchObject({ callsPaidTwice: doubled })
    const again = await workshop.make(config(), { datasetName: 'twice', resume: 'always' })
    expect(again).toMatchObject({ generated: false, totals: { callsPaidTwice: doubled } })
  })

  it('with a torn end and a damaged middle cost the damaged answers and no other', async () => {
    const run = await serveUntil(60, { datasetName: 'damaged' })
    const [name = ''] = await journalsOf(run.location)
    const file = join(run.location, 'journal', name)
    const bytes = await readFile(file)
    const whole = readLines(bytes).entries.length
    const middle = bytes.indexOf(10, Math.floor(bytes.length / 2)) + 20
    bytes[middle] = (bytes[middle] ?? 0) ^ 1
    await writeFile(file, bytes.subarray(0, bytes.length - 9))
    expect(readLines(await readFile(file)).entries.length).toBe(whole - 2)
    const rows = workshop.withWorker(run, () => run.result()).then(() => rowsOf(run.location))
    expect((await rows).length).toBe(120)
    const { requests, distinct } = await stub.stats()
    expect(distinct).toBe(CALLS)
    expect(requests - distinct).toBe(2)
  })
})
