import { cancellationSignal, Context } from '@temporalio/activity'
import { NO_USAGE } from '../src/contract.ts'
import type { GenerateRowGroupInput, RowGroupProgress, RowGroupResult } from '../src/contract.ts'
import { generateRowGroup as generate } from '../src/dataset/generate-row-group.ts'
import type { AttemptTrace } from '../src/plan/deaths.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Makes and commits one row group; heartbeats rows done and calls made; cancellation reaches the HTTP requests. */
export function createGenerateRowGroup({ ports, openDataset, drainMs, isInTouch }: ActivityDependencies) {
  return async function generateRowGroup(input: GenerateRowGroupInput): Promise<RowGroupResult> {
    const { info } = Context.current()
    const before = (info.heartbeatDetails as RowGroupProgress | undefined)?.trace ?? null
    const startedAt = performance.now()
    let progress = progressAtStart(input, info.attempt, before)
    return await withFailures({ isBlockedRetried: false }, async () =>
      withHeartbeat(
        (hasEnded) => ({ ...progress, trace: { ...progress.trace, hasEnded } }),
        async () =>
          generate({
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
}

/** Until the work says more, the trace of the attempt before is passed on. */
function progressAtStart(
  { rowGroup: { id, start, end } }: GenerateRowGroupInput,
  attempt: number,
  before: AttemptTrace | null,
): RowGroupProgress {
  const trace = before ?? { answersAtStart: 0, deaths: attempt - 1, hasEnded: false }
  return { id, rowsDone: 0, rowsDropped: 0, rowsWanted: end - start, usage: NO_USAGE, callsInFlight: 0, trace }
}
