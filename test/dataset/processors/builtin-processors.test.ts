import { beforeEach, describe, expect, it } from 'vitest'
import type { DatasetProcessor as ConfiguredProcessor } from '../../../src/config/compiled.ts'
import { shuffle } from '../../../src/dataset/processors/builtin/shuffle.ts'
import { openTables, rowGroupKeys } from '../../../src/dataset/processors/dataset-tables.ts'
import { keys } from '../../../src/dataset/layout.ts'
import type { DatasetProcessor } from '../../../src/dataset/ports.ts'
import { processorSteps } from '../../../src/dataset/processors/processor-steps.ts'
import { runProcessors } from '../../../src/dataset/processors/run-processors.ts'
import { encodeTable } from '../../../src/parquet/encode-table.ts'
import { readTable } from '../../../src/parquet/read-table.ts'
import { planSegments } from '../../../src/plan/row-groups.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import type { Schema } from '../../../src/values.ts'
import { compile, city, configOf, expression, sampler } from '../../config/builders.ts'
import { file, filesBelow } from '../processed-datasets.ts'

const SCHEMA: Schema = [
  { name: 'id', type: { kind: 'int64' } },
  { name: 'text', type: { kind: 'string' } },
  { name: 'topic', type: { kind: 'string' } },
]
interface Row {
  readonly id: number
  readonly text: string | null
  readonly topic: string
}
const BUFFER = 7
let storage: Storage

beforeEach(() => {
  storage = createMemoryStorage()
})

async function writeRows(rows: readonly Row[]): Promise<void> {
  for (let start = 0, id = 0; start < rows.length; start += BUFFER, id += 1) {
    const group = rows.slice(start, start + BUFFER)
    const columns = new Map(SCHEMA.map(({ name }) => [name, group.map((row) => row[name as keyof Row])]))
    await storage.writeAtomic(keys.rowGroup(id), await encodeTable(SCHEMA, { rowCount: group.length, columns }))
  }
}

function rowsOf(count: number, textOf: (id: number) => string | null = (id) => `text ${id}`): readonly Row[] {
  return Array.from({ length: count }, (_, id) => ({ id, text: textOf(id), topic: `topic ${id % 20}` }))
}

/** Processors as a config names them. */
function configured(...processors: readonly object[]): readonly ConfiguredProcessor[] {
  const columns = [city, expression('text', '{{ city }}'), expression('topic', '{{ city }}'), sampler('id', 'uniform', { low: 0, high: 1 })]
  return compile(configOf(columns, { parquetry: { processors } })).compiled.datasetProcessors
}

async function run(
  rowCount: number,
  processors: readonly object[],
  { seed = 'a', registered = [] }: { readonly seed?: string; readonly registered?: readonly DatasetProcessor[] } = {},
): Promise<readonly string[]> {
  const { ran } = await runProcessors({
    dataset: { storage, segments: planSegments(rowCount, BUFFER), compiled: { schema: SCHEMA }, transforms: [] },
    processors: processorSteps({ datasetProcessors: configured(...processors) }, seed, registered),
    epoch: 1,
    attempt: { runId: 'run', attempt: 1 },
    signal: new AbortController().signal,
    onProgress: () => undefined,
  })
  return ran
}

async function idsIn(name: string, match = /^part-/): Promise<readonly number[]> {
  const folder = keys.processorFolder(name)
  const ids: number[] = []
  for (const part of (await storage.list(folder)).filter((candidate) => match.test(candidate))) {
    const { table } = await readTable((await storage.read(`${folder}/${part}`))!)
    ids.push(...(table.columns.get('id') as number[]))
  }
  return ids
}

async function textIn(name: string): Promise<string> {
  return new TextDecoder().decode((await storage.read(`processors-files/${name}`))!)
}

