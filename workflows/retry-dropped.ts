/**
 * One pass over the row groups with dropped rows, once everything else is there: each is repaired, one after the other (ruling 6).
 *
 * T1  At most one repair is in flight, and none when the pass is left; the window of row groups is empty meanwhile.
 * T2  A row group is repaired at most once a pass: the activity finds by the pass's token what an attempt before it has done.
 * T3  A blocked repair waits exactly as a blocked row group does.
 */
import { CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow'
import type { Finding, RepairResult } from '../src/contract.ts'
import { NO_TOTALS } from '../src/contract.ts'
import { addRepair, addTotals } from '../src/plan/progress.ts'
import { unpackScan } from '../src/plan/packed-ranges.ts'
import { iterate } from '../src/plan/range-set.ts'
import { rowGroupById, rowGroupCount } from '../src/plan/row-groups.ts'
import { blockOnBudget, isAffordable, isOverCeiling, noteCommitted, noteGivenBack, openCeiling } from './budget.ts'
import { PROBE_TIMER, showDetails, showState, summaryOfRepair } from './presentation.ts'
import type { Run } from './run.ts'
import { givesUp, preparedOf, totalsOf } from './run.ts'
import { noteSlots, releaseSlot, takeSlot } from './slots.ts'
import { isHistoryFull, isProbed, noteBlocked, probeDelayMs } from './run-page.ts'
import type { PageContext, PageEnd } from './run-page.ts'

/** What lies in the folder for good is found again by the next scan; the others are said once. */
const SAID_BY_EVERY_SCAN: ReadonlySet<Finding['kind']> = new Set(['ignored', 'adopted', 'stale'])

/** What a pass needs of its run. */
export type RetryContext = Pick<PageContext, 'run' | 'activities' | 'checkpoints' | 'control'>

/** Asks for a pass, or lets the one that was asked for begin anew at the first row group. Each pass has a token of its own. */
export function requestRetry(run: Run): void {
  const { passes = 0, rowsTried = 0, rowsFilled = 0 } = run.retried ?? {}
  run.retried = { passes: passes + 1, rowsTried, rowsFilled }
  run.retry = { pass: passes + 1, cursor: 0 }
}

/**
 * Runs the pass that was asked for. After `done` the row groups are to be counted anew (`recount`): the disk says what there is.
 * Throws the first fatal error, or the cancellation.
 */
export async function retryDropped(context: RetryContext): Promise<PageEnd> {
  const { run, activities } = context
  const total = rowGroupCount(preparedOf(run).segments)
  for (;;) {
    const { retry } = run
    if (retry === null) return 'done'
    if (totalsOf(run).rowsDropped === 0) run.retry = null
    if (run.retry === null) return 'done'
    if (retry.cursor >= total) {
      run.retry = null
      recount(run)
      return 'done'
    }
    if (isHistoryFull(run)) return 'history-full'
    const firstId = retry.cursor
    const endId = Math.min(total, firstId + (run.input.options?.pageSize ?? 4_000))
    const scan = unpackScan(await activities.scanDataset({ dataset: run.input.dataset, firstId, endId }))
    const end = await repairPage(context, retry.pass, [...iterate(scan.withDropped ?? [])])
    if (end !== 'done') return end
    moveOn(run, retry.pass, endId)
  }
}

/** The pages are gone through again: nothing is missing, so each is only counted, and what was lost meanwhile is made again. */
function recount(run: Run): void {
  run.cursor = 0
  run.settled = NO_TOTALS
  run.findings = run.findings.filter(({ kind }) => !SAID_BY_EVERY_SCAN.has(kind))
}

/** A newer request has a cursor of its own. */
function moveOn(run: Run, pass: number, cursor: number): void {
  if (run.retry?.pass === pass) run.retry = { pass, cursor }
}

async function repairPage(context: RetryContext, pass: number, ids: readonly number[]): Promise<PageEnd> {
  for (const id of ids) {
    moveOn(context.run, pass, id)
    const end = await repairUntilDone(context, pass, id)
    if (end !== 'done') return end
  }
  return 'done'
}

async function repairUntilDone(context: RetryContext, pass: number, id: number): Promise<PageEnd> {
  const { run, checkpoints, control } = context
  for (;;) {
    const failure = checkpoints.failure() ?? control.failure()
    if (failure !== undefined) throw failure
    await condition(() => !run.isPaused || run.stop !== null)
    if (run.stop !== null) return 'stopped'
    if (isHistoryFull(run)) return 'history-full'
    if (!isAffordable(run, id)) {
      blockOnBudget(run, id)
      showState(run)
      await untilProbeIsDue(run)
      continue
    }
    const outcome = await repairOnce(context, pass, id)
    if ('result' in outcome) {
      noteCommitted(run, id)
      settle(context, outcome.result)
      return 'done'
    }
    noteGivenBack(run, id, outcome.error)
    if (isOverCeiling(outcome.error)) continue
    if (isCancellation(outcome.error) && givesUp(run)) return 'stopped'
    if (!noteBlocked(run, checkpoints, outcome.error)) throw outcome.error
    await untilProbeIsDue(run)
  }
}

type Outcome = { readonly result: RepairResult } | { readonly error: unknown }

/** One activity, drained whatever happens (T1). */
async function repairOnce({ run, activities, control }: RetryContext, pass: number, id: number): Promise<Outcome> {
  const { segments, epoch } = preparedOf(run)
  const rowGroup = rowGroupById(segments, id)
  const token = `${workflowInfo().firstExecutionRunId}.${pass}`
  const slot = takeSlot(run)
  noteSlots(run, control, 1)
  const input = { dataset: run.input.dataset, rowGroup, epoch, isProbe: run.blocked !== null, slot, token, ...openCeiling(run, rowGroup) }
  const options = { summary: summaryOfRepair(rowGroup), activityId: `repair-${id}.${workflowInfo().historyLength}` }
  const scope = new CancellationScope()
  let outcome: Outcome | null = null
  run.rowGroupsOpen = 1
  run.open.add(id)
  void scope
    .run(() => activities.repairRowGroup.executeWithOptions(options, [input]))
    .then(
      (result) => (outcome = { result }),
      (error: unknown) => (outcome = { error }),
    )
  try {
    await condition(() => outcome !== null || givesUp(run))
    if (outcome === null) scope.cancel()
  } finally {
    await CancellationScope.nonCancellable(() => condition(() => outcome !== null))
    run.rowGroupsOpen = 0
    run.open.delete(id)
    releaseSlot(run, slot)
  }
  return outcome as unknown as Outcome
}

function settle({ run, checkpoints }: RetryContext, result: RepairResult): void {
  const { rowsFilled, rowsDropped, usageAdded, isNew } = result
  run.settled = addRepair(run.settled, result)
  if (isNew) run.produced = addTotals(run.produced, { ...NO_TOTALS, rowGroups: 1, rowsWritten: rowsFilled, usage: usageAdded })
  const { passes = 1, rowsTried = 0, rowsFilled: before = 0 } = run.retried ?? {}
  if (isNew) run.retried = { passes, rowsTried: rowsTried + rowsFilled + rowsDropped, rowsFilled: before + rowsFilled }
  const wasBlocked = run.blocked !== null
  if (run.blocked !== null && isProbed(run.blocked)) run.blocked = null
  if (wasBlocked) showState(run)
  else showDetails(run)
  checkpoints.request()
}

/** Until the timer, the `resume` signal or a stop. What only a person can judge is not probed. */
async function untilProbeIsDue(run: Run): Promise<void> {
  const { blocked } = run
  if (blocked === null) return
  const isAwake = (): boolean => run.blocked !== blocked || run.stop !== null
  if (isProbed(blocked)) await condition(isAwake, probeDelayMs(run), PROBE_TIMER)
  else await condition(isAwake)
}
