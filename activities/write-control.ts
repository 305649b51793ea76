import type { ControlInput } from '../src/contract.ts'
import { writeControl as write } from '../src/dataset/control/control-file.ts'
import { requireVisible } from '../src/dataset/open-dataset.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'

/** Publishes `control.json`. A local activity: it takes no place of a row group, since all of them may be taken by paused ones. */
export function createWriteControl({ ports }: ActivityDependencies) {
  return async function writeControl(input: ControlInput): Promise<void> {
    await withFailures({ isBlockedRetried: true }, async () => write(await requireVisible(ports, input.dataset), input))
  }
}
