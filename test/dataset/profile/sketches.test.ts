import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDistinctCount } from '../../../src/dataset/profile/distinct-count.ts'
import { createMoments } from '../../../src/dataset/profile/moments.ts'
import { createQuantiles } from '../../../src/dataset/profile/quantiles.ts'
import { createTopValues } from '../../../src/dataset/profile/top-values.ts'
import { hashValue } from '../../../src/dataset/profile/value-hash.ts'

/** Repeatable numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  if (sorted.length === 0) return null
  return ((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2
}

const floats = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }))

describe('counting different values', () => {
  const hash = { high: 0, low: 0 }

  it('is exact up to the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 300 }), { maxLength: 500 }), (values) => {
        const count = createDistinctCount(1_000)
        for (const value of values) {
          hashValue(value, hash)
          count.add(hash)
        }
        expect(count.count()).toBe(new Set(values).size)
        expect(count.relativeError()).toBe(0)
      }),
    )
  })

  it('counts the hash 0 like any other', () => {
    const count = createDistinctCount(10)
    for (let i = 0; i < 3; i += 1) count.add({ high: 0, low: 0 })
    count.add({ high: 0, low: 1 })
    expect(count.count()).toBe(2)
  })

  it('never counts more different values than there were values', () => {
    const count = createDistinctCount(5)
    for (let i = 1; i <= 60_000; i += 1) {
      hashValue(i, hash)
      count.add(hash)
      if (i % 1_000 === 0) expect(count.count()).toBeLessThanOrEqual(i)
    }
  })

  it.each([10, 1_000, 30_000, 60_000, 400_000])('is close to %i beyond the limit, and says how close', (distinct) => {
    const count = createDistinctCount(5)
    for (let i = 0; i < distinct + 20; i += 1) {
      hashValue(`value ${i % distinct}`, hash)
      count.add(hash)
    }
    expect(count.relativeError()).toBeCloseTo(0.0081, 4)
    expect(Math.abs(count.count() / distinct - 1)).toBeLessThan(4 * count.relativeError())
  })
})

describe('the median', () => {
  it('is exact up to the limit', () => {
    fc.assert(
      fc.property(floats, (values) => {
        const quantiles = createQuantiles(1_000)
        for (const value of values) quantiles.add(value)
        expect(quantiles.median()).toBe(medianOf(values))
        expect(quantiles.rankError()).toBe(0)
      }),
    )
  })

  it('stays within the error it names, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 20, maxLength: 400 }), (values) => {
        const quantiles = createQuantiles(10, 8)
        for (const value of values) quantiles.add(value)
        const median = quantiles.median() as number
        const below = values.filter((value) => value < median).length
        const upTo = values.filter((value) => value <= median).length
        const slack = quantiles.rankError() * values.length + 1
        expect(below).toBeLessThanOrEqual(values.length / 2 + slack)
        expect(upTo).toBeGreaterThanOrEqual(values.length / 2 - slack)
      }),
    )
  })

  it.each(['rising', 'falling', 'random'])('is good for 300,000 %s values', (order) => {
    const quantiles = createQuantiles(1_000)
    const random = numbers(7)
    const count = 300_000
    for (let i = 0; i < count; i += 1) quantiles.add(order === 'rising' ? i : order === 'falling' ? count - i : random() * count)
    expect(quantiles.rankError()).toBeGreaterThan(0)
    expect(quantiles.rankError()).toBeLessThan(0.001)
    expect(Math.abs((quantiles.median() as number) / count - 0.5)).toBeLessThan(0.005)
  })
})

describe('moments', () => {
  it('are those of the definition', () => {
    fc.assert(
      fc.property(floats, (values) => {
        const moments = createMoments()
        for (const value of values) moments.add(value)
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length
        expect(moments.count).toBe(values.length)
        if (values.length === 0) expect([moments.min, moments.max, moments.mean]).toEqual([null, null, null])
        else {
          expect(moments.min).toBe(Math.min(...values))
          expect(moments.max).toBe(Math.max(...values))
          expect(Math.abs((moments.mean as number) - mean)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(mean)) + 1e-3)
        }
      }),
    )
  })

  it('keep their digits far from zero, where sums of squares lose them', () => {
    const moments = createMoments()
    for (const value of [4, 7, 13, 16]) moments.add(1e9 + value)
    expect(moments.mean).toBe(1e9 + 10)
    expect(moments.stddev).toBeCloseTo(Math.sqrt(30), 6)
  })

  it('have no spread below two numbers', () => {
    const moments = createMoments()
    moments.add(3)
    expect(moments.stddev).toBeNull()
  })
})

describe('top values', () => {
  const countsOf = (values: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>()
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
    return counts
  }
  const words = fc.array(
    fc.integer({ min: 0, max: 40 }).map((i) => `v${Math.floor(Math.sqrt(i) * i)}`),
    { maxLength: 400 },
  )

  it('are exact up to the limit, highest first, equal ones by appearance', () => {
    const top = createTopValues(100)
    for (const value of ['b', 'a', 'a', 'c']) top.add(value)
    expect(top.ranked()).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', 1],
    ])
    fc.assert(
      fc.property(words, (values) => {
        const all = createTopValues(1_000, 2)
        for (const value of values) all.add(value)
        expect(new Map(all.ranked() as [string, number][])).toEqual(countsOf(values))
        expect(all.countError()).toBe(0)
      }),
    )
  })

  it('stay exact beyond the limit while there are few different ones', () => {
    const top = createTopValues(10, 4)
    for (let i = 0; i < 1_000; i += 1) top.add(i % 3)
    expect(top.ranked().map(([, count]) => count)).toEqual([334, 333, 333])
    expect(top.countError()).toBe(0)
  })

  it('are too low by no more than they say, with little kept', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 8 }), (values, capacity) => {
        const top = createTopValues(5, capacity)
        for (const value of values) top.add(value)
        const kept = new Map(top.ranked() as [string, number][])
        expect(kept.size).toBeLessThanOrEqual(Math.max(5, 2 * capacity))
        for (const [value, count] of countsOf(values)) {
          expect(kept.get(value) ?? 0).toBeLessThanOrEqual(count)
          expect((kept.get(value) ?? 0) + top.countError()).toBeGreaterThanOrEqual(count)
        }
        expect(top.countError()).toBeLessThanOrEqual(values.length / (capacity + 1))
      }),
    )
  })
})
