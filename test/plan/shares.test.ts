import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freeSlot, hasOnlyShrunk, poolOf, shareOf, slotOrder } from '../../src/plan/shares.ts'

const cap = fc.integer({ min: 1, max: 300 })
const slots = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 40 })
const limitsOf = (parallel: number) => ({ parallel, requestsPerMinute: 600, tokensPerMinute: null })
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

describe('shares of a limit', () => {
  it('sum up to the cap, and each slot has at least one while the cap allows it', () => {
    fc.assert(
      fc.property(cap, slots, (calls, order) => {
        const shares = order.map((_slot, index) => shareOf(calls, index, order.length))
        expect(sum(shares)).toBe(calls)
        if (calls >= order.length) expect(Math.min(...shares)).toBeGreaterThanOrEqual(1)
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('are one call each for the oldest row groups when there are fewer calls than row groups', () => {
    expect([0, 1, 2, 3, 4].map((index) => shareOf(2, index, 5))).toEqual([1, 1, 0, 0, 0])
    expect(shareOf(8, -1, 4)).toBe(0)
  })

  it('are pooled by workers, which together never have more than the limits, whoever has which slots', () => {
    fc.assert(
      fc.property(cap, slots, fc.integer({ min: 1, max: 5 }), fc.infiniteStream(fc.nat()), (calls, order, workers, draw) => {
        const owners = order.map(() => (draw.next().value as number) % workers)
        const pools = Array.from({ length: workers }, (_none, worker) =>
          poolOf(limitsOf(calls), order, new Set(order.filter((_slot, index) => owners[index] === worker))),
        )
        expect(sum(pools.map(({ parallel }) => parallel))).toBe(calls)
        expect(sum(pools.map(({ requestsPerMinute }) => requestsPerMinute ?? 0))).toBeCloseTo(600)
        for (const pool of pools) expect(pool.tokensPerMinute).toBeNull()
      }),
    )
  })

  it('do not fall where the cap grows or slots leave', () => {
    fc.assert(
      fc.property(cap, fc.nat({ max: 50 }), slots, fc.nat(), (calls, more, order, gone) => {
        const left = order.length === 1 ? order : order.filter((_slot, index) => index !== gone % order.length)
        expect(hasOnlyShrunk(left, order)).toBe(true)
        for (const slot of left) {
          const before = shareOf(calls, order.indexOf(slot), order.length)
          expect(shareOf(calls + more, left.indexOf(slot), left.length)).toBeGreaterThanOrEqual(before)
        }
      }),
    )
  })

  it('never exceed the cap together while some workers know the old order of slots and some are on their way to the new one', () => {
    fc.assert(
      fc.property(cap, slots, slots, (calls, before, after) => {
        const [own, others] = [before.filter((slot) => slot % 2 === 0), before.filter((slot) => slot % 2 === 1)]
        const moving = poolOf(limitsOf(calls), after, new Set(own), before)
        const staying = poolOf(limitsOf(calls), before, new Set(others))
        expect(moving.parallel + staying.parallel).toBeLessThanOrEqual(calls)
      }),
    )
  })

  it('tell slots that left from a new order', () => {
    expect([hasOnlyShrunk([0, 2], [0, 1, 2]), hasOnlyShrunk([2, 0], [0, 1, 2]), hasOnlyShrunk([0, 3], [0, 1])]).toEqual([
      true,
      false,
      false,
    ])
  })
})

describe('slots', () => {
  it('are taken lowest first, and listed longest open first, then those to be opened', () => {
    expect(freeSlot([2, 0, 1])).toBe(3)
    expect(freeSlot([2, 0])).toBe(1)
    expect(slotOrder({ occupied: [3, 1], count: 4 })).toEqual([3, 1, 0, 2])
    expect(slotOrder({ occupied: [3, 1, 0], count: 2 })).toEqual([3, 1, 0])
  })
})
