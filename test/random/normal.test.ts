import { describe, expect, it } from 'vitest'
import { drawNormal, normalQuantile } from '../../src/random/normal.ts'
import { createRandom } from '../../src/random/random.ts'
import { kolmogorovSmirnov, moments, normalDistribution } from './statistics.ts'

describe('the normal distribution', () => {
  it('has the quantiles of the tables', () => {
    const known = [
      [0.5, 0],
      [0.975, 1.959963984540054],
      [0.999, 3.090232306167813],
      [1e-10, -6.361340902404056],
      [1e-15, -7.941345326170995],
      [0.1, -1.2815515655446004],
    ] as const
    for (const [p, z] of known) expect(normalQuantile(p)).toBeCloseTo(z, 12)
  })

  it('stays finite at the ends of the draws', () => {
    expect(normalQuantile(0)).toBeGreaterThan(-8.4)
    expect(normalQuantile(1 - 2 ** -53)).toBeLessThan(8.4)
  })

  it('is symmetric', () => {
    for (const p of [0.001, 0.05, 0.2, 0.4]) expect(normalQuantile(p)).toBeCloseTo(-normalQuantile(1 - p), 12)
  })

  it('fits its distribution function and moments', () => {
    const stream = createRandom('normal').seekable('x')
    const sample = Array.from({ length: 100_000 }, (_, row) => {
      stream.seek(row, 0, 0)
      return drawNormal(stream)
    })
    expect(kolmogorovSmirnov(sample, normalDistribution)).toBeLessThan(1.95)
    const { mean, variance } = moments(sample)
    expect(Math.abs(mean) * Math.sqrt(sample.length)).toBeLessThan(4)
    expect(Math.abs(variance - 1) * Math.sqrt(sample.length / 2)).toBeLessThan(4)
  })
})
