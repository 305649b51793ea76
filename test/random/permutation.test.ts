import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPermutation32 } from '../../src/random/permutation.ts'
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
