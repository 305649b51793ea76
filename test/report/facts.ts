/** Facts of a report, for tests. */
import { NO_TOTALS } from '../../src/contract.ts'
import type { ColumnFacts, ReportFacts } from '../../src/report/facts.ts'

/** A column of texts of which nothing is known. */
export function columnFacts(changes: Partial<ColumnFacts> = {}): ColumnFacts {
  return {
    name: 'a',
    kind: 'llm-text',
    type: 'string',
    source: null,
    records: 10,
    nulls: 0,
    unique: 10,
    numbers: null,
    histogram: null,
    categories: null,
    lengths: null,
    tokens: null,
    isApproximate: false,
    ...changes,
  }
}

/** Facts of a complete dataset of ten rows. */
export function reportFacts(changes: Partial<ReportFacts> = {}): ReportFacts {
  return {
    name: 'reviews',
    state: 'complete',
    rehearsal: false,
    rowsWanted: 10,
    maxDropped: 0,
    totals: { ...NO_TOTALS, rowGroups: 1, rowsWritten: 10 },
    rowGroupsWanted: 1,
    rowGroupSize: 1_000,
    sizeBytes: 1_234,
    currency: null,
    seed: '7',
    fingerprint: 'sha256:00',
    datasetId: 'id',
    referenceTime: '2026-01-01T00:00:00.000Z',
    createdAt: '2026-01-01T00:00:00.000Z',
    writtenFrom: '2026-01-01T00:00:01.000Z',
    writtenTo: '2026-01-01T00:01:30.000Z',
    runs: 1,
    models: [],
    summariesUsage: null,
    columns: [columnFacts()],
    droppedColumns: [],
    examples: [],
    droppedRows: [],
    judges: [],
    outputs: [],
    config: '{}',
    ...changes,
  }
}
