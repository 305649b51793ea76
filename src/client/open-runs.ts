/** The runs that are open on a server. */
import type { Client } from '@temporalio/client'
import { GENERATE_COMPOSITE } from '../composite-contract.ts'
import { GENERATE_DATASET } from '../contract.ts'
import { FIRING_PREFIX } from '../schedule-contract.ts'

/** An open run, as the server lists it. */
export interface OpenRun {
  readonly workflowId: string
  readonly datasetName: string
  /** Absolute folder, or empty when the run does not say. */
  readonly location: string
  readonly taskQueue: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** Lists them, newest first. A run that was started a moment ago may not be listed yet. */
export async function listOpenRuns(client: Client): Promise<readonly OpenRun[]> {
  const runs: OpenRun[] = []
  const types = `WorkflowType IN ('${GENERATE_DATASET}', '${GENERATE_COMPOSITE}')`
  for await (const info of client.workflow.list({ query: `${types} AND ExecutionStatus = 'Running'` })) {
    // The stages of a composite go on with it; what a schedule started is a run like any other.
    if (info.parentExecution?.workflowId?.startsWith(FIRING_PREFIX) === false) continue
    runs.push({
      workflowId: info.workflowId,
      datasetName: textOf(info.memo?.['dataset']) ?? info.workflowId,
      location: textOf(info.memo?.['location']) ?? '',
      taskQueue: info.taskQueue,
      startedAt: info.startTime.getTime(),
    })
  }
  return runs
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
