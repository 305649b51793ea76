/**
 * What one run knows. Handlers and the page runner change it; everything shown to people is derived from it.
 */
import { ApplicationFailure } from '@temporalio/common'
import type {
  Blocked,
  CarriedState,
  Control,
  Finding,
  GenerateDatasetInput,
  PreparedDataset,
  Progress,
  Retried,
  RetryPass,
  RunState,
  StopRequest,
  Totals,
} from '../src/contract.ts'
import { NO_TOTALS } from '../src/contract.ts'
import { addTotals } from '../src/plan/progress.ts'
import { rowGroupCount } from '../src/plan/row-groups.ts'
import { shortFindings } from '../src/plan/short-findings.ts'
import { startAt } from '../src/plan/start.ts'
import type { Start } from '../src/plan/start.ts'
import type { Budget } from '../src/plan/budget.ts'
import { slotOrder } from '../src/plan/shares.ts'
import type { RunLimits } from '../src/plan/shares.ts'
import { noSpending } from './spending.ts'
import type { Spending } from './spending.ts'

/** Mutable facts of a run; nothing in it grows with the dataset. */
export interface Run {
  readonly input: GenerateDatasetInput
  readonly startedAt: number
  prepared: PreparedDataset | null
  state: RunState
  /** True from an extension until a checkpoint holds the longer plan: only then does a worker know its row groups. */
  isPlanUnwritten: boolean
  /** First row group of the page now worked on. */
  cursor: number
  /** Totals of the pages before the cursor. */
  settled: Totals
  /** Totals of the page now worked on. */
  pageTotals: Totals
  produced: Totals
  /** Of the pages before the cursor. */
  findings: readonly Finding[]
  /** Of the last scan of the page now worked on. */
  pageFindings: readonly Finding[]
  rowGroupsOpen: number
  blocked: Blocked | null
  isPaused: boolean
  stop: StopRequest | null
  /** Set by the `resume` signal: history and disk are reconciled again before anything else. */
  isRescanRequested: boolean
  maxConcurrentRowGroups: number | null
  /** Limits that were set live, by alias. */
  limits: Readonly<Record<string, RunLimits>>
  /** What the dataset may cost in all; null for no limit. Known once it is prepared. */
  budget: Budget | null
  /** True once it was set live: the workers of open row groups are told of their ceilings then. */
  isBudgetLive: boolean
  readonly spending: Spending
  /** Ids of open row groups. */
  readonly open: Set<number>
  /** Slots of open row groups, longest open first. */
  slots: number[]
  /** Slots that are open or may be opened beside them. */
  slotCount: number
  /** How the limits were shared out last, and when (ms since the epoch); null while none was set. */
  shared: { readonly order: readonly number[]; readonly at: number } | null
  /** Number of the last checkpoint. */
  sequence: number
  /** Number of the last control; 0 while nothing was to be said. */
  revision: number
  /** The pass over dropped rows that is under way or asked for. */
  retry: RetryPass | null
  retried: Retried | null
}

/** A run at its start, or as continue-as-new carried it over. */
export function openRun(input: GenerateDatasetInput, now: number): Run {
  const carried = input.carried
  const start = startOf(carried)
  return {
    input,
    startedAt: carried?.startedAt ?? now,
    prepared: carried?.prepared ?? null,
    state: carried === undefined ? 'preparing' : 'generating',
    isPlanUnwritten: false,
    cursor: start.cursor,
    settled: start.totals,
    pageTotals: NO_TOTALS,
    produced: carried?.produced ?? NO_TOTALS,
    findings: carried?.findings ?? [],
    pageFindings: [],
    rowGroupsOpen: 0,
    blocked: carried?.blocked ?? null,
    isPaused: carried?.isPaused ?? false,
    stop: null,
    isRescanRequested: false,
    maxConcurrentRowGroups: carried?.maxConcurrentRowGroups ?? input.options?.maxConcurrentRowGroups ?? null,
    limits: carried?.limits ?? {},
    budget: carried?.budget ?? null,
    isBudgetLive: carried?.budget !== undefined,
    spending: noSpending(),
    open: new Set(),
    slots: [],
    slotCount: 0,
    shared: carriedShares(carried),
    sequence: carried?.sequence ?? 0,
    revision: carried?.revision ?? 0,
    ...openRetry(input),
  }
}

/** After continue-as-new the whole window shares the limits, until it is known what there is to open. */
function carriedShares(carried: CarriedState | undefined): Run['shared'] {
  if (carried?.limits === undefined) return null
  const count = carried.maxConcurrentRowGroups ?? carried.prepared.maxConcurrentRowGroups
  return { order: slotOrder({ occupied: [], count }), at: 0 }
}

