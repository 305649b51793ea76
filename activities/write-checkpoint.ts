import type { CheckpointInput } from '../src/contract.ts'
import { writeCheckpoint as write } from '../src/dataset/scan/checkpoint.ts'
import { requireVisible } from '../src/dataset/open-dataset.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Folds progress into `metadata.json`. */
export function createWriteCheckpoint({ ports }: ActivityDependencies) {
  return async function writeCheckpoint(input: CheckpointInput): Promise<void> {
    await withFailures({ isBlockedRetried: true }, async () =>
      withHeartbeat(
        () => input.sequence,
        async () => write(await requireVisible(ports, input.dataset), input, ports.now()),
      ),
    )
  }
}
