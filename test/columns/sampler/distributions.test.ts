import { describe, expect, it } from 'vitest'
import { chiSquareScore, kolmogorovSmirnov, moments, normalDistribution } from '../../random/statistics.ts'
import type { Value } from '../../../src/values.ts'
import { column, params, program, rowsOf, valuesOf } from './samplers.ts'

const SIZE = 30_000

function sharesScore(values: readonly Value[], shares: ReadonlyMap<Value, number>): number {
  const counts = new Map<Value, number>([...shares.keys()].map((value) => [value, 0]))
  for (const value of values) {
    expect(counts.has(value), `unexpected value ${JSON.stringify(value)}`).toBe(true)
    counts.set(value, counts.get(value)! + 1)
  }
  return Math.abs(
    chiSquareScore(
      [...counts.values()],
      [...shares.values()].map((share) => share * values.length),
    ),
  )
}

describe('category', () => {
  it('draws all values alike without weights', async () => {
    const values = await valuesOf(column('x', 'category', { values: ['a', 'b', 'c', 'd'] }), SIZE)
    expect(sharesScore(values, new Map(['a', 'b', 'c', 'd'].map((value) => [value, 0.25])))).toBeLessThan(4)
  })

  it('draws by weights, which need not sum to 1, and never what weighs nothing', async () => {
    const values = await valuesOf(column('x', 'category', { values: ['a', 'b', 'c', 'd'], weights: [2, 0, 6, 0] }), SIZE)
    expect(
      sharesScore(
        values,
        new Map([
          ['a', 0.25],
          ['c', 0.75],
        ]),
      ),
    ).toBeLessThan(4)
  })

  it('keeps numbers as numbers, and writes them as Python does beside text', async () => {
    expect(new Set(await valuesOf(column('x', 'category', { values: [1, 2] }), 50))).toEqual(new Set([1, 2]))
    expect(new Set(await valuesOf(column('x', 'category', { values: [1, 2.5] }), 50))).toEqual(new Set([1, 2.5]))
    expect(new Set(await valuesOf(column('x', 'category', { values: ['a', 1, 2.5] }), 90))).toEqual(new Set(['a', '1', '2.5']))
  })

  it('converts', async () => {
    const converted = async (values: readonly (string | number)[], convert_to: string): Promise<Set<Value>> =>
      new Set(await valuesOf(column('x', 'category', { values }, { convert_to }), 90))
    expect(await converted([1, 2], 'str')).toEqual(new Set(['1', '2']))
    expect(await converted([1, 2.5], 'str')).toEqual(new Set(['1.0', '2.5']))
    expect(await converted([0.5, 1.5, 2.6], 'int')).toEqual(new Set([0, 2, 3]))
    expect(await converted(['5', ' 6.5 '], 'float')).toEqual(new Set([5, 6.5]))
  })
})

describe('subcategory', () => {
  it('draws from the list of its parent, alike within it', async () => {
    const rows = rowsOf(
      await program([
        column('child', 'subcategory', { category: 'parent', values: { a: ['x', 'y'], b: ['z'] } }),
        column('parent', 'category', { values: ['a', 'b'] }),
      ]),
      SIZE,
    )
    expect(rows.every((row) => (row['parent'] === 'b') === (row['child'] === 'z'))).toBe(true)
    const children = rows.filter((row) => row['parent'] === 'a').map((row) => row['child']!)
    expect(
      sharesScore(
        children,
        new Map([
          ['x', 0.5],
          ['y', 0.5],
        ]),
      ),
    ).toBeLessThan(4)
  })

  it('finds the lists of numeric parents, whose keys are text, before and after conversion', async () => {
    for (const [values, lists, convert_to] of [
      [[1, 2], { 1: ['one'], 2: ['two'] }, null],
      [[1, 2], { 1: ['one'], 2: ['two'] }, 'str'],
      [[1, 2.5], { '1.0': ['one'], 2.5: ['two'] }, null],
      [[1.2, 2.4], { 1: ['one'], 2: ['two'] }, 'int'],
    ] as const) {
      const rows = rowsOf(
        await program([
          column('parent', 'category', { values }, { convert_to }),
          column('child', 'subcategory', { category: 'parent', values: lists as unknown as Record<string, string[]> }),
        ]),
        60,
      )
      expect(rows.every((row) => (row['child'] === 'one') === JSON.stringify(row['parent']).replace('"', '').startsWith('1'))).toBe(true)
      expect(new Set(rows.map((row) => row['child']))).toEqual(new Set(['one', 'two']))
    }
  })

  it('knows the values its parent has by a condition only', async () => {
    const rows = rowsOf(
      await program([
        column('root', 'category', { values: ['r', 's'] }),
        column('parent', 'category', { values: ['a'] }, { conditional_params: { 'root == s': params('category', { values: ['b'] }) } }),
        column('child', 'subcategory', { category: 'parent', values: { a: ['x'], b: ['y'] } }),
      ]),
      60,
    )
    expect(rows.every((row) => (row['root'] === 's') === (row['child'] === 'y'))).toBe(true)
  })
})

