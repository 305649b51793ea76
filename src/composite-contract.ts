/**
 * What crosses Temporal for a composite: inputs, results and messages of `generateComposite`. As in `contract.ts`: JSON-safe, small (one
 * entry a stage, never rows, prompts, configs or keys), and free of Node and zod.
 */
import type { Blocked, DatasetRef, DatasetResult, Owner, Progress, RunOptions, RunState, Totals } from './contract.ts'

/** Where a composite lies and what it is. */
export interface CompositeRef {
  /** Absolute folder that holds the stages' datasets. */
  readonly location: string
  /** Content of `composite.json`. */
  readonly compositeId: string
}

/** A stage that a run is to see to. */
export interface StagePlan {
  /** Place in the file, from 0. */
  readonly index: number
  readonly name: string
  /** `index` of the stage whose output seeds it; null for one that begins by itself. */
  readonly upstream: number | null
  /** Rows it will have, as far as that is known beforehand; 0 when it is not. */
  readonly expectedRecords: number
}

/** Input of `generateComposite`. */
export interface GenerateCompositeInput {
  readonly composite: CompositeRef
  readonly name: string
  /** Names the request that the client staged in the folder: the stages' configs and what was asked for. */
  readonly requestId: string
  /** Identity of the Temporal server, for the claims on the stages' folders (ruling 2). */
  readonly server: string
  /** In the order in which they are made: each one after the one that seeds it. */
  readonly stages: readonly StagePlan[]
  /** Hash of the stages, by which two starts are told apart. */
  readonly fingerprint: string
  /** For the runs of the stages. */
  readonly options?: RunOptions
}

/** Input of `prepareStage`. */
export interface PrepareStageInput {
  readonly composite: CompositeRef
  readonly requestId: string
  readonly index: number
  /** Claims an old folder of the stage before it is set aside. */
  readonly owner: Owner
  /** Name of the stage before it, when that left no rows: the stage is not made then. */
  readonly emptyUpstream?: string
}

/** What is known of a stage that has rows. */
export interface StageFacts {
  /** Absolute folder of the stage's dataset. */
  readonly location: string
  readonly targetNumRecords: number
  readonly totals: Totals
  /** Rows that the next stage is given. */
  readonly outputRecords: number
  readonly rehearsal: boolean
  readonly currency: string | null
}

/** What is to be done about a stage. */
export type PreparedStage =
  /** It stands as it would be made: nothing is to be done. */
  | ({ readonly kind: 'unchanged' } & StageFacts)
  /** The stage before it left no rows. */
  | { readonly kind: 'skipped' }
  /** Its folder is ready for a run. */
  | {
      readonly kind: 'ready'
      readonly dataset: DatasetRef
      readonly datasetName: string
      /** The request of this stage, staged in its folder. */
      readonly requestId: string
      readonly numRecords: number
      /** Said to people, e.g. where an older folder went. */
      readonly note: string | null
    }

/** How the run of a stage ended. */
export type StageEnd = DatasetResult['state'] | 'failed'

/** Input of `settleStage`. */
export interface SettleStageInput {
  readonly composite: CompositeRef
  readonly requestId: string
  readonly index: number
  readonly end: StageEnd
  readonly durationMs: number
}

/** Result of `settleStage`. */
export interface SettledStage {
  /** Rows that the next stage is given; 0 for a stage that is not complete. */
  readonly outputRecords: number
}

/** What the workflow calls; `activities/` implements it. */
export interface CompositeActivities {
  prepareStage(input: PrepareStageInput): Promise<PreparedStage>
  settleStage(input: SettleStageInput): Promise<SettledStage>
}

/**
 * `pending`: not yet its turn. `unchanged`: it was there already. `empty`: complete, but its output has no row. `skipped`: the one before
 * it was empty. The others are those of its run.
 */
export type StageState = RunState | 'pending' | 'unchanged' | 'empty' | 'skipped' | 'failed'

/** A stage as people see it. */
export interface StageReport {
  readonly index: number
  readonly name: string
  readonly state: StageState
  /** True when this run of the composite made rows of it. */
  readonly generated: boolean
  /** Absolute folder; null as long as it is not its turn. */
  readonly location: string | null
  /** Workflow id of its run; null when it has had none. */
  readonly workflowId: string | null
  readonly targetNumRecords: number
  readonly totals: Totals
  /** What this run made. */
  readonly produced: Totals
  /** Rows that the next stage is given; null as long as that is not known. */
  readonly outputRecords: number | null
  /** Said of it, e.g. where an older folder went; or null. */
  readonly note: string | null
}

/** Result of `generateComposite`: that of a dataset, summed over the stages, and the stages. */
export interface CompositeResult extends DatasetResult {
  readonly stages: readonly StageReport[]
}

/** Answer of its `progress` query: that of a dataset, summed over the stages, and the stages. */
export interface CompositeProgress extends Progress {
  readonly stages: readonly StageReport[]
}

/** Argument of the `stageChanged` signal: what a stage's run says of itself to the run of the composite. */
export interface StageChange {
  readonly workflowId: string
  readonly state: RunState
  readonly blocked: Blocked | null
  readonly targetNumRecords: number
  readonly totals: Totals
  readonly rowGroupsWanted: number
  readonly rehearsal: boolean
  readonly currency: string | null
}

/** The workflow's type name. */
export const GENERATE_COMPOSITE = 'generateComposite'
/** Signal from the run of a stage to that of its composite. */
export const STAGE_CHANGED = 'stageChanged'
