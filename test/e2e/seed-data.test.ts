import { existsSync } from 'node:fs'
import { cp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ensureBuilt } from '../cli/helpers.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import type { Workshop } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { makeSeedFolder } from '../seed/seeds.ts'
import type { SeedFolder } from '../seed/seeds.ts'
import { previewInMemory } from '../../src/worker/preview-in-memory.ts'
import { startWorkerProcess } from './worker-process.ts'

let workshop: Workshop
let stub: ModelStub
let seeds: SeedFolder
beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  stub = await startModelStub(30)
  seeds = await makeSeedFolder()
}, 180_000)
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
  await seeds?.remove()
})

/** A file of so many rows under a new name. */
async function seedFile(rows: number, tag = 'x'): Promise<string> {
  const name = `${tag}-${rows}-${Math.random().toString(36).slice(2)}.csv`
  return await seeds.write(name, `n,text\n${Array.from({ length: rows }, (_, row) => `${row},"${tag}, ${row}"\n`).join('')}`)
}

function config(path: string, more: object = {}, columns: readonly object[] = []): object {
  return {
    seed_config: { source: { seed_type: 'local', path }, ...more },
    columns: [{ name: 'upper', column_type: 'expression', expr: '{{ text | upper }} {{ n }}' }, ...columns],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: 8 } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
  }
}

const asked = { name: 'answer', column_type: 'llm-text', model_alias: 'm', prompt: 'Row {{ n }}: {{ text }}' }
const numbers = async (location: string): Promise<unknown[]> => (await rowsOf(location)).map(({ n }) => n)

describe('a dataset with seed data', () => {
  it(
    'takes their rows in order and begins anew after the last one, whatever the size of its row groups',
    { timeout: 120_000 },
    async () => {
      const path = await seedFile(7)
      const rows = []
      for (const bufferSize of [1, 5, 100]) {
        const { location, state } = await workshop.make(config(path), {
          datasetName: `ordered-${bufferSize}`,
          numRecords: 17,
          bufferSize,
          seed: 3,
        })
        expect(state).toBe('complete')
        rows.push(await rowsOf(location))
      }
      expect(rows[0]!.map(({ n }) => n)).toEqual(Array.from({ length: 17 }, (_, row) => row % 7))
      expect(rows[0]![8]).toEqual({ n: 1, text: 'x, 1', upper: 'X, 1 1' })
      expect(rows[1]).toEqual(rows[0])
      expect(rows[2]).toEqual(rows[0])
    },
  )

  it(
    'shuffles them without a repeat before each cycle ends, and gives the same order when it is extended',
    { timeout: 120_000 },
    async () => {
      const path = await seedFile(10)
      const options = { datasetName: 'shuffled', bufferSize: 4, seed: 3 }
      const first = await workshop.make(config(path, { sampling_strategy: 'shuffle' }), { ...options, numRecords: 13 })
      const before = await numbers(first.location)
      await workshop.make(config(path, { sampling_strategy: 'shuffle' }), { ...options, numRecords: 30, resume: 'always' })
      const all = await numbers(first.location)
      expect(all.slice(0, 13)).toEqual(before)
      const cycles = [all.slice(0, 10), all.slice(10, 20), all.slice(20)]
      for (const cycle of cycles) expect(cycle.toSorted((a, b) => Number(a) - Number(b))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(new Set(cycles.map(String)).size).toBe(3)
      expect(cycles.map(String)).not.toContain('0,1,2,3,4,5,6,7,8,9')
    },
  )

  it('takes only the rows selected', { timeout: 120_000 }, async () => {
    const path = await seedFile(10)
    const range = await workshop.make(config(path, { selection_strategy: { start: 2, end: 4 } }), { datasetName: 'range', numRecords: 5 })
    expect(await numbers(range.location)).toEqual([2, 3, 4, 2, 3])
    const part = await workshop.make(config(path, { sampling_strategy: 'shuffle', selection_strategy: { index: 2, num_partitions: 3 } }), {
      datasetName: 'part',
      numRecords: 4,
    })
    expect((await numbers(part.location)).toSorted((a, b) => Number(a) - Number(b))).toEqual([6, 7, 8, 9])
  })

  it(
    'killed in the middle and resumed without its seed file has the rows of an unbroken one of other row groups',
    { timeout: 180_000 },
    async () => {
      const path = await seedFile(40)
      const shuffled = config(path, { sampling_strategy: 'shuffle' }, [asked])
      const unbroken = await workshop.make(shuffled, { datasetName: 'seed-unbroken', numRecords: 90, bufferSize: 45, seed: 5 })
      await stub.reset()
      const run = await workshop.start(shuffled, {
        datasetName: 'seed-killed',
        numRecords: 90,
        bufferSize: 20,
        seed: 5,
        run: { heartbeatTimeoutMs: 2_000 },
      })
      const worker = await startWorkerProcess(inject('temporalAddress'), run.taskQueue)
      await until(async () => (await stub.stats()).requests >= 30)
      await worker.kill()
      await rm(path)
      const last = await startWorkerProcess(inject('temporalAddress'), run.taskQueue)
      const result = await run.result()
      await last.terminate()
      expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 90, usage: { calls: 90 } } })
      expect(await rowsOf(result.location)).toEqual(await rowsOf(unbroken.location))
    },
  )

  it('makes its dropped rows again with the same seed rows', { timeout: 120_000 }, async () => {
    const path = await seedFile(40)
    const lucky = { name: 'lucky', column_type: 'expression', expr: "{{ [text, ''] | random }}" }
    const made = await workshop.make(
      { ...config(path, {}, [lucky]), parquetry: { max_drop_share: 1, refill_attempts: 0 } },
      { datasetName: 'drops', numRecords: 40, bufferSize: 8, seed: 2, retryDropped: true },
    )
    expect(made.retried?.rowsFilled).toBeGreaterThan(3)
    const rows = await rowsOf(made.location)
    expect(rows.length).toBe(made.totals.rowsWritten)
    for (const { n, text, lucky: kept } of rows) expect([text, kept]).toEqual([`x, ${Number(n)}`, `x, ${Number(n)}`])
    expect(rows.map(({ n }) => n)).toEqual(rows.map(({ n }) => Number(n)).toSorted((x, y) => x - y))
  })

  it('reads a large file as little as a small one: rows come from the snapshot in its folder', { timeout: 120_000 }, async () => {
    const path = await seedFile(30_000)
    const { location } = await workshop.make(config(path, { sampling_strategy: 'shuffle' }), {
      datasetName: 'many',
      numRecords: 30,
      bufferSize: 10,
    })
    expect(new Set(await numbers(location)).size).toBe(30)
    const [folder] = await readdir(join(location, 'seed-data'))
    const index = JSON.parse(await readFile(join(location, 'seed-data', folder!, 'index.json'), 'utf8')) as {
      row_count: number
      parts: unknown[][]
    }
    expect(index.row_count).toBe(30_000)
    expect(index.parts[0]!.length).toBeGreaterThan(5)
  })
})

