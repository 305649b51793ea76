/** What crosses Temporal for scheduled datasets, beside `contract.ts`: JSON-safe, small, free of Node and zod. */
import type { DatasetRef, RunOptions } from './contract.ts'

/** Workflow type of one firing of a schedule. */
export const EXTEND_DATASET = 'extendDataset'

/** Workflow ids of firings begin with this; the server adds the name of the schedule and the time. */
export const FIRING_PREFIX = 'parquetry-schedule/'

/** Input of `extendDataset`, fixed when the schedule is made: the config is what the dataset's folder holds. */
export interface ExtendDatasetInput {
  readonly dataset: Pick<DatasetRef, 'location' | 'datasetId'>
  /** For people. */
  readonly datasetName: string
  /** Rows that each firing adds, ≥ 1. */
  readonly extendBy: number
  /** Identity of the Temporal server (ruling 2). */
  readonly server: string
  /** Settings of the runs that change no value. */
  readonly options?: RunOptions
}

/** Result of `extendDataset`. A run that fails, or ends with more dropped rows than allowed, fails the firing instead. */
export interface ExtendDatasetResult {
  /** `skipped`: a run was open, nothing was asked for. `stopped`: the run was stopped by a person; the next firing goes on with it. */
  readonly outcome: 'extended' | 'skipped' | 'stopped'
  /** One sentence for people. */
  readonly reason: string
  /** Rows wanted in all, as this firing leaves them. */
  readonly targetNumRecords: number
  /** Rows that runs of this firing wrote. */
  readonly rowsWritten: number
}

/** Input of `stageExtension`. */
export interface StageExtensionInput {
  readonly dataset: ExtendDatasetInput['dataset']
  /** Names the request: one for each step of a firing, so that a step that is tried again asks for nothing twice. */
  readonly requestId: string
  readonly extendBy: number
  /** Whether an unfinished dataset is gone on with instead of extended. */
  readonly mayFinish: boolean
}

/** Result of `stageExtension`: the request in the folder, and what a run of it does. */
export interface StagedExtension {
  /** `finish`: what was begun before is gone on with; `extend`: rows are added. */
  readonly kind: 'finish' | 'extend'
  readonly dataset: DatasetRef
  readonly datasetName: string
  /** Rows wanted in all. */
  readonly numRecords: number
}

/** Input of `withdrawExtension`. */
export type WithdrawExtensionInput = Pick<StageExtensionInput, 'dataset' | 'requestId'>

/** What the workflow calls, beside the activities of the run itself. */
export interface ScheduleActivities {
  /** Puts the request for the next run into the dataset's folder. */
  stageExtension(input: StageExtensionInput): Promise<StagedExtension>
  /** Takes back a request that no run will take. */
  withdrawExtension(input: WithdrawExtensionInput): Promise<void>
}
