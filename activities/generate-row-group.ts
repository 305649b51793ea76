import { cancellationSignal, Context } from '@temporalio/activity'
import { NO_USAGE } from '../src/contract.ts'
import type { GenerateRowGroupInput, RowGroupProgress, RowGroupResult } from '../src/contract.ts'
import { generateRowGroup as generate } from '../src/dataset/generate-row-group.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Makes and commits one row group; heartbeats rows done and calls made; cancellation reaches the HTTP requests. */
export function createGenerateRowGroup({ ports, openDataset, drainMs }: ActivityDependencies) {
  return async function generateRowGroup(input: GenerateRowGroupInput): Promise<RowGroupResult> {
    const { info } = Context.current()
    const { id, start, end } = input.rowGroup
    let progress: RowGroupProgress = { id, rowsDone: 0, rowsDropped: 0, rowsWanted: end - start, usage: NO_USAGE, callsInFlight: 0 }
    return await withFailures({ isBlockedRetried: false }, async () =>
      withHeartbeat(
        () => progress,
        async () =>
          generate({
            input,
            dataset: await openDataset(input.dataset),
            ports,
            attempt: { runId: info.workflowExecution?.runId ?? 'local', attempt: info.attempt },
            signal: cancellationSignal(),
            drainMs,
            onProgress: (now) => {
              progress = now
            },
          }),
      ),
    )
  }
}
