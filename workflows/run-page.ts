/**
 * One page of the plan: scan, reconcile, and a bounded window of row groups over what is missing.
 *
 * P1  A row group is open at most once: it is in the queue, in flight, or done, never in two of them.
 * P2  While a scan runs no row group is opened (ruling 8).
 * P3  The page is left only with nothing in flight; continue-as-new and the end of the run rely on it.
 * P4  A blocked row group goes back into the queue; only `stop`, cancellation and a fatal error leave it there.
 */
import { ActivityFailure, ApplicationFailure, CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow'
import type { ActivityInterfaceFor } from '@temporalio/workflow'
import type { Blocked, ParquetryActivities, RangeSet, RowGroupResult, ScanResult } from '../src/contract.ts'
import { NO_TOTALS } from '../src/contract.ts'
import { kindOfCode } from '../src/errors.ts'
import type { ErrorCode } from '../src/errors.ts'
import { unpackScan } from '../src/plan/packed-ranges.ts'
import { contains, fromIds, iterate, union } from '../src/plan/range-set.ts'
import { addProduced, addResult, addTotals } from '../src/plan/progress.ts'
import { keepFindings, reconcile } from '../src/plan/reconcile.ts'
import { rowGroupById } from '../src/plan/row-groups.ts'
import { blockOnBudget, isAffordable, isOverCeiling, noteCommitted, noteGivenBack, noteJournals, openCeiling } from './budget.ts'
import type { Checkpointer } from './checkpointer.ts'
import type { ControlPublisher } from './control-publisher.ts'
import { PROBE_TIMER, showDetails, showState, summaryOfRowGroup } from './presentation.ts'
import type { Run } from './run.ts'
import { noteSlots, releaseSlot, takeSlot } from './slots.ts'
import { findingsOf, givesUp, preparedOf, windowOf } from './run.ts'

/** Time to the first probe of a wait, in ms. */
const FIRST_PROBE_MS = 5_000

/** Ids [firstId, endId) and what is known of them. */
export interface Page {
  readonly firstId: number
  readonly endId: number
  /** Missing row groups, oldest first. */
  queue: number[]
  readonly inFlight: Set<number>
  /** Row groups that ended in this page, by id. */
  readonly results: Map<number, RowGroupResult>
  scan: ScanResult | null
  fatal: unknown
  isProbeDue: boolean
  launches: number
}

/** Why the page was left. */
export type PageEnd = 'done' | 'stopped' | 'history-full'

/** What a page needs of its run. */
export interface PageContext {
  readonly run: Run
  readonly activities: ActivityInterfaceFor<ParquetryActivities>
  readonly checkpoints: Checkpointer
  readonly control: ControlPublisher
  readonly page: Page
}

/** An empty page of ids [firstId, endId). */
export function openPage(firstId: number, endId: number): Page {
  return {
    firstId,
    endId,
    queue: [],
    inFlight: new Set(),
    results: new Map(),
    scan: null,
    fatal: undefined,
    isProbeDue: false,
    launches: 0,
  }
}

/** Ids of the page that are known to be committed. */
export function committedOf(page: Page): RangeSet {
  return union(page.scan?.committed ?? [], fromIds([...page.results.keys()]))
}

/** Runs the page to its end. Throws the first fatal error, or the cancellation, after the window is drained (P3). */
export async function runPage(context: PageContext): Promise<PageEnd> {
  const { page } = context
  const groups = new CancellationScope()
  let end: PageEnd = 'done'
  try {
    await scanPage(context)
    end = await runWindow(context, groups)
  } catch (error) {
    page.fatal ??= error
    if (isCancellation(error)) groups.cancel()
  }
  await CancellationScope.nonCancellable(() => condition(() => page.inFlight.size === 0))
  if (page.fatal !== undefined) throw page.fatal
  return end
}

/** Reads the disk and makes the queue from what is missing. */
async function scanPage({ run, activities, page, checkpoints }: PageContext): Promise<void> {
  run.isRescanRequested = false
  const before = new Set(page.results.keys())
  const scan = unpackScan(
    await activities.scanDataset({
      dataset: run.input.dataset,
      firstId: page.firstId,
      endId: page.endId,
      ...(run.budget === null ? {} : { countsJournals: true }),
    }),
  )
  // What was done while the scan ran need not be in it; what was done before and is not in it is lost (ruling 8).
  const doneMeanwhile = fromIds([...page.results.keys()].filter((id) => !before.has(id)))
  const reconciled = reconcile({
    page: [page.firstId, page.endId],
    scan: { ...scan, committed: union(scan.committed, doneMeanwhile) },
    doneBeforeScan: fromIds([...page.results.keys()]),
    inFlight: fromIds([...page.inFlight]),
  })
  for (const id of iterate(reconciled.lost)) page.results.delete(id)
  page.scan = scan
  noteJournals(run, scan, page.inFlight)
  page.queue = [...iterate(reconciled.missing)]
  run.pageFindings = keepFindings(run.pageFindings, reconciled.findings)
  updateTotals(run, page)
  showState(run)
  // The counts of the real files are in the checkpoint before anything new is made.
  checkpoints.request()
}

function updateTotals(run: Run, page: Page): void {
  let totals = page.scan?.totals ?? NO_TOTALS
  for (const result of page.results.values()) {
    if (!contains(page.scan?.committed ?? [], result.id)) totals = addResult(totals, result)
  }
  run.pageTotals = totals
  run.rowGroupsOpen = page.inFlight.size
}

async function runWindow(context: PageContext, groups: CancellationScope): Promise<PageEnd> {
  const { run, page, checkpoints, control } = context
  for (;;) {
    page.fatal ??= checkpoints.failure() ?? control.failure()
    if (page.fatal !== undefined) return 'done'
    if (run.stop !== null) {
      if (givesUp(run)) groups.cancel()
      // A later `stop now`, or pause, still cancels row groups that an earlier `stop` lets finish.
      await condition(() => page.inFlight.size === 0 || givesUp(run))
      if (givesUp(run)) groups.cancel()
      return page.queue.length === 0 && page.inFlight.size === 0 ? 'done' : 'stopped'
    }
    if (run.isRescanRequested) await scanPage(context)
    if (page.queue.length === 0 && page.inFlight.size === 0) return 'done'
    const isFull = isHistoryFull(run)
    if (isFull && page.inFlight.size === 0) return 'history-full'
    if (isOutOfBudget(run, page)) waitForBudget(context)
    while (!isFull && canLaunch(run, page)) launch(context, groups, page.queue.shift() as number)
    const { blocked } = run
    const isAwake = (): boolean =>
      page.fatal !== undefined ||
      run.blocked !== blocked ||
      checkpoints.failure() !== undefined ||
      control.failure() !== undefined ||
      run.stop !== null ||
      run.isRescanRequested ||
      isOutOfBudget(run, page) ||
      (page.inFlight.size === 0 && (page.queue.length === 0 || isHistoryFull(run))) ||
      (!isHistoryFull(run) && canLaunch(run, page))
    if (blocked === null || !isProbed(blocked)) await condition(isAwake)
    else if (!(await condition(isAwake, probeDelayMs(run), PROBE_TIMER))) page.isProbeDue = true
  }
}

/** True when the run should go on in a new one, drained. */
export function isHistoryFull(run: Run): boolean {
  return workflowInfo().historyLength >= (run.input.options?.continueAsNewAfterEvents ?? 20_000)
}

/** The first probes follow soon, since most causes are short; then one an interval. */
export function probeDelayMs(run: Run): number {
  return Math.min(run.input.options?.probeIntervalMs ?? 60_000, FIRST_PROBE_MS * 2 ** (run.blocked?.probes ?? 0))
}

/**
 * A row group that kills its workers is not tried again by a timer, for each probe would cost a worker; nor one whose rows drop, for the
 * journalled answers would fail again; nor is a budget reached any less for waiting: only a person can say that the cause is gone.
 */
export function isProbed({ code }: Blocked): boolean {
  return code !== 'ROW_GROUP_KILLS_WORKER' && code !== 'TOO_MANY_DROPPED' && code !== 'BUDGET_REACHED'
}

function canLaunch(run: Run, page: Page): boolean {
  if (run.isPaused || page.queue.length === 0 || page.fatal !== undefined) return false
  if (!isAffordable(run, page.queue[0] as number)) return false
  if (run.blocked !== null) return page.isProbeDue && page.inFlight.size === 0
  return page.inFlight.size < windowOf(run)
}

/** Nothing is open that could return anything, and the next row group cannot be opened. */
function isOutOfBudget(run: Run, page: Page): boolean {
  const [next] = page.queue
  if (next === undefined || page.inFlight.size > 0 || run.isPaused || page.fatal !== undefined) return false
  return (run.blocked === null || isProbed(run.blocked)) && !isAffordable(run, next)
}

function waitForBudget({ run, page, checkpoints }: PageContext): void {
  blockOnBudget(run, page.queue[0] as number)
  checkpoints.request()
  showState(run)
}

function launch(context: PageContext, groups: CancellationScope, id: number): void {
  const { run, page, activities } = context
  const prepared = preparedOf(run)
  const rowGroup = rowGroupById(prepared.segments, id)
  const isProbe = run.blocked !== null
  page.isProbeDue = false
  page.launches += 1
  page.inFlight.add(id)
  run.open.add(id)
  run.rowGroupsOpen = page.inFlight.size
  const slot = takeSlot(run)
  noteWindow(context)
  const options = { summary: summaryOfRowGroup(rowGroup), activityId: `row-group-${id}.${workflowInfo().historyLength}.${page.launches}` }
  const input = { dataset: run.input.dataset, rowGroup, epoch: prepared.epoch, isProbe, slot, ...openCeiling(run, rowGroup) }
  void groups
    .run(() => activities.generateRowGroup.executeWithOptions(options, [input]))
    .finally(() => releaseSlot(run, slot))
    .then(
      (result) => settle(context, id, result),
      (error: unknown) => giveBack(context, id, error),
    )
}

/** Row groups that are open, and those that may be opened beside them. */
function noteWindow({ run, page, control }: PageContext): void {
  const waiting = run.stop === null ? page.queue.length : 0
  noteSlots(run, control, Math.min(windowOf(run), page.inFlight.size + waiting))
}

function settle(context: PageContext, id: number, result: RowGroupResult): void {
  const { run, page, checkpoints } = context
  page.inFlight.delete(id)
  run.open.delete(id)
  page.results.set(id, result)
  if (result.isNew) run.produced = addProduced(run.produced, result)
  const wasBlocked = run.blocked !== null
  if (run.blocked !== null && isProbed(run.blocked)) run.blocked = null
  updateTotals(run, page)
  noteCommitted(run, id)
  noteWindow(context)
  if (wasBlocked) showState(run)
  else showDetails(run)
  checkpoints.request()
}

function giveBack(context: PageContext, id: number, error: unknown): void {
  const { run, page, checkpoints } = context
  page.inFlight.delete(id)
  run.open.delete(id)
  run.rowGroupsOpen = page.inFlight.size
  noteGivenBack(run, id, error)
  page.queue = [...page.queue, id].sort((a, b) => a - b)
  noteWindow(context)
  if (isCancellation(error) || isOverCeiling(error)) return
  if (!noteBlocked(run, checkpoints, error)) page.fatal ??= error
}

/** The run waits if that is what the error means; false when it is fatal. */
export function noteBlocked(run: Run, checkpoints: Checkpointer, error: unknown): boolean {
  const cause = error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : null
  const code = cause?.type ?? 'INTERNAL'
  if (cause === null || kindOfCode(code) !== 'blocked') return false
  const before = run.blocked
  run.blocked = {
    code: code as ErrorCode,
    message: cause.message,
    since: before?.since ?? Date.now(),
    probes: before === null ? 0 : before.probes + 1,
  }
  if (before === null) checkpoints.request()
  showState(run)
  return true
}

/** Closes the page: its totals are settled and the cursor moves on. */
export function settlePage(run: Run, page: Page): void {
  run.settled = addTotals(run.settled, run.pageTotals)
  run.findings = findingsOf(run)
  run.pageFindings = []
  run.pageTotals = NO_TOTALS
  run.cursor = page.endId
}
