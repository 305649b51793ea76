/** What a run does with its messages: each is validated, idempotent, and answered with the state that holds from then on. */
import { condition, setHandler } from '@temporalio/workflow'
import { ApplicationFailure } from '@temporalio/common'
import type { BudgetAnswer, BudgetRequest, ModelLimitsAnswer, ModelLimitsRequest, RunState } from '../src/contract.ts'
import { refusalOfBudget } from '../src/plan/budget.ts'
import { mergeLimits, refusalOfLimits } from '../src/plan/run-limits.ts'
import type { RunLimits } from '../src/plan/shares.ts'
import { grantAnew, spentOf } from './budget.ts'
import type { ControlPublisher } from './control-publisher.ts'
import { extend, refusalOfExtend } from './extend.ts'
import {
  extendUpdate,
  pauseSignal,
  progressQuery,
  resumeSignal,
  retryDroppedUpdate,
  setBudgetUpdate,
  setMaxConcurrentRowGroupsUpdate,
  setModelLimitsUpdate,
  stopSignal,
} from './messages.ts'
import { showState } from './presentation.ts'
import { requestRetry } from './retry-dropped.ts'
import type { Run } from './run.ts'
import { preparedOf, progressOf, totalsOf, windowOf } from './run.ts'
import { shareOut } from './slots.ts'

/** Most row groups that may be open at once; more gains nothing and nears Temporal's limits. */
const MAX_WINDOW = 256

/** States in which nothing more is begun. */
const ENDED: ReadonlySet<RunState> = new Set(['complete', 'incomplete', 'stopped'])

/** Sets the handlers; called before anything is waited for, so that no message is missed. */
export function handleMessages(run: Run, control: ControlPublisher): void {
  setHandler(progressQuery, () => progressOf(run))
  setHandler(pauseSignal, () => {
    setPaused(run, control, true)
    showState(run)
  })
  setHandler(resumeSignal, () => {
    setPaused(run, control, false)
    run.blocked = null
    run.isRescanRequested = true
    showState(run)
  })
  setHandler(stopSignal, (request) => {
    run.stop = { now: request?.now === true || run.stop?.now === true }
    showState(run)
  })
  setHandler(
    setMaxConcurrentRowGroupsUpdate,
    (cap) => {
      run.maxConcurrentRowGroups = cap
      return windowOf(run)
    },
    {
      validator: (cap) => {
        if (!Number.isInteger(cap) || cap < 1 || cap > MAX_WINDOW) {
          throw new Error(`expected a whole number of row groups from 1 to ${MAX_WINDOW}, found ${String(cap)}`)
        }
      },
    },
  )
  setHandler(setModelLimitsUpdate, (request) => setModelLimits(run, control, request), {
    validator: (request) => {
      requireOpen(run)
      const refusal = refusalOfLimits(request, run.prepared?.models)
      if (refusal !== null) throw new Error(refusal)
    },
  })
  setHandler(setBudgetUpdate, (request) => setBudget(run, control, request), {
    validator: (request) => {
      requireOpen(run)
      const refusal = refusalOfBudget(request, run.prepared?.unpricedModels ?? [])
      if (refusal !== null) throw new Error(refusal)
    },
  })
  setHandler(extendUpdate, (numRecords) => extend(run, numRecords), {
    validator: (numRecords) => {
      requireOpen(run)
      const refusal = refusalOfExtend(run, numRecords)
      if (refusal !== null) throw new Error(refusal)
    },
  })
  setHandler(
    retryDroppedUpdate,
    () => {
      requestRetry(run)
      return { rowsDropped: totalsOf(run).rowsDropped }
    },
    {
      validator: () => requireOpen(run),
    },
  )
}

function requireOpen({ stop, state }: Run): void {
  if (stop !== null || ENDED.has(state)) throw new Error('expected a run that goes on, but it is stopping or has ended')
}

/** A limit that is not named stays; which aliases there are is known once the dataset is prepared. */
async function setModelLimits(run: Run, control: ControlPublisher, request: ModelLimitsRequest): Promise<ModelLimitsAnswer> {
  await condition(() => run.prepared !== null)
  const { models = {} } = preparedOf(run)
  const refusal = refusalOfLimits(request, models)
  if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'USAGE')
  const before = (run.limits[request.alias] ?? models[request.alias]) as RunLimits
  const limits = mergeLimits(before, request)
  run.limits = { ...run.limits, [request.alias]: limits }
  shareOut(run, control)
  return { alias: request.alias, ...limits }
}

/** Row groups that are open are given ceilings anew, and a run that waits for money goes on if there is some now. */
async function setBudget(run: Run, control: ControlPublisher, request: BudgetRequest): Promise<BudgetAnswer> {
  await condition(() => run.prepared !== null)
  const refusal = refusalOfBudget(request, preparedOf(run).unpricedModels ?? [])
  if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'USAGE')
  const { money = run.budget?.money ?? null, tokens = run.budget?.tokens ?? null } = request
  // What lies in journals was not counted before there was a budget.
  if (run.budget === null) run.isRescanRequested = true
  run.budget = money === null && tokens === null ? null : { money, tokens }
  run.isBudgetLive = true
  grantAnew(run, run.open)
  control.request()
  if (run.blocked?.code === 'BUDGET_REACHED') run.blocked = null
  showState(run)
  return { budget: run.budget, spent: spentOf(run) }
}

/** The workers of open row groups are told of every change, and of nothing else. */
function setPaused(run: Run, control: ControlPublisher, isPaused: boolean): void {
  if (run.isPaused === isPaused) return
  run.isPaused = isPaused
  control.request()
}
