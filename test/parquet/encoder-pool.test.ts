import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { encodeTable } from '../../src/parquet/encode-table.ts'
import { createEncoderPool } from '../../src/parquet/encoder-pool.ts'
import { readTable } from '../../src/parquet/read-table.ts'
import { compileFolder } from '../helpers/compiled.ts'
import { column, columnsOf, group, list, tableOf } from './builders.ts'

import type { Table, Value } from '../../src/values.ts'

const schema = [
  column('text', 'string'),
  column('n', 'int64'),
  column('t', 'timestamp'),
  column('g', group(column('l', list({ kind: 'json' })))),
]

function sample(rowCount: number): Table {
  const make = (value: (row: number) => Value): Value[] => Array.from({ length: rowCount }, (_, row) => value(row))
  return tableOf({
    text: make((row) => `row ${row} 😀`),
    n: make((row) => 2n ** 60n + BigInt(row)),
    t: make((row) => new Date(row)),
    g: make((row) => (row % 2 === 0 ? null : { l: [{ row }, null] })),
  })
}

/** The pool as it is shipped, so that its threads run JavaScript. */
async function buildPool(): Promise<{ create: typeof createEncoderPool; remove(): Promise<void> }> {
  const built = await compileFolder('parquet')
  const { createEncoderPool: create } = await built.load<{ createEncoderPool: typeof createEncoderPool }>('encoder-pool')
  return { create, remove: () => built.remove() }
}

describe('an encoder pool of threads, compiled', () => {
  let built: Awaited<ReturnType<typeof buildPool>>
  beforeAll(async () => {
    built = await buildPool()
  })
  afterAll(() => built.remove())

  it('makes the very bytes that encoding in place makes', async () => {
    const pool = built.create({ threads: 2 })
    expect(pool.isThreaded).toBe(true)
    const bytes = await pool.encode(schema, sample(100), { note: 'ü' })
    expect(Buffer.from(bytes).equals(await encodeTable(schema, sample(100), '{"note":"ü"}'))).toBe(true)
    await pool.close()
  })

  it('encodes more jobs than it has threads, each its own', async () => {
    const pool = built.create({ threads: 2 })
    const files = await Promise.all(Array.from({ length: 12 }, (_, index) => pool.encode(schema, sample(index), null)))
    for (const [index, bytes] of files.entries()) {
      expect(columnsOf((await readTable(bytes)).table)).toEqual(columnsOf(sample(index)))
    }
    await pool.close()
  })

  it('leaves the event loop free', async () => {
    const pool = built.create({ threads: 1 })
    await pool.encode(schema, sample(1), null)
    const table = tableOf({ text: Array.from({ length: 200_000 }, (_, row) => `row ${row}`) })
    const job = pool.encode([column('text', 'string')], table, null)
    let turns = 0
    const timer = setInterval(() => turns++, 2)
    await job
    clearInterval(timer)
    expect(turns).toBeGreaterThan(5)
    await pool.close()
  })

  it('brings back the error of a value with column and row, and goes on', async () => {
    const pool = built.create({ threads: 1 })
    const bad = tableOf({ n: [1, 2, 'three'] })
    const failure = pool.encode([column('n', 'int64')], bad, null)
    const after = pool.encode([column('n', 'int64')], tableOf({ n: [1] }), null)
    await expect(failure).rejects.toMatchObject({
      name: 'ParquetryError',
      code: 'VALUE_NOT_REPRESENTABLE',
      message: expect.stringContaining('Column "n", row 2') as string,
      details: { column: 'n', row: 2 },
    })
    expect((await readTable(await after)).table.rowCount).toBe(1)
    await pool.close()
  })

  it('names the column and row of a value that cannot even be sent to a thread', async () => {
    const pool = built.create({ threads: 1 })
    const bad = tableOf({ n: [1, (() => 2) as unknown as Value] })
    await expect(pool.encode([column('n', 'int64')], bad, null)).rejects.toMatchObject({
      code: 'VALUE_NOT_REPRESENTABLE',
      details: { column: 'n', row: 1, found: 'function' },
    })
    expect((await pool.encode([column('n', 'int64')], tableOf({ n: [1] }), null)).byteLength).toBeGreaterThan(0)
    await pool.close()
  })

  it('refuses the job whose thread ran out of memory, replaces the thread, and loses no other job', async () => {
    const pool = built.create({ threads: 1, threadMemoryMb: 24 })
    const huge = tableOf({ j: Array.from({ length: 400_000 }, (_, row) => ({ row, a: [row, row + 1] })) })
    const killer = pool.encode([column('j', 'json')], huge, null)
    const after = pool.encode([column('n', 'int64')], tableOf({ n: [1, 2] }), null)
    await expect(killer).rejects.toMatchObject({ code: 'ROW_GROUP_KILLS_WORKER' })
    expect((await readTable(await after)).table.columns.get('n')).toEqual([1, 2])
    await pool.close()
  })

  it('finishes accepted jobs when it is closed, and refuses later ones', async () => {
    const pool = built.create({ threads: 1 })
    const jobs = [pool.encode(schema, sample(50), null), pool.encode(schema, sample(60), null)]
    await pool.close()
    expect(await Promise.all(jobs.map(async (job) => (await readTable(await job)).table.rowCount))).toEqual([50, 60])
    await expect(pool.encode(schema, sample(1), null)).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})

describe('an encoder pool from TypeScript sources', () => {
  it('makes the same bytes and the same errors, in threads or not', async () => {
    const pool = createEncoderPool({ threads: 2 })
    const bytes = await Promise.all([pool.encode(schema, sample(10), null), pool.encode(schema, sample(10), null)])
    const expected = await encodeTable(schema, sample(10))
    for (const file of bytes) expect(Buffer.from(file).equals(expected)).toBe(true)
    await expect(pool.encode([column('n', 'int64')], tableOf({ n: ['x'] }), null)).rejects.toMatchObject({
      code: 'VALUE_NOT_REPRESENTABLE',
      details: { column: 'n', row: 0 },
    })
    await pool.close()
    await expect(pool.encode(schema, sample(1), null)).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  it('lets others have the event loop between pages', async () => {
    const pool = createEncoderPool()
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    await pool.encode(schema, sample(50_000), null)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(5)
    await pool.close()
  })
})
