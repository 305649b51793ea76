import { cancellationSignal, Context } from '@temporalio/activity'
import { NO_USAGE } from '../src/contract.ts'
import type { GenerateRowGroupInput, RepairResult, RepairRowGroupInput, RowGroupProgress, RowGroupResult } from '../src/contract.ts'
import { generateRowGroup as generate } from '../src/dataset/row-group/generate-row-group.ts'
import { repairRowGroup as repair } from '../src/dataset/row-group/repair-row-group.ts'
import type { AttemptOptions } from '../src/dataset/row-group/work-on-row-group.ts'
import { traceAtStart } from '../src/plan/deaths.ts'
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
  { ports, openDataset, drainMs, isInTouch }: ActivityDependencies,
  input: GenerateRowGroupInput,
  work: (options: AttemptOptions) => Promise<T>,
): Promise<T> {
  const { info } = Context.current()
  const before = (info.heartbeatDetails as RowGroupProgress | undefined)?.trace ?? null
  const startedAt = performance.now()
  let progress = progressAtStart(input, info.attempt, before)
  return await withFailures({ isBlockedRetried: false }, async () =>
    withHeartbeat(
      (hasEnded) => ({ ...progress, trace: { ...progress.trace, hasEnded } }),
      async () =>
        work({
          input,
          dataset: await openDataset(input.dataset),
          ports,
          attempt: { runId: info.workflowExecution?.runId ?? 'local', attempt: info.attempt },
          before,
          signal: cancellationSignal(),
          drainMs,
          isInTouch: () => isInTouch({ startedAt, limitMs: info.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY }),
          onProgress: (now) => {
            progress = now
          },
        }),
    ),
  )
}

function progressAtStart(
  { rowGroup: { id, start, end } }: GenerateRowGroupInput,
  attempt: number,
  before: AttemptTrace | null,
): RowGroupProgress {
  const trace = traceAtStart(attempt, before)
  return { id, rowsDone: 0, rowsDropped: 0, rowsWanted: end - start, usage: NO_USAGE, callsInFlight: 0, trace }
}
