import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exportDataset } from '../../src/client/export-dataset.ts'
import { openDatasetRows } from '../../src/client/open-dataset-rows.ts'
import { processorSteps } from '../../src/dataset/processors/processor-steps.ts'
import { runProcessors } from '../../src/dataset/processors/run-processors.ts'
import { parquetMetadata } from 'hyparquet'
import { verifyBytes } from '../../src/parquet/verify-bytes.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Value } from '../../src/values.ts'
import { askPython } from '../parquet/python.ts'
import { makeDataset, prepareMade, RICH_CONFIG } from './made-dataset.ts'

let folder: string
let storage: Storage

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'parquetry-test-')), 'made')
  storage = createLocalStorage(folder)
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

type Row = Readonly<Record<string, Value>>
async function rowsOf(columns?: readonly string[]): Promise<readonly Row[]> {
  const rows: Row[] = []
  for await (const row of openDatasetRows(folder, columns === undefined ? {} : { columns })) rows.push(row)
  return rows
}
/** What every reader must find of the rows; pandas reads JSON's numbers to 15 digits unless it is told otherwise. */
function plain(rows: readonly Row[], names: readonly string[]): readonly object[] {
  const rounded = (value: Value | undefined): Value | undefined => (typeof value === 'number' ? Math.round(value * 1e9) / 1e9 : value)
  return rows.map((row) => Object.fromEntries(names.map((name) => [name, rounded(row[name])])))
}

describe('an export', () => {
  it('is one file with all rows, which pandas, duckdb and polars read as they were made', async () => {
    await makeDataset(storage, { numRecords: 30 })
    const rows = await rowsOf()
    expect(rows).toHaveLength(30)
    const files = []
    for (const format of ['jsonl', 'csv', 'parquet'] as const) {
      const { file, ...facts } = await exportDataset(folder, { format })
      expect(file).toBe(join(folder, `made.${format}`))
      expect(facts).toMatchObject({ rows: 30, rowsWanted: 30, rowsMissing: 0, sizeBytes: readFileSync(file!).length })
      files.push(file!)
    }
    const answers = await askPython(files.map((file) => ({ reader: 'all', file })))
    for (const [index, file] of files.entries()) {
      // CSV has lists and mappings as text.
      const names = ['id', 'price', 'text', ...(file.endsWith('.csv') ? [] : ['facts']), ...(file.endsWith('.parquet') ? ['day'] : [])]
      for (const [reader, found] of Object.entries(answers[index]!.columns)) {
        expect([reader, file, plain(found as Row[], names)]).toEqual([reader, file, plain(rows, names)])
        expect(Object.keys((found as Row[])[0]!)).toEqual(['id', 'day', 'price', 'text', 'facts'])
      }
    }
  }, 60_000)

  it('of a parquet file has its checksums, and gathers small row groups', async () => {
    await makeDataset(storage, { numRecords: 30 })
    await exportDataset(folder, { format: 'parquet' })
    const bytes = readFileSync(join(folder, 'made.parquet'))
    expect(await verifyBytes(bytes)).toMatchObject({ ok: true })
    expect(parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)).row_groups).toHaveLength(1)
  })

  it('says which rows are missing or dropped, and has the others', async () => {
    const config = { ...RICH_CONFIG, parquetry: { refill_attempts: 0 } }
    let asked = 0
    const made = await prepareMade(storage, {
      config,
      numRecords: 12,
      answer: (request) =>
        (request.messages.at(-1)?.content ?? '').includes('Facts of') && (asked += 1) === 2
          ? 'no JSON'
          : '{"title":"t","rating":1,"tags":[]}',
    })
    await made.generate(0)
    await made.generate(2)
    const parts: Uint8Array[] = []
    const facts = await exportDataset(folder, { format: 'jsonl', columns: ['text', 'id'], output: async (part) => void parts.push(part) })
    expect(facts).toMatchObject({ file: null, rowsWanted: 12, rowsMissing: 4, rowGroups: 3, rowGroupsMissing: 1 })
    const lines = Buffer.concat(parts).toString().trim().split('\n')
    expect(lines).toHaveLength(facts.rows)
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(await rowsOf(['text', 'id']))
    expect(Object.keys(JSON.parse(lines[0]!) as object)).toEqual(['text', 'id'])
  })

  it('takes its format from the name of the file, and replaces none unasked', async () => {
    await makeDataset(storage)
    const file = join(folder, '..', 'deep', 'down', 'rows.CSV')
    expect(await exportDataset(folder, { output: file, columns: ['price'] })).toMatchObject({ format: 'csv', file })
    expect(readFileSync(file, 'utf8').split('\n')[0]).toBe('price')
    await expect(exportDataset(folder, { output: file })).rejects.toMatchObject({ code: 'USAGE' })
    await exportDataset(folder, { output: file, columns: ['text'], overwrite: true })
    expect(readFileSync(file, 'utf8').split('\n')[0]).toBe('text')
    await expect(exportDataset(folder, { output: join(folder, 'rows.xlsx') })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('.xlsx'),
    })
    await expect(exportDataset(folder)).rejects.toMatchObject({ code: 'USAGE' })
    await expect(exportDataset(folder, { format: 'csv', columns: ['pirce'] })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('Did you mean "price"'),
    })
    await expect(rowsOf(['secret'])).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('leaves no file when a row group is damaged or the disk refuses', async () => {
    await makeDataset(storage)
    const before = readdirSync(folder)
    const file = join(folder, 'dataset.json', 'rows.csv')
    await expect(exportDataset(folder, { output: file })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    const batch = join(folder, 'parquet-files', 'batch_00001.parquet')
    const bytes = readFileSync(batch)
    // Its footer is whole, so that the damage shows in the middle of writing.
    writeFileSync(batch, bytes.fill(0, 10, 200))
    await expect(exportDataset(folder, { format: 'csv' })).rejects.toMatchObject({ code: 'DATASET_DAMAGED' })
    expect(readdirSync(folder)).toEqual(before)
  })
})

