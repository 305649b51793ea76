import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RowGroupResult } from '../../src/contract.ts'
import { NO_TOTALS } from '../../src/contract.ts'
import { addResult, addTotals, foldResults, keepSample, paceOf, shareDone } from '../../src/plan/progress.ts'
import type { ProgressSample } from '../../src/plan/progress.ts'

const result = (id: number, rowsWritten: number, rowsDropped = 0): RowGroupResult => ({
  id,
  rowsWritten,
  rowsDropped,
  usage: { calls: rowsWritten, inputTokens: 2 * rowsWritten, outputTokens: 3 * rowsWritten, cost: 0.5 * rowsWritten },
  isNew: true,
})
const results = fc.array(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 100 }), fc.nat({ max: 5 })).map(([id, w, d]) => result(id, w, d)))

describe('totals', () => {
  it('are the sums of the row groups, each counted once by its last result', () => {
    const totals = foldResults([result(0, 10), result(1, 8, 2), result(0, 9, 1)])
    expect(totals).toEqual({
      rowGroups: 2,
      rowsWritten: 17,
      rowsDropped: 3,
      usage: { calls: 17, inputTokens: 34, outputTokens: 51, cost: 8.5 },
    })
    expect(foldResults([])).toEqual(NO_TOTALS)
  })

  it('count calls paid twice, and say nothing where there are none', () => {
    const totals = foldResults([{ ...result(0, 1), callsPaidTwice: 2 }, result(1, 1), { ...result(2, 1), callsPaidTwice: 3 }])
    expect(totals.callsPaidTwice).toBe(5)
    expect(addTotals(totals, totals).callsPaidTwice).toBe(10)
    expect(addTotals(NO_TOTALS, NO_TOTALS)).not.toHaveProperty('callsPaidTwice')
  })

  it('do not depend on the order of different row groups, nor on where they are split', () => {
    fc.assert(
      fc.property(results, (list) => {
        const distinct = [...new Map(list.map((one) => [one.id, one])).values()]
        expect(foldResults([...distinct].reverse())).toEqual(foldResults(distinct))
        const half = Math.floor(distinct.length / 2)
        expect(addTotals(foldResults(distinct.slice(0, half)), foldResults(distinct.slice(half)))).toEqual(foldResults(distinct))
        expect(distinct.reduce(addResult, NO_TOTALS)).toEqual(foldResults(distinct))
      }),
    )
  })
})

describe('the pace', () => {
  it('is rows over time, and the rest at that pace', () => {
    const samples = [
      { atMs: 1_000, rows: 100 },
      { atMs: 3_000, rows: 150 },
      { atMs: 6_000, rows: 200 },
    ]
    expect(paceOf(samples, 300)).toEqual({ rowsPerSecond: 20, timeLeftMs: 5_000 })
  })

  it('says nothing of the time left while nothing moves, and 0 when all is there', () => {
    expect(paceOf([], 10)).toEqual({ rowsPerSecond: 0, timeLeftMs: null })
    expect(paceOf([{ atMs: 5, rows: 3 }], 10)).toEqual({ rowsPerSecond: 0, timeLeftMs: null })
    expect(paceOf([{ atMs: 5, rows: 10 }], 10).timeLeftMs).toBe(0)
    const falling = [
      { atMs: 0, rows: 10 },
      { atMs: 1_000, rows: 5 },
    ]
    expect(paceOf(falling, 20)).toEqual({ rowsPerSecond: 0, timeLeftMs: null })
  })

  it('is that of the last minute only, and keeps few samples', () => {
    let samples: readonly ProgressSample[] = []
    for (let second = 0; second <= 600; second += 1) {
      samples = keepSample(samples, { atMs: second * 1_000, rows: second < 500 ? second * 100 : 50_000 + (second - 500) })
    }
    expect(samples.length).toBeLessThanOrEqual(62)
    expect(paceOf(samples, 60_000).rowsPerSecond).toBeCloseTo(1)
  })

  it('is never negative or infinite', () => {
    const samples = fc.array(fc.record({ atMs: fc.nat(), rows: fc.nat() })).map((list) => list.sort((a, b) => a.atMs - b.atMs))
    fc.assert(
      fc.property(samples, fc.nat(), (list, wanted) => {
        const { rowsPerSecond, timeLeftMs } = paceOf(list, wanted)
        expect(Number.isFinite(rowsPerSecond) && rowsPerSecond >= 0).toBe(true)
        expect(timeLeftMs === null || (Number.isFinite(timeLeftMs) && timeLeftMs >= 0)).toBe(true)
      }),
    )
  })
})

describe('the share done', () => {
  it('counts dropped rows as accounted for and stays between 0 and 1', () => {
    expect(shareDone({ rowsWritten: 6, rowsDropped: 2 }, 16)).toBe(0.5)
    expect(shareDone({ rowsWritten: 20, rowsDropped: 0 }, 16)).toBe(1)
    expect(shareDone({ rowsWritten: 0, rowsDropped: 0 }, 0)).toBe(1)
  })
})
