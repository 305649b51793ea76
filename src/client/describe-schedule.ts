/** What is known of one schedule: when it fires, and what came of its last firing. */
import type { Client, ScheduleHandle, WorkflowExecutionDescription } from '@temporalio/client'
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import type { ExtendDatasetResult } from '../schedule-contract.ts'

/** Memo of a schedule. */
export interface ScheduleMemo {
  readonly dataset: string
  readonly location: string
  readonly datasetId: string
  readonly extendBy: number
  readonly everyMs: number | null
  readonly cron: string | null
}

/** One schedule as it is now. */
export interface DatasetSchedule extends ScheduleMemo {
  readonly scheduleId: string
  readonly isPaused: boolean
  /** Who paused or resumed it last, and why; null when nobody did. */
  readonly note: string | null
  /** Milliseconds since the epoch; null while it is paused. */
  readonly nextAt: number | null
  readonly firings: number
  /** Firings that the server left out because the one before was not over. */
  readonly skipped: number
  /** Firings that the server left out because it was not there at their time. */
  readonly missed: number
  readonly taskQueue: string
  /** Null before the first firing. */
  readonly last: Firing | null
}

/** One firing. */
export interface Firing {
  readonly workflowId: string
  readonly runId: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** `open` while its run goes on; `failed` also when it was cancelled or ended from outside; `unknown` once the server has forgotten it. */
  readonly outcome: ExtendDatasetResult['outcome'] | 'open' | 'failed' | 'unknown'
  /** One sentence for people; null where there is none. */
  readonly reason: string | null
}

/** The memo of a schedule of ours, or null. */
export function memoOf(memo: Readonly<Record<string, unknown>> | undefined): ScheduleMemo | null {
  const { dataset, location, datasetId } = memo ?? {}
  const isOurs = typeof dataset === 'string' && typeof location === 'string' && typeof datasetId === 'string'
  return isOurs ? (memo as unknown as ScheduleMemo) : null
}

/** Describes a schedule of ours. */
export async function describeSchedule(client: Client, handle: ScheduleHandle): Promise<DatasetSchedule> {
  const { memo, state, info, action } = await handle.describe()
  const known = memoOf(memo) ?? { dataset: handle.scheduleId, location: '', datasetId: '', extendBy: 0, everyMs: null, cron: null }
  const { dataset, location, datasetId, extendBy, everyMs, cron } = known
  const latest = info.recentActions.at(-1)
  return {
    scheduleId: handle.scheduleId,
    dataset,
    location,
    datasetId,
    extendBy,
    everyMs,
    cron,
    isPaused: state.paused,
    note: state.note === undefined || state.note === '' ? null : state.note,
    nextAt: state.paused ? null : (info.nextActionTimes[0]?.getTime() ?? null),
    firings: info.numActionsTaken,
    skipped: info.numActionsSkippedOverlap,
    missed: info.numActionsMissedCatchupWindow,
    taskQueue: action.taskQueue,
    last: latest === undefined ? null : await firingOf(client, latest.action.workflow, latest.takenAt.getTime()),
  }
}

async function firingOf(
  client: Client,
  { workflowId, firstExecutionRunId: runId }: { readonly workflowId: string; readonly firstExecutionRunId: string },
  at: number,
): Promise<Firing> {
  const handle = client.workflow.getHandle(workflowId, runId)
  const about = { workflowId, runId, at }
  let description: WorkflowExecutionDescription
  try {
    description = await handle.describe()
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { ...about, outcome: 'unknown', reason: null }
    throw error
  }
  if (description.status.name === 'RUNNING') return { ...about, outcome: 'open', reason: null }
  try {
    const { outcome, reason } = (await handle.result()) as ExtendDatasetResult
    return { ...about, outcome, reason }
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    return { ...about, outcome: 'failed', reason: error.cause?.message ?? error.message }
  }
}
