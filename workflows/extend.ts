/** More rows for a run that is under way: the plan is appended to, and what is appended is made once the pages before it are done. */
import { condition } from '@temporalio/workflow'
import { ApplicationFailure } from '@temporalio/common'
import type { ExtendAnswer, PreparedDataset } from '../src/contract.ts'
import { maxDroppedRows } from '../src/plan/max-dropped.ts'
import { extendSegments, rowGroupCount } from '../src/plan/row-groups.ts'
import { showState } from './presentation.ts'
import type { Run } from './run.ts'
import { preparedOf } from './run.ts'

/** More rows than anybody means. */
const MAX_RECORDS = 1_000_000_000_000

/** Why the run cannot be extended to so many rows, or null. */
export function refusalOfExtend({ prepared }: Pick<Run, 'prepared'>, numRecords: number): string | null {
  if (!Number.isInteger(numRecords) || numRecords < 1 || numRecords > MAX_RECORDS) {
    return `expected a whole number of rows from 1 to ${MAX_RECORDS}, found ${String(numRecords)}`
  }
  if (prepared === null || numRecords >= prepared.targetNumRecords) return null
  return `expected at least the ${prepared.targetNumRecords} rows that this run makes already, found ${numRecords}: a dataset can grow, not shrink`
}

/** Wants so many rows in all from now on; the same number again changes nothing. */
export async function extend(run: Run, numRecords: number): Promise<ExtendAnswer> {
  await condition(() => run.prepared !== null)
  const refusal = refusalOfExtend(run, numRecords)
  if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'USAGE')
  const before = preparedOf(run)
  if (numRecords > before.targetNumRecords) {
    run.prepared = extendedTo(before, numRecords)
    run.isPlanUnwritten = true
    showState(run)
  }
  const { targetNumRecords, segments } = preparedOf(run)
  return { targetNumRecords, rowGroupsWanted: rowGroupCount(segments) }
}

function extendedTo(prepared: PreparedDataset, numRecords: number): PreparedDataset {
  const { segments, maxDroppedShare } = prepared
  const size = segments.at(-1)?.size ?? numRecords
  return {
    ...prepared,
    segments: extendSegments(segments, numRecords, size),
    targetNumRecords: numRecords,
    ...(maxDroppedShare === undefined ? {} : { maxDroppedRows: maxDroppedRows({ share: maxDroppedShare }, numRecords) }),
  }
}
