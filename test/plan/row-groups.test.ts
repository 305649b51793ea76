import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlanSegment, RowGroup } from '../../src/contract.ts'
import {
  batchName,
  checkSegments,
  extendSegments,
  parseBatchName,
  planSegments,
  rowCount,
  rowGroupById,
  rowGroupCount,
  rowGroupOfRow,
  rowGroupsOf,
} from '../../src/plan/row-groups.ts'

const all = (segments: readonly PlanSegment[]): RowGroup[] => [...rowGroupsOf(segments, 0, rowGroupCount(segments))]

/** A plan that was extended a few times. */
const plans = fc
  .tuple(
    fc.nat({ max: 60 }),
    fc.integer({ min: 1, max: 9 }),
    fc.array(fc.tuple(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 9 })), { maxLength: 4 }),
  )
  .map(([numRecords, size, extensions]) =>
    extensions.reduce(
      (segments, [more, nextSize]) => extendSegments(segments, rowCount(segments) + more, nextSize),
      planSegments(numRecords, size),
    ),
  )

describe('a plan', () => {
  it('cuts the rows into row groups, the last one as short as it must be', () => {
    expect(all(planSegments(12, 5))).toEqual([
      { id: 0, start: 0, end: 5 },
      { id: 1, start: 5, end: 10 },
      { id: 2, start: 10, end: 12 },
    ])
    expect(planSegments(0, 5)).toEqual([])
    expect(rowGroupCount(planSegments(10, 5))).toBe(2)
  })

  it('is extended behind a short row group, which stays short', () => {
    const extended = extendSegments(planSegments(12, 5), 14, 5)
    expect(extended).toEqual([
      { firstId: 0, start: 0, end: 12, size: 5 },
      { firstId: 3, start: 12, end: 14, size: 5 },
    ])
    expect(rowGroupById(extended, 2)).toEqual({ id: 2, start: 10, end: 12 })
    expect(rowGroupById(extended, 3)).toEqual({ id: 3, start: 12, end: 14 })
  })

  it('stays as it is when nothing is added, and refuses to shrink', () => {
    const segments = planSegments(12, 5)
    expect(extendSegments(segments, 12, 7)).toBe(segments)
    expect(() => extendSegments(segments, 11, 5)).toThrow(/at least the 12 rows/)
  })

  it('covers every row exactly once, in order, however it was extended', () => {
    fc.assert(
      fc.property(plans, (segments) => {
        checkSegments(segments)
        const groups = all(segments)
        expect(groups.map(({ id }) => id)).toEqual(groups.map((_, index) => index))
        expect(groups.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i))).toEqual(
          Array.from({ length: rowCount(segments) }, (_, row) => row),
        )
        for (const group of groups) {
          expect(group.end).toBeGreaterThan(group.start)
          expect(rowGroupById(segments, group.id)).toEqual(group)
          expect(rowGroupOfRow(segments, group.start)).toEqual(group)
          expect(rowGroupOfRow(segments, group.end - 1)).toEqual(group)
        }
      }),
    )
  })

  it('never changes an earlier row group when it is extended', () => {
    fc.assert(
      fc.property(plans, fc.nat({ max: 40 }), fc.integer({ min: 1, max: 9 }), (segments, more, size) => {
        const extended = extendSegments(segments, rowCount(segments) + more, size)
        expect(all(extended).slice(0, rowGroupCount(segments))).toEqual(all(segments))
        expect(rowCount(extended)).toBe(rowCount(segments) + more)
      }),
    )
  })

  it('gives pages of row groups', () => {
    const segments = extendSegments(planSegments(12, 5), 30, 5)
    expect([...rowGroupsOf(segments, 2, 4)]).toEqual([rowGroupById(segments, 2), rowGroupById(segments, 3)])
    expect([...rowGroupsOf(segments, 2, 2)]).toEqual([])
  })

  it('refuses ids, rows, counts and sizes outside of it', () => {
    const segments = planSegments(12, 5)
    for (const bad of [-1, 3, 0.5, Number.NaN]) expect(() => rowGroupById(segments, bad)).toThrow(RangeError)
    for (const bad of [-1, 12, 0.5]) expect(() => rowGroupOfRow(segments, bad)).toThrow(RangeError)
    expect(() => [...rowGroupsOf(segments, 0, 4)]).toThrow(RangeError)
    expect(() => [...rowGroupsOf(segments, 2, 1)]).toThrow(RangeError)
    expect(() => planSegments(-1, 5)).toThrow(RangeError)
    expect(() => planSegments(1.5, 5)).toThrow(RangeError)
    expect(() => planSegments(10, 0)).toThrow(RangeError)
    expect(() => rowGroupById([], 0)).toThrow(RangeError)
  })

  it('with a hole, an overlap or an empty segment is refused', () => {
    const good = { firstId: 0, start: 0, end: 10, size: 5 }
    expect(() => checkSegments([good, { firstId: 2, start: 11, end: 12, size: 5 }])).toThrow(/segment 1 to begin at row group 2 and row 10/)
    expect(() => checkSegments([good, { firstId: 3, start: 10, end: 12, size: 5 }])).toThrow(RangeError)
    expect(() => checkSegments([good, { firstId: 2, start: 10, end: 10, size: 5 }])).toThrow(RangeError)
    expect(() => checkSegments([{ ...good, size: 0 }])).toThrow(RangeError)
    expect(() => extendSegments([{ ...good, start: 1 }], 20, 5)).toThrow(RangeError)
  })
})

describe('names of row groups', () => {
  it('have five digits, or more when needed, and lead back', () => {
    expect(batchName(12)).toBe('batch_00012')
    expect(batchName(123_456)).toBe('batch_123456')
    fc.assert(
      fc.property(fc.nat(), (id) => {
        expect(parseBatchName(batchName(id))).toBe(id)
      }),
    )
  })

  it.each([
    'batch_',
    'batch_3',
    'batch_000003',
    'batch_00003_extra',
    'Batch_00003',
    'batch_0000a',
    'notes',
    'batch_99999999999999999999',
    ' batch_00003',
    'batch_00003\n',
  ])('do not include %j', (name) => {
    expect(parseBatchName(name)).toBeNull()
  })
})
