import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRounder, integerCell, pythonFloat, pythonInt, roundHalfToEven } from '../../../src/columns/sampler/numbers.ts'

describe('rounding', () => {
  it('takes halves to the even neighbour and never gives -0', () => {
    const cases = [
      [0.5, 0],
      [1.5, 2],
      [2.5, 2],
      [-0.5, 0],
      [-1.5, -2],
      [-2.5, -2],
      [2.4999, 2],
      [-0.3, 0],
      [0.49999999999999994, 0],
      [2251799813685247.5, 2251799813685248],
    ] as const
    for (const [x, expected] of cases) expect(Object.is(roundHalfToEven(x), expected), String(x)).toBe(true)
  })

  it('goes to the nearest integer', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e15, max: 1e15, noNaN: true }),
        (x) => Number.isInteger(roundHalfToEven(x)) && Math.abs(roundHalfToEven(x) - x) <= 0.5,
      ),
    )
  })

  it('rounds to decimals as numpy does', () => {
    expect([0.125, 2.675, 1.005, -1.25, 1e300, 7.5].map(createRounder(2))).toEqual([0.12, 2.68, 1, -1.25, 1e300, 7.5])
    expect([0.25, 0.35].map(createRounder(1))).toEqual([0.2, 0.4])
    expect([1250, 1349].map(createRounder(-2))).toEqual([1200, 1300])
    expect([2.5, 3.5].map(createRounder(0))).toEqual([2, 4])
  })
})

describe('numbers as text', () => {
  it('are floats as Python writes them', () => {
    const cases = [
      [29, '29.0'],
      [-0, '-0.0'],
      [0.1, '0.1'],
      [1e15, '1000000000000000.0'],
      [2 ** 53, '9007199254740992.0'],
      [1e16, '1e+16'],
      [1.5e22, '1.5e+22'],
      [1e100, '1e+100'],
      [0.0001, '0.0001'],
      [0.00001, '1e-05'],
      [-1.25e-7, '-1.25e-07'],
      [Infinity, 'inf'],
      [Number.NaN, 'nan'],
    ] as const
    for (const [x, expected] of cases) expect(pythonFloat(x)).toBe(expected)
  })

  it('read back as the same number', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => Object.is(Number(pythonFloat(x)), x)))
  })

  it('are integers without exponent, and bigint cells beyond 2^53', () => {
    expect([pythonInt(5), pythonInt(1e21)]).toEqual(['5', '1000000000000000000000'])
    expect([integerCell(5), integerCell(2 ** 53)]).toEqual([5, 2n ** 53n])
  })
})
