import { randomUUID } from 'node:crypto'
import type { PreparedStage, PrepareStageInput } from '../src/composite-contract.ts'
import { prepareStage as prepare } from '../src/composite/prepare-stage.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Makes the folder of a stage ready for its run, seeded by what the stage before has left. */
export function createPrepareStage({ ports }: ActivityDependencies) {
  return async function prepareStage(input: PrepareStageInput): Promise<PreparedStage> {
    return await withFailures({ isBlockedRetried: true }, async () =>
      withHeartbeat(
        () => input.index,
        async () => prepare(input, { ...ports, newId: randomUUID }),
      ),
    )
  }
}
