/** The only place with timeouts, retry policies and heartbeat limits of activities; each number with its why. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { ActivityInterfaceFor } from '@temporalio/workflow'
import type { ParquetryActivities, RunOptions } from '../src/contract.ts'

type Proxies = ActivityInterfaceFor<ParquetryActivities>

/** Short activities on the folder: idempotent, so they are retried until they succeed or refuse for good. */
const short = {
  // A page of 4,000 footers on slow shared storage takes minutes, never an hour.
  startToCloseTimeout: '1 hour',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const

/** Activity proxies of one run. */
export function createProxies(options: RunOptions): Proxies {
  // Death of a worker is found by heartbeat, so the attempt itself may take a day (ruling 1).
  const heartbeatTimeout = options.heartbeatTimeoutMs ?? 10_000
  const folder = proxyActivities<ParquetryActivities>({ ...short })
  const long = proxyActivities<ParquetryActivities>({ ...short, startToCloseTimeout: '1 day', heartbeatTimeout })
  // What was answered is in the journal, so an attempt is begun again at once, the twentieth as the second: waiting would save nothing.
  const rowGroups = proxyActivities<ParquetryActivities>({
    ...short,
    startToCloseTimeout: '1 day',
    heartbeatTimeout,
    retry: { initialInterval: '500 ms', backoffCoefficient: 1 },
  })
  return {
    prepareDataset: folder.prepareDataset,
    // A scan reads up to a page of footers and heartbeats while it does.
    scanDataset: long.scanDataset,
    writeCheckpoint: folder.writeCheckpoint,
    generateRowGroup: rowGroups.generateRowGroup,
    runProcessors: long.runProcessors,
    profileDataset: long.profileDataset,
  }
}
