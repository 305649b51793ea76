import { describe, expect, it } from 'vitest'
import { createProfiler } from '../../../src/dataset/profile/profiler.ts'
import type { ProfiledColumn } from '../../../src/dataset/profile/profiler.ts'
import type { CategoricalDistribution, ColumnStatistics } from '../../../src/dataset/profile/statistics.ts'
import type { Table, Value, ValueType } from '../../../src/values.ts'

const tableOf = (columns: Record<string, readonly Value[]>): Table => ({
  rowCount: Object.values(columns)[0]?.length ?? 0,
  columns: new Map(Object.entries(columns)),
})

/** Statistics of one column, its values given in row groups. */
function profile(column: Partial<ProfiledColumn>, groups: readonly (readonly Value[])[], exactRows?: number): ColumnStatistics {
  const whole: ProfiledColumn = { name: 'x', columnType: 'sampler', valueType: { kind: 'string' }, ...column }
  const profiler = createProfiler([whole], exactRows === undefined ? {} : { exactRows })
  for (const values of groups) profiler.add(tableOf({ x: values }))
  return profiler.result()[0] as ColumnStatistics
}

describe('a profile', () => {
  it("has DataDesigner's names and numbers for a numerical sampler", () => {
    const groups = [[1, 2, null], [2, 10], []]
    expect(profile({ samplerType: 'gaussian', valueType: { kind: 'double' } }, groups)).toEqual({
      column_name: 'x',
      column_type: 'sampler',
      num_records: 5,
      num_null: 1,
      num_unique: 3,
      simple_dtype: 'float',
      pyarrow_dtype: 'double',
      sampler_type: 'gaussian',
      distribution_type: 'numerical',
      distribution: { min: 1, max: 10, mean: 3.75, stddev: expect.closeTo(4.193_248_5, 6), median: 2 },
      parquetry: { histogram: { edges: expect.any(Array), counts: expect.any(Array) } },
    })
  })

  it('has a histogram for a category, highest count first', () => {
    const groups = [
      ['A', 'B', 'A'],
      ['C', 'B', null, 'A'],
    ]
    expect(profile({ samplerType: 'category' }, groups)).toMatchObject({
      num_null: 1,
      num_unique: 3,
      distribution_type: 'categorical',
      distribution: { most_common_value: 'A', least_common_value: 'C', histogram: { categories: ['A', 'B', 'C'], counts: [3, 2, 1] } },
    })
  })

  it('counts the records that a validation column calls valid, of several targets those of which all are', () => {
    const valid = { is_valid: true }
    const [invalid, unknown] = [{ is_valid: false }, { is_valid: null }]
    const judged = { columnType: 'validation', valueType: { kind: 'json' } } as const
    expect(
      profile(judged, [
        [valid, invalid],
        [null, valid, unknown, {}, 'x'],
      ]),
    ).toMatchObject({ num_records: 7, num_valid_records: 2 })
    const groups = [
      [
        { a: valid, b: valid },
        { a: valid, b: invalid },
      ],
      [{ a: valid, b: null }, null],
    ]
    expect(profile(judged, groups)).toMatchObject({ num_valid_records: 1 })
    expect(profile({}, [['x']])).not.toHaveProperty('num_valid_records')
  })

  it('has no distribution for other samplers, and says where one cannot be made', () => {
    expect(profile({ samplerType: 'uuid' }, [['a', 'b']])).toMatchObject({
      sampler_type: 'uuid',
      distribution_type: 'other',
      distribution: null,
    })
    const person: ValueType = { kind: 'group', fields: [{ name: 'age', type: { kind: 'int64' } }] }
    expect(profile({ samplerType: 'person_from_faker', valueType: person }, [[{ age: 1 }, { age: 1 }, { age: 2 }]])).toMatchObject({
      num_unique: 2,
      distribution: null,
    })
    expect(profile({ samplerType: 'uniform', valueType: { kind: 'string' } }, [['1', '2']])).toMatchObject({
      distribution_type: 'unknown',
      distribution: '--',
    })
  })

  it('has lengths of texts, and counts of those that are labels', () => {
    const statistics = profile({ columnType: 'llm-text' }, [['hello', 'hello', 'you']])
    expect(statistics).toMatchObject({ column_type: 'llm-text', num_unique: 2 })
    expect(statistics).not.toHaveProperty('distribution_type')
    expect(statistics).not.toHaveProperty('sampler_type')
    expect(statistics.parquetry).toEqual({
      text_length: {
        min: 3,
        max: 5,
        mean: expect.closeTo(13 / 3),
        stddev: expect.any(Number),
        median: 5,
        histogram: { edges: [2.5, 3.5, 4.5, 5.5], counts: [1, 0, 2] },
      },
      values: { categories: ['hello', 'you'], counts: [2, 1] },
    })
    const prose = Array.from({ length: 200 }, (_, i) => `text ${i % 100}`)
    expect(profile({ columnType: 'llm-text' }, [prose]).parquetry).not.toHaveProperty('values')
  })

  it('calls a kind of column general that DataDesigner has no statistics for, and keeps its name beside', () => {
    expect(profile({ columnType: 'side-effect' }, [['a', 'b']])).toMatchObject({
      column_type: 'general',
      parquetry: { column_type: 'side-effect' },
    })
  })

  it('also describes computed numbers and booleans', () => {
    expect(profile({ columnType: 'expression', valueType: { kind: 'int64' } }, [[1n, 2, 3n]])).toMatchObject({
      num_unique: 3,
      distribution: { min: 1, max: 3, mean: 2, median: 2 },
    })
    expect(profile({ columnType: 'expression', valueType: { kind: 'boolean' } }, [[true, false, true]])).toMatchObject({
      simple_dtype: 'bool',
      distribution: { most_common_value: true, histogram: { categories: [true, false], counts: [2, 1] } },
    })
  })

  it('of no rows at all is JSON like any other', () => {
    const numbers = profile({ samplerType: 'poisson', valueType: { kind: 'int64' } }, [])
    expect(numbers).toMatchObject({
      num_records: 0,
      num_unique: 0,
      distribution_type: 'unknown',
      distribution: '--',
    })
    expect(JSON.parse(JSON.stringify(numbers))).toEqual(numbers)
    expect(profile({ samplerType: 'category' }, [[null]])).toMatchObject({
      distribution_type: 'unknown',
      distribution: '--',
    })
  })

  it('holds nothing that JSON cannot', () => {
    const statistics = profile({ samplerType: 'category', valueType: { kind: 'int64' } }, [[2n ** 60n, 7n, 7]])
    expect(statistics.distribution).toMatchObject({ histogram: { categories: [7, String(2n ** 60n)], counts: [2, 1] } })
    expect(() => JSON.stringify(statistics)).not.toThrow()
    expect(profile({ samplerType: 'gaussian', valueType: { kind: 'double' } }, [[NaN, Infinity, 1, 3]]).distribution).toMatchObject({
      min: 1,
      max: 3,
      mean: 2,
    })
  })

  it('does not depend on where row groups end', () => {
    const values = Array.from({ length: 500 }, (_, i) => (i * 7_919) % 101)
    for (const exactRows of [1_000, 20]) {
      const column = { samplerType: 'uniform', valueType: { kind: 'int64' } } as const
      expect(profile(column, [values.slice(0, 13), values.slice(13, 400), values.slice(400)], exactRows)).toEqual(
        profile(column, [values], exactRows),
      )
    }
  })

  it('marks what is approximate beyond the exact number of rows, with its error', () => {
    const values = Array.from({ length: 40_000 }, (_, i) => (i * 7_919) % 20_011)
    const numbers = profile({ samplerType: 'uniform', valueType: { kind: 'int64' } }, [values], 10_000)
    expect(numbers.parquetry?.approximate).toEqual({
      num_unique_relative_error: expect.closeTo(0.0081, 3),
      median_rank_error: expect.any(Number),
    })
    expect(Math.abs(numbers.num_unique / 20_011 - 1)).toBeLessThan(0.03)
    expect(numbers.distribution).toMatchObject({ min: 0, max: 20_010 })
    const exact = profile({ samplerType: 'uniform', valueType: { kind: 'int64' } }, [values])
    expect(exact.parquetry).not.toHaveProperty('approximate')
    expect(exact.num_unique).toBe(20_011)
  })

  it('keeps a long histogram short, and says what it left out', () => {
    const statistics = profile({ samplerType: 'category' }, [Array.from({ length: 1_500 }, (_, i) => `c${i}`)])
    expect(statistics.distribution).toMatchObject({ most_common_value: 'c0', least_common_value: 'c1499' })
    expect((statistics.distribution as CategoricalDistribution).histogram.counts).toHaveLength(1_000)
    expect(statistics.parquetry).toEqual({ histogram_omitted: 500 })
  })

  it('refuses a row group without the column', () => {
    const profiler = createProfiler([{ name: 'x', columnType: 'sampler', valueType: { kind: 'string' } }])
    expect(() => profiler.add(tableOf({ y: [1] }))).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  })

  it('names types as pyarrow and DataDesigner do', () => {
    const dtypes = (valueType: ValueType): [string, string] => {
      const { pyarrow_dtype, simple_dtype } = profile({ columnType: 'expression', valueType }, [])
      return [pyarrow_dtype, simple_dtype]
    }
    expect(dtypes({ kind: 'int64' })).toEqual(['int64', 'int'])
    expect(dtypes({ kind: 'json' })).toEqual(['string', 'string'])
    expect(dtypes({ kind: 'timestamp' })).toEqual(['timestamp[ms]', 'timestamp'])
    expect(dtypes({ kind: 'list', element: { kind: 'double' } })).toEqual(['list<element: double>', 'list[float]'])
    expect(
      dtypes({
        kind: 'group',
        fields: [
          { name: 'a', type: { kind: 'string' } },
          { name: 'b', type: { kind: 'boolean' } },
        ],
      }),
    ).toEqual(['struct<a: string, b: bool>', 'dict'])
  })
})