describe('uniform', () => {
  it('fits its distribution', async () => {
    const values = (await valuesOf(column('x', 'uniform', { low: -3, high: 5 }), SIZE)) as number[]
    expect(values.every((value) => value >= -3 && value < 5)).toBe(true)
    expect(kolmogorovSmirnov(values, (x) => (x + 3) / 8)).toBeLessThan(1.95)
  })

  it('rounds to its decimal places, and conditions to their own only', async () => {
    const columns = [
      column('kind', 'category', { values: ['a', 'b', 'c'] }),
      column(
        'x',
        'uniform',
        { low: 0, high: 10, decimal_places: 1 },
        {
          conditional_params: {
            'kind == b': params('uniform', { low: 20, high: 30 }),
            'kind == c': params('uniform', { low: 40, high: 50, decimal_places: 3 }),
          },
        },
      ),
    ]
    const rows = rowsOf(await program(columns), 300)
    const decimals = (value: Value): number => (JSON.stringify(value).split('.')[1] ?? '').length
    expect(rows.filter((row) => row['kind'] === 'a').every((row) => decimals(row['x']!) <= 1)).toBe(true)
    expect(Math.max(...rows.filter((row) => row['kind'] === 'b').map((row) => decimals(row['x']!)))).toBeGreaterThan(3)
    const finer = rows.filter((row) => row['kind'] === 'c').map((row) => decimals(row['x']!))
    expect(Math.max(...finer)).toBe(3)
  })

  it('converts: int by rounding halves to even, str as Python writes floats', async () => {
    const ints = await valuesOf(column('x', 'uniform', { low: 0, high: 3 }, { convert_to: 'int' }), SIZE)
    expect(
      sharesScore(
        ints,
        new Map([
          [0, 1 / 6],
          [1, 1 / 3],
          [2, 1 / 3],
          [3, 1 / 6],
        ]),
      ),
    ).toBeLessThan(4)
    const texts = await valuesOf(column('x', 'uniform', { low: 29, high: 29 }, { convert_to: 'str' }), 1)
    expect(texts).toEqual(['29.0'])
  })
})

describe('gaussian', () => {
  it('fits its distribution', async () => {
    const values = (await valuesOf(column('x', 'gaussian', { mean: 50, stddev: 7 }), SIZE)) as number[]
    expect(kolmogorovSmirnov(values, (x) => normalDistribution((x - 50) / 7))).toBeLessThan(1.95)
  })

  it('is its mean without deviation', async () => {
    expect(await valuesOf(column('x', 'gaussian', { mean: 2.5, stddev: 0 }, { convert_to: 'int' }), 1)).toEqual([2])
  })

  it('gives integers beyond 2^53 as bigint', async () => {
    expect(await valuesOf(column('x', 'gaussian', { mean: 2 ** 60, stddev: 0 }, { convert_to: 'int' }), 1)).toEqual([2n ** 60n])
  })
})

describe('counts', () => {
  it('fit their moments through the whole program', async () => {
    for (const [sampler, mean, variance] of [
      [column('x', 'bernoulli', { p: 0.3 }), 0.3, 0.21],
      [column('x', 'binomial', { n: 12, p: 0.25 }), 3, 2.25],
      [column('x', 'binomial', { n: 1000, p: 0.5 }), 500, 250],
      [column('x', 'poisson', { mean: 2.5 }), 2.5, 2.5],
      [column('x', 'poisson', { mean: 400 }), 400, 400],
    ] as const) {
      const values = (await valuesOf(sampler, SIZE)) as number[]
      const found = moments(values)
      expect(Math.abs(found.mean - mean) / Math.sqrt(variance / SIZE)).toBeLessThan(4)
      expect(found.variance / variance).toBeGreaterThan(0.95)
      expect(found.variance / variance).toBeLessThan(1.05)
    }
  })

  it('give 0 and 1 for a certain bernoulli, and text or floats on demand', async () => {
    expect(await valuesOf(column('x', 'bernoulli', { p: 1 }), 2)).toEqual([1, 1])
    expect(await valuesOf(column('x', 'bernoulli', { p: 0 }, { convert_to: 'str' }), 1)).toEqual(['0'])
    expect(await valuesOf(column('x', 'binomial', { n: 3, p: 1 }, { convert_to: 'float' }), 1)).toEqual([3])
  })
})

