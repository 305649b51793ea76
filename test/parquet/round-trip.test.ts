import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { encodeTable } from '../../src/parquet/encode-table.ts'
import { describeSchemaDifference, isSameSchema } from '../../src/parquet/footer-schema.ts'
import { readFooter } from '../../src/parquet/read-footer.ts'
import { readTable } from '../../src/parquet/read-table.ts'
import { verifyBytes } from '../../src/parquet/verify-bytes.ts'
import { anySchemaAndTable, column, columnsOf, group, HARD_TEXTS, list, tableOf } from './builders.ts'

import type { Schema } from '../../src/values.ts'

describe('a table encoded and read back', () => {
  it('has the same schema and the same values, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(anySchemaAndTable, async ({ schema, table }) => {
        const bytes = await encodeTable(schema, table, '{"a":1}')
        const read = await readTable(bytes)
        expect(read.schema).toEqual(schema)
        expect(read.table.rowCount).toBe(table.rowCount)
        expect(columnsOf(read.table)).toEqual(columnsOf(table))
        expect(await verifyBytes(bytes)).toEqual({ ok: true })
      }),
      { numRuns: 300 },
    )
  })

  it('keeps null, empty, null element and null field apart', async () => {
    const schema = [
      column('lists', list({ kind: 'string' })),
      column('groups', group(column('a', 'string'), column('b', list({ kind: 'int64' })))),
      column('nested', list(list({ kind: 'double' }))),
      column('people', list(group(column('name', 'string'), column('tags', list({ kind: 'string' }))))),
    ]
    const table = tableOf({
      lists: [null, [], [null], ['', null, 'x']],
      groups: [null, { a: null, b: null }, { a: '', b: [] }, { a: 'x', b: [1, null] }],
      nested: [[], [[]], [null, [], [null], [1.5, 2]], null],
      people: [
        [null],
        [{ name: null, tags: null }],
        [
          { name: 'x', tags: [] },
          { name: 'y', tags: [null, 'z'] },
        ],
        null,
      ],
    })
    expect(columnsOf((await readTable(await encodeTable(schema, table))).table)).toEqual(columnsOf(table))
  })

  it('keeps texts, the largest integers and the ends of time exactly', async () => {
    const integers = [2 ** 53 - 1, -(2 ** 53 - 1), 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 0, null]
    const times = [new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15), new Date('1815-12-10T00:00:00.001Z'), null, null, null]
    const schema = [column('integer', 'int64'), column('time', 'timestamp')]
    const bytes = await encodeTable(schema, tableOf({ integer: integers, time: times }))
    expect(columnsOf((await readTable(bytes)).table)).toEqual({ integer: integers, time: times })
    const texts = await encodeTable([column('text', 'string')], tableOf({ text: HARD_TEXTS }))
    expect(columnsOf((await readTable(texts)).table)).toEqual({ text: HARD_TEXTS })
  })

  it('gives an integer that is small enough as a number, also when it was written as a bigint', async () => {
    const bytes = await encodeTable([column('n', 'int64')], tableOf({ n: [5n, -(2n ** 53n) + 1n] }))
    expect((await readTable(bytes)).table.columns.get('n')).toEqual([5, Number.MIN_SAFE_INTEGER])
  })

  it('has ±Infinity and -0 as they were', async () => {
    const values = [Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE]
    const bytes = await encodeTable([column('x', 'double')], tableOf({ x: values }))
    expect((await readTable(bytes)).table.columns.get('x')).toEqual(values)
  })

  it('takes missing fields of a group for null', async () => {
    const bytes = await encodeTable([column('g', group(column('a', 'string'), column('b', 'int64')))], tableOf({ g: [{ a: 'x' }] }))
    expect((await readTable(bytes)).table.columns.get('g')).toEqual([{ a: 'x', b: null }])
  })

  it('keeps the order of columns that are named like numbers', async () => {
    const schema = [column('10', 'string'), column('2', 'string'), column('1', 'string')]
    const table = { rowCount: 1, columns: new Map(['10', '2', '1'].map((name) => [name, [name]])) }
    const read = await readTable(await encodeTable(schema, table))
    expect(read.schema.map(({ name }) => name)).toEqual(['10', '2', '1'])
    expect([...read.table.columns.values()]).toEqual([['10'], ['2'], ['1']])
  })

  it('is a file with schema, receipt and checksums also when it has no rows', async () => {
    const schema = [column('a', 'string'), column('b', list({ kind: 'int64' }))]
    const bytes = await encodeTable(schema, tableOf({ a: [], b: [] }), '{"rows":0}')
    const footer = await readFooter(bytes)
    expect(footer).toMatchObject({ rowCount: 0, schema })
    expect(footer.metadata.get('parquetry.receipt')).toBe('{"rows":0}')
    expect((await readTable(bytes)).table.rowCount).toBe(0)
    expect(await verifyBytes(bytes)).toEqual({ ok: true })
  })

  it('is the same over many pages, also for long lists, long texts and runs of nulls', async () => {
    const rowCount = 20_000
    const make = <T>(value: (row: number) => T): T[] => Array.from({ length: rowCount }, (_, row) => value(row))
    const table = tableOf({
      lists: make((row) => (row % 5 === 0 ? null : Array.from({ length: row % 7 }, (_, index) => (index === 3 ? null : row + index)))),
      text: make((row) => (row < 9_000 ? null : row % 1000 === 0 ? '長'.repeat(200_000) : `row ${row}`)),
      flag: make((row) => (row % 3 === 0 ? null : row % 2 === 0)),
    })
    const schema = [column('lists', list({ kind: 'int64' })), column('text', 'string'), column('flag', 'boolean')]
    const bytes = await encodeTable(schema, table)
    expect(columnsOf((await readTable(bytes)).table)).toEqual(columnsOf(table))
    const part = await readTable(bytes, { columns: ['flag', 'lists'], rowStart: 12_345, rowEnd: 12_400 })
    expect(columnsOf(part.table)).toEqual({
      flag: table.columns.get('flag')?.slice(12_345, 12_400),
      lists: table.columns.get('lists')?.slice(12_345, 12_400),
    })
    expect([...part.table.columns.keys()]).toEqual(['flag', 'lists'])
  })

  it('is the same in every compression, and smaller in the one we write', async () => {
    const schema = [column('a', 'string')]
    const table = tableOf({ a: Array.from({ length: 2000 }, (_, row) => `customer ${row % 10} wrote a review`) })
    const plain = await encodeTable(schema, table, null, { compression: 'UNCOMPRESSED' })
    const ours = await encodeTable(schema, table)
    expect(columnsOf((await readTable(plain)).table)).toEqual(columnsOf((await readTable(ours)).table))
    expect(ours.byteLength).toBeLessThan(plain.byteLength / 2)
  })
})

