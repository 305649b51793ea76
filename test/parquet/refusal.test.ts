import { describe, expect, it } from 'vitest'

import { createValueChecker, encodeTable } from '../../src/parquet/encode-table.ts'
import { column, group, list, tableOf } from './builders.ts'

import type { Field, Schema, Value, ValueType } from '../../src/values.ts'

const cases: [what: string, type: ValueType, value: unknown, found: string][] = [
  ['a text in an integer column', { kind: 'int64' }, '12', 'a text of 2 characters'],
  ['a fraction in an integer column', { kind: 'int64' }, 1.5, 'the number 1.5'],
  ['an integer number that may be rounded', { kind: 'int64' }, 2 ** 53, 'the number 9007199254740992'],
  ['an integer beyond int64', { kind: 'int64' }, 2n ** 63n, 'the integer 9223372036854775808'],
  ['an integer below int64', { kind: 'int64' }, -(2n ** 63n) - 1n, 'the integer -9223372036854775809'],
  ['NaN in an integer column', { kind: 'int64' }, NaN, 'the number NaN'],
  ['NaN', { kind: 'double' }, NaN, 'the number NaN'],
  ['a bigint in a double column', { kind: 'double' }, 1n, 'the integer 1'],
  ['a text in a double column', { kind: 'double' }, '1.5', 'a text of 3 characters'],
  ['an array in a text column', { kind: 'string' }, ['a'], 'an array of 1'],
  ['a Date in a text column', { kind: 'string' }, new Date(0), 'a Date'],
  ['a number in a text column', { kind: 'string' }, 7, 'the number 7'],
  ['an object in a text column', { kind: 'string' }, {}, 'an object'],
  ['half a surrogate pair', { kind: 'string' }, 'x\ud83d', 'a text of 2 characters with half a surrogate pair'],
  ['a number in a boolean column', { kind: 'boolean' }, 1, 'the number 1'],
  ['a text in a timestamp column', { kind: 'timestamp' }, '2026-01-01', 'a text of 10 characters'],
  ['an invalid Date', { kind: 'timestamp' }, new Date(NaN), 'an invalid Date'],
  ['undefined', { kind: 'string' }, undefined, 'undefined'],
  ['NaN inside JSON', { kind: 'json' }, { a: [NaN] }, 'an object'],
  ['a Date inside JSON', { kind: 'json' }, { a: new Date(0) }, 'an object'],
  ['undefined inside JSON', { kind: 'json' }, { a: undefined }, 'an object'],
  ['an integer inside JSON that readers would round', { kind: 'json' }, [2n ** 53n], 'an array of 1'],
  ['a Map inside JSON', { kind: 'json' }, new Map(), 'an object'],
  ['a text in a list column', list({ kind: 'string' }), 'abc', 'a text of 3 characters'],
  ['an array in a group column', group(column('a', 'string')), ['a'], 'an array of 1'],
]

async function failureOf(schema: Schema, columns: Record<string, readonly unknown[]>): Promise<unknown> {
  return encodeTable(schema, tableOf(columns as Record<string, readonly Value[]>)).then(
    () => 'encoded',
    (error: unknown) => error,
  )
}

describe('a value that the type cannot hold', () => {
  it.each(cases)('is refused by column and row: %s', async (_what, type, value, found) => {
    const field: Field = { name: 'price', type }
    const error = await failureOf([column('other', 'int64'), field], { other: [1, 2, 3], price: [null, null, value] })
    expect(error).toMatchObject({ code: 'VALUE_NOT_REPRESENTABLE', details: { column: 'price', row: 2, found } })
    expect((error as Error).message).toContain('Column "price", row 2')
    expect((error as Error).message).toContain(`found ${found}`)
  })

  it('is refused by its place inside lists and groups', async () => {
    const schema = [column('orders', list(group(column('items', list({ kind: 'int64' })))))]
    const error = await failureOf(schema, { orders: [[{ items: [1] }, { items: [1, 2, 'three'] }]] })
    expect(error).toMatchObject({ details: { column: 'orders', row: 0, place: '[1].items[2]' } })
  })

  it('is refused when it is a field that the group lacks, for it would be lost', async () => {
    const error = await failureOf([column('g', group(column('a', 'string')))], { g: [{ a: 'x', b: 'y' }] })
    expect(error).toMatchObject({ code: 'VALUE_NOT_REPRESENTABLE', details: { found: 'an object with the field "b"' } })
  })

  it('is refused when JSON is nested without end', async () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(await failureOf([column('j', 'json')], { j: [cycle] })).toMatchObject({ code: 'VALUE_NOT_REPRESENTABLE' })
  })

  it('is never quoted in the message, for it may be an answer or a prompt', async () => {
    const error = await failureOf([column('n', 'int64')], { n: ['secret words'] })
    expect(JSON.stringify(error) + String(error)).not.toContain('secret words')
  })

  it('is found by the checker one value at a time, which goes on after it', () => {
    const check = createValueChecker([column('n', 'int64'), column('l', list({ kind: 'string' }))])
    expect(() => check('n', 'x', 17)).toThrow('Column "n", row 17')
    expect(() => check('l', ['a', 3], 18)).toThrow('Column "l", row 18, at [1]')
    expect(() => check('l', ['a', null], 18)).not.toThrow()
    expect(() => check('n', 2n ** 60n, 19)).not.toThrow()
    expect(() => check('not in the file', 'x', 19)).not.toThrow()
  })
})

describe('a schema that no parquet file can have', () => {
  it.each([
    ['no columns', []],
    ['two columns of one name', [column('a', 'string'), column('a', 'int64')]],
    ['a column without a name', [column('', 'string')]],
    ['a group without fields', [column('g', group())]],
    ['two paths that readers take for one', [column('a.b', 'string'), column('a', group(column('b', 'string')))]],
    ['two paths that parquetjs-lite takes for one', [column('a,b', 'string'), column('a', group(column('b', 'string')))]],
    ['a field that objects cannot carry', [column('g', group(column('__proto__', 'string')))]],
  ])('is refused: %s', async (_what, schema) => {
    const table = { rowCount: 0, columns: new Map(schema.map(({ name }) => [name, []])) }
    await expect(encodeTable(schema, table)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('differs from a table that does not fit it, which is our own mistake', async () => {
    const schema = [column('a', 'string')]
    await expect(encodeTable(schema, { rowCount: 2, columns: new Map([['a', ['x']]]) })).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(encodeTable(schema, tableOf({ a: ['x'], b: ['y'] }))).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(encodeTable(schema, { rowCount: 0, columns: new Map() })).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})
