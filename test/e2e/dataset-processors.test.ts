import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DatasetProcessor } from '../../src/dataset/ports.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop } from '../helpers/datasets.ts'

let workshop: Workshop

beforeAll(async () => {
  workshop = await openWorkshop()
}, 300_000)
afterAll(async () => {
  await workshop?.close()
})

const columns = [{ name: 'city', column_type: 'sampler', sampler_type: 'category', params: { values: ['Rome', 'Oslo', 'Lima'] } }]
const configOf = (...processors: readonly object[]): object => ({ columns, parquetry: { seed: 3, processors } })
const output = (location: string, path: string): string => readFileSync(join(location, 'processors-files', path), 'utf8')

describe('processors that a config names', () => {
  const ran: string[] = []
  const counting: DatasetProcessor = {
    name: 'counting',
    runs: 'when-named',
    async *process(tables, schema, { options }) {
      ran.push(JSON.stringify(options))
      let rows = 0
      for await (const table of tables.select(schema.map(({ name }) => name))) rows += table.rowCount
      yield { name: 'count.txt', bytes: new TextEncoder().encode(`${JSON.stringify(options)} ${rows} of ${(await tables.size()).rows}`) }
    },
  }
  const always: DatasetProcessor = {
    name: 'always',
    async *process(tables) {
      let rows = 0
      for await (const table of tables) rows += table.rowCount
      yield { name: 'count.txt', bytes: new TextEncoder().encode(String(rows)) }
    },
  }
  const worker = { datasetProcessors: [counting, always] }
  const dedupe = { processor_type: 'deduplicate', columns: ['city'] }
  const lines = { processor_type: 'export', format: 'jsonl' }
  const custom = (n: number): object => ({ processor_type: 'custom', name: 'mine', processor: 'counting', options: { n } })

  it('run when the dataset is complete, each on what the one before it left, with those of the worker', async () => {
    const options = { datasetName: 'chained', numRecords: 20, bufferSize: 5 }
    const { location } = await workshop.make(configOf(dedupe, lines, custom(1)), options, worker)
    expect(output(location, 'export/export.jsonl').trim().split('\n').toSorted()).toEqual([
      '{"city":"Lima"}',
      '{"city":"Oslo"}',
      '{"city":"Rome"}',
    ])
    expect(output(location, 'mine/count.txt')).toBe('{"n":1} 3 of 3')
    expect(output(location, 'always/count.txt')).toBe('20')
    expect(existsSync(join(location, 'processors-files', 'counting'))).toBe(false)
    // DataDesigner must be able to load what stands in builder_config.json.
    expect(JSON.parse(readFileSync(join(location, 'builder_config.json'), 'utf8'))).toMatchObject({ data_designer: { processors: [] } })

    // Other options: a run that generates nothing, and makes just that output anew.
    const before = readFileSync(join(location, 'processors-files', 'deduplicate', '.made-from.json'), 'utf8')
    const again = await workshop.make(configOf(dedupe, lines, custom(2)), { ...options, resume: 'always' }, worker)
    expect(again).toMatchObject({ state: 'complete', generated: false, location })
    expect(output(location, 'mine/count.txt')).toBe('{"n":2} 3 of 3')
    expect(readFileSync(join(location, 'processors-files', 'deduplicate', '.made-from.json'), 'utf8')).toBe(before)
    await workshop.make(configOf(dedupe, lines, custom(2)), { ...options, resume: 'always' }, worker)
    expect(ran).toEqual(['{"n":1}', '{"n":2}'])
  })

  it('but the worker lacks stop the run before a row is made', async () => {
    const run = workshop.make(configOf(custom(1)), { datasetName: 'lacking', numRecords: 5 }, { datasetProcessors: [always] })
    await expect(run).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(/"counting".*found always/) })
    expect(existsSync(join(workshop.artifactPath, 'lacking', 'parquet-files'))).toBe(false)
  })
})
