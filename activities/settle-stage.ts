import type { SettledStage, SettleStageInput } from '../src/composite-contract.ts'
import { settleStage as settle } from '../src/composite/settle-stage.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Counts what a stage leaves and writes how it ended into `workflow-metadata.json`. */
export function createSettleStage({ ports }: ActivityDependencies) {
  return async function settleStage(input: SettleStageInput): Promise<SettledStage> {
    return await withFailures({ isBlockedRetried: true }, async () =>
      withHeartbeat(
        () => input.index,
        async () => settle(input, ports),
      ),
    )
  }
}
