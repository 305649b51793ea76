import { describe, expect, it } from 'vitest'
import type { Receipt } from '../../../src/dataset/receipt.ts'
import { rebuildFromReceipts } from '../../../src/dataset/resume/rebuild.ts'
import type { RowGroupFile } from '../../../src/dataset/resume/rebuild.ts'
import { extendSegments, planSegments } from '../../../src/plan/row-groups.ts'
import { DATASET, receiptOf } from '../receipts.ts'

const segments = planSegments(55, 10)
const extended = extendSegments(segments, 80, 10)
const nothingStored = { compiled: null, referenceTime: null, seed: null, isAdopted: false }
const file = (id: number, receipt: Receipt): RowGroupFile => ({ id, reading: { kind: 'receipt', rowCount: receipt.rowsWritten, receipt } })
const rebuild = (files: readonly RowGroupFile[], datasetId: string | null = null) =>
  rebuildFromReceipts(files, { datasetId, stored: nothingStored })

describe('a checkpoint rebuilt from receipts', () => {
  it('has what they all say, and counts what they count', () => {
    expect(rebuild([file(0, receiptOf(segments, 0)), file(3, receiptOf(segments, 3, [31, 39]))])).toEqual({
      datasetId: DATASET.datasetId,
      fingerprint: { hash: DATASET.fingerprint, parts: {} },
      seed: '42',
      bufferSize: 10,
      segments,
      totals: { rowGroups: 2, rowsWritten: 18, rowsDropped: 2, usage: { calls: 2, inputTokens: 4, outputTokens: 6, cost: 1 } },
      committed: [
        [0, 1],
        [3, 4],
      ],
      referenceTime: null,
      isAdopted: false,
    })
  })

  it('takes the plan of the latest extension that has a committed row group, in whichever order they are read', () => {
    const files = [file(0, receiptOf(segments, 0)), file(7, receiptOf(extended, 7)), file(1, receiptOf(segments, 1))]
    for (const order of [files, files.toReversed()]) expect(rebuild(order)).toMatchObject({ segments: extended, totals: { rowGroups: 3 } })
  })

  it('is that of the dataset in dataset.json, or else of most files; others count for nothing', () => {
    const other = { datasetId: 'other' }
    const files = [file(0, receiptOf(segments, 0, [], other)), file(1, receiptOf(segments, 1)), file(2, receiptOf(segments, 2))]
    expect(rebuild(files)).toMatchObject({ datasetId: DATASET.datasetId, committed: [[1, 3]] })
    expect(rebuild(files, 'other')).toMatchObject({ datasetId: 'other', committed: [[0, 1]] })
    expect(rebuild(files, 'a third')).toBeNull()
    const changed = file(0, receiptOf(segments, 0, [], { fingerprint: 'sha256:other' }))
    expect(rebuild([changed, ...files.slice(1)])).toMatchObject({ fingerprint: { hash: DATASET.fingerprint }, committed: [[1, 3]] })
  })

  it.each([
    ['a plan with holes', file(0, receiptOf(segments, 0, [], { segments: [{ firstId: 2, start: 0, end: 55, size: 10 }] }))],
    ['a plan of another length than its target', file(0, receiptOf(segments, 0, [], { targetNumRecords: 60 }))],
    ['rows that are not those of its plan', file(0, receiptOf(segments, 0, [], { rowGroup: { id: 0, start: 5, end: 15 } }))],
    ['a place that is not its own', file(4, receiptOf(segments, 0))],
    ['no receipt', { id: 0, reading: { kind: 'plain', rowCount: 10 } } as const],
  ])('is not made from a file with %s', (_what, wrong) => {
    expect(rebuild([wrong])).toBeNull()
    expect(rebuild([wrong, file(1, receiptOf(segments, 1))])).toMatchObject({ segments, committed: [[1, 2]] })
  })
})