describe('deduplicate', () => {
  it('keeps the first of rows with the same values in the chosen columns, in order, and says what each other one repeats', async () => {
    await writeRows(rowsOf(40, (id) => (id % 2 === 0 ? `even ${id % 10}` : `odd ${id}`)))
    await run(40, [{ processor_type: 'deduplicate', columns: ['text'] }])
    expect(await idsIn('deduplicate')).toEqual(rowsOf(40).flatMap(({ id }) => (id % 2 === 1 || id < 10 ? [id] : [])))
    const lines = (await textIn('deduplicate/_duplicates.jsonl')).trim().split('\n')
    expect(lines.slice(0, 2).map((line) => JSON.parse(line) as unknown)).toEqual([
      { row: 10, duplicate_of: 0 },
      { row: 12, duplicate_of: 2 },
    ])
    expect(lines.length).toBe(15)
  })

  it('takes a missing value for another one than an empty text, and compares all columns when none is named', async () => {
    await writeRows([
      { id: 1, text: null, topic: 'x' },
      { id: 1, text: '', topic: 'x' },
      { id: 1, text: null, topic: 'x' },
      { id: 2, text: null, topic: 'x' },
    ])
    await run(4, [{ processor_type: 'deduplicate' }])
    expect(await idsIn('deduplicate')).toEqual([1, 1, 2])
  })

  it('finds texts that are nearly the same, whatever their case and punctuation, and leaves others and empty ones', async () => {
    const base = 'The battery of this phone lasts for two whole days, even when I watch films on the train to work every morning.'
    const texts = [
      base,
      'A quiet hotel near the station; the breakfast was cold but the staff could not have been kinder to us.',
      base.toUpperCase().replaceAll(',', ' -'),
      null,
      base.replace('every morning', 'each morning'),
      '…',
      null,
      'The battery of this phone is dead.',
    ]
    await writeRows(texts.map((text, id) => ({ id, text, topic: 'x' })))
    await run(8, [{ processor_type: 'deduplicate', method: 'near', columns: ['text'] }])
    expect(await idsIn('deduplicate')).toEqual([0, 1, 3, 5, 6, 7])
    const [same, near] = (await textIn('deduplicate/_duplicates.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { row: number; duplicate_of: number; similarity: number })
    expect(same).toEqual({ row: 2, duplicate_of: 0, similarity: 1 })
    expect(near).toMatchObject({ row: 4, duplicate_of: 0 })
    expect(near!.similarity).toBeGreaterThan(0.8)
    expect(near!.similarity).toBeLessThan(1)
  })

  it('keeps the columns of a dataset without rows', async () => {
    await writeRows([])
    await run(0, [{ processor_type: 'deduplicate' }])
    const { schema } = await readTable((await storage.read('processors-files/deduplicate/part-00000.parquet'))!)
    expect(schema).toEqual(SCHEMA)
  })
})

describe('shuffle', () => {
  it('brings all rows in another order, the same for the same seed', async () => {
    await writeRows(rowsOf(200))
    await run(200, [{ processor_type: 'shuffle' }])
    const once = await idsIn('shuffle')
    expect(once.toSorted((a, b) => a - b)).toEqual(rowsOf(200).map(({ id }) => id))
    expect(once.filter((id, place) => id === place).length).toBeLessThan(20)
    await storage.remove('processors-files')
    await run(200, [{ processor_type: 'shuffle', seed: 'a' }], { seed: 'other' })
    expect(await idsIn('shuffle')).toEqual(once)
    await run(200, [{ processor_type: 'shuffle', seed: 'b' }])
    expect(await idsIn('shuffle')).not.toEqual(once)
  })

  it('gives the same order through scratch files, whatever memory may hold', async () => {
    await writeRows(rowsOf(300))
    const tables = openTables(storage, () => rowGroupKeys(storage, planSegments(300, BUFFER)))
    const scratched = new Map<string, Uint8Array>()
    let mostWaiting = 0
    const scratch = {
      write: async (name: string, bytes: Uint8Array) => {
        mostWaiting = Math.max(mostWaiting, (await readTable(bytes)).table.rowCount)
        scratched.set(name, bytes)
      },
      read: async (name: string) => scratched.get(name)!,
    }
    const orders: number[][] = []
    for (const bucketRows of [1_000, 40]) {
      const ids: number[] = []
      const limits = { bucketRows, bucketFileBytes: 1e9, waitingBytes: 3_000 }
      for await (const { bytes } of shuffle({ processor_type: 'shuffle', seed: 'a' } as never, tables, SCHEMA, { scratch }, limits)) {
        ids.push(...((await readTable(bytes as Uint8Array)).table.columns.get('id') as number[]))
      }
      orders.push(ids)
      if (bucketRows === 1_000) expect(scratched.size).toBe(0)
    }
    expect(orders[1]).toEqual(orders[0])
    expect(new Set([...scratched.keys()].map((name) => name.split('-')[1])).size).toBe(8)
    expect(scratched.size).toBeGreaterThan(16)
    expect(mostWaiting).toBeLessThan(30)
  })
})

describe('split', () => {
  const all = [{ processor_type: 'split', by: ['id'] }]
  const splits = async (): Promise<Record<string, readonly number[]>> => ({
    train: await idsIn('split', /^train\.parquet$/),
    validation: await idsIn('split', /^validation\.parquet$/),
    test: await idsIn('split', /^test\.parquet$/),
  })

  it('puts each row into one file, by shares', async () => {
    await writeRows(rowsOf(1_000))
    await run(1_000, all)
    const { train, validation, test } = await splits()
    expect([...train!, ...validation!, ...test!].toSorted((a, b) => a - b)).toEqual(rowsOf(1_000).map(({ id }) => id))
    expect(Math.abs(train!.length - 800)).toBeLessThan(50)
    expect(Math.abs(test!.length - 100)).toBeLessThan(40)
    expect(JSON.parse(await textIn('split/_split.json'))).toMatchObject({
      by: ['id'],
      rows: { train: train!.length, validation: validation!.length, test: test!.length },
    })
  })

  it('leaves every row where it is when the dataset grows, and moves them with another seed', async () => {
    await writeRows(rowsOf(200))
    await run(200, all)
    const before = await splits()
    await writeRows(rowsOf(400))
    await run(400, all)
    const after = await splits()
    for (const [name, ids] of Object.entries(before)) expect(after[name]!.filter((id) => id < 200)).toEqual(ids)
    await run(400, [{ ...all[0], seed: 7 }])
    expect((await splits())['train']).not.toEqual(after['train'])
  })

  it('keeps rows together that have the same values, and writes other formats', async () => {
    await writeRows(rowsOf(100))
    await run(100, [{ processor_type: 'split', shares: { one: 0.5, two: 0.5 }, by: ['topic'], format: 'csv' }])
    const topics = async (name: string): Promise<readonly string[]> =>
      [...new Set((await textIn(`split/${name}.csv`)).match(/topic \d+/g) ?? [])].toSorted()
    const [one, two] = [await topics('one'), await topics('two')]
    expect(one.filter((topic) => two.includes(topic))).toEqual([])
    expect(one.length + two.length).toBe(20)
    expect(one.length).toBeGreaterThan(0)
    expect(two.length).toBeGreaterThan(0)
  })
})

describe('processors that follow one another', () => {
  it('read the rows of the nearest deduplicate or shuffle before them, or of the one they name', async () => {
    await writeRows(rowsOf(50, (id) => `same ${id % 5}`))
    const processors = [
      { processor_type: 'deduplicate', columns: ['text'] },
      { processor_type: 'shuffle' },
      { processor_type: 'export', format: 'jsonl', columns: ['id'] },
      { processor_type: 'export', name: 'all', input: null, format: 'csv', columns: ['text', 'id'] },
      { processor_type: 'export', name: 'ordered', input: 'deduplicate', format: 'parquet' },
    ]
    expect(await run(50, processors)).toEqual(['deduplicate', 'shuffle', 'export', 'all', 'ordered'])
    const shuffled = await idsIn('shuffle')
    expect(shuffled.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
    expect(await textIn('export/export.jsonl')).toBe(shuffled.map((id) => `{"id":${id}}\n`).join(''))
    expect((await textIn('all/all.csv')).split('\n').slice(0, 2)).toEqual(['text,id', 'same 0,0'])
    expect((await textIn('all/all.csv')).split('\n').length).toBe(52)
    expect(await idsIn('ordered', /^ordered\.parquet$/)).toEqual([0, 1, 2, 3, 4])
  })

  it('are made anew when their options or what they read change, and no others', async () => {
    await writeRows(rowsOf(30))
    const chain = (threshold: number, format = 'jsonl'): readonly object[] => [
      { processor_type: 'export', name: 'raw', format: 'csv' },
      { processor_type: 'deduplicate', columns: ['text'], threshold },
      { processor_type: 'export', format },
    ]
    expect(await run(30, chain(0.8))).toEqual(['raw', 'deduplicate', 'export'])
    expect(await run(30, chain(0.8))).toEqual([])
    expect(await run(30, chain(0.8, 'parquet'))).toEqual(['export'])
    expect(await storage.list('processors-files/export')).toEqual(['.made-from.json', 'export.parquet'])
    expect(await run(30, chain(0.9, 'parquet'))).toEqual(['deduplicate', 'export'])
    await storage.remove('processors-files/export')
    expect(await run(30, chain(0.9, 'parquet'))).toEqual(['export'])
    await writeRows(rowsOf(31))
    expect(await run(31, chain(0.9, 'parquet'))).toEqual(['raw', 'deduplicate', 'export'])
  })

  it('leave no scratch file behind, nor when a custom one fails', async () => {
    await writeRows(rowsOf(10))
    const scratching: DatasetProcessor = {
      name: 'scratching',
      async *process(tables, _schema, { scratch, options }) {
        let rows = 0
        for await (const table of tables) rows += table.rowCount
        await scratch.write('rows', new TextEncoder().encode(String(rows)))
        if (options['fails'] === true) throw new Error('as it was told')
        yield file('rows.txt', new TextDecoder().decode(await scratch.read('rows')))
      },
    }
    const custom = (options: object): readonly object[] => [{ processor_type: 'custom', name: 'mine', processor: 'scratching', options }]
    await expect(run(10, custom({ fails: true }), { registered: [scratching] })).rejects.toMatchObject({ code: 'PROCESSOR_FAILED' })
    expect(await filesBelow(storage, keys.partialFolder, true)).toEqual({})
    expect(await run(10, custom({ fails: false }), { registered: [scratching] })).toEqual(['mine'])
    expect(await filesBelow(storage, keys.partialFolder, true)).toEqual({})
    expect(await textIn('mine/rows.txt')).toBe('10')
  })
})
