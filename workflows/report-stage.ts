/** A run that is a stage of a composite says to its parent how it is, so that the parent waits, and is seen to wait, as the stage does. */
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow'
import { STAGE_CHANGED } from '../src/composite-contract.ts'
import type { StageChange } from '../src/composite-contract.ts'
import type { Run } from './run.ts'
import { progressOf } from './run.ts'

/** Tells the parent, if there is one that wants to know. Its end is told by the result, so a signal that does not arrive is no loss. */
export function reportToComposite(run: Run): void {
  const { parent, workflowId } = workflowInfo()
  if (run.input.isStage !== true || parent === undefined) return
  const { state, blocked, targetNumRecords, totals, rowGroupsWanted, rehearsal, currency } = progressOf(run)
  const change: StageChange = { workflowId, state, blocked, targetNumRecords, totals, rowGroupsWanted, rehearsal, currency }
  void getExternalWorkflowHandle(parent.workflowId)
    .signal(STAGE_CHANGED, change)
    .catch(() => undefined)
}
