import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { SamplerColumn } from '../../../src/config/compiled.ts'
import { isDiscreteScipy, SCIPY_NAMES, scipyRange } from '../../../src/plan/scipy.ts'
import type { ScipyName } from '../../../src/plan/scipy.ts'
import { chiSquareScore } from '../../random/statistics.ts'
import { column, constraint, params, program, rowsOf, valuesOf } from './samplers.ts'

const SIZE = 20_000

interface Case {
  readonly dist_name: ScipyName
  readonly dist_params: Readonly<Record<string, number>>
}

/** Written by scipy itself: make-scipy-cases.py. */
const cases = JSON.parse(readFileSync(new URL('scipy-cases.json', import.meta.url), 'utf8')) as {
  readonly continuous: readonly (Case & { readonly quantiles: readonly number[] })[]
  readonly discrete: readonly (Case & { readonly first: number; readonly shares: readonly number[] })[]
}

/** One column a case, so that each has its own streams. */
function columnsOf(listed: readonly Case[]): SamplerColumn[] {
  return listed.map(({ dist_name, dist_params }, index) => column(`c${index}`, 'scipy', { dist_name, dist_params }))
}

const label = ({ dist_name: name, dist_params: given }: Case): string => `${name} ${JSON.stringify(given)}`

describe('scipy', () => {
  it('has every distribution among the cases that scipy has written', () => {
    const shown = new Set([...cases.continuous, ...cases.discrete].map((one) => one.dist_name))
    expect([...shown].toSorted()).toEqual(SCIPY_NAMES.toSorted())
    for (const { dist_name: name } of cases.discrete) expect(isDiscreteScipy(name), name).toBe(true)
    for (const { dist_name: name } of cases.continuous) expect(isDiscreteScipy(name), name).toBe(false)
  })

  it('falls between the quantiles of scipy as often as it should', { timeout: 60_000 }, async () => {
    const rows = rowsOf(await program(columnsOf(cases.continuous)), SIZE)
    for (const [index, one] of cases.continuous.entries()) {
      const counts = Array.from({ length: 50 }, () => 0)
      const { low, high } = scipyRange(one.dist_name, one.dist_params)
      let outside = 0
      for (const row of rows) {
        const value = row[`c${index}`] as number
        if (!(value >= low && value <= high)) outside += 1
        const bin = one.quantiles.findIndex((quantile) => value <= quantile)
        counts[bin === -1 ? 49 : bin]! += 1
      }
      expect(outside, label(one)).toBe(0)
      const score = chiSquareScore(
        counts,
        counts.map(() => SIZE / 50),
      )
      expect(Math.abs(score), label(one)).toBeLessThan(4)
    }
  })

  it('gives integers as often as scipy says', { timeout: 60_000 }, async () => {
    const rows = rowsOf(await program(columnsOf(cases.discrete)), SIZE)
    for (const [index, one] of cases.discrete.entries()) {
      const values = rows.map((row) => row[`c${index}`] as number)
      const { low, high } = scipyRange(one.dist_name, one.dist_params)
      expect(
        values.every((value) => Number.isSafeInteger(value) && value >= low && value <= high),
        label(one),
      ).toBe(true)
      const counts = one.shares.map((_, place) => values.filter((value) => value === one.first + place).length)
      const score = chiSquareScore(
        counts,
        one.shares.map((share) => share * SIZE),
      )
      expect(Math.abs(score), label(one)).toBeLessThan(4)
    }
  })

  it('gives the recorded values: a change here changes datasets already made', async () => {
    const golden = JSON.parse(readFileSync(new URL('scipy-golden.json', import.meta.url), 'utf8')) as readonly unknown[]
    const all = [...cases.continuous, ...cases.discrete]
    const rows = rowsOf(await program(columnsOf(all)), 3)
    const found = all.map((one, index) => [label(one), ...rows.map((row) => row[`c${index}`])])
    expect(found).toEqual(golden)
  })

  it('is a constant with scale 0, and rounds to decimal_places', async () => {
    expect(await valuesOf(column('x', 'scipy', { dist_name: 'gamma', dist_params: { a: 2, loc: 5, scale: 0 } }), 2)).toEqual([5, 5])
    const rounded = await valuesOf(column('x', 'scipy', { dist_name: 'lognorm', dist_params: { s: 1 }, decimal_places: 2 }), 500)
    expect(rounded.every((value) => Math.abs((value as number) * 100 - Math.round((value as number) * 100)) < 1e-6)).toBe(true)
    expect(await valuesOf(column('x', 'scipy', { dist_name: 'geom', dist_params: { p: 1, loc: -4.5 } }), 1)).toEqual([-3])
  })

  it('survives extreme parameters with values in range', async () => {
    for (const [dist_name, dist_params] of [
      ['beta', { a: 1e-3, b: 1e-3 }],
      ['beta', { a: 1e6, b: 1e-4 }],
      ['gamma', { a: 1e-5 }],
      ['gamma', { a: 1e9 }],
      ['geom', { p: 1e-300 }],
      ['nbinom', { n: 1e6, p: 1e-9 }],
      ['poisson', { mu: 2 ** 52 }],
      ['t', { df: 0.01 }],
      ['truncnorm', { a: 30, b: 40 }],
      ['truncnorm', { a: -1e-9, b: 1e-9 }],
      ['weibull_min', { c: 1e-3 }],
    ] as const) {
      const { low, high } = scipyRange(dist_name, dist_params)
      for (const value of await valuesOf(column('x', 'scipy', { dist_name, dist_params }), 200)) {
        const number = Number(value)
        expect(number >= low && number <= high, `${dist_name} ${number}`).toBe(true)
      }
    }
  })

  it('is drawn by conditions and under constraints, in the types that constraints compare', async () => {
    const columns = [
      column('kind', 'category', { values: ['a', 'b'] }),
      column(
        'x',
        'scipy',
        { dist_name: 'gamma', dist_params: { a: 2 } },
        { conditional_params: { 'kind == b': params('scipy', { dist_name: 'uniform', dist_params: { loc: 100, scale: 50 } }) } },
      ),
      column('n', 'scipy', { dist_name: 'randint', dist_params: { low: 0, high: 10 } }),
    ]
    const constraints = [constraint('x < 120'), constraint('n > 6'), constraint('n <= 8')]
    const rows = rowsOf(await program(columns, { constraints }), 500)
    expect(rows.filter((row) => row['kind'] === 'b').every((row) => (row['x'] as number) >= 100 && (row['x'] as number) < 120)).toBe(true)
    expect(rows.filter((row) => row['kind'] === 'a').every((row) => (row['x'] as number) < 100)).toBe(true)
    expect(new Set(rows.map((row) => row['n']))).toEqual(new Set([7, 8]))
  })

  it('converts: int rounds continuous values, str writes floats and integers as Python does', async () => {
    const uniform = { dist_name: 'uniform', dist_params: { loc: 29, scale: 0 } } as const
    expect(await valuesOf(column('x', 'scipy', uniform, { convert_to: 'str' }), 1)).toEqual(['29.0'])
    expect(await valuesOf(column('x', 'scipy', uniform, { convert_to: 'int' }), 1)).toEqual([29])
    const randint = { dist_name: 'randint', dist_params: { low: 4, high: 5 } } as const
    expect(await valuesOf(column('x', 'scipy', randint, { convert_to: 'str' }), 1)).toEqual(['4'])
  })
})

