/** Builders of receipts for tests. */
import type { PlanSegment } from '../../src/contract.ts'
import { rowGroupById } from '../../src/plan/row-groups.ts'
import type { DroppedRow, Receipt } from '../../src/dataset/receipt.ts'

/** Identity of the dataset that `receiptOf` makes receipts for. */
export const DATASET = { datasetId: 'dataset-1', fingerprint: 'sha256:abc' }

/** The receipt of a row group, the rows in `droppedRows` being dropped; `changes` replaces fields. */
export function receiptOf(
  segments: readonly PlanSegment[],
  id: number,
  droppedRows: readonly number[] = [],
  changes: Partial<Receipt> = {},
): Receipt {
  const rowGroup = rowGroupById(segments, id)
  const rowsWanted = rowGroup.end - rowGroup.start
  const dropped: DroppedRow[] = droppedRows.map((row) => ({ row, code: 'ANSWER_INVALID', column: 'c', refill: 2, reason: 'no JSON' }))
  return {
    version: 1,
    ...DATASET,
    generation: 0,
    rowGroup,
    rowsWanted,
    rowsWritten: rowsWanted - dropped.length,
    dropped,
    refilled: [],
    usage: { calls: 1, inputTokens: 2, outputTokens: 3, cost: 0.5 },
    seed: '42',
    bufferSize: segments[0]?.size ?? 1,
    targetNumRecords: segments.at(-1)?.end ?? 0,
    segments,
    sidecars: [],
    rehearsal: false,
    writtenBy: { runId: 'run', attempt: 1, at: '2025-01-01T00:00:00.000Z' },
    ...changes,
  }
}
