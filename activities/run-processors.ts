import type { RunProcessorsInput, RunProcessorsResult } from '../src/contract.ts'
import { runProcessors as run } from '../src/dataset/run-processors.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Runs the post-generation processors whose outputs are missing or stale. */
export function createRunProcessors({ ports, openDataset }: ActivityDependencies) {
  return async function runProcessors(input: RunProcessorsInput): Promise<RunProcessorsResult> {
    return await withFailures({ isBlockedRetried: true }, async () =>
      withHeartbeat(
        () => null,
        async () => run(await openDataset(input.dataset), ports.datasetProcessors),
      ),
    )
  }
}
