/**
 * What crosses Temporal: inputs, results, messages, names. JSON-safe, small (ids, counters, ranges; never rows, prompts,
 * configs or keys), and free of Node and zod, because the workflow sandbox loads it too.
 */
import type { ErrorCode } from './errors.ts'
import type { AttemptTrace } from './plan/deaths.ts'
import type { Budget, Spend } from './plan/budget.ts'
import type { RunLimits } from './plan/shares.ts'

/** Sorted, disjoint, half-open ranges [start, end) of whole numbers ≥ 0. */
export type RangeSet = readonly (readonly [start: number, end: number])[]

/** A range set as `packRanges` makes it short: ranges, or a bitmap as text. */
export type PackedRanges = RangeSet | string

/** A run of equally sized row groups; the plan of a dataset is an append-only list of these (ruling 4). */
export interface PlanSegment {
  /** Id of the segment's first row group. */
  readonly firstId: number
  /** First row. */
  readonly start: number
  /** One past the last row; the segment's last row group may be smaller than `size`. */
  readonly end: number
  /** Rows per row group (`buffer_size` at the time), ≥ 1. */
  readonly size: number
}

/** One row group of a plan. */
export interface RowGroup {
  readonly id: number
  /** First row. */
  readonly start: number
  /** One past the last row. */
  readonly end: number
}

/** Where a dataset lies and what it is; travels instead of the config. */
export interface DatasetRef {
  /** Absolute folder (later a URL) of the dataset, as client and worker both see it. */
  readonly location: string
  /** Content of `dataset.json`; checked first by every activity (ruling 2). */
  readonly datasetId: string
  /** Config fingerprint `sha256:<hex>`; a worker that finds another one on disk refuses. */
  readonly fingerprint: string
}

/** Model use of a row group or a run. */
export interface Usage {
  /** Calls that were answered and count: journalled ones of earlier attempts included. */
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Money in the price's currency; 0 when no price is known. */
  readonly cost: number
  /** Of the calls, those that a fallback answered in place of the model that was asked; absent when there are none. */
  readonly fallbackCalls?: number
}

/** No use at all. */
export const NO_USAGE: Usage = { calls: 0, inputTokens: 0, outputTokens: 0, cost: 0 }

/** Sum of two uses. */
export function addUsage(a: Usage, b: Usage): Usage {
  const fallbackCalls = (a.fallbackCalls ?? 0) + (b.fallbackCalls ?? 0)
  return {
    calls: a.calls + b.calls,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cost: a.cost + b.cost,
    ...(fallbackCalls === 0 ? {} : { fallbackCalls }),
  }
}

/** Rows that were dropped for one reason. */
export interface DropReason {
  /** Error code, e.g. `ANSWER_INVALID`; `OTHER` for the reasons that are not told apart. */
  readonly code: string
  /** Column that could not be made; empty where the code is not one column's. */
  readonly column: string
  readonly rows: number
}

/** Facts of one committed row group, from its receipt. */
export interface RowGroupResult {
  readonly id: number
  readonly rowsWritten: number
  readonly rowsDropped: number
  readonly usage: Usage
  /** `rowsDropped` by reason, most frequent first, at most 16; absent when none dropped, or an earlier release wrote it. */
  readonly dropReasons?: readonly DropReason[]
  /** Calls that were answered more than once, each repetition counted; absent when there are none. */
  readonly callsPaidTwice?: number
  /** True when this run wrote the file; false when one of an earlier run was found and taken as it is. */
  readonly isNew: boolean
}

/** Totals over committed row groups. */
export interface Totals {
  readonly rowGroups: number
  readonly rowsWritten: number
  readonly rowsDropped: number
  readonly usage: Usage
  /** As in `RowGroupResult`, summed. */
  readonly dropReasons?: readonly DropReason[]
  /** Calls that were answered more than once, each repetition counted; absent when there are none. */
  readonly callsPaidTwice?: number
}

/** Nothing committed. */
export const NO_TOTALS: Totals = { rowGroups: 0, rowsWritten: 0, rowsDropped: 0, usage: NO_USAGE }

/** Something a person should know of what the scan found. */
export interface Finding {
  readonly kind:
    | 'unknown-to-checkpoint'
    | 'damaged'
    | 'foreign'
    | 'adopted'
    | 'ignored'
    | 'missing'
    | 'rebuilt'
    | 'stale'
    | 'not-summarised'
    | 'no-report'
  readonly count: number
  /** One line, with the first names. */
  readonly message: string
}