describe('outputs of processors', () => {
  it('are folders and files that pandas, duckdb and polars read', async () => {
    const processors = [
      { processor_type: 'deduplicate', method: 'near', columns: ['text'], threshold: 0.99 },
      { processor_type: 'split', shares: { train: 0.5, test: 0.5 } },
    ]
    const made = await makeDataset(storage, {
      config: { ...RICH_CONFIG, parquetry: { processors } },
      numRecords: 40,
      answer: ({ messages }) =>
        (messages.at(-1)?.content ?? '').includes('Facts of')
          ? '{"title":"t","rating":1,"tags":["a"]}'
          : `review number ${(messages.at(-1)?.content ?? '').slice(0, 20)} of something`,
    })
    const dataset = await made.open()
    const { ran } = await runProcessors({
      dataset,
      processors: processorSteps(dataset.compiled, dataset.seed, []),
      epoch: 1,
      attempt: { runId: 'run', attempt: 1 },
      signal: new AbortController().signal,
      onProgress: () => undefined,
    })
    expect(ran).toEqual(['deduplicate', 'split'])
    const at = (path: string): string => join(folder, 'processors-files', path)
    const [kept, train, test] = await askPython(
      ['deduplicate/*.parquet', 'split/train.parquet', 'split/test.parquet'].map((path) => ({ reader: 'all', file: at(path) })),
    )
    const all = plain(await rowsOf(), ['id', 'text', 'facts'])
    for (const reader of ['pandas', 'duckdb', 'polars']) {
      const rows = kept!.columns[reader] as Row[]
      expect(plain(rows, ['id', 'text', 'facts'])).toEqual(all.filter((row) => rows.some(({ id }) => id === (row as { id: Value }).id)))
      expect(rows.length).toBeGreaterThan(1)
      const parts = [train!, test!].flatMap(({ columns }) => columns[reader] as Row[]).map(({ id }) => id)
      expect(new Set(parts)).toEqual(new Set(rows.map(({ id }) => id)))
      expect(parts).toHaveLength(rows.length)
    }
  }, 60_000)
})
