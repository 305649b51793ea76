import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DropReason } from '../../src/contract.ts'
import { addDropReasons, dropReasonsField, dropReasonsOf, MAX_REASONS, subtractDropReasons } from '../../src/plan/drop-reasons.ts'
import { addTotals } from '../../src/plan/progress.ts'
import { NO_TOTALS } from '../../src/contract.ts'

const reason = fc.record({
  code: fc.constantFrom('A', 'B', 'C'),
  column: fc.constantFrom('x', 'y', ''),
  rows: fc.integer({ min: 1, max: 99 }),
})
const manyReasons = fc.array(fc.record({ code: fc.string(), column: fc.string(), rows: fc.integer({ min: 1, max: 99 }) }), {
  maxLength: 60,
})
const rowsIn = (reasons: readonly DropReason[]): number => reasons.reduce((sum, { rows }) => sum + rows, 0)

describe('reasons of dropped rows', () => {
  it('are counted by code and column, the most frequent first', () => {
    const dropped = [
      { code: 'ANSWER_INVALID', column: 'summary' },
      { code: 'MODEL_CONTENT_FILTERED', column: 'review' },
      { code: 'ANSWER_INVALID', column: 'summary' },
    ]
    expect(dropReasonsOf(dropped)).toEqual([
      { code: 'ANSWER_INVALID', column: 'summary', rows: 2 },
      { code: 'MODEL_CONTENT_FILTERED', column: 'review', rows: 1 },
    ])
  })

  it('add up without losing a row, in at most so many entries, however many different ones there are', () => {
    fc.assert(
      fc.property(manyReasons, manyReasons, (a, b) => {
        const sum = addDropReasons(a, b)
        expect(sum.length).toBeLessThanOrEqual(MAX_REASONS)
        expect(rowsIn(sum)).toBe(rowsIn(a) + rowsIn(b))
      }),
    )
  })

  it('are the same in whatever order they were added, as long as they are told apart', () => {
    fc.assert(
      fc.property(fc.array(reason), fc.array(reason), (a, b) => {
        expect(addDropReasons(a, b)).toEqual(addDropReasons(b, a))
        expect(subtractDropReasons(addDropReasons(a, b), b)).toEqual(addDropReasons(a, []))
      }),
    )
  })

  it('are absent from totals without drops, and results of earlier releases without them are accepted', () => {
    expect(dropReasonsField([])).toEqual({})
    expect(Object.keys(addTotals(NO_TOTALS, NO_TOTALS))).toEqual(Object.keys(NO_TOTALS))
    const old = { ...NO_TOTALS, rowsDropped: 3 }
    const today = { ...NO_TOTALS, rowsDropped: 1, dropReasons: [{ code: 'A', column: 'x', rows: 1 }] }
    expect(addTotals(old, today)).toMatchObject({ rowsDropped: 4, dropReasons: today.dropReasons })
  })
})