/**
 * Whether a run goes on with what the folder holds: `never` starts fresh, `always` goes on or fails, `if_possible` goes on where it can.
 * Also written `false` and `true`.
 */
export type ResumeMode = 'never' | 'always' | 'if_possible'

// ---- activities -------------------------------------------------------------------------------------------------

/** Input of `prepareDataset`. */
export interface PrepareInput {
  readonly dataset: DatasetRef
  /** Names the request the client staged in the folder: config and explicitly given settings. */
  readonly requestId: string
  readonly owner: Owner
  /** As in `GenerateDatasetInput`. */
  readonly resume?: ResumeMode | boolean
}

/** Who owns a dataset's folder (ruling 2). `server` tells servers apart that use the same namespace name. */
export interface Owner {
  readonly server: string
  readonly namespace: string
  readonly workflowId: string
  readonly firstRunId: string
}

/** Result of `prepareDataset`: all the workflow needs to know of the config. */
export interface PreparedDataset {
  readonly datasetName: string
  readonly segments: readonly PlanSegment[]
  readonly targetNumRecords: number
  /** Row groups open at once, from the config. */
  readonly maxConcurrentRowGroups: number
  /** Models that columns ask, by alias, with their limits in the config. Default none. */
  readonly models?: Readonly<Record<string, RunLimits>>
  /** Aliases of models without a price, which a budget of money cannot be kept to with; absent when all have one. */
  readonly unpricedModels?: readonly string[]
  /** What the dataset may cost, from the config; absent for no limit. */
  readonly budget?: Budget
  /** Rows that may be dropped in a dataset called complete, already resolved to a count. */
  readonly maxDroppedRows: number
  /** The share of the rows wanted, below 1, that `maxDroppedRows` was resolved from; absent where the config gives a count. */
  readonly maxDroppedShare?: number
  /** True when answers come from the rehearsal endpoint. */
  readonly rehearsal: boolean
  /** Currency of `Usage.cost`, or null when no model has a price. */
  readonly currency: string | null
  /** Ownership epoch; attempts of an older epoch stop. */
  readonly epoch: number
  /** True when outputs of processors or the profile are missing or stale, or an earlier processing did not finish. */
  readonly isProcessingDue: boolean
  /** What had to be put right before the run could begin, e.g. a rebuilt checkpoint. */
  readonly findings?: readonly Finding[]
}

/** Input of `scanDataset`: row groups with ids in [firstId, endId). */
export interface ScanInput {
  readonly dataset: DatasetRef
  readonly firstId: number
  readonly endId: number
  /** Count what lies in the journals of row groups that are not committed. Default false. */
  readonly countsJournals?: boolean
}

/** What the folder holds of a page of the plan. */
export interface ScanResult {
  /** Ids of committed row groups in the page. */
  readonly committed: RangeSet
  readonly totals: Totals
  /** Row group ids that the checkpoint counts as done, in the page. */
  readonly checkpointed: RangeSet
  readonly findings: readonly Finding[]
  /** Ids of committed row groups in the page with dropped rows whose indices are known; absent when there are none. */
  readonly withDropped?: RangeSet
  /** What the journals of row groups in the page hold that are not committed, by id; absent unless asked for. */
  readonly journals?: readonly (readonly [id: number, money: number, tokens: number])[]
}

/** Answer of `scanDataset`: a `ScanResult` whose sets are packed (`packScan`). */
export interface ScanAnswer extends Omit<ScanResult, 'committed' | 'checkpointed' | 'withDropped'> {
  readonly committed: PackedRanges
  /** Absent when the same as `committed`. */
  readonly checkpointed?: PackedRanges
  readonly withDropped?: PackedRanges
}

/** Input of `generateRowGroup`. */
export interface GenerateRowGroupInput {
  readonly dataset: DatasetRef
  readonly rowGroup: RowGroup
  readonly epoch: number
  /** True while the run waits: the first model call goes alone, the others only once it was answered (ruling 21). */
  readonly isProbe: boolean
  /** Place of the row group in the window, from 0: no two open ones have the same. Limits of the run are shared out by it. Default 0. */
  readonly slot?: number
  /** Most that the row group's journal may come to; absent without a budget. A later control overrides it. */
  readonly ceiling?: Budget
  /** Revision of the last control when the row group was opened: only a later one knows better. Default 0. */
  readonly revision?: number
}

