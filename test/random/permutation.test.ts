import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPermutation, createPermutation32 } from '../../src/random/permutation.ts'
import { createRandom } from '../../src/random/random.ts'
import { chiSquareScore, correlation } from './statistics.ts'

const permute = createPermutation32(createRandom(1).stream('id', 0, 0, 0))

describe('the permutation of 32-bit integers', () => {
  it('never gives two inputs the same output', () => {
    const size = 300_000
    const outputs = new Set<number>()
    for (let value = 0; value < size; value++) outputs.add(permute(value))
    expect(outputs.size).toBe(size)
    fc.assert(fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (a, b) => (a === b) === (permute(a) === permute(b))))
  })

  it('gives unsigned 32-bit integers, evenly spread and not in step with the input', () => {
    const size = 100_000
    const inputs = Array.from({ length: size }, (_, value) => value)
    const outputs = inputs.map(permute)
    expect(outputs.every((value) => value >>> 0 === value)).toBe(true)
    for (const shift of [24, 16, 8, 0]) {
      const bins = Array.from({ length: 256 }, () => 0)
      for (const value of outputs) bins[(value >>> shift) & 0xff]!++
      expect(
        Math.abs(
          chiSquareScore(
            bins,
            bins.map(() => size / 256),
          ),
        ),
      ).toBeLessThan(4)
    }
    expect(Math.abs(correlation(inputs, outputs)) * Math.sqrt(size)).toBeLessThan(4)
  })

  it('depends on its keys', () => {
    const other = createPermutation32(createRandom(2).stream('id', 0, 0, 0))
    expect(other(1)).not.toBe(permute(1))
  })
})

describe('the permutation of any size', () => {
  const of = (size: number, seed: number | string): ((value: number) => number) =>
    createPermutation(size, createRandom(seed).stream('', 0, 0, 0, 'seed-dataset'))

  it('gives every number below its size exactly once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), fc.string(), (size, seed) => {
        const permute = of(size, seed)
        const outputs = Array.from({ length: size }, (_, value) => permute(value)).toSorted((a, b) => a - b)
        expect(outputs).toEqual(Array.from({ length: size }, (_, value) => value))
      }),
    )
  })

  it('stays below its size, and apart for different inputs, however large it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2 ** 50 }), fc.nat(), fc.nat(), (size, first, second) => {
        const [a, b] = [first % size, second % size]
        const permute = of(size, 'large')
        expect(permute(a)).toBeLessThan(size)
        expect(permute(a) === permute(b)).toBe(a === b)
      }),
    )
  })

  it.each([2, 3, 10, 100])('of %d puts every number at every place equally often, over many keys', (size) => {
    const keys = 4_000
    const bins = Array.from({ length: size }, () => 0)
    for (let key = 0; key < keys; key++) bins[of(size, key)(size - 1)]!++
    expect(
      Math.abs(
        chiSquareScore(
          bins,
          bins.map(() => keys / size),
        ),
      ),
    ).toBeLessThan(4)
  })

  it('is the same for the same key, and refuses a size it cannot have', () => {
    expect([0, 1, 2, 3, 4].map(of(5, 7))).toEqual([0, 1, 2, 3, 4].map(of(5, 7)))
    expect(Array.from({ length: 12 }, (_, value) => of(12, 7)(value))).toMatchInlineSnapshot(`
      [
        7,
        1,
        6,
        0,
        5,
        2,
        4,
        3,
        8,
        10,
        9,
        11,
      ]
    `)
    for (const size of [0, 1.5, 2 ** 51]) expect(() => of(size, 7)).toThrow(RangeError)
  })
})
