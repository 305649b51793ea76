import type { ScanAnswer, ScanInput } from '../src/contract.ts'
import { scanPage } from '../src/dataset/scan/scan-page.ts'
import { packScan } from '../src/plan/packed-ranges.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { withFailures } from './failure.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Reads which row groups of a page are committed. */
export function createScanDataset({ openDataset }: ActivityDependencies) {
  return async function scanDataset(input: ScanInput): Promise<ScanAnswer> {
    return await withFailures({ isBlockedRetried: true }, async () =>
      withHeartbeat(
        () => input.firstId,
        async () => packScan(await scanPage(await openDataset(input.dataset), input)),
      ),
    )
  }
}
