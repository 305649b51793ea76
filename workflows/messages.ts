/** Messages a run understands; their names and types come from the contract. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import { STAGE_CHANGED } from '../src/composite-contract.ts'
import type { CompositeProgress, StageChange } from '../src/composite-contract.ts'
import { QUERIES, SIGNALS, UPDATES } from '../src/contract.ts'
import type {
  BudgetAnswer,
  BudgetRequest,
  ExtendAnswer,
  ModelLimitsAnswer,
  ModelLimitsRequest,
  Progress,
  RetryDroppedAnswer,
  StopRequest,
} from '../src/contract.ts'

export const pauseSignal = defineSignal(SIGNALS.pause)
export const resumeSignal = defineSignal(SIGNALS.resume)
export const stopSignal = defineSignal<[StopRequest?]>(SIGNALS.stop)
/** Answers the cap that holds from now on. */
export const setMaxConcurrentRowGroupsUpdate = defineUpdate<number, [number]>(UPDATES.setMaxConcurrentRowGroups)
/** Answers all limits of the alias that hold from now on. */
export const setModelLimitsUpdate = defineUpdate<ModelLimitsAnswer, [ModelLimitsRequest]>(UPDATES.setModelLimits)
/** Answers the budget from now on, and what is spent. */
export const setBudgetUpdate = defineUpdate<BudgetAnswer, [BudgetRequest]>(UPDATES.setBudget)
/** Answers how much is wanted from now on. */
export const extendUpdate = defineUpdate<ExtendAnswer, [number]>(UPDATES.extend)
/** Dropped rows are tried again before the run ends. */
export const retryDroppedUpdate = defineUpdate<RetryDroppedAnswer>(UPDATES.retryDropped)
export const progressQuery = defineQuery<Progress>(QUERIES.progress)

/** To the run of a composite, from that of its stage. */
export const stageChangedSignal = defineSignal<[StageChange]>(STAGE_CHANGED)
/** The same query of a composite's run. */
export const compositeProgressQuery = defineQuery<CompositeProgress>(QUERIES.progress)