describe('bernoulli_mixture', () => {
  it('is 0 with probability 1 - p, else fits its distribution', async () => {
    const mixture = { p: 0.3, dist_name: 'expon', dist_params: { loc: 5, scale: 2 } } as const
    const values = (await valuesOf(column('x', 'bernoulli_mixture', mixture), SIZE)) as number[]
    const some = values.filter((value) => value !== 0)
    expect(Math.abs(some.length - 0.3 * SIZE) / Math.sqrt(0.21 * SIZE)).toBeLessThan(4)
    expect(some.every((value) => value >= 5)).toBe(true)
    const counts = Array.from({ length: 20 }, () => 0)
    for (const value of some) counts[Math.min(19, Math.floor(20 * (1 - Math.exp(-(value - 5) / 2))))]! += 1
    const score = chiSquareScore(
      counts,
      counts.map(() => some.length / 20),
    )
    expect(Math.abs(score)).toBeLessThan(4)
  })

  it('is always 0 with p = 0 and never with p = 1, and integer over integers', async () => {
    const randint = { dist_name: 'randint', dist_params: { low: 3, high: 4 } } as const
    expect(await valuesOf(column('x', 'bernoulli_mixture', { p: 0, ...randint }), 2)).toEqual([0, 0])
    expect(await valuesOf(column('x', 'bernoulli_mixture', { p: 1, ...randint }, { convert_to: 'str' }), 2)).toEqual(['3', '3'])
  })
})