describe('reading a part of a file', () => {
  it('reads the rows and columns asked for, clipped to the file', async () => {
    const bytes = await encodeTable([column('a', 'int64'), column('b', 'string')], tableOf({ a: [0, 1, 2, 3], b: ['0', '1', '2', '3'] }))
    const read = async (rowStart: number, rowEnd: number): Promise<unknown> =>
      (await readTable(bytes, { columns: ['b'], rowStart, rowEnd })).table.columns.get('b')
    expect(await read(1, 3)).toEqual(['1', '2'])
    expect(await read(3, 99)).toEqual(['3'])
    expect(await read(9, 99)).toEqual([])
    await expect(readTable(bytes, { columns: ['c'] })).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  it('reads a footer with one small read, and a large one with two', async () => {
    const reads: [number, number][] = []
    const watch = (bytes: Uint8Array) => ({
      byteLength: bytes.byteLength,
      slice: (start: number, end: number) => (reads.push([start, end]), Promise.resolve(bytes.subarray(start, end))),
    })
    const schema = [column('a', 'string')]
    const table = tableOf({ a: Array.from({ length: 30_000 }, (_, row) => `${row * 7919}`) })
    const small = await encodeTable(schema, table, '{}')
    expect((await readFooter(watch(small))).rowCount).toBe(30_000)
    expect(reads).toEqual([[small.byteLength - 65_536, small.byteLength]])
    reads.length = 0
    const receipt = JSON.stringify({ note: 'x'.repeat(100_000) })
    const large = await encodeTable(schema, table, receipt)
    expect((await readFooter(watch(large))).metadata.get('parquetry.receipt')).toBe(receipt)
    expect(reads).toHaveLength(2)
  })

  it('passes on the errors of its source, and calls no file damaged for them', async () => {
    const source = { byteLength: 1000, slice: () => Promise.reject(new Error('disk gone')) }
    await expect(readFooter(source)).rejects.toThrow('disk gone')
    await expect(readFooter(source)).rejects.not.toMatchObject({ code: 'DATASET_DAMAGED' })
  })
})

describe('the comparison of schemas', () => {
  const schema: Schema = [column('a', 'string'), column('b', group(column('x', 'int64')))]

  it('finds equal ones equal and names the first difference of others', () => {
    expect(isSameSchema(schema, structuredClone(schema))).toBe(true)
    expect(describeSchemaDifference(schema, schema.slice(0, 1))).toBe('column 1 is "b" on one side and missing on the other')
    expect(describeSchemaDifference(schema, [column('a', 'string'), column('b', group(column('x', 'double')))])).toBe(
      'column "b" is group<"x": int64> on one side and group<"x": double> on the other',
    )
    expect(isSameSchema(schema, [...schema].reverse())).toBe(false)
  })
})
