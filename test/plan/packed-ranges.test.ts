import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packRanges, packScan, unpackRanges, unpackScan } from '../../src/plan/packed-ranges.ts'
import { fromIds } from '../../src/plan/range-set.ts'
import { shortFindings } from '../../src/plan/short-findings.ts'
import { NO_TOTALS } from '../../src/contract.ts'
import type { Finding } from '../../src/contract.ts'

describe('packed range sets', () => {
  it('are unpacked as they were', () => {
    const ids = fc.oneof(fc.uniqueArray(fc.nat(300)), fc.uniqueArray(fc.integer({ min: 1_000_000, max: 1_000_400 }), { minLength: 60 }))
    fc.assert(
      fc.property(ids, (some) => {
        expect(unpackRanges(packRanges(fromIds(some)))).toEqual(fromIds(some))
      }),
    )
  })

  it('take a sixth of a page at most, and are plain ranges where those are short', () => {
    const holes = fromIds(Array.from({ length: 2_000 }, (_, at) => 1_000_000 + 2 * at))
    expect(JSON.stringify(packRanges(holes)).length).toBeLessThan(700)
    expect(packRanges([[0, 10_000]])).toEqual([[0, 10_000]])
    expect(packRanges([])).toEqual([])
  })

  it('are refused when they are none', () => {
    expect(() => unpackRanges('0:A!')).toThrow(RangeError)
    expect(() => unpackRanges('x:B')).toThrow(RangeError)
  })

  it('make a scan that says the same, with short findings', () => {
    const committed = fromIds([0, 2, 4, 6])
    const scan = { committed, checkpointed: committed, totals: NO_TOTALS, findings: [], withDropped: fromIds([2]) }
    expect(unpackScan(packScan(scan))).toEqual(scan)
    expect(unpackScan(packScan({ ...scan, checkpointed: [] }))).toEqual({ ...scan, checkpointed: [] })
  })
})

describe('short findings', () => {
  const finding = (length: number): Finding => ({ kind: 'damaged', count: 1, message: 'x'.repeat(length) })
  const lengths = (findings: readonly Finding[]): number[] => findings.map(({ message }) => message.length)

  it('keep short messages whole and share out what those leave', () => {
    expect(lengths(shortFindings([finding(100), finding(900), finding(950)], 1_000))).toEqual([100, 450, 450])
    expect(lengths(shortFindings([finding(100), finding(900)], 1_000))).toEqual([100, 900])
    expect(shortFindings([], 1_000)).toEqual([])
  })
})
