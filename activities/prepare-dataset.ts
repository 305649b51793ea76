import type { PreparedDataset, PrepareInput } from '../src/contract.ts'
import { prepareDataset as prepare } from '../src/dataset/resume/prepare.ts'
import { requireVisible } from '../src/dataset/open-dataset.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Owns the folder and puts config, seed and plan on disk. */
export function createPrepareDataset({ ports, drawSeed }: ActivityDependencies) {
  return async function prepareDataset(input: PrepareInput): Promise<PreparedDataset> {
    return await withFailures({ isBlockedRetried: true }, async () =>
      withHeartbeat(
        () => null,
        async () =>
          prepare(await requireVisible(ports, input.dataset), input, {
            now: ports.now,
            drawSeed,
            log: (message) => ports.log(message),
            datasetProcessors: ports.datasetProcessors,
          }),
      ),
    )
  }
}
