/**
 * One run over a composite: stage by stage, each one a child run of `generateDataset` that begins with the rows which the stage before it
 * has left. The folders are the truth for what is done, so starting again goes on where the last run ended.
 *
 * 1. History grows with the number of stages only, never with their rows.
 * 2. A child has the workflow id of its dataset, so that no dataset has two writers, whoever started the other one.
 * 3. When this run ends before its child, the child is asked to cancel: its answers are kept, and it does not spend on unasked.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancelledFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  condition,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import { ActivityFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import { workflowIdOf } from '../src/contract.ts'
import type { DatasetResult, Owner } from '../src/contract.ts'
import type { CompositeResult, GenerateCompositeInput, PreparedStage, StageEnd, StagePlan } from '../src/composite-contract.ts'
import { createCompositeProxies } from './activity-proxies.ts'
import type { CompositeRun } from './composite-run.ts'
import { compositeProgressOf, noteChange, openCompositeRun, showCompositeState, sumOf, targetOf, updateStage } from './composite-run.ts'
import type { generateDataset } from './generate-dataset.ts'
import { compositeProgressQuery, pauseSignal, resumeSignal, stageChangedSignal, stopSignal } from './messages.ts'

type Activities = ReturnType<typeof createCompositeProxies>

/** First wait for a folder that somebody else writes, and longest one, in ms. */
const FIRST_TRY_MS = 5_000
const LAST_TRY_MS = 60_000

/** The workflow. Its id is `workflowIdOf(compositeId)`. */
export async function generateComposite(input: GenerateCompositeInput): Promise<CompositeResult> {
  const run = openCompositeRun(input, Date.now())
  handleMessages(run)
  const activities = createCompositeProxies(input.options ?? {})
  showCompositeState(run)
  for (const [position, plan] of input.stages.entries()) {
    await condition(() => !run.isPaused || run.stop !== null)
    if (run.stop !== null) return await finish(run, 'stopped')
    const end = await makeStage(run, activities, plan, position)
    if (end !== 'complete') return await finish(run, end)
  }
  return await finish(run, 'complete')
}

async function finish(run: CompositeRun, end: DatasetResult['state']): Promise<CompositeResult> {
  run.end = end
  showCompositeState(run)
  await condition(allHandlersFinished)
  return {
    state: end,
    generated: run.stages.some(({ generated }) => generated),
    location: run.input.composite.location,
    targetNumRecords: targetOf(run),
    totals: sumOf(run, 'totals'),
    produced: sumOf(run, 'produced'),
    findings: [],
    stages: run.stages,
  }
}

/** One stage, from its folder to its end. Throws when its run failed or was cancelled. */
async function makeStage(run: CompositeRun, activities: Activities, plan: StagePlan, position: number): Promise<DatasetResult['state']> {
  updateStage(run, position, { state: 'preparing' })
  const emptyUpstream = emptyUpstreamOf(run, plan)
  const input = { composite: run.input.composite, requestId: run.input.requestId, index: plan.index, owner: ownerOf(run) }
  const prepared = await untilFree(run, plan, () =>
    activities.prepareStage.executeWithOptions({ summary: `stage ${plan.name}: prepare` }, [
      { ...input, ...(emptyUpstream === null ? {} : { emptyUpstream }) },
    ]),
  )
  if (prepared === null) return 'stopped'
  if (prepared.kind === 'skipped') {
    updateStage(run, position, { state: 'skipped', targetNumRecords: 0 })
    return 'complete'
  }
  if (prepared.kind === 'unchanged') {
    const { location, targetNumRecords, totals, outputRecords } = prepared
    run.rehearsal ||= prepared.rehearsal
    run.currency ??= prepared.currency
    updateStage(run, position, { state: outputRecords === 0 ? 'empty' : 'unchanged', location, targetNumRecords, totals, outputRecords })
    return 'complete'
  }
  await condition(() => !run.isPaused || run.stop !== null)
  if (run.stop !== null) return 'stopped'
  return await runStage(run, activities, plan, position, prepared)
}

async function runStage(
  run: CompositeRun,
  activities: Activities,
  plan: StagePlan,
  position: number,
  ready: Extract<PreparedStage, { kind: 'ready' }>,
): Promise<DatasetResult['state']> {
  const startedAt = Date.now()
  const settle = async (end: StageEnd): Promise<number> => {
    const input = {
      composite: run.input.composite,
      requestId: run.input.requestId,
      index: plan.index,
      end,
      durationMs: Date.now() - startedAt,
    }
    return (await activities.settleStage.executeWithOptions({ summary: `stage ${plan.name}: settle` }, [input])).outputRecords
  }
  const workflowId = workflowIdOf(ready.dataset.datasetId)
  updateStage(run, position, { location: ready.dataset.location, workflowId, note: ready.note, targetNumRecords: ready.numRecords })
  const child = await untilFree(run, plan, () => startStage(run, ready))
  if (child === null) return 'stopped'
  run.child = child
  run.change = null
  showCompositeState(run)
  // What was asked for while the child was being started is passed on now.
  if (run.stop !== null) await forward(run, 'stop')
  else if (run.isPaused) await forward(run, 'pause')
  try {
    const result = await child.result()
    run.child = null
    const { state, generated, targetNumRecords, totals, produced } = result
    updateStage(run, position, { state, generated, targetNumRecords, totals, produced })
    const outputRecords = await settle(state)
    if (state === 'complete') updateStage(run, position, { outputRecords, ...(outputRecords === 0 ? { state: 'empty' } : {}) })
    return state
  } catch (error) {
    run.child = null
    // A child that somebody else cancelled is a stage that failed; this run goes on being asked for.
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) {
      updateStage(run, position, { state: 'stopped' })
      await CancellationScope.nonCancellable(() => settle('stopped')).catch(() => undefined)
      throw error
    }
    updateStage(run, position, { state: 'failed' })
    if (error instanceof ChildWorkflowFailure) await settle('failed').catch(() => undefined)
    throw failureOf(plan, error)
  }
}

