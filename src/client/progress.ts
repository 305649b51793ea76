/** Live progress of a run: the workflow's counters and the heartbeats of the open row groups, together (ruling 17). */
import { hostname } from 'node:os'
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import { addUsage, QUERIES } from '../contract.ts'
import type { Progress, RowGroupProgress, Usage } from '../contract.ts'

/** One look at a run. */
export interface RunProgress extends Progress {
  /** Rows written, those of open row groups included. */
  readonly rowsDone: number
  readonly rowsDropped: number
  /** Usage, that of open row groups included. */
  readonly usage: Usage
  readonly callsInFlight: number
  readonly openRowGroups: readonly RowGroupProgress[]
  /** When the quietest open row group was last heard of, in ms since the epoch; null when none is open. A dead worker falls silent. */
  readonly quietSince: number | null
  /** Last failure of an activity that is being retried, or null. */
  readonly retrying: string | null
}

/** Reads the progress once. Throws the client's error when the server or the worker cannot answer. */
export async function readProgress(client: Client, handle: WorkflowHandle): Promise<RunProgress> {
  const [progress, description] = await Promise.all([handle.query<Progress>(QUERIES.progress), handle.describe()])
  const pending = description.raw.pendingActivities ?? []
  const generated = progressIn(pending, 'generateRowGroup')
  const repaired = progressIn(pending, 'repairRowGroup')
  const open = [...generated, ...repaired]
  // A row group that was committed a moment ago may still be pending: it is not counted beyond what is wanted.
  const { targetNumRecords, totals } = progress
  // The rows of a repair were counted as dropped already, until they are done.
  const droppedNow = totals.rowsDropped + sum(generated, (group) => group.rowsDropped) - sum(repaired, (group) => group.rowsDone)
  const rowsDropped = Math.min(targetNumRecords, Math.max(0, droppedNow))
  const rowsDone = Math.min(targetNumRecords - rowsDropped, totals.rowsWritten + sum(open, (group) => group.rowsDone))
  const failure = pending.map((activity) => activity.lastFailure?.message).find((message) => message !== undefined && message !== null)
  return {
    ...progress,
    rowsDone,
    rowsDropped,
    usage: open.reduce((total, { usage }) => addUsage(total, usage), progress.totals.usage),
    callsInFlight: sum(open, ({ callsInFlight }) => callsInFlight),
    openRowGroups: open,
    quietSince: pending.reduce((quietest: number | null, activity) => earlier(quietest, lastSignOf(activity)), null),
    retrying: failure ?? null,
  }
}

function progressIn(pending: readonly PendingActivity[], name: string): readonly RowGroupProgress[] {
  return pending
    .filter(({ activityType }) => activityType?.name === name)
    .map(({ heartbeatDetails }) => heartbeatDetails?.payloads?.[0])
    .filter((payload) => payload !== undefined)
    .map((payload) => defaultPayloadConverter.fromPayload<RowGroupProgress>(payload))
}

/** Activities that work on a row group. */
const ON_ROW_GROUPS: ReadonlySet<string> = new Set(['generateRowGroup', 'repairRowGroup'])

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]

/** Last heartbeat of a row group that some worker has, or its start; null for one that waits for a worker. */
function lastSignOf({ activityType, lastStartedTime, lastHeartbeatTime, state }: PendingActivity): number | null {
  // 1 is "scheduled": nobody has it.
  if (!ON_ROW_GROUPS.has(activityType?.name ?? '') || state === 1) return null
  return Math.max(Number(lastStartedTime?.seconds ?? 0), Number(lastHeartbeatTime?.seconds ?? 0)) * 1_000 || null
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

/** A poll lasts up to a minute; a worker that has not polled for longer is gone, in ms. */
const POLL_MS = 75_000

/**
 * True when some worker polls the task queue now. The server remembers pollers for minutes: one of this machine counts only while
 * its process lives.
 */
export async function hasPollers(client: Client, namespace: string, taskQueue: string): Promise<boolean> {
  const answer = await client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: 1 })
  return (answer.pollers ?? []).some(({ identity, lastAccessTime }) => {
    const isRecent = Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < POLL_MS
    return isRecent && !isGoneFromHere(identity ?? '')
  })
}

/** True for `<pid>@<this host>` of a process that does not exist (any more). */
function isGoneFromHere(identity: string): boolean {
  const pid = /^(\d+)@/u.exec(identity)?.[1]
  if (pid === undefined || identity !== `${pid}@${hostname()}`) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