describe('resuming a dataset with seed data', () => {
  const options = { numRecords: 4, bufferSize: 2, seed: 1 }

  it(
    'goes on when the file was moved, and refuses when its content changed; if_possible starts beside it',
    { timeout: 180_000 },
    async () => {
      const path = await seedFile(6)
      const first = await workshop.make(config(path), { ...options, datasetName: 'changes' })
      const moved = join(dirname(path), 'elsewhere.csv')
      await rename(path, moved)
      const extended = await workshop.make(config(moved), { ...options, numRecords: 6, datasetName: 'changes', resume: 'always' })
      expect(await numbers(extended.location)).toEqual([0, 1, 2, 3, 4, 5])

      await writeFile(moved, (await readFile(moved, 'utf8')).replace('x, 5', 'y, 5'))
      const again = { ...options, numRecords: 8, datasetName: 'changes' }
      await expect(workshop.start(config(moved), { ...again, resume: 'always' })).rejects.toMatchObject({
        code: 'RESUME_INCOMPATIBLE',
        message: `the seed data changed since ${first.location} was begun: new rows would not match its rows`,
      })
      const beside = await workshop.start(config(moved), { ...again, resume: 'if_possible' })
      expect(basename(beside.location)).toMatch(/^changes_\d\d-\d\d-\d{4}_\d{6}$/)
      expect(beside.notes.join()).toContain('the seed data changed')
      await workshop.withWorker(beside, () => beside.result())
      expect((await rowsOf(beside.location)).map(({ text }) => text).at(5)).toBe('y, 5')
    },
  )

  it('takes a file of the same size and time as unchanged, without reading it, and says so', { timeout: 120_000 }, async () => {
    const path = await seedFile(6)
    await workshop.make(config(path), { ...options, datasetName: 'same-time' })
    const { prepareConfig } = await import('../../src/config/prepare-config.ts')
    const datasetFolder = join(workshop.artifactPath, 'same-time')
    const warnings = async (): Promise<string> =>
      (await prepareConfig(config(path), { datasetFolder })).warnings.map(({ message }) => message).join()
    expect(await warnings()).toContain('the seed file has the size and time of when it was read')
    const { mtime, atime } = await stat(path)
    await utimes(path, atime, new Date(mtime.getTime() + 5_000))
    expect(await warnings()).toBe('')
  })

  it('makes the snapshot anew from the same data when it was lost, and refuses others', { timeout: 120_000 }, async () => {
    const path = await seedFile(6)
    const { location } = await workshop.make(config(path), { ...options, datasetName: 'lost' })
    await rm(join(location, 'seed-data'), { recursive: true })
    await workshop.make(config(path), { ...options, numRecords: 6, datasetName: 'lost', resume: 'always' })
    expect(await numbers(location)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('says what is wrong with a snapshot that is damaged', { timeout: 120_000 }, async () => {
    const path = await seedFile(6)
    const { location } = await workshop.make(config(path), { ...options, datasetName: 'broken' })
    const [folder] = await readdir(join(location, 'seed-data'))
    const part = join(location, 'seed-data', folder!, 'part-00000.bin')
    const bytes = await readFile(part)
    bytes[bytes.length - 10]! ^= 1
    await writeFile(part, bytes)
    await expect(workshop.make(config(path), { ...options, numRecords: 6, datasetName: 'broken', resume: 'always' })).rejects.toThrow(
      /seed-data.*missing or damaged/s,
    )
  })

  it('leaves nothing behind when the data change while they are copied', { timeout: 60_000 }, async () => {
    const { prepareConfig } = await import('../../src/config/prepare-config.ts')
    const path = await seedFile(6)
    const prepared = await prepareConfig(config(path))
    await writeFile(path, 'n,text\n1,other\n')
    await expect(
      workshop.client.start(prepared, { artifactPath: workshop.artifactPath, datasetName: 'moving', numRecords: 3 }),
    ).rejects.toMatchObject({ code: 'SEED_DATA_CHANGED' })
    const left = existsSync(join(workshop.artifactPath, 'moving')) ? await readdir(join(workshop.artifactPath, 'moving')) : []
    expect(left).toEqual([])
  })
})

describe('the example product-questions', () => {
  it('finds its data beside it, and shows every product once a cycle', { timeout: 120_000 }, async () => {
    const example = fileURLToPath(new URL('../../examples/product-questions.yaml', import.meta.url))
    const { location } = await workshop.make(example, { datasetName: 'questions', numRecords: 16, provider: 'rehearsal' })
    const rows = await rowsOf(location)
    expect(new Set(rows.slice(0, 8).map(({ sku }) => sku)).size).toBe(8)
    const lacking = rows.filter(({ stock }) => stock === 0)
    expect(lacking.length).toBe(2)
    expect(lacking.every(({ topic }) => topic === 'when it is back in stock')).toBe(true)
    expect(rows.find(({ sku }) => sku === '0017')).toMatchObject({ product: 'Trail shoe "Fell", waterproof', price: 129.9, stock: 14 })
  })
})

describe('a dataset with seed data that DataDesigner 0.9.6 began', () => {
  it('is gone on with: the seed columns in its builder_config.json are those of the data', { timeout: 120_000 }, async () => {
    const fixture = fileURLToPath(new URL('../fixtures/data-designer-seeded/', import.meta.url))
    const begun = join(workshop.artifactPath, 'theirs')
    await cp(join(fixture, 'dataset-begun'), begun, { recursive: true })
    const result = await workshop.make(join(fixture, 'config.yaml'), { datasetName: 'theirs', numRecords: 7, resume: 'always' })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 7 }, produced: { rowsWritten: 3 } })
    expect(await numbers(result.location)).toEqual([1, 2, 3, 1, 2, 3, 1])
    const stored = JSON.parse(await readFile(join(begun, 'builder_config.json'), 'utf8')) as {
      data_designer: { columns: { column_type: string }[] }
    }
    expect(stored.data_designer.columns.map(({ column_type: type }) => type)).toEqual(['expression'])
  })
})

describe('a preview', () => {
  it('begins with the seed rows that a run with the same seed begins with', { timeout: 120_000 }, async () => {
    const path = await seedFile(50)
    const { prepareConfig } = await import('../../src/config/prepare-config.ts')
    const shuffled = config(path, { sampling_strategy: 'shuffle' })
    const { compiled, seedPlace } = await prepareConfig(shuffled)
    const { records } = await previewInMemory({
      compiled,
      seedPlace,
      seed: '9',
      referenceTime: '2024-01-01T00:00:00Z',
      numRecords: 6,
      signal: new AbortController().signal,
      env: {},
    })
    const { location } = await workshop.make(shuffled, { datasetName: 'previewed', numRecords: 6, seed: 9 })
    expect(records.map(({ values }) => values)).toEqual(await rowsOf(location))
  })
})
