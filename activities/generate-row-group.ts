import { ApplicationFailure, CancelledFailure, cancellationSignal, Context } from '@temporalio/activity'
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
async function withAttempt<T extends RowGroupResult>(
  dependencies: ActivityDependencies,
  input: GenerateRowGroupInput,
  work: (options: AttemptOptions) => Promise<T>,
): Promise<T> {
  return await observed(dependencies.observe, input, () => attemptRowGroup(dependencies, input, work))
}

/** Says what becomes of the attempt to whoever watches the worker. */
async function observed<T extends RowGroupResult>(
  observe: ActivityDependencies['observe'],
  { dataset, rowGroup }: GenerateRowGroupInput,
  attemptIt: () => Promise<T>,
): Promise<T> {
  const { attempt } = Context.current().info
  const about = { datasetId: dataset.datasetId, location: dataset.location, rowGroup: rowGroup.id, attempt }
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1_000
  observe({ kind: 'row-group-opened', ...about })
  try {
    const result = await attemptIt()
    const { isNew, rowsWritten, rowsDropped, dropReasons = [], usage } = result
    observe({ kind: 'row-group-committed', ...about, isNew, rowsWritten, rowsDropped, dropReasons, usage, seconds: seconds() })
    return result
  } catch (error) {
    const code = error instanceof ApplicationFailure ? error.type : error instanceof CancelledFailure ? 'CANCELLED' : null
    const message = error instanceof Error ? error.message : String(error)
    observe({ kind: 'row-group-ended', ...about, code: code ?? 'INTERNAL', message, seconds: seconds() })
    throw error
  }
}

async function attemptRowGroup<T>(
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
