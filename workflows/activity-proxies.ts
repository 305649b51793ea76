/** The only place with timeouts, retry policies and heartbeat limits of activities; each number with its why. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type { ActivityInterfaceFor } from '@temporalio/workflow'
import type { CompositeActivities } from '../src/composite-contract.ts'
import type { ParquetryActivities, RunOptions } from '../src/contract.ts'
import type { ScheduleActivities } from '../src/schedule-contract.ts'

type Proxies = ActivityInterfaceFor<ParquetryActivities>

/** Activities on the folder: idempotent, so they are retried until they succeed or refuse for good. */
const folder = {
  startToCloseTimeout: '1 day',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const

/** Activity proxies of one run. */
export function createProxies(options: RunOptions): Proxies {
  // Death of a worker is found by heartbeat, whatever it was at, so an attempt itself may take a day (ruling 1). The server's timers, of the
  // heartbeat and of the retry, are up to a second late each: a killed worker's row groups are on again 8 to 11 s later.
  const heartbeatTimeout = options.heartbeatTimeoutMs ?? 8_000
  const folders = (summary: string): Proxies => proxyActivities<ParquetryActivities>({ ...folder, heartbeatTimeout, summary })
  // What was answered is in the journal, so an attempt is begun again at once, the twentieth as the second: waiting would save nothing.
  const rowGroups = proxyActivities<ParquetryActivities>({
    ...folder,
    heartbeatTimeout,
    retry: { initialInterval: '500 ms', backoffCoefficient: 1 },
  })
  // Local, for it must get through while paused row groups take all the places of a worker.
  const local = proxyLocalActivities<ParquetryActivities>({
    startToCloseTimeout: '1 minute',
    retry: { ...folder.retry, maximumInterval: '5 s' },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  })
  // A proxy has no members to spread: each activity is named.
  return {
    prepareDataset: folders('config, plan, owner of the folder').prepareDataset,
    scanDataset: folders('what the folder holds').scanDataset,
    writeCheckpoint: folders('checkpoint').writeCheckpoint,
    writeControl: local.writeControl,
    generateRowGroup: rowGroups.generateRowGroup,
    repairRowGroup: rowGroups.repairRowGroup,
    runProcessors: folders('outputs of processors').runProcessors,
    profileDataset: folders('profile and report').profileDataset,
  }
}

/** Activity proxies of a composite's run: what stands between its stages is work on folders. */
export function createCompositeProxies(options: RunOptions): ActivityInterfaceFor<CompositeActivities> {
  const folders = proxyActivities<CompositeActivities>({ ...folder, heartbeatTimeout: options.heartbeatTimeoutMs ?? 8_000 })
  return { prepareStage: folders.prepareStage, settleStage: folders.settleStage }
}

/** Activity proxies of a firing of a schedule. It need not wait for ever for a folder, since the next one comes by itself: twenty attempts take about eight minutes. */
export function createScheduleProxies(options: RunOptions): ActivityInterfaceFor<ScheduleActivities> {
  const folders = proxyActivities<ScheduleActivities>({
    ...folder,
    heartbeatTimeout: options.heartbeatTimeoutMs ?? 8_000,
    retry: { ...folder.retry, maximumAttempts: 20 },
  })
  return { stageExtension: folders.stageExtension, withdrawExtension: folders.withdrawExtension }
}