/** The child's id is that of its dataset; the memo is that of every run, so that the commands for datasets find it. */
async function startStage(run: CompositeRun, ready: Extract<PreparedStage, { kind: 'ready' }>): Promise<CompositeRun['child']> {
  const { dataset, datasetName, requestId } = ready
  const { server, options } = run.input
  return await startChild<typeof generateDataset>('generateDataset', {
    workflowId: workflowIdOf(dataset.datasetId),
    args: [{ dataset, requestId, server, isStage: true, ...(options === undefined ? {} : { options }) }],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    memo: { dataset: datasetName, location: dataset.location, fingerprint: dataset.fingerprint, requestId },
    staticSummary: datasetName,
  })
}

/** Waits while somebody else writes the stage's dataset, and says so; null when the run was stopped meanwhile. */
async function untilFree<T>(run: CompositeRun, plan: StagePlan, begin: () => Promise<T>): Promise<T | null> {
  for (let tries = 0; ; tries += 1) {
    try {
      const begun = await begin()
      run.blocked = null
      return begun
    } catch (error) {
      const message = takenBy(error)
      if (message === null) throw isCancellation(error) ? error : failureOf(plan, error)
      run.blocked = {
        code: 'DATASET_OPEN_ELSEWHERE',
        message: `stage "${plan.name}": ${message}; going on once that run has ended`,
        since: run.blocked?.since ?? Date.now(),
        probes: tries,
      }
    }
    showCompositeState(run)
    run.isTryRequested = false
    await condition(() => run.stop !== null || run.isTryRequested, Math.min(LAST_TRY_MS, FIRST_TRY_MS * 2 ** tries), {
      summary: 'waiting: until the stage is tried again',
    })
    if (run.stop !== null) return null
  }
}

/** Who has the dataset, or null when that is not what the error means. */
function takenBy(error: unknown): string | null {
  if (error instanceof WorkflowExecutionAlreadyStartedError) return 'a run of its dataset is open, started by somebody else'
  const cause = error instanceof ActivityFailure ? error.cause : undefined
  return cause instanceof ApplicationFailure && cause.type === 'DATASET_OPEN_ELSEWHERE' ? cause.message : null
}

/** The failure of a stage, by its own code. */
function failureOf(plan: StagePlan, error: unknown): unknown {
  if (!(error instanceof ActivityFailure) && !(error instanceof ChildWorkflowFailure)) return error
  let cause: unknown = error.cause
  while (cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) cause = cause.cause
  if (cause instanceof ApplicationFailure) {
    return ApplicationFailure.nonRetryable(`stage "${plan.name}": ${cause.message}`, cause.type ?? 'RUN_FAILED')
  }
  const why = cause instanceof CancelledFailure ? 'its run was cancelled' : `its run ended: ${error.message}`
  return ApplicationFailure.nonRetryable(`stage "${plan.name}": ${why}; start again to go on, answers are kept`, 'RUN_FAILED')
}

/** Name of the stage before, when that has no rows for this one; or null. */
function emptyUpstreamOf(run: CompositeRun, { upstream }: StagePlan): string | null {
  const before = upstream === null ? undefined : run.stages.find(({ index }) => index === upstream)
  return before?.state === 'empty' || before?.state === 'skipped' ? before.name : null
}

function ownerOf(run: CompositeRun): Owner {
  const { namespace, workflowId, firstExecutionRunId } = workflowInfo()
  return { server: run.input.server, namespace, workflowId, firstRunId: firstExecutionRunId }
}

async function forward(run: CompositeRun, message: 'pause' | 'resume' | 'stop'): Promise<void> {
  const { child } = run
  if (child === null) return
  // A child that has just ended needs no message.
  if (message === 'stop') await child.signal(stopSignal, run.stop ?? {}).catch(() => undefined)
  else await child.signal(message === 'pause' ? pauseSignal : resumeSignal).catch(() => undefined)
}

function handleMessages(run: CompositeRun): void {
  setHandler(compositeProgressQuery, () => compositeProgressOf(run))
  setHandler(stageChangedSignal, (change) => noteChange(run, change))
  setHandler(pauseSignal, async () => {
    run.isPaused = true
    showCompositeState(run)
    await forward(run, 'pause')
  })
  setHandler(resumeSignal, async () => {
    run.isPaused = false
    run.isTryRequested = true
    showCompositeState(run)
    await forward(run, 'resume')
  })
  setHandler(stopSignal, async (request) => {
    run.stop = { now: request?.now === true || run.stop?.now === true }
    showCompositeState(run)
    await forward(run, 'stop')
  })
}
