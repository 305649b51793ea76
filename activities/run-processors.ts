import { cancellationSignal, Context } from '@temporalio/activity'
import type { ProcessorProgress, RunProcessorsInput, RunProcessorsResult } from '../src/contract.ts'
import { processorSteps } from '../src/dataset/processors/processor-steps.ts'
import { runProcessors as run } from '../src/dataset/processors/run-processors.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Runs the post-generation processors whose outputs are missing or stale; heartbeats what they have read and written. */
export function createRunProcessors({ ports, openDataset }: ActivityDependencies) {
  return async function runProcessors(input: RunProcessorsInput): Promise<RunProcessorsResult> {
    const { info } = Context.current()
    let progress: ProcessorProgress | null = null
    return await withFailures({ isBlockedRetried: true }, async () =>
      withHeartbeat(
        () => progress,
        async () => {
          const dataset = await openDataset(input.dataset)
          return await run({
            dataset,
            processors: processorSteps(dataset.compiled, dataset.seed, ports.datasetProcessors),
            epoch: input.epoch,
            attempt: { runId: info.workflowExecution?.runId ?? 'local', attempt: info.attempt },
            signal: cancellationSignal(),
            onProgress: (now) => {
              progress = now
            },
          })
        },
      ),
    )
  }
}
