import type { StagedExtension, StageExtensionInput, WithdrawExtensionInput } from '../src/schedule-contract.ts'
import { requireVisible } from '../src/dataset/open-dataset.ts'
import { removeRequest } from '../src/dataset/resume/request.ts'
import { stageExtension as stage } from '../src/dataset/resume/stage-extension.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Puts the request of a schedule's run into the dataset's folder. */
export function createStageExtension({ ports }: ActivityDependencies) {
  return async function stageExtension(input: StageExtensionInput): Promise<StagedExtension> {
    return await withFailures({ isBlockedRetried: true }, async () =>
      withHeartbeat(
        () => null,
        async () => stage(await requireVisible(ports, input.dataset), input),
      ),
    )
  }
}

/** Takes back a request that no run will take. */
export function createWithdrawExtension({ ports }: ActivityDependencies) {
  return async function withdrawExtension({ dataset, requestId }: WithdrawExtensionInput): Promise<void> {
    await withFailures({ isBlockedRetried: true }, async () => removeRequest(await requireVisible(ports, dataset), requestId))
  }
}
