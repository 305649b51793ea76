import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RangeSet } from '../../src/contract.ts'
import { contains, count, fromIds, fromSorted, intersect, iterate, normalize, subtract, take, union } from '../../src/plan/range-set.ts'

const ids = fc.array(fc.nat({ max: 60 }))
const sorted = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b)

function expectCanonical(set: RangeSet): void {
  let previousEnd = -1
  for (const [start, end] of set) {
    expect(start).toBeGreaterThan(previousEnd)
    expect(end).toBeGreaterThan(start)
    previousEnd = end
  }
}

describe('range sets', () => {
  it('write neighbours as one range', () => {
    expect(fromIds([3, 1, 2, 2, 7])).toEqual([
      [1, 4],
      [7, 8],
    ])
    expect(fromIds([])).toEqual([])
    expect(count(fromIds(Array.from({ length: 10_000 }, (_, i) => i)))).toBe(10_000)
    expect(fromIds(Array.from({ length: 10_000 }, (_, i) => i))).toHaveLength(1)
  })

  it('hold exactly the ids they are made of, in canonical form', () => {
    fc.assert(
      fc.property(ids, (a) => {
        const set = fromIds(a)
        expectCanonical(set)
        expect([...iterate(set)]).toEqual(sorted(a))
        expect(count(set)).toBe(new Set(a).size)
        for (let id = 0; id <= 61; id += 1) expect(contains(set, id)).toBe(a.includes(id))
      }),
    )
  })

  it('unite, intersect and subtract as sets do', () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        const [left, right] = [fromIds(a), fromIds(b)]
        const results: [RangeSet, number[]][] = [
          [union(left, right), sorted([...a, ...b])],
          [intersect(left, right), sorted(a.filter((id) => b.includes(id)))],
          [subtract(left, right), sorted(a.filter((id) => !b.includes(id)))],
        ]
        for (const [set, expected] of results) {
          expectCanonical(set)
          expect([...iterate(set)]).toEqual(expected)
        }
      }),
    )
  })

  it('take the lowest', () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: -2, max: 70 }), (a, n) => {
        const taken = take(fromIds(a), n)
        expectCanonical(taken)
        expect([...iterate(taken)]).toEqual(sorted(a).slice(0, Math.max(0, n)))
      }),
    )
  })

  it('become canonical from any ranges', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 }))), (ranges) => {
        const set = normalize(ranges)
        expectCanonical(set)
        const expected = ranges.flatMap(([start, end]) => Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i))
        expect([...iterate(set)]).toEqual(sorted(expected))
      }),
    )
  })

  it('refuse ids that are no whole numbers of 0 or more, and rising ids that fall', () => {
    for (const id of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
      expect(() => fromIds([id])).toThrow(RangeError)
      expect(contains([[0, 10]], id)).toBe(false)
    }
    expect(() => fromSorted([2, 1])).toThrow(/found 1 after 2/)
    expect(() => normalize([[-1, 2]])).toThrow(RangeError)
    expect(fromSorted([1, 1, 2, 2])).toEqual([[1, 3]])
  })
})
