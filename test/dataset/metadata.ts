/** Builders of checkpoints for tests. */
import type { Metadata } from '../../src/dataset/metadata.ts'

/** Fingerprint of `metadataOf`'s dataset. */
export const FINGERPRINT = { hash: 'sha256:a', parts: { review: 'sha256:1', price: 'sha256:2' } }

/** The checkpoint of a dataset of 50 rows in row groups of 10. */
export function metadataOf(datasetId: string, rowsWritten: number): Metadata {
  return {
    dataset_name: 'reviews',
    buffer_size: 10,
    target_num_records: 50,
    original_target_num_records: 50,
    actual_num_records: rowsWritten,
    total_num_batches: 0,
    num_completed_batches: 0,
    preserve_dropped_columns: true,
    parquetry: {
      version: 1,
      dataset_id: datasetId,
      fingerprint: FINGERPRINT,
      seed: '7',
      reference_time: '2026-01-01T00:00:00.000Z',
      request_id: 'r',
      segments: [{ firstId: 0, start: 0, end: 50, size: 10 }],
      epoch: 1,
      sequence: 1,
      state: 'generating',
      totals: { rowGroups: rowsWritten / 10, rowsWritten, rowsDropped: 0, usage: { calls: 0, inputTokens: 0, outputTokens: 0, cost: 0 } },
      committed: [],
      updated_at: '',
      rehearsal: false,
      currency: null,
    },
  }
}