/** What a failed row group tells of its budget, as the failure's details. */
export interface BudgetReport {
  /** What its journal has come to. */
  readonly spent: Spend
  /** What its next call may cost, where that did not fit; else absent. */
  readonly needed?: Spend
}

/** Input of `repairRowGroup`: the dropped rows of a committed row group are made again (ruling 6). */
export interface RepairRowGroupInput extends GenerateRowGroupInput {
  /** Names the pass of a run, so that an attempt finds what the one before it has done. */
  readonly token: string
}

/** Result of `repairRowGroup`: the row group as it is now, and what the repair did. */
export interface RepairResult extends RowGroupResult {
  /** Rows that were dropped before and are written now. */
  readonly rowsFilled: number
  /** What the repair alone used. */
  readonly usageAdded: Usage
  /** Rows that were dropped before, by reason. */
  readonly droppedBefore: readonly DropReason[]
}

/** Heartbeat details of an open row group. */
export interface RowGroupProgress {
  readonly id: number
  readonly rowsDone: number
  readonly rowsDropped: number
  readonly rowsWanted: number
  readonly usage: Usage
  /** Calls on the wire now. */
  readonly callsInFlight: number
  /** For the next attempt, should this one die. */
  readonly trace?: AttemptTrace
}

/** Input of `writeCheckpoint`. */
export interface CheckpointInput {
  readonly dataset: DatasetRef
  readonly epoch: number
  /** Rises with every write of an epoch; a lower one never replaces a higher one (ruling 9). */
  readonly sequence: number
  readonly state: RunState
  readonly segments: readonly PlanSegment[]
  readonly totals: Totals
  /** Row group ids known to be committed in the page [firstId, endId) now worked on; earlier pages are settled. */
  readonly page: { readonly firstId: number; readonly endId: number; readonly committed: PackedRanges }
  /** At the end of a run: file paths are listed and leftovers of killed attempts cleaned up. */
  readonly isFinal: boolean
}

/** What a run tells the workers of its open row groups, in `control.json` (ruling 10). */
export interface Control {
  /** Rises with every change, over a whole continue-as-new chain. */
  readonly revision: number
  /** No new call; calls in flight finish. */
  readonly paused: boolean
  /** Model alias → limits that hold over all workers of the run, in place of the config's, which hold for each worker; absent when none was set. */
  readonly limits?: Readonly<Record<string, RunLimits>>
  /** Slots of the window that share the limits, in order (`src/plan/shares.ts`); absent without limits. */
  readonly slots?: readonly number[]
  /** Ceilings of the open row groups, by id; absent while the budget is that of the start. */
  readonly ceilings?: readonly (readonly [id: number, money: number | null, tokens: number | null])[]
}

/** Input of `writeControl`. */
export interface ControlInput {
  readonly dataset: DatasetRef
  readonly epoch: number
  readonly control: Control
}

/** What the workflow calls; `activities/` implements it, one file each. */
export interface ParquetryActivities {
  prepareDataset(input: PrepareInput): Promise<PreparedDataset>
  scanDataset(input: ScanInput): Promise<ScanAnswer>
  generateRowGroup(input: GenerateRowGroupInput): Promise<RowGroupResult>
  repairRowGroup(input: RepairRowGroupInput): Promise<RepairResult>
  writeCheckpoint(input: CheckpointInput): Promise<void>
  writeControl(input: ControlInput): Promise<void>
  runProcessors(input: RunProcessorsInput): Promise<RunProcessorsResult>
  profileDataset(input: DatasetInput): Promise<ProfileResult>
}

/** Input of `runProcessors` and `profileDataset`. */
export interface DatasetInput {
  readonly dataset: DatasetRef
  readonly epoch: number
}

/** Result of `profileDataset`. */
export interface ProfileResult {
  /** What the profile or the report lacks; the dataset itself is whole. */
  readonly findings: readonly Finding[]
}

/** Input of `runProcessors`. */
export interface RunProcessorsInput extends DatasetInput {
  /** True when this run, over its whole continue-as-new chain, produced new data. */
  readonly producedData: boolean
}

/** Heartbeat details of `runProcessors`. */
export interface ProcessorProgress {
  /** Name of the processor that runs. */
  readonly processor: string
  /** Row groups it has read, over all its passes. */
  readonly rowGroupsRead: number
  readonly filesWritten: number
}

