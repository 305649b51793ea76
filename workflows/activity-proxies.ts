/** The only place with timeouts, retry policies and heartbeat limits of activities; each number with its why. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { ActivityInterfaceFor } from '@temporalio/workflow'
import type { ParquetryActivities, RunOptions } from '../src/contract.ts'

type Proxies = ActivityInterfaceFor<ParquetryActivities>

/** All activities are idempotent, so they are retried until they succeed or refuse for good. */
const shared = {
  // Death of a worker is found by heartbeat, so the attempt itself may take a day (ruling 1).
  startToCloseTimeout: '1 day',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const

/** Activity proxies of one run. */
export function createProxies(options: RunOptions): Proxies {
  // Long enough for a busy event loop, short enough that a killed worker's row groups are on again within 12 s.
  const heartbeatTimeout = options.heartbeatTimeoutMs ?? 10_000
  const folder = proxyActivities<ParquetryActivities>({
    ...shared,
    heartbeatTimeout,
    retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
  })
  const rowGroups = proxyActivities<ParquetryActivities>({
    ...shared,
    heartbeatTimeout,
    // What can be waited for comes back as blocked and is waited for by the workflow. What is retried here is the death of a worker: the
    // twentieth must not cost more than the first.
    retry: { initialInterval: '500 ms', backoffCoefficient: 1 },
  })
  return {
    prepareDataset: folder.prepareDataset,
    scanDataset: folder.scanDataset,
    writeCheckpoint: folder.writeCheckpoint,
    generateRowGroup: rowGroups.generateRowGroup,
    runProcessors: folder.runProcessors,
    profileDataset: folder.profileDataset,
  }
}
