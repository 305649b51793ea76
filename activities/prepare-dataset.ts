import type { PreparedDataset, PrepareInput } from '../src/contract.ts'
import { prepareDataset as prepare } from '../src/dataset/prepare.ts'
import { requireVisible } from '../src/dataset/open-dataset.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'

/** Owns the folder and puts config, seed and plan on disk. */
export function createPrepareDataset({ ports, drawSeed }: ActivityDependencies) {
  return async function prepareDataset(input: PrepareInput): Promise<PreparedDataset> {
    return await withFailures({ isBlockedRetried: true }, async () => {
      const storage = await requireVisible(ports, input.dataset)
      return await prepare(storage, input, {
        now: ports.now,
        drawSeed,
        log: (message) => ports.log(message),
        datasetProcessors: ports.datasetProcessors,
      })
    })
  }
}
