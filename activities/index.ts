/** The object a worker registers: every activity, made from its effects. */
import type { CompositeActivities } from '../src/composite-contract.ts'
import type { ParquetryActivities } from '../src/contract.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { createGenerateRowGroup, createRepairRowGroup } from './generate-row-group.ts'
import { createPrepareDataset } from './prepare-dataset.ts'
import { createPrepareStage } from './prepare-stage.ts'
import { createProfileDataset } from './profile-dataset.ts'
import { createRunProcessors } from './run-processors.ts'
import { createScanDataset } from './scan-dataset.ts'
import { createSettleStage } from './settle-stage.ts'
import { createWriteCheckpoint } from './write-checkpoint.ts'
import { createWriteControl } from './write-control.ts'

export type { ActivityDependencies } from './dependencies.ts'
export type { RowGroupAttempt, RowGroupEvent } from './row-group-events.ts'

/** All activities of a worker. */
export function createActivities(dependencies: ActivityDependencies): ParquetryActivities & CompositeActivities {
  return {
    prepareDataset: createPrepareDataset(dependencies),
    scanDataset: createScanDataset(dependencies),
    generateRowGroup: createGenerateRowGroup(dependencies),
    repairRowGroup: createRepairRowGroup(dependencies),
    writeCheckpoint: createWriteCheckpoint(dependencies),
    writeControl: createWriteControl(dependencies),
    runProcessors: createRunProcessors(dependencies),
    profileDataset: createProfileDataset(dependencies),
    prepareStage: createPrepareStage(dependencies),
    settleStage: createSettleStage(dependencies),
  }
}
