import { cancellationSignal } from '@temporalio/activity'
import type { DatasetInput, ProfileResult } from '../src/contract.ts'
import { profileDataset as profile } from '../src/dataset/profile/profile-dataset.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Computes the statistics of every column from the files and puts them into `metadata.json`, then writes the report. */
export function createProfileDataset({ ports, openDataset }: ActivityDependencies) {
  return async function profileDataset(input: DatasetInput): Promise<ProfileResult> {
    return await withFailures({ isBlockedRetried: true }, async () =>
      withHeartbeat(
        () => null,
        async () => profile(await openDataset(input.dataset), { epoch: input.epoch, signal: cancellationSignal(), ...ports }),
      ),
    )
  }
}
