import { beforeEach, describe, expect, it } from 'vitest'
import { keys } from '../../../src/dataset/layout.ts'
import { compileProgram } from '../../../src/dataset/open-dataset.ts'
import { previewDataset } from '../../../src/dataset/row-group/preview.ts'
import { readReceipt } from '../../../src/dataset/read-receipt.ts'
import { readTable } from '../../../src/parquet/read-table.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { city, compile, configOf } from '../../config/builders.ts'
import { makeDataset } from '../made-dataset.ts'

let storage: Storage
beforeEach(() => {
  storage = createMemoryStorage()
})

const columns = [
  { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
  { name: 'kind', column_type: 'sampler', sampler_type: 'category', params: { values: ['good', 'bad'] } },
]
const shaped = (template: string, more: object = {}): object => ({
  columns,
  processors: [{ processor_type: 'schema_transform', name: 'shaped', template: { said: template } }],
  parquetry: { max_drop_share: 1, ...more },
})
/** Fails for rows of one kind. */
const FAILING = '{% if kind == "bad" %}{{ [][3] }}{% else %}{{ id }}{% endif %}'

async function columnIn(folder: string, column: string): Promise<unknown> {
  const { table } = await readTable((await storage.read(keys.sidecar(folder, 0)))!)
  return table.columns.get(column)
}

describe('a row that a schema_transform cannot shape', () => {
  it('is made again, so that both files have all rows', async () => {
    await makeDataset(storage, { config: shaped(FAILING, { refill_attempts: 50 }), numRecords: 12, bufferSize: 12 })
    expect(await columnIn(keys.rowGroupsFolder, 'kind')).toEqual(Array.from({ length: 12 }, () => 'good'))
    expect(await columnIn(keys.processorFolder('shaped'), 'said')).toEqual(await columnIn(keys.rowGroupsFolder, 'id'))
  })

  it('is dropped after its refills, with the name of the processor, and is in neither file', async () => {
    await makeDataset(storage, { config: shaped(FAILING, { refill_attempts: 0 }), numRecords: 12, bufferSize: 12 })
    const reading = await readReceipt(storage, keys.rowGroup(0))
    if (reading.kind !== 'receipt') throw new Error(reading.kind)
    const { dropped, rowsWritten } = reading.receipt
    expect(dropped.length).toBeGreaterThan(0)
    expect(dropped[0]).toMatchObject({ code: 'TEMPLATE_FAILED', column: 'shaped', reason: expect.stringContaining('processor "shaped"') })
    expect(rowsWritten).toBe(12 - dropped.length)
    expect(await columnIn(keys.processorFolder('shaped'), 'said')).toEqual(await columnIn(keys.rowGroupsFolder, 'id'))
  })
})

describe('a preview', () => {
  it('shows what each schema_transform makes of its records, dropped columns included', async () => {
    const config = configOf([city, { ...columns[1]!, drop: true }], {
      processors: [{ processor_type: 'schema_transform', name: 'shaped', template: { at: '{{ city }} is {{ kind }}' } }],
    })
    const { compiled } = compile(config)
    const options = { compiled, seed: '1', referenceTime: '2026-01-01T00:00:00.000Z', numRecords: 3, seedPlace: null as never }
    const models = { client: () => Promise.reject(new Error('no model is asked')) as never, close: async () => undefined }
    const { records } = await previewDataset({ ...options, models, signal: new AbortController().signal })
    expect(records).toHaveLength(3)
    for (const { values, processors } of records) {
      expect(Object.keys(values)).toEqual(['city'])
      expect(processors['shaped']).toEqual({ at: expect.stringMatching(new RegExp(`^${values['city'] as string} is (good|bad)$`)) })
    }
    expect((await compileProgram(compiled, '1', options.referenceTime)).transforms.map(({ name }) => name)).toEqual(['shaped'])
  })
})
