import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { verifyFiles } from '../../src/client/dataset-files.ts'
import type { DatasetResult } from '../../src/contract.ts'
import { keys } from '../../src/dataset/layout.ts'
import { readReceipt } from '../../src/dataset/read-receipt.ts'
import type { Receipt } from '../../src/dataset/receipt.ts'
import { readTable } from '../../src/parquet/read-table.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { Value } from '../../src/values.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, QUICK_RUN, until } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { startWorkerProcess } from './worker-process.ts'
import type { KillPoint, WorkerProcess } from './worker-process.ts'

const ROWS = 40
const SIZE = 20
const PARALLEL = 8

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

/** Answers that are cut in the middle drop their rows: there are no second tries. */
function config(): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'secret', column_type: 'sampler', sampler_type: 'category', params: { values: ['a', 'b', 'c'] }, drop: true },
      {
        name: 'summary',
        column_type: 'llm-structured',
        model_alias: 'm',
        prompt: 'Order {{ order_id }} ({{ secret }}): summarize',
        output_format: {
          type: 'object',
          properties: { title: { type: 'string' }, rating: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
          required: ['title', 'rating', 'tags'],
        },
      },
    ],
    processors: [{ processor_type: 'schema_transform', name: 'short', template: { id: '{{ order_id }}', title: '{{ summary.title }}' } }],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: PARALLEL } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
    parquetry: { refill_attempts: 0, max_drop_share: 1, max_conversation_restarts: 0 },
  }
}

const options = (datasetName: string) =>
  ({ datasetName, numRecords: ROWS, bufferSize: SIZE, seed: 3, run: { ...QUICK_RUN, heartbeatTimeoutMs: 1_500 } }) as const

interface Content {
  readonly receipts: readonly Receipt[]
  /** Row index → values, of the main file and of each sidecar. */
  readonly rows: ReadonlyMap<number, readonly Readonly<Record<string, Value>>[]>
}

async function contentOf(location: string): Promise<Content> {
  const storage = openStorage(location)
  const receipts: Receipt[] = []
  const rows = new Map<number, readonly Readonly<Record<string, Value>>[]>()
  for (let id = 0; id < ROWS / SIZE; id += 1) {
    const reading = await readReceipt(storage, keys.rowGroup(id))
    if (reading.kind !== 'receipt') throw new Error(`row group ${id} is ${reading.kind}`)
    const { receipt } = reading
    receipts.push(receipt)
    const files = [keys.rowGroup(id), keys.sidecar(keys.droppedColumnsFolder, id), keys.sidecar(keys.processorFolder('short'), id)]
    const tables = await Promise.all(files.map(async (key) => (await readTable(await readFile(join(location, key)))).table))
    const dropped = new Set(receipt.dropped.map(({ row }) => row))
    let at = 0
    for (let row = receipt.rowGroup.start; row < receipt.rowGroup.end; row += 1) {
      if (dropped.has(row)) continue
      const position = at++
      rows.set(
        row,
        tables.map((table) => Object.fromEntries([...table.columns].map(([name, values]) => [name, values[position] ?? null]))),
      )
    }
  }
  return { receipts, rows }
}

/** A dataset with drops in every row group. */
async function makeHoled(datasetName: string): Promise<{ readonly result: DatasetResult; readonly content: Content }> {
  await stub.reset({ malformedRate: 0.4, latencyMs: 5 })
  const result = await workshop.make(config(), options(datasetName))
  expect(result.state).toBe('incomplete')
  const content = await contentOf(result.location)
  for (const { dropped, rowsWritten } of content.receipts) expect(Math.min(dropped.length, rowsWritten)).toBeGreaterThan(0)
  await stub.reset({ malformedRate: 0, latencyMs: 5 })
  return { result, content }
}

function expectCarriedOver(before: Content, after: Content): void {
  for (const [row, values] of before.rows) expect(after.rows.get(row)).toEqual(values)
}

