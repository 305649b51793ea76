/** What one run of a composite knows, and what is shown of it. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import type { ChildWorkflowHandle } from '@temporalio/workflow'
import type { CompositeProgress, GenerateCompositeInput, StageChange, StageReport } from '../src/composite-contract.ts'
import { NO_TOTALS, SEARCH_ATTRIBUTES } from '../src/contract.ts'
import type { Blocked, RunState, StopRequest, Totals } from '../src/contract.ts'
import { addTotals } from '../src/plan/progress.ts'
import type { generateDataset } from './generate-dataset.ts'

/** Mutable facts of a run; one entry a stage. */
export interface CompositeRun {
  readonly input: GenerateCompositeInput
  readonly startedAt: number
  /** Null once it has ended. */
  end: 'complete' | 'incomplete' | 'stopped' | null
  readonly stages: StageReport[]
  /** The run of the stage whose turn it is. */
  child: ChildWorkflowHandle<typeof generateDataset> | null
  /** What it said last of itself. */
  change: StageChange | null
  /** Why a stage cannot be begun for now. */
  blocked: Blocked | null
  isPaused: boolean
  stop: StopRequest | null
  /** Set by the `resume` signal. */
  isTryRequested: boolean
  rehearsal: boolean
  currency: string | null
}

/** A run at its start. */
export function openCompositeRun(input: GenerateCompositeInput, now: number): CompositeRun {
  return {
    input,
    startedAt: now,
    end: null,
    stages: input.stages.map(({ index, name, expectedRecords }) => ({
      index,
      name,
      state: 'pending',
      generated: false,
      location: null,
      workflowId: null,
      targetNumRecords: expectedRecords,
      totals: NO_TOTALS,
      produced: NO_TOTALS,
      outputRecords: null,
      note: null,
    })),
    child: null,
    change: null,
    blocked: null,
    isPaused: false,
    stop: null,
    isTryRequested: false,
    rehearsal: false,
    currency: null,
  }
}

/** Changes what is known of the stage at a place of the plan, and shows it. */
export function updateStage(run: CompositeRun, position: number, change: Partial<StageReport>): void {
  const stage = run.stages[position]
  if (stage !== undefined) run.stages[position] = { ...stage, ...change }
  showComposite(run)
}

/** What the run of the open stage says of itself. */
export function noteChange(run: CompositeRun, change: StageChange): void {
  const position = run.stages.findIndex(({ workflowId }) => workflowId === change.workflowId)
  if (run.child === null || run.child.workflowId !== change.workflowId || position < 0) return
  run.change = change
  run.rehearsal ||= change.rehearsal
  run.currency ??= change.currency
  updateStage(run, position, {
    state: change.state,
    totals: change.totals,
    ...(change.targetNumRecords === 0 ? {} : { targetNumRecords: change.targetNumRecords }),
  })
}

/** Sum over the stages. */
export function sumOf(run: CompositeRun, part: 'totals' | 'produced'): Totals {
  return run.stages.reduce((sum, stage) => addTotals(sum, stage[part]), NO_TOTALS)
}

/** Rows wanted of all stages, as far as that is known. */
export function targetOf(run: CompositeRun): number {
  return run.stages.reduce((sum, { targetNumRecords }) => sum + targetNumRecords, 0)
}

/** Why the run waits: the open stage's reason, or its own. */
function blockedOf(run: CompositeRun): Blocked | null {
  return run.child === null ? run.blocked : (run.change?.blocked ?? null)
}

function stateOf(run: CompositeRun): RunState {
  if (run.end !== null) return run.end
  if (run.stop !== null) return 'stopping'
  if (run.isPaused) return 'paused'
  if (blockedOf(run) !== null) return 'waiting'
  const open = run.child === null ? null : run.change?.state
  return open === 'processing' || open === 'generating' ? open : run.child === null ? 'preparing' : 'generating'
}

/** The answer of the `progress` query. */
export function compositeProgressOf(run: CompositeRun): CompositeProgress {
  const totals = sumOf(run, 'totals')
  const settled = run.stages.reduce((sum, stage) => sum + (stage.workflowId === run.child?.workflowId ? 0 : stage.totals.rowGroups), 0)
  return {
    state: stateOf(run),
    datasetName: run.input.name,
    targetNumRecords: targetOf(run),
    totals,
    produced: sumOf(run, 'produced'),
    rowGroupsWanted: settled + (run.child === null ? 0 : (run.change?.rowGroupsWanted ?? 0)),
    rowGroupsOpen: 0,
    blocked: blockedOf(run),
    findings: [],
    rehearsal: run.rehearsal,
    currency: run.currency,
    startedAt: run.startedAt,
    fingerprint: run.input.fingerprint,
    stages: run.stages,
  }
}

const DATASET = defineSearchAttributeKey(SEARCH_ATTRIBUTES.dataset, SearchAttributeType.KEYWORD)
const STATE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.state, SearchAttributeType.KEYWORD)

/** Shows the run as it is now in the Temporal UI. Costs no history event. */
export function showComposite(run: CompositeRun): void {
  const { state, blocked } = compositeProgressOf(run)
  const rows = run.stages.map(({ name, state: of, totals, targetNumRecords, outputRecords }) =>
    ['', name, of, totals.rowsWritten, targetNumRecords || '', totals.rowsDropped, outputRecords ?? '', totals.usage.calls, '']
      .join(' | ')
      .trim(),
  )
  const lines = [
    `**${run.input.name}** — ${state}${run.rehearsal ? ' — REHEARSAL model, not a real one' : ''}`,
    '',
    '| stage | state | rows done | wanted | dropped | given on | calls |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    ...(blocked === null ? [] : [`Waiting: \`${blocked.code}\` ${blocked.message}`, '']),
    ...run.stages.flatMap(({ name, note }) => (note === null ? [] : [`- ${name}: ${note}`])),
    `\`${run.input.composite.location}\``,
  ]
  setCurrentDetails(lines.join('\n'))
}

/** Writes the search attributes, on changes of the stage whose turn it is. */
export function showCompositeState(run: CompositeRun): void {
  showComposite(run)
  if (run.input.options?.hasSearchAttributes !== true) return
  upsertSearchAttributes([
    { key: DATASET, value: run.input.name },
    { key: STATE, value: stateOf(run) },
  ])
}