/** Result of `runProcessors`. */
export interface RunProcessorsResult {
  /** Names of the post-generation processors that ran; outputs of the others were made from these very row groups. */
  readonly ran: readonly string[]
}

// ---- workflow ---------------------------------------------------------------------------------------------------

/** `waiting`: blocked, with a reason. `paused`: by a person, no call is begun. `complete` and `incomplete` are final, `stopped` is resumable. */
export type RunState = 'preparing' | 'generating' | 'waiting' | 'paused' | 'stopping' | 'processing' | 'complete' | 'incomplete' | 'stopped'

/** Why a run waits. */
export interface Blocked {
  readonly code: ErrorCode
  readonly message: string
  /** Milliseconds since the epoch. */
  readonly since: number
  /** Probes made since. */
  readonly probes: number
}

/** Input of `generateDataset`. */
export interface GenerateDatasetInput {
  readonly dataset: DatasetRef
  /** Names the request the client staged in the folder. */
  readonly requestId: string
  /** Identity of the Temporal server, so that two servers cannot both own the folder (ruling 2). */
  readonly server: string
  /**
   * Enforced by `prepareDataset` on the folder the run was given; it cannot choose another one, which only the client does before the
   * start. `never` refuses a folder that another request prepared, `always` one that holds nothing; `if_possible`, as nothing at all,
   * goes on with a dataset of the same config and begins an empty one.
   */
  readonly resume?: ResumeMode | boolean
  readonly options?: RunOptions
  /** Make dropped rows again, once everything else is there. Default false. */
  readonly retryDropped?: boolean
  /** The run is a stage of a composite: it says to its parent how it is. Default false. */
  readonly isStage?: boolean
  /** Set by continue-as-new only. */
  readonly carried?: CarriedState
}

/** Settings of one run; they change no value. */
export interface RunOptions {
  /** Row groups open at once; 1 is sequential. Default from the config (8). */
  readonly maxConcurrentRowGroups?: number
  /** What the dataset may cost in all, in place of the config's; what it has cost already counts. */
  readonly budget?: Budget
  /** Continue as new once history has this many events. Default 20,000. */
  readonly continueAsNewAfterEvents?: number
  /** Row groups per scanned page. Default 4,000. */
  readonly pageSize?: number
  /** Heartbeat timeout of all activities in ms: how long a killed worker stays unnoticed. Default 8,000; tests use 2,000. */
  readonly heartbeatTimeoutMs?: number
  /** Time between probes while waiting, in ms. Default 60,000. */
  readonly probeIntervalMs?: number
  /** At most one checkpoint in this many ms. Default 1,000. */
  readonly checkpointIntervalMs?: number
  /** True when the server knows Parquetry's search attributes; without them a run works just as well. Default false. */
  readonly hasSearchAttributes?: boolean
}

/** What continue-as-new carries: a cursor, counters and flags, < 10 KiB whatever the disk looks like. */
export interface CarriedState {
  readonly prepared: PreparedDataset
  /** Id of the first row group of the next page. */
  readonly cursor: number
  /** Totals of the pages before the cursor. */
  readonly totals: Totals
  /** Row groups and rows made by this run so far. */
  readonly produced: Totals
  readonly findings: readonly Finding[]
  readonly sequence: number
  /** Of the last `control.json`; absent while nothing was to be said. */
  readonly revision?: number
  readonly isPaused: boolean
  readonly blocked: Blocked | null
  /** Set live by `setMaxConcurrentRowGroups`, or null for the config's. */
  readonly maxConcurrentRowGroups: number | null
  /** Set live by `setModelLimits`, by alias; absent when none was. */
  readonly limits?: Readonly<Record<string, RunLimits>>
  /** Set live by `setBudget`; null for none; absent when it was not set. */
  readonly budget?: Budget | null
  readonly startedAt: number
  /** The pass over dropped rows that is under way or asked for; absent when there is none. */
  readonly retry?: RetryPass
  /** Absent when no dropped row was tried again. */
  readonly retried?: Retried
}

/** One pass over the row groups with dropped rows. */
export interface RetryPass {
  /** 1 for the first of a run. */
  readonly pass: number
  /** Row groups before this id are done. */
  readonly cursor: number
}