describe('datetime', () => {
  const instants = async (unit: 'Y' | 'M' | 'D' | 'h' | 'm' | 's', start: string, end: string): Promise<string[]> =>
    (await valuesOf(column('x', 'datetime', { start, end, unit }), 3000)) as string[]

  it('lies in [start, end), truncated to its unit', async () => {
    for (const [unit, shape] of [
      ['Y', /^\d{4}-01-01T00:00:00$/],
      ['M', /^\d{4}-\d{2}-01T00:00:00$/],
      ['D', /^\d{4}-\d{2}-\d{2}T00:00:00$/],
      ['h', /^\d{4}-\d{2}-\d{2}T\d{2}:00:00$/],
      ['m', /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:00$/],
      ['s', /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/],
    ] as const) {
      const values = await instants(unit, '2019-01-01', '2025-01-01')
      expect(values.every((value) => shape.test(value) && value >= '2019' && value < '2025')).toBe(true)
    }
  })

  it('never gives the end, and gives all units alike', async () => {
    const values = await instants('D', '2024-02-27', '2024-03-02')
    const days = ['2024-02-27', '2024-02-28', '2024-02-29', '2024-03-01'].map((day) => `${day}T00:00:00`)
    expect(sharesScore(values, new Map(days.map((day) => [day, 0.25])))).toBeLessThan(4)
  })

  it('reaches back before 1970', async () => {
    const values = await instants('h', '1899-12-31', '1900-01-01')
    expect(new Set(values).size).toBe(24)
    expect(values.every((value) => value.startsWith('1899-12-31T'))).toBe(true)
  })

  it('does not know the time zone of the machine', async () => {
    const zone = process.env['TZ']
    const seen: string[][] = []
    for (const name of ['UTC', 'Asia/Kathmandu', 'America/New_York']) {
      process.env['TZ'] = name
      seen.push(await instants('s', 'March 10, 2024 1:30 AM', '2024-03-10 04:00'))
    }
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
  })

  it('is written by a strftime pattern', async () => {
    const sampler = column('x', 'datetime', { start: '2024-03-05', end: '2024-03-06' }, { convert_to: '%A %d %b %y, week %V' })
    expect(await valuesOf(sampler, 1)).toEqual(['Tuesday 05 Mar 24, week 10'])
  })
})

describe('timedelta', () => {
  it('adds whole units in [dt_min, dt_max) to its reference', async () => {
    for (const [unit, seconds] of [
      ['D', 86_400],
      ['h', 3_600],
      ['m', 60],
      ['s', 1],
    ] as const) {
      const rows = rowsOf(
        await program([
          column('later', 'timedelta', { reference_column_name: 'start', dt_min: 2, dt_max: 6, unit }),
          column('start', 'datetime', { unit: 's' }),
        ]),
        3000,
      )
      const deltas = rows.map(
        (row) => (Date.parse(`${row['later'] as string}Z`) - Date.parse(`${row['start'] as string}Z`)) / 1000 / seconds,
      )
      expect(sharesScore(deltas, new Map([2, 3, 4, 5].map((delta) => [delta, 0.25])))).toBeLessThan(4)
    }
  })

  it('uses the reference itself, whatever pattern that is written in', async () => {
    const rows = rowsOf(
      await program([
        column('start', 'datetime', { start: '2024-12-31', end: '2025-01-01' }, { convert_to: '%d/%m' }),
        column('later', 'timedelta', { dt_min: 1, dt_max: 2 }),
        column('last', 'timedelta', { reference_column_name: 'later', dt_min: 1, dt_max: 2, unit: 'h' }, { convert_to: '%F %H' }),
      ]),
      1,
    )
    expect(rows).toEqual([{ start: '31/12', later: '2025-01-01T00:00:00', last: '2025-01-01 01' }])
  })
})

describe('uuid', () => {
  it('is 32 hex digits of version 4, distinct, with its prefix', async () => {
    const values = (await valuesOf(column('x', 'uuid', { prefix: 'ID-' }), SIZE)) as string[]
    expect(values.every((value) => /^ID-[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/.test(value))).toBe(true)
    expect(new Set(values).size).toBe(SIZE)
  })

  it('is short without ever repeating, also where random draws would', async () => {
    const values = (await valuesOf(column('x', 'uuid', { short_form: true, uppercase: true, prefix: 'a' }), 300_000)) as string[]
    expect(values.every((value) => /^a[0-9A-F]{8}$/.test(value))).toBe(true)
    // 300,000 independent draws of 32 bits would repeat about ten times
    expect(new Set(values).size).toBe(300_000)
  })

  it('differs between columns', async () => {
    const rows = rowsOf(await program([column('a', 'uuid', { short_form: true }), column('b', 'uuid', { short_form: true })]), 100)
    expect(rows.some((row) => row['a'] === row['b'])).toBe(false)
  })
})
