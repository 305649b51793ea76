import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Finding, RangeSet, ScanResult } from '../../src/contract.ts'
import { NO_TOTALS } from '../../src/contract.ts'
import { count, fromIds, intersect, iterate, subtract, union } from '../../src/plan/range-set.ts'
import { keepFindings, reconcile } from '../../src/plan/reconcile.ts'

const scanOf = (committed: RangeSet, checkpointed: RangeSet = committed): ScanResult => ({
  committed,
  checkpointed,
  totals: NO_TOTALS,
  findings: [],
})
const ids = fc.array(fc.nat({ max: 50 }))
const inputs = fc.record({
  page: fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 45 })),
  committed: ids,
  checkpointed: ids,
  doneBeforeScan: ids,
  inFlight: ids,
})

function run({
  page,
  committed,
  checkpointed,
  doneBeforeScan,
  inFlight,
}: { page: [number, number] } & Record<string, number[] | [number, number]>): ReturnType<typeof reconcile> {
  return reconcile({
    page,
    scan: scanOf(fromIds(committed as number[]), fromIds(checkpointed as number[])),
    doneBeforeScan: fromIds(doneBeforeScan as number[]),
    inFlight: fromIds(inFlight as number[]),
  })
}

describe('reconciling', () => {
  it('leaves exactly the holes to be done', () => {
    const { skip, missing, inFlight, lost, findings } = reconcile({
      page: [0, 6],
      scan: scanOf(fromIds([0, 2, 5])),
      doneBeforeScan: fromIds([0, 2]),
      inFlight: [[3, 4]],
    })
    expect(skip).toEqual(fromIds([0, 2, 5]))
    expect(missing).toEqual(fromIds([1, 4]))
    expect(inFlight).toEqual([[3, 4]])
    expect(lost).toEqual([])
    expect(findings).toEqual([])
  })

  it('divides the page: every id is skipped, missing or in flight, and none is two of them', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { skip, missing, inFlight } = run(input)
        const [firstId, endId] = input.page
        const page: RangeSet = firstId < endId ? [[firstId, endId]] : []
        expect(union(union(skip, missing), inFlight)).toEqual(page)
        expect(count(skip) + count(missing) + count(inFlight)).toBe(count(page))
      }),
    )
  })

  it('generates nothing that is on disk or in flight, and skips nothing that is not on disk', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { skip, missing } = run(input)
        for (const id of iterate(missing)) expect(input.committed.includes(id) || input.inFlight.includes(id)).toBe(false)
        for (const id of iterate(skip)) expect(input.committed.includes(id)).toBe(true)
      }),
    )
  })

  it('calls lost what was done before the scan and is neither on disk nor in flight, and does it again', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { lost, missing } = run(input)
        const [firstId, endId] = input.page
        const expected = input.doneBeforeScan.filter(
          (id) => id >= firstId && id < endId && !input.committed.includes(id) && !input.inFlight.includes(id),
        )
        expect(lost).toEqual(fromIds(expected))
        expect(intersect(lost, missing)).toEqual(lost)
      }),
    )
  })

  it('says the same again when nothing has changed, and in whatever order ids are named', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const once = run(input)
        expect(run(input)).toEqual(once)
        const reversed = {
          page: input.page,
          committed: [...input.committed].reverse(),
          checkpointed: [...input.checkpointed].reverse(),
          doneBeforeScan: [...input.doneBeforeScan].reverse(),
          inFlight: [...input.inFlight].reverse(),
        }
        expect(run(reversed)).toEqual(once)
      }),
    )
  })

  it('says of two pages what it says of both as one', () => {
    fc.assert(
      fc.property(inputs, fc.nat({ max: 50 }), (input, middle) => {
        const [firstId, endId] = input.page
        const cut = Math.min(Math.max(middle, firstId), Math.max(firstId, endId))
        const whole = run(input)
        const left = run({ ...input, page: [firstId, cut] })
        const right = run({ ...input, page: [cut, Math.max(cut, endId)] })
        for (const part of ['skip', 'missing', 'inFlight', 'lost'] as const) expect(union(left[part], right[part])).toEqual(whole[part])
      }),
    )
  })

  it('moves a row group that gets committed from missing to skipped, and no other, whichever comes first', () => {
    fc.assert(
      fc.property(inputs, fc.nat(), (input, pick) => {
        const before = run(input)
        const missing = [...iterate(before.missing)]
        fc.pre(missing.length > 0)
        const id = missing[pick % missing.length] as number
        const after = run({ ...input, committed: [...input.committed, id] })
        expect(after.skip).toEqual(union(before.skip, fromIds([id])))
        expect(after.missing).toEqual(subtract(before.missing, fromIds([id])))
        expect(after.inFlight).toEqual(before.inFlight)
      }),
    )
  })

  it('counts in its findings exactly what it says of the page', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { skip, missing, findings } = run(input)
        const known = union(fromIds(input.checkpointed), fromIds(input.doneBeforeScan))
        const countOf = (kind: string): number => findings.find((finding) => finding.kind === kind)?.count ?? 0
        expect(countOf('missing')).toBe(count(intersect(missing, known)))
        expect(countOf('unknown-to-checkpoint')).toBe(count(subtract(skip, known)))
      }),
    )
  })

  it('has nothing left once everything missing was made and the open row groups ended', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { missing, inFlight } = run(input)
        const after = run({ ...input, committed: [...input.committed, ...iterate(union(missing, inFlight))], inFlight: [] })
        expect(after.missing).toEqual([])
        expect(after.lost).toEqual([])
      }),
    )
  })

  it('says what disk and checkpoint disagree on, and passes on what the scan found', () => {
    const scan = {
      ...scanOf(fromIds([0, 1, 2, 3, 4]), fromIds([0, 7])),
      findings: [{ kind: 'ignored', count: 1, message: 'notes.txt' }] as const,
    }
    const { findings } = reconcile({ page: [0, 8], scan, doneBeforeScan: [], inFlight: [] })
    expect(findings).toEqual([
      { kind: 'ignored', count: 1, message: 'notes.txt' },
      { kind: 'missing', count: 1, message: expect.stringMatching(/^row group 7: .*not on disk/) },
      { kind: 'unknown-to-checkpoint', count: 4, message: expect.stringMatching(/^row groups 1, 2, 3 and 1 more: on disk/) },
    ])
  })

  it('does not call unknown what this run has just done itself', () => {
    const { findings } = reconcile({ page: [0, 2], scan: scanOf([[0, 2]], []), doneBeforeScan: [[0, 2]], inFlight: [] })
    expect(findings).toEqual([])
  })
})

describe('findings of a page that is scanned again', () => {
  it('keep what was set aside before, and replace what the scan says anew', () => {
    const finding = (kind: Finding['kind'], message: string): Finding => ({ kind, count: 1, message })
    const first = [finding('damaged', 'a'), finding('missing', 'b'), finding('unknown-to-checkpoint', 'c')]
    expect(keepFindings(first, [finding('missing', 'd'), finding('damaged', 'e')])).toEqual([
      finding('damaged', 'a'),
      finding('unknown-to-checkpoint', 'c'),
      finding('missing', 'd'),
      finding('damaged', 'e'),
    ])
  })
})
