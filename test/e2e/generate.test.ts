import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'

let workshop: Workshop
let stub: ModelStub

beforeAll(async () => {
  workshop = await openWorkshop()
  stub = await startModelStub()
})
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
})
beforeEach(async () => {
  await stub.reset({ latencyMs: 5, failRate: 0, rateLimitRps: 0, malformedRate: 0 })
})

const samplers = [
  { name: 'department', column_type: 'sampler', sampler_type: 'category', params: { values: ['books', 'garden'], weights: [3, 1] } },
  { name: 'price', column_type: 'sampler', sampler_type: 'uniform', params: { low: 5, high: 500, decimal_places: 2 } },
  { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
  { name: 'label', column_type: 'expression', expr: '{{ department }} at {{ price }}' },
] as const

function config(): object {
  return {
    columns: [
      ...samplers,
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: review {{ label }}' },
      { name: 'reply', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: answer {{ review }}' },
      {
        name: 'summary',
        column_type: 'llm-structured',
        model_alias: 'm',
        prompt: 'Order {{ order_id }}: summarize {{ review }}',
        output_format: {
          type: 'object',
          properties: {
            title: { type: 'string' },
            rating: { type: 'integer', minimum: 1, maximum: 5 },
            tags: { type: 'array', items: { type: 'string' } },
          },
          required: ['title', 'rating', 'tags'],
        },
      },
    ],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: 32 } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
  }
}

describe('a dataset made through Temporal', () => {
  it('has every row, asks each question once, and accounts for all of it in files and checkpoint', async () => {
    const result = await workshop.make(config(), { datasetName: 'first', numRecords: 65, bufferSize: 10, seed: 7 })
    expect(result).toMatchObject({ state: 'complete', generated: true, totals: { rowGroups: 7, rowsWritten: 65, rowsDropped: 0 } })
    expect(result.totals.usage.calls).toBe(195)
    expect(await stub.stats()).toMatchObject({ requests: 195, distinct: 195 })
    const rows = await rowsOf(result.location)
    expect(rows.length).toBe(65)
    expect(rows[0]).toMatchObject({ summary: { rating: expect.any(Number), tags: expect.any(Array) }, review: expect.any(String) })
    const metadata = JSON.parse(await readFile(join(result.location, 'metadata.json'), 'utf8'))
    expect(metadata).toMatchObject({ target_num_records: 65, actual_num_records: 65, num_completed_batches: 7, buffer_size: 10 })
    expect(metadata.file_paths['parquet-files']).toHaveLength(7)
    expect(metadata.column_statistics.map((column: { column_name: string }) => column.column_name)).toContain('price')
    expect(metadata.parquetry).toMatchObject({ state: 'complete', seed: '7' })
    const files = await readdir(result.location)
    expect(files).toEqual(
      expect.arrayContaining(['builder_config.json', 'metadata.json', 'parquetry.json', 'parquet-files', 'dataset.json']),
    )
    expect(await readdir(join(result.location, 'journal')).catch(() => [])).toEqual([])
  })

  it('has the same rows whatever the size of its row groups and their order', async () => {
    const made = []
    for (const [datasetName, bufferSize, maxConcurrentRowGroups] of [
      ['by-1', 1, 5],
      ['by-7', 7, 3],
      ['by-1000', 1000, 1],
    ] as const) {
      const result = await workshop.make(config(), {
        datasetName,
        bufferSize,
        numRecords: 25,
        seed: 'the same',
        run: { maxConcurrentRowGroups },
      })
      made.push(await rowsOf(result.location))
    }
    expect(made[1]).toEqual(made[0])
    expect(made[2]).toEqual(made[0])
    expect(made[0]?.length).toBe(25)
  })

  it('survives errors, rate limits and malformed answers of a provider with all its rows', async () => {
    await stub.reset({ failRate: 0.05, malformedRate: 0.2, latencyMs: 5 })
    const result = await workshop.make(config(), { datasetName: 'rough', numRecords: 40, bufferSize: 20 })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 40 } })
    expect((await stub.stats()).requests).toBeGreaterThan(120)
  })

  it('stopped in the middle and started again, asks nothing twice', async () => {
    await stub.reset({ latencyMs: 100 })
    const options = { datasetName: 'stopped', numRecords: 600, bufferSize: 200, seed: 3 }
    const run = await workshop.start(config(), options)
    const stopped = await workshop.withWorker(run, async () => {
      await until(async () => (await stub.stats()).requests > 100)
      await run.stop({ now: true })
      return await run.result()
    })
    expect(stopped.state).toBe('stopped')
    const between = (await stub.stats()).requests
    expect(between).toBeLessThan(1_800)
    const result = await workshop.make(config(), { ...options, resume: 'always' })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 600, usage: { calls: 1_800 } } })
    expect(await stub.stats()).toMatchObject({ requests: 1_800, distinct: 1_800, aborted: 0 })
  })

  it('waits while its key is refused and goes on by itself when the cause is gone', async () => {
    const broken = { ...config(), model_providers: [{ name: 'stub', endpoint: 'http://127.0.0.1:9/v1', provider_type: 'openai' }] }
    const run = await workshop.start(broken, { datasetName: 'waiting', numRecords: 10, bufferSize: 5 })
    await workshop.withWorker(run, async () => {
      await until(async () => (await run.readProgress().catch(() => null))?.blocked?.code === 'MODEL_UNREACHABLE')
      await run.stop({ now: true })
      expect((await run.result()).state).toBe('stopped')
    })
    // The endpoint is not part of what the dataset is: the same dataset goes on with another one.
    const result = await workshop.make(config(), { datasetName: 'waiting', numRecords: 10, resume: 'always' })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 10 } })
  })

  it('extends a finished dataset and leaves its files as they are, byte for byte', async () => {
    const first = await workshop.make(config(), { datasetName: 'growing', numRecords: 12, bufferSize: 5, seed: 1 })
    const folder = join(first.location, 'parquet-files')
    const before = await Promise.all((await readdir(folder)).sort().map((name) => readFile(join(folder, name))))
    const result = await workshop.make(config(), { datasetName: 'growing', numRecords: 20, resume: 'always' })
    expect(result).toMatchObject({ state: 'complete', generated: true, totals: { rowsWritten: 20 }, produced: { rowsWritten: 8 } })
    const after = await Promise.all((await readdir(folder)).sort().map((name) => readFile(join(folder, name))))
    expect(after.slice(0, before.length)).toEqual(before)
    expect((await rowsOf(result.location)).length).toBe(20)
  })

  it('complete already, is left alone: no call, no processing, and it says so', async () => {
    await workshop.make(config(), { datasetName: 'done', numRecords: 6, bufferSize: 5 })
    await stub.reset()
    const again = await workshop.make(config(), { datasetName: 'done', resume: 'if_possible' })
    expect(again).toMatchObject({ state: 'complete', generated: false, totals: { rowsWritten: 6 } })
    expect((await stub.stats()).requests).toBe(0)
  })

  it('runs registered processors over the whole dataset only when there is new data', async () => {
    const runs: number[] = []
    const counting = {
      name: 'counting',
      async *process(tables: AsyncIterable<{ rowCount: number }>) {
        let rows = 0
        for await (const table of tables) rows += table.rowCount
        runs.push(rows)
        yield { name: 'count.txt', bytes: new TextEncoder().encode(String(rows)) }
      },
    }
    const worker = { datasetProcessors: [counting] }
    const first = await workshop.make(config(), { datasetName: 'processed', numRecords: 6, bufferSize: 5 }, worker)
    await workshop.make(config(), { datasetName: 'processed', resume: 'always' }, worker)
    await workshop.make(config(), { datasetName: 'processed', numRecords: 9, resume: 'always' }, worker)
    expect(runs).toEqual([6, 9])
    expect(await readFile(join(first.location, 'processors-files', 'counting', 'count.txt'), 'utf8')).toBe('9')
  })

  it('keeps dropped columns beside it and transforms rows into a dataset of their own', async () => {
    const shaped = {
      columns: [{ ...samplers[0], drop: true }, ...samplers.slice(1)],
      processors: [
        { processor_type: 'drop_columns', name: 'no-price', column_names: ['pri*'] },
        { processor_type: 'schema_transform', name: 'short', template: { text: '{{ label }}', nested: { id: '{{ order_id }}' } } },
      ],
    }
    const result = await workshop.make(shaped, { datasetName: 'shaped', numRecords: 8, bufferSize: 4, seed: 5 })
    const [row] = await rowsOf(result.location)
    expect(Object.keys(row ?? {})).toEqual(['order_id', 'label'])
    expect(await readdir(join(result.location, 'dropped-columns-parquet-files'))).toEqual(['batch_00000.parquet', 'batch_00001.parquet'])
    expect(await readdir(join(result.location, 'processors-files', 'short'))).toEqual(['batch_00000.parquet', 'batch_00001.parquet'])
    expect(await readdir(join(result.location, 'tmp-partial-parquet-files')).catch(() => [])).toEqual([])
  })
})
