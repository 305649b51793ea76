import { cancellationSignal, Context } from '@temporalio/activity'
import { NO_USAGE } from '../src/contract.ts'
import type { GenerateRowGroupInput, RepairResult, RepairRowGroupInput, RowGroupProgress, RowGroupResult } from '../src/contract.ts'
import { generateRowGroup as generate } from '../src/dataset/row-group/generate-row-group.ts'
import { repairRowGroup as repair } from '../src/dataset/row-group/repair-row-group.ts'
import type { OpenDataset } from '../src/dataset/open-dataset.ts'
import { progressMark } from '../src/dataset/row-group/progress-mark.ts'
import type { AttemptOptions } from '../src/dataset/row-group/work-on-row-group.ts'
import { traceOf } from '../src/plan/deaths.ts'
import type { AttemptTrace } from '../src/plan/deaths.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Makes and commits one row group; heartbeats rows done and calls made; cancellation reaches the HTTP requests. */
export function createGenerateRowGroup(dependencies: ActivityDependencies) {
  return async function generateRowGroup(input: GenerateRowGroupInput): Promise<RowGroupResult> {
    return await withAttempt(dependencies, input, generate)
  }
}

/** Makes the dropped rows of one committed row group again; otherwise as `generateRowGroup`. */
export function createRepairRowGroup(dependencies: ActivityDependencies) {
  return async function repairRowGroup(input: RepairRowGroupInput): Promise<RepairResult> {
    return await withAttempt(dependencies, input, (options) => repair({ ...options, input }))
  }
}

/** What Temporal knows of the attempt, for the work on a row group. */
async function withAttempt<T>(
  dependencies: ActivityDependencies,
  input: GenerateRowGroupInput,
  work: (options: AttemptOptions) => Promise<T>,
): Promise<T> {
  const { info } = Context.current()
  const { ports, drainMs, isInTouch } = dependencies
  const startedAt = performance.now()
  return await withFailures({ isBlockedRetried: false }, async () => {
    const { dataset, trace } = await beginAttempt(dependencies, input)
    let progress = progressAtStart(input)
    return await withHeartbeat(
      (hasEnded) => ({ ...progress, trace: { ...trace, hasEnded } }),
      async () =>
        work({
          input,
          dataset,
          ports,
          attempt: { runId: info.workflowExecution?.runId ?? 'local', attempt: info.attempt },
          trace,
          signal: cancellationSignal(),
          drainMs,
          isInTouch: () => isInTouch({ startedAt, limitMs: info.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY }),
          onProgress: (now) => {
            progress = now
          },
        }),
    )
  })
}

/** Before the first heartbeat, which is to carry the trace: only so is an attempt counted that dies at once. */
async function beginAttempt(
  { openDataset }: ActivityDependencies,
  input: GenerateRowGroupInput,
): Promise<{ readonly dataset: OpenDataset; readonly trace: AttemptTrace }> {
  const context = Context.current()
  const { attempt, heartbeatDetails } = context.info
  const before = (heartbeatDetails as RowGroupProgress | undefined)?.trace ?? null
  try {
    const dataset = await openDataset(input.dataset)
    return { dataset, trace: traceOf({ attempt, before, mark: await progressMark(dataset.storage) }) }
  } catch (error) {
    const trace: AttemptTrace = { mark: '', deaths: 0, ...before, hasEnded: true }
    context.heartbeat({ ...progressAtStart(input), trace })
    throw error
  }
}

function progressAtStart({ rowGroup: { id, start, end } }: GenerateRowGroupInput): RowGroupProgress {
  return { id, rowsDone: 0, rowsDropped: 0, rowsWanted: end - start, usage: NO_USAGE, callsInFlight: 0 }
}
