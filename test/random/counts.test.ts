import { describe, expect, it } from 'vitest'
import { createBinomial, createPoisson } from '../../src/random/counts.ts'
import type { CountDraw } from '../../src/random/counts.ts'
import { logBinomial, logPoisson } from '../../src/random/probability.ts'
import { createRandom } from '../../src/random/random.ts'
import { chiSquareScore, moments } from './statistics.ts'

const SIZE = 60_000

function sampleOf(draw: CountDraw, seed: string): number[] {
  const stream = createRandom(seed).seekable('x')
  return Array.from({ length: SIZE }, (_, row) => {
    stream.seek(row, 0, 0)
    return draw(stream)
  })
}

function expectMoments(sample: readonly number[], mean: number, variance: number): void {
  const found = moments(sample)
  expect(Math.abs(found.mean - mean) / Math.sqrt(variance / SIZE)).toBeLessThan(4)
  // the excess kurtosis of both families is at most 1/variance, which widens the spread of the sample variance
  expect(Math.abs(found.variance - variance) / (variance * Math.sqrt((2 + 1 / variance) / SIZE))).toBeLessThan(4)
}

function expectFit(sample: readonly number[], probability: (count: number) => number, limit: number): void {
  const low = sample.reduce((least, count) => Math.min(least, count), Infinity)
  const high = sample.reduce((most, count) => Math.max(most, count), 0)
  expect(high - low).toBeLessThan(limit)
  const observed = Array.from({ length: high - low + 1 }, () => 0)
  for (const count of sample) observed[count - low]!++
  const expected = observed.map((_, index) => SIZE * probability(low + index))
  // what lies outside the observed range belongs to its ends
  expected[0]! += Math.max(0, SIZE - expected.reduce((sum, one) => sum + one, 0))
  expect(Math.abs(chiSquareScore(observed, expected))).toBeLessThan(4)
}

describe('log probabilities', () => {
  it('agree with factorials where these are small', () => {
    const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))
    for (let k = 0; k <= 20; k++) {
      expect(Math.exp(logPoisson(k, 7.3))).toBeCloseTo((Math.exp(-7.3) * 7.3 ** k) / factorial(k), 13)
      const choose = factorial(20) / factorial(k) / factorial(20 - k)
      expect(Math.exp(logBinomial(k, 20, 0.3))).toBeCloseTo(choose * 0.3 ** k * 0.7 ** (20 - k), 13)
    }
  })

  it('sum to 1 where factorials are far too large', () => {
    let poisson = 0
    for (let k = 90_000; k < 110_000; k++) poisson += Math.exp(logPoisson(k, 100_000))
    expect(poisson).toBeCloseTo(1, 9)
    let binomial = 0
    for (let k = 28_000; k < 32_000; k++) binomial += Math.exp(logBinomial(k, 100_000, 0.3))
    expect(binomial).toBeCloseTo(1, 9)
  })
})

describe('Poisson counts', () => {
  for (const mean of [0.05, 1, 4.5, 9.99, 10, 12.5, 30, 200, 5_000]) {
    it(`fit their probabilities and moments at a mean of ${mean}`, () => {
      const sample = sampleOf(createPoisson(mean), `poisson ${mean}`)
      expect(sample.every((count) => Number.isInteger(count) && count >= 0)).toBe(true)
      expectMoments(sample, mean, mean)
      expectFit(sample, (count) => Math.exp(logPoisson(count, mean)), 2_000)
    })
  }

  it('keep their moments at a mean of a million millions', () => {
    expectMoments(sampleOf(createPoisson(1e12), 'large'), 1e12, 1e12)
  })

  it('are 0 at a mean of 0', () => {
    expect(new Set(sampleOf(createPoisson(0), 'zero'))).toEqual(new Set([0]))
  })
})

describe('binomial counts', () => {
  for (const [n, p] of [
    [1, 0.3],
    [10, 0.5],
    [25, 0.9],
    [40, 0.25],
    [100, 0.02],
    [100, 0.5],
    [1_000, 0.999],
    [5_000, 0.35],
    [1_000_000, 0.7],
  ] as const) {
    it(`fit their probabilities and moments at n = ${n}, p = ${p}`, () => {
      const sample = sampleOf(createBinomial(n, p), `binomial ${n} ${p}`)
      expect(sample.every((count) => Number.isInteger(count) && count >= 0 && count <= n)).toBe(true)
      expectMoments(sample, n * p, n * p * (1 - p))
      expectFit(sample, (count) => Math.exp(logBinomial(count, n, p)), 10_000)
    })
  }

  it('are as Poisson counts for very many very rare successes', () => {
    const sample = sampleOf(createBinomial(1e12, 3e-12), 'rare')
    expectFit(sample, (count) => Math.exp(logPoisson(count, 3)), 100)
  })

  it('keep their moments at a million millions of trials', () => {
    expectMoments(sampleOf(createBinomial(1e12, 0.4), 'many'), 4e11, 2.4e11)
  })

  it('are all or nothing at the ends', () => {
    expect(new Set(sampleOf(createBinomial(50, 0), 'none'))).toEqual(new Set([0]))
    expect(new Set(sampleOf(createBinomial(50, 1), 'all'))).toEqual(new Set([50]))
    expect(new Set(sampleOf(createBinomial(0, 0.5), 'empty'))).toEqual(new Set([0]))
  })
})
