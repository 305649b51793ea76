import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exp, log, log1p } from '../../src/random/math.ts'

/** Distance in units of the last place of `expected`. */
const unitsApart = (found: number, expected: number): number =>
  found === expected ? 0 : Math.abs(found - expected) / Math.max(Math.abs(expected) * 2 ** -52, Number.MIN_VALUE)

describe('elementary functions of plain arithmetic', () => {
  it('has the logarithm of any positive number to 2 units in the last place', () => {
    fc.assert(
      fc.property(fc.double({ min: 5e-324, max: 1.7e308, noNaN: true }), (x) => {
        expect(unitsApart(log(x), Math.log(x))).toBeLessThanOrEqual(2)
      }),
      { numRuns: 5000 },
    )
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (x) => {
        expect(unitsApart(log(x), Math.log(x))).toBeLessThanOrEqual(2)
      }),
      { numRuns: 5000 },
    )
  })

  it('has log(1 + x) to 2 units in the last place, for tiny x too', () => {
    fc.assert(
      fc.property(fc.double({ min: -0.999, max: 1000, noNaN: true }), (x) => {
        expect(unitsApart(log1p(x), Math.log1p(x))).toBeLessThanOrEqual(x < -0.29 || x > 0.41 ? 20 : 2)
      }),
      { numRuns: 5000 },
    )
    expect(log1p(-1e-18)).toBe(-1e-18)
  })

  it('has the exponential to 4 units in the last place', () => {
    fc.assert(
      fc.property(fc.double({ min: -708, max: 709.7, noNaN: true }), (x) => {
        expect(unitsApart(exp(x), Math.exp(x))).toBeLessThanOrEqual(4)
      }),
      { numRuns: 5000 },
    )
  })

  it('keeps to the limits', () => {
    expect([log(0), log(1), log(Infinity), exp(0), exp(-800), exp(800)]).toEqual([-Infinity, 0, Infinity, 1, 0, Infinity])
    expect(log(-1)).toBeNaN()
    expect(log(5e-324)).toBeCloseTo(-744.4400719213812, 10)
    expect(exp(-745)).toBe(5e-324)
  })
})