describe('dropped rows tried again', () => {
  it('are filled, by calls for these rows only; the others are as they were, and the dataset is complete and verifies', async () => {
    const { result: first, content: before } = await makeHoled('holed')
    const { rowsDropped, dropReasons } = first.totals
    expect(dropReasons).toEqual([{ code: 'ANSWER_INVALID', column: 'summary', rows: rowsDropped }])
    const result = await workshop.make(config(), { ...options('holed'), resume: 'always', retryDropped: true })
    expect(result).toMatchObject({
      state: 'complete',
      generated: true,
      totals: { rowGroups: 2, rowsWritten: ROWS, rowsDropped: 0 },
      produced: { rowsWritten: rowsDropped, usage: { calls: rowsDropped } },
      retried: { passes: 1, rowsTried: rowsDropped, rowsFilled: rowsDropped },
    })
    expect(result.totals.dropReasons).toBeUndefined()
    expect(await stub.stats()).toMatchObject({ requests: rowsDropped, distinct: rowsDropped })
    const after = await contentOf(result.location)
    expectCarriedOver(before, after)
    expect(after.rows.size).toBe(ROWS)
    for (const { generation, dropped, refilled } of after.receipts) {
      expect(generation).toBe(1)
      expect(dropped).toEqual([])
      expect(new Set(refilled.map(([, refill]) => refill))).toEqual(new Set([1]))
    }
    expect(await verifyFiles(result.location)).toMatchObject({ state: 'complete', problems: [], notes: [], rowsWritten: ROWS })
    const metadata = JSON.parse(await readFile(join(result.location, 'metadata.json'), 'utf8'))
    expect(metadata).toMatchObject({
      actual_num_records: ROWS,
      parquetry: { state: 'complete', totals: { usage: { calls: ROWS + rowsDropped } } },
    })
    const again = await workshop.make(config(), { ...options('holed'), resume: 'always', retryDropped: true })
    expect(again).toMatchObject({ state: 'complete', generated: false })
  })

  it('that fail again stay dropped with a higher refill number, time after time', async () => {
    const { result: first, content: before } = await makeHoled('stubborn')
    await stub.reset({ malformedRate: 1, latencyMs: 5 })
    for (const pass of [1, 2]) {
      const result = await workshop.make(config(), { ...options('stubborn'), resume: 'always', retryDropped: true })
      expect(result).toMatchObject({ state: 'incomplete', totals: { rowsDropped: first.totals.rowsDropped }, retried: { rowsFilled: 0 } })
      const after = await contentOf(result.location)
      expectCarriedOver(before, after)
      for (const { dropped } of after.receipts) expect(new Set(dropped.map(({ refill }) => refill))).toEqual(new Set([pass]))
      expect(await verifyFiles(result.location)).toMatchObject({ state: 'incomplete', problems: [], rowsMissing: 0 })
    }
  })

  it('of an open run are tried before it ends, when it is asked to', async () => {
    await stub.reset({ malformedRate: 0.4, latencyMs: 200 })
    const run = await workshop.start(config(), options('asked'))
    const result = await workshop.withWorker(run, async () => {
      await until(async () => ((await run.readProgress().catch(() => null))?.totals.rowsWritten ?? 0) > 0)
      expect(await run.retryDropped()).toMatchObject({ rowsDropped: expect.any(Number) })
      await stub.reset({ malformedRate: 0, latencyMs: 5 })
      return await run.result()
    })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: ROWS, rowsDropped: 0 } })
    expect(result.retried?.rowsFilled).toBeGreaterThan(0)
  })
})

const MAIN = '^parquet-files/batch_00000[.]parquet$'

describe('a worker killed in the middle of a repair', () => {
  it.each<[string, KillPoint]>([
    ['before the first answer is journalled', { operation: 'append', key: '^journal/', when: 'before' }],
    [
      'while the merged file is staged',
      { operation: 'stage', key: '^tmp-partial-parquet-files/batch_00000[.][^.]+[.][0-9]+[.]parquet$', when: 'during' },
    ],
    ['once the old file has its second name', { operation: 'link', key: '^quarantine/batch_00000', when: 'after' }],
    ['before the merged file takes its place', { operation: 'move', key: MAIN, when: 'before' }],
    ['once the merged file has its place', { operation: 'move', key: MAIN, when: 'after' }],
    [
      'before its sidecars are in place',
      { operation: 'move', key: '^dropped-columns-parquet-files/batch_00000[.]parquet$', when: 'before' },
    ],
    ['before its journal is removed', { operation: 'remove', key: '^journal/', when: 'before' }],
  ])('%s leaves the work to the next one, which repeats only what was in flight', { timeout: 120_000 }, async (what, killPoint) => {
    const name = `killed-${what.replaceAll(/[^a-z]+/g, '-')}`
    const { result: first, content: before } = await makeHoled(name)
    const { rowsDropped } = first.totals
    const run = await workshop.start(config(), { ...options(name), resume: 'always', retryDropped: true })
    const workers: WorkerProcess[] = []
    try {
      const dying = await startWorkerProcess(inject('temporalAddress'), run.taskQueue, { killPoint })
      workers.push(dying)
      const { signal, callsInFlight } = await dying.ended
      expect(signal).toBe('SIGKILL')
      // Whatever the moment: the old or the new row group is there, and whole.
      const meanwhile = await verifyFiles(run.location)
      expect(meanwhile.problems.filter(({ kind }) => kind !== 'checkpoint')).toEqual([])
      expect(meanwhile).toMatchObject({ rowsMissing: 0, rowGroupsWanted: 2, committed: [[0, 2]] })
      workers.push(await startWorkerProcess(inject('temporalAddress'), run.taskQueue))
      const result = await run.result()
      expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: ROWS }, retried: { rowsFilled: rowsDropped } })
      const { requests, distinct } = await stub.stats()
      expect(distinct).toBe(rowsDropped)
      expect(requests - distinct).toBeLessThanOrEqual(callsInFlight ?? 0)
      expectCarriedOver(before, await contentOf(run.location))
      expect(await verifyFiles(run.location)).toMatchObject({ state: 'complete', problems: [], notes: [] })
    } finally {
      for (const worker of workers) await worker.kill()
    }
  })
})