function openRetry({ carried, retryDropped }: GenerateDatasetInput): Pick<Run, 'retry' | 'retried'> {
  if (carried !== undefined) return { retry: carried.retry ?? null, retried: carried.retried ?? null }
  return retryDropped === true
    ? { retry: { pass: 1, cursor: 0 }, retried: { passes: 1, rowsTried: 0, rowsFilled: 0 } }
    : { retry: null, retried: null }
}

/** Where continue-as-new left off. What it carried is checked before anything is built on it: counts that cannot be right end the run. */
function startOf(carried: CarriedState | undefined): Start {
  if (carried === undefined) return { cursor: 0, totals: NO_TOTALS }
  try {
    return startAt(carried.prepared.segments, { firstRowGroup: carried.cursor, initialTotals: carried.totals })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw ApplicationFailure.nonRetryable(`cannot go on with what the run before carried over: ${error.message}`, 'RUN_FAILED')
  }
}

/** The prepared dataset; asked only after `prepareDataset` answered. */
export function preparedOf(run: Run): PreparedDataset {
  if (run.prepared === null) throw new Error('the dataset is not prepared yet')
  return run.prepared
}

/** Row groups that may be open at once now. */
export function windowOf(run: Run): number {
  return run.maxConcurrentRowGroups ?? preparedOf(run).maxConcurrentRowGroups
}

/** What the workers of open row groups are told. */
export function controlOf(run: Run): Control {
  const { revision, isPaused: paused, limits, shared } = run
  const ceilings = [...run.spending.ceilings].map(([id, { money, tokens }]) => [id, money, tokens] as const)
  return {
    revision,
    paused,
    ...(shared === null ? {} : { limits, slots: shared.order }),
    ...(run.isBudgetLive ? { ceilings } : {}),
  }
}

/** True when open row groups are given up rather than finished: a paused one would never end. */
export function givesUp({ stop, isPaused }: Run): boolean {
  return stop !== null && (stop.now === true || isPaused)
}

/** Everything committed so far. */
export function totalsOf(run: Run): Totals {
  return addTotals(run.settled, run.pageTotals)
}

/** Longest message of a finding: it is carried from run to run. */
const MAX_MESSAGE = 600

/** All findings as one list: one entry a kind, counts and messages put together. */
export function findingsOf(run: Run): readonly Finding[] {
  const byKind = new Map<string, Finding>()
  for (const finding of [...run.findings, ...run.pageFindings]) {
    const before = byKind.get(finding.kind)
    const message = before === undefined ? finding.message : `${before.message}; ${finding.message}`.slice(0, MAX_MESSAGE)
    byKind.set(finding.kind, { ...finding, count: finding.count + (before?.count ?? 0), message })
  }
  return [...byKind.values()]
}

/** What the state is called now: waiting and paused lie over generating. */
export function stateOf(run: Run): RunState {
  if (run.state !== 'generating') return run.state
  if (run.stop !== null) return 'stopping'
  if (run.isPaused) return 'paused'
  return run.blocked === null ? 'generating' : 'waiting'
}

/** The answer of the `progress` query. */
export function progressOf(run: Run): Progress {
  const prepared = run.prepared
  return {
    state: stateOf(run),
    datasetName: prepared?.datasetName ?? '',
    targetNumRecords: prepared?.targetNumRecords ?? 0,
    totals: totalsOf(run),
    produced: run.produced,
    rowGroupsWanted: prepared === null ? 0 : rowGroupCount(prepared.segments),
    rowGroupsOpen: run.rowGroupsOpen,
    blocked: run.blocked,
    findings: findingsOf(run),
    rehearsal: prepared?.rehearsal ?? false,
    currency: prepared?.currency ?? null,
    startedAt: run.startedAt,
    fingerprint: run.input.dataset.fingerprint,
    ...(run.budget === null ? {} : { budget: run.budget }),
    ...(hasLimits(run) ? { limits: run.limits } : {}),
  }
}

/** True once a limit was set live. */
export function hasLimits({ limits }: Run): boolean {
  return Object.keys(limits).length > 0
}

/** What the next run of the chain needs. */
export function carry(run: Run): CarriedState {
  return {
    prepared: preparedOf(run),
    cursor: run.cursor,
    totals: run.settled,
    produced: run.produced,
    // The page is scanned again and says anew what is missing; what was set aside is not there to be found twice.
    findings: shortFindings(findingsOf({ ...run, pageFindings: run.pageFindings.filter(({ kind }) => kind !== 'missing') })),
    sequence: run.sequence,
    ...(run.revision === 0 ? {} : { revision: run.revision }),
    isPaused: run.isPaused,
    blocked: run.blocked,
    maxConcurrentRowGroups: run.maxConcurrentRowGroups,
    ...(hasLimits(run) ? { limits: run.limits } : {}),
    ...(run.isBudgetLive ? { budget: run.budget } : {}),
    startedAt: run.startedAt,
    ...(run.retry === null ? {} : { retry: run.retry }),
    ...(run.retried === null ? {} : { retried: run.retried }),
  }
}
