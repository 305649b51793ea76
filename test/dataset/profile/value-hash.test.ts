import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashValue } from '../../../src/dataset/profile/value-hash.ts'
import type { Value } from '../../../src/values.ts'

const hashOf = (value: NonNullable<Value>): string => {
  const hash = { high: 0, low: 0 }
  hashValue(value, hash)
  return `${hash.high}:${hash.low}`
}

describe('hashes of values', () => {
  it('are equal for equal values and differ between kinds', () => {
    expect(hashOf('a')).toBe(hashOf('a'))
    expect(hashOf(5)).toBe(hashOf(5n))
    expect(hashOf(0)).toBe(hashOf(-0))
    expect(hashOf({ a: [1, 2n ** 60n] })).toBe(hashOf({ a: [1, 2n ** 60n] }))
    const different: NonNullable<Value>[] = [
      1,
      '1',
      true,
      new Date(1),
      [1],
      ['1'],
      [[1], [2]],
      [[1, 2]],
      [null],
      [['a', 'b']],
      [['ab']],
      { a: 1 },
      { a: null },
      { b: 1 },
      { a: { b: 1 } },
      '',
      0,
      false,
      [],
      {},
      'a',
      'a\0',
      '\0a',
      'aa',
      2n ** 60n,
      String(2n ** 60n),
      1.5,
    ]
    expect(new Set(different.map(hashOf)).size).toBe(different.length)
  })

  it('are two unsigned 32-bit words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const hash = { high: -1, low: -1 }
        hashValue(text, hash)
        expect([hash.high >>> 0, hash.low >>> 0]).toEqual([hash.high, hash.low])
      }),
    )
  })

  it('do not collide for hundreds of thousands of values that are much alike', () => {
    const hashes = new Set<string>()
    for (let i = 0; i < 100_000; i += 1) {
      hashes.add(hashOf(String(i)))
      hashes.add(hashOf(i))
      hashes.add(hashOf(`customer-${i}@example.com`))
      hashes.add(hashOf(i / 7 + 0.5))
    }
    expect(hashes.size).toBe(400_000)
  })

  it('spread evenly over the upper and the lower bits of both words', () => {
    const buckets = Array.from({ length: 4 }, () => new Uint32Array(64))
    const hash = { high: 0, low: 0 }
    for (let i = 0; i < 64_000; i += 1) {
      hashValue(i, hash)
      const places = [hash.high >>> 26, hash.high & 63, hash.low >>> 26, hash.low & 63]
      for (const [index, place] of places.entries())
        (buckets[index] as Uint32Array)[place] = ((buckets[index] as Uint32Array)[place] as number) + 1
    }
    // 1,000 expected in each, with a standard deviation of 31.
    for (const bucket of buckets) for (const filled of bucket) expect(Math.abs(filled - 1_000)).toBeLessThan(200)
  })
})
