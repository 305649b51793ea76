/** Whether the profile and the report are those of the files, the profilers and the state. */
import { createHash } from 'node:crypto'
import type { CompiledDataset } from '../../config/compiled.ts'
import { maxDroppedRows } from '../../plan/max-dropped.ts'
import { REPORT_VERSION } from '../../report/page.ts'
import type { ReportState } from '../../report/facts.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import type { Metadata } from '../metadata.ts'

/** The profilers as one hash; undefined without any. */
export function hashOfProfilers(profilers: CompiledDataset['profilers']): string | undefined {
  return profilers.length === 0 ? undefined : createHash('sha256').update(JSON.stringify(profilers)).digest('hex').slice(0, 16)
}

/** True when the profile was made from these very row groups, with these profilers, and no summary is missing. */
export function isProfileWhole(metadata: Metadata, rowGroupsHash: string, profilers: CompiledDataset['profilers']): boolean {
  const { profile_made_from: madeFrom, profilers: madeWith, summaries_missing: missing } = metadata.parquetry
  const isThere = metadata.column_statistics !== undefined && madeFrom === rowGroupsHash
  return isThere && madeWith === hashOfProfilers(profilers) && missing === undefined
}

/** True when the report shows these row groups in this state. */
export async function isReportWhole(
  storage: Storage,
  metadata: Metadata,
  rowGroupsHash: string,
  policies: CompiledDataset['policies'],
): Promise<boolean> {
  return (
    metadata.parquetry.report_made_from === reportStamp(metadata, rowGroupsHash, policies) && (await storage.stat(keys.report)) !== null
  )
}

/** What the report depends on: the row groups, the state, and the page itself. */
export function reportStamp(metadata: Metadata, rowGroupsHash: string, policies: CompiledDataset['policies']): string {
  return `${rowGroupsHash}.${reportStateOf(metadata, policies)}.${REPORT_VERSION}`
}

/** Complete means complete: every row accounted for, and no more dropped than allowed (ruling 20). */
export function reportStateOf(
  { target_num_records: wanted, parquetry }: Metadata,
  { maxDropped }: CompiledDataset['policies'],
): ReportState {
  const { rowsWritten, rowsDropped } = parquetry.totals
  if (rowsWritten + rowsDropped < wanted) return 'unfinished'
  return rowsDropped <= maxDroppedRows(maxDropped, wanted) ? 'complete' : 'incomplete'
}
