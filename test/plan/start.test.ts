import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_TOTALS } from '../../src/contract.ts'
import type { Totals } from '../../src/contract.ts'
import { extendSegments, planSegments, rowGroupById, rowGroupCount } from '../../src/plan/row-groups.ts'
import { startAt } from '../../src/plan/start.ts'

/** 0–3, 4–7, 8–9, then 10–14 and 15–16. */
const segments = extendSegments(planSegments(10, 4), 17, 5)
const totals = (changes: Partial<Totals>): Totals => ({ ...NO_TOTALS, ...changes })

describe('a start', () => {
  it('is at row group 0 with nothing when nothing is said', () => {
    expect(startAt(segments)).toEqual({ cursor: 0, totals: NO_TOTALS })
    expect(startAt([])).toEqual({ cursor: 0, totals: NO_TOTALS })
  })

  it('may be at any row group with the counts of those before it, and behind the last one', () => {
    fc.assert(
      fc.property(fc.nat({ max: rowGroupCount(segments) }), fc.nat({ max: 4 }), (firstRowGroup, dropped) => {
        const rows = firstRowGroup === rowGroupCount(segments) ? 17 : rowGroupById(segments, firstRowGroup).start
        const rowsDropped = Math.min(dropped, rows)
        const initialTotals = totals({ rowGroups: firstRowGroup, rowsWritten: rows - rowsDropped, rowsDropped })
        expect(startAt(segments, { firstRowGroup, initialTotals })).toEqual({ cursor: firstRowGroup, totals: initialTotals })
      }),
    )
  })

  it.each<[string, number, Totals, RegExp]>([
    ['a row group below zero', -1, NO_TOTALS, /the first row group to be a whole number of 0 to 5, found -1/],
    ['half a row group', 1.5, NO_TOTALS, /found 1.5/],
    ['no number', Number.NaN, NO_TOTALS, /found NaN/],
    ['a row group beyond the plan', 6, NO_TOTALS, /0 to 5, found 6/],
    ['more row groups than lie before it', 2, totals({ rowGroups: 3 }), /the initial row groups to be a whole number of 0 to 2, found 3/],
    ['counts below zero', 2, totals({ rowsWritten: -1 }), /the initial rows written/],
    ['more rows than lie before it', 1, totals({ rowGroups: 1, rowsWritten: 5 }), /0 to 4, found 5/],
    ['rows although none lie before it', 0, totals({ rowsWritten: 1 }), /0 to 0, found 1/],
    ['more rows in all than lie before it', 1, totals({ rowsWritten: 3, rowsDropped: 2 }), /the initial rows to be .* found 5/],
    ['half a call', 1, totals({ usage: { ...NO_TOTALS.usage, calls: 0.5 } }), /the initial calls to be a whole number of 0 or more/],
    ['a cost below zero', 1, totals({ usage: { ...NO_TOTALS.usage, cost: -1 } }), /the initial cost/],
    ['calls paid twice below zero', 1, totals({ callsPaidTwice: -1 }), /the initial calls paid twice/],
  ])('refuses %s', (_what, firstRowGroup, initialTotals, message) => {
    expect(() => startAt(segments, { firstRowGroup, initialTotals })).toThrow(RangeError)
    expect(() => startAt(segments, { firstRowGroup, initialTotals })).toThrow(message)
  })
})
