import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { ParquetryError } from '../../../src/errors.ts'
import type { Value } from '../../../src/values.ts'
import { column, constraint, params, program, rowsOf, WIDE, WIDE_CONSTRAINTS } from './samplers.ts'

const problemsOf = async (promise: Promise<unknown>): Promise<string[]> => {
  const error = await promise.then(
    () => expect.unreachable('expected a config error'),
    (thrown: unknown) => thrown as ParquetryError,
  )
  expect(error.code).toBe('CONFIG_INVALID')
  return error.details.problems!.map((problem) => `${problem.path}: ${problem.message}`)
}

describe('the rows of a dataset', () => {
  it('are the recorded ones: a change here changes datasets already made', async () => {
    const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Record<string, Value>[]
    expect(golden.length).toBe(12)
    expect(rowsOf(await program(WIDE, { constraints: WIDE_CONSTRAINTS }), 12)).toEqual(golden)
  })

  it('are the same at buffer sizes 1, 7 and 1000, in any order, on any number of workers', async () => {
    const whole = rowsOf(await program(WIDE, { constraints: WIDE_CONSTRAINTS }), 200)
    for (const bufferSize of [1, 7, 1000]) {
      const workers = await Promise.all([0, 1, 2].map(() => program(WIDE, { constraints: WIDE_CONSTRAINTS })))
      const starts = Array.from({ length: Math.ceil(200 / bufferSize) }, (_, group) => group * bufferSize).toReversed()
      const rows: Record<string, Value>[] = []
      for (const [turn, start] of starts.entries()) {
        for (let rowIndex = Math.min(start + bufferSize, 200) - 1; rowIndex >= start; rowIndex--) {
          workers[turn % 3]!.sampleRow(rowIndex, 0, (rows[rowIndex] = {}))
        }
      }
      expect(rows).toEqual(whole)
    }
  })

  it('do not depend on which other rows and refills were drawn before', async () => {
    const fresh = await program(WIDE, { constraints: WIDE_CONSTRAINTS })
    const used = await program(WIDE, { constraints: WIDE_CONSTRAINTS })
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.nat(5),
        fc.array(fc.tuple(fc.maxSafeNat(), fc.nat(5)), { maxLength: 4 }),
        (rowIndex, refill, before) => {
          for (const [otherRow, otherRefill] of before) used.sampleRow(otherRow, otherRefill, {})
          const alone: Record<string, Value> = {}
          const after: Record<string, Value> = {}
          fresh.sampleRow(rowIndex, refill, alone)
          used.sampleRow(rowIndex, refill, after)
          expect(after).toEqual(alone)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('do not depend on the order of the columns, nor on columns that have nothing to do with them', async () => {
    const whole = rowsOf(await program(WIDE, { constraints: WIDE_CONSTRAINTS }), 30)
    const reversed = rowsOf(await program(WIDE.toReversed(), { constraints: WIDE_CONSTRAINTS }), 30)
    expect(reversed.map((row) => row['cost'])).toEqual(whole.map((row) => row['cost']))
    const alone = rowsOf(await program(WIDE.filter(({ name }) => name === 'items')), 30)
    expect(alone.map((row) => row['items'])).toEqual(whole.map((row) => row['items']))
  })

  it('differ between refills of one row, and between seeds', async () => {
    const one = await program(WIDE, { constraints: WIDE_CONSTRAINTS })
    expect(rowsOf(one, 5, 1)).not.toEqual(rowsOf(one, 5, 0))
    expect(rowsOf(await program(WIDE, { constraints: WIDE_CONSTRAINTS, seed: 2 }), 5)).not.toEqual(rowsOf(one, 5))
  })

  it('ask neither the clock nor Math.random', async () => {
    const compiled = await program(WIDE, { constraints: WIDE_CONSTRAINTS })
    const whole = rowsOf(compiled, 20)
    const random = vi.spyOn(Math, 'random').mockImplementation(() => expect.unreachable('Math.random was asked'))
    const now = vi.spyOn(Date, 'now').mockImplementation(() => expect.unreachable('the clock was asked'))
    try {
      expect(rowsOf(compiled, 20)).toEqual(whole)
    } finally {
      random.mockRestore()
      now.mockRestore()
    }
  })

  it('have their columns in the order of the config', async () => {
    const compiled = await program(WIDE)
    expect(compiled.columns).toEqual(WIDE.map(({ name }) => name))
    expect(Object.keys(rowsOf(compiled, 1)[0]!)).toEqual(compiled.columns)
  })
})

describe('conditional params', () => {
  it('are used in the rows where their condition holds', async () => {
    const columns = [
      column('size', 'uniform', { low: 0, high: 1 }, { conditional_params: { 'kind == big': params('uniform', { low: 10, high: 11 }) } }),
      column('kind', 'category', { values: ['small', 'big'] }),
    ]
    const rows = rowsOf(await program(columns), 300)
    expect(rows.filter((row) => row['kind'] === 'big').length).toBeGreaterThan(100)
    for (const row of rows) expect((row['size'] as number) >= 10).toBe(row['kind'] === 'big')
  })

  it('follow the last condition of several that hold', async () => {
    const columns = [
      column('kind', 'category', { values: ['a'] }),
      column(
        'x',
        'category',
        { values: ['base'] },
        {
          conditional_params: {
            'kind == a': params('category', { values: ['first'] }),
            'kind  == a': params('category', { values: ['never'] }),
            'kind == a ': params('category', { values: ['never'] }),
          },
        },
      ),
    ]
    const holdsAlways = (expression: string) => ({ references: ['kind'], test: () => expression !== 'kind == a ' })
    const rows = rowsOf(await program(columns, { compileCondition: holdsAlways }), 3)
    expect(rows.map((row) => row['x'])).toEqual(['never', 'never', 'never'])
    const firstOnly = (expression: string) => ({ references: ['kind'], test: () => expression === 'kind == a' })
    expect(rowsOf(await program(columns, { compileCondition: firstOnly }), 1)[0]!['x']).toBe('first')
  })

  it('see numbers as converted and date-times in ISO form', async () => {
    const seen: Record<string, Value>[] = []
    const columns = [
      column('when', 'datetime', { start: '2024-03-05', end: '2024-03-06' }, { convert_to: '%Y' }),
      column('n', 'binomial', { n: 5, p: 1 }, { convert_to: 'str' }),
      column('x', 'uniform', {}, { conditional_params: { any: params('uniform') } }),
    ]
    const compiled = await program(columns, {
      compileCondition: () => ({
        references: ['when', 'n'],
        test: (values) => seen.push({ ...values }) > 0,
      }),
    })
    expect(rowsOf(compiled, 1)[0]).toMatchObject({ when: '2024', n: '5' })
    expect(seen).toEqual([{ when: '2024-03-05T00:00:00', n: '5' }])
  })
})

describe('samplers that cannot be compiled', () => {
  it('names the columns of a circle', async () => {
    const columns = [
      column('a', 'uniform', {}, { conditional_params: { 'b == 1': params('uniform') } }),
      column('b', 'uniform', {}, { conditional_params: { 'c == 1': params('uniform') } }),
      column('c', 'uniform'),
    ]
    const [problem, ...others] = await problemsOf(program(columns, { constraints: [constraint('c < a')] }))
    expect(problem).toContain('a -> b -> c -> a')
    expect(others).toEqual([])
  })

  it('reports all problems at once, each with its place', async () => {
    const columns = [
      column('a', 'category', { values: ['x', 'y'], weights: [1] }),
      column('b', 'subcategory', { category: 'a', values: { x: ['1'] } }),
      column('c', 'datetime', { start: '2024-02-30' }),
      column('d', 'datetime', {}, { convert_to: '%Y-%Q' }),
      column('e', 'timedelta', { reference_column_name: 'a' }),
      column('f', 'person_from_faker', { locale: 'xx_XX' }),
      column('g', 'uniform', {}, { conditional_params: { 'nobody == 1': params('uniform') } }),
      column('h', 'category', { values: ['1', 'two'] }, { convert_to: 'int' }),
      column('i', 'uniform', {}, { convert_to: 'double' }),
      column('j', 'gaussian', { stddev: -1 }),
      column('k', 'poisson', { mean: 1e300 }),
      column('l', 'subcategory', { category: 'c', values: {} }),
    ]
    const problems = await problemsOf(program(columns, { constraints: [constraint('a < 3'), constraint('c < j'), constraint('z > 1')] }))
    for (const part of [
      'columns.a.params.weights: Expected as many weights as values, 2; found 1.',
      'columns.b.params.values: Expected values for "y" of column "a"; found none.',
      'columns.c.params.start: Expected a date that exists',
      'columns.d.convert_to: Expected a strftime pattern; found "%Y-%Q", in which "%Q" is not known.',
      'columns.e.params.reference_column_name: Expected the name of a datetime column; found "a", a category column.',
      'columns.f.params.locale: Expected a locale that faker has; found "xx_XX". Use one of af_ZA,',
      'columns.g.conditional_params: Expected the name of a sampler column, for samplers are drawn first; found "nobody".',
      'columns.h.params.values: Expected values that convert to int; found "two".',
      'columns.i.convert_to: Expected convert_to to be float, int or str; found "double".',
      'columns.j.params.stddev: Expected a standard deviation >= 0; found -1.',
      'columns.k.params.mean: Expected a mean from 0 to 2^52; found 1e+300.',
      'columns.l.params.category: Expected the name of a category column; found "c", a datetime column.',
      'constraints[0]: Expected two numbers or two date-times to compare; found values of another kind and a number.',
      'constraints[1]: Expected two numbers or two date-times to compare; found date-times and numbers.',
      'constraints[2]: Expected the name of a sampler column; found "z".',
    ]) {
      expect(
        problems.some((problem) => problem.startsWith(part)),
        part,
      ).toBe(true)
    }
    expect(problems.length).toBe(15)
  })
})