/** What came of dropped rows that were tried again. */
export interface Retried {
  /** Passes that were asked for. */
  readonly passes: number
  readonly rowsTried: number
  /** Of these, written now. */
  readonly rowsFilled: number
}

/** Result of `generateDataset`. */
export interface DatasetResult {
  readonly state: 'complete' | 'incomplete' | 'stopped'
  /** True when this run made new rows. */
  readonly generated: boolean
  readonly location: string
  readonly targetNumRecords: number
  readonly totals: Totals
  /** What this run itself made. */
  readonly produced: Totals
  readonly findings: readonly Finding[]
  /** Absent when no dropped row was tried again. */
  readonly retried?: Retried
}

/** Answer of the `progress` query. */
export interface Progress {
  readonly state: RunState
  readonly datasetName: string
  readonly targetNumRecords: number
  readonly totals: Totals
  readonly produced: Totals
  readonly rowGroupsWanted: number
  readonly rowGroupsOpen: number
  readonly blocked: Blocked | null
  readonly findings: readonly Finding[]
  readonly rehearsal: boolean
  readonly currency: string | null
  readonly startedAt: number
  readonly fingerprint: string
  /** What the dataset may cost in all; absent for no limit. */
  readonly budget?: Budget
  /** Limits that were set live, by alias; absent when none was. */
  readonly limits?: Readonly<Record<string, RunLimits>>
}

/** The workflow's type name. */
export const GENERATE_DATASET = 'generateDataset'
/**
 * Signals. `stop` finishes the open row groups and ends cleanly; `{ now: true }`, or while the run is paused, it gives them up (their
 * answers are journalled).
 */
export const SIGNALS = { pause: 'pause', resume: 'resume', stop: 'stop' } as const
/** Argument of the `stop` signal. */
export interface StopRequest {
  readonly now?: boolean
}
/** Updates, validated and answered. */
export const UPDATES = {
  setMaxConcurrentRowGroups: 'setMaxConcurrentRowGroups',
  setModelLimits: 'setModelLimits',
  setBudget: 'setBudget',
  extend: 'extend',
  retryDropped: 'retryDropped',
} as const
/**
 * Argument of the `setModelLimits` update. A limit that is not named stays as it is. Once one was set, all limits of the alias hold over all
 * workers of the run, and no longer for each of them.
 */
export interface ModelLimitsRequest {
  /** Model alias of the config. */
  readonly alias: string
  /** Calls open at once, 1–10,000. */
  readonly parallel?: number
  /** HTTP requests a minute, above 0; null for no such limit. */
  readonly requestsPerMinute?: number | null
  /** Tokens a minute, input and output together, above 0; null for no such limit. */
  readonly tokensPerMinute?: number | null
}
/** Answer of the `setModelLimits` update: all limits of the alias from now on. */
export interface ModelLimitsAnswer extends RunLimits {
  readonly alias: string
}
/** Argument of the `setBudget` update. What is not named stays as it is; null for no such limit. */
export type BudgetRequest = Partial<Budget>
/** Answer of the `setBudget` update. */
export interface BudgetAnswer {
  /** From now on; null for none. */
  readonly budget: Budget | null
  /** By committed row groups, and in the journals of others as far as they have ended. */
  readonly spent: Spend
}
/** Answer of the `extend` update, whose argument is the number of rows wanted in all. */
export interface ExtendAnswer {
  readonly targetNumRecords: number
  readonly rowGroupsWanted: number
}
/** Answer of the `retryDropped` update: rows dropped so far; those and any dropped later are tried again before the run ends. */
export interface RetryDroppedAnswer {
  readonly rowsDropped: number
}
/** Queries. */
export const QUERIES = { progress: 'progress' } as const
/** The shared task queue of `parquetry worker` and `parquetry dev`. */
export const TASK_QUEUE = 'parquetry'

/** Workflow id of a dataset: two writers of one dataset cannot exist. */
export function workflowIdOf(datasetId: string): string {
  return `parquetry/${datasetId}`
}

/** Task queue of the worker inside `create`: it serves its own dataset only (ruling 17). */
export function taskQueueOf(datasetId: string): string {
  return `parquetry/${datasetId}`
}

/** Search attributes: few and prefixed (ruling 18). */
export const SEARCH_ATTRIBUTES = { dataset: 'ParquetryDataset', state: 'ParquetryState', rowsDone: 'ParquetryRowsDone' } as const
