/**
 * One run over one dataset: prepare, then page by page scan, reconcile and generate what is missing, then processors and profile.
 * The folder is the truth for progress; this run's history only says what it did itself.
 */
import { allHandlersFinished, CancellationScope, condition, continueAsNew, workflowInfo } from '@temporalio/workflow'
import { ApplicationFailure } from '@temporalio/common'
import type { DatasetResult, Finding, GenerateDatasetInput, Owner, PreparedDataset, ProfileResult } from '../src/contract.ts'
import { packRanges } from '../src/plan/packed-ranges.ts'
import { rowGroupCount } from '../src/plan/row-groups.ts'
import { shortFindings } from '../src/plan/short-findings.ts'
import { createProxies } from './activity-proxies.ts'
import type { Checkpointer } from './checkpointer.ts'
import { createCheckpointer } from './checkpointer.ts'
import { createControlPublisher } from './control-publisher.ts'
import type { ControlPublisher } from './control-publisher.ts'
import { handleMessages } from './handle-messages.ts'
import { showState } from './presentation.ts'
import type { Run } from './run.ts'
import { carry, controlOf, findingsOf, hasLimits, openRun, preparedOf, stateOf, totalsOf } from './run.ts'
import type { Page, PageEnd } from './run-page.ts'
import { committedOf, isHistoryFull, openPage, runPage, settlePage } from './run-page.ts'
import { retryDropped } from './retry-dropped.ts'

type Activities = ReturnType<typeof createProxies>

/** Findings of the profile. */
const SAID_BY_PROFILE: ReadonlySet<Finding['kind']> = new Set(['not-summarised', 'no-report'])

/** The workflow. Its id is `workflowIdOf(datasetId)`, so that a dataset never has two. */
export async function generateDataset(input: GenerateDatasetInput): Promise<DatasetResult> {
  const run = openRun(input, Date.now())
  const activities = createProxies(input.options ?? {})
  const control = createControlPublisher(
    () => writeControl(run, activities),
    () => run.prepared !== null,
  )
  handleMessages(run, control)
  run.prepared ??= await prepare(run, activities)
  if (run.state === 'preparing') run.state = 'generating'
  if (!run.isBudgetLive) run.budget = input.options?.budget ?? run.prepared.budget ?? null
  showState(run)
  if (run.isPaused || hasLimits(run)) control.request()

  let page: Page = openPage(run.cursor, run.cursor)
  // Row groups that had been made when the processors ran last.
  let processed = run.prepared.isProcessingDue ? -1 : 0
  const checkpoints = createCheckpointer(() => writeCheckpoint(run, activities, page, false), input.options?.checkpointIntervalMs ?? 1_000)
  // A run may be extended at any time.
  const total = (): number => rowGroupCount(preparedOf(run).segments)
  for (;;) {
    while (run.cursor < total()) {
      run.state = 'generating'
      if (run.isPlanUnwritten) await writePlan(run, checkpoints)
      page = openPage(run.cursor, Math.min(total(), run.cursor + (input.options?.pageSize ?? 4_000)))
      const end = await runSafely(checkpoints, () => runPage({ run, activities, checkpoints, control, page }))
      if (end === 'stopped') return await finish(run, activities, checkpoints, page, 'stopped')
      if (end === 'done') {
        await checkpoints.flush()
        settlePage(run, page)
        page = openPage(run.cursor, run.cursor)
      }
      if (end === 'history-full' || (run.cursor < total() && isHistoryFull(run))) await goOnInNewRun(run, checkpoints, control)
    }
    if (run.retry !== null) {
      const end = await runSafely(checkpoints, () => retryDropped({ run, activities, checkpoints, control }))
      if (end === 'stopped') return await finish(run, activities, checkpoints, page, 'stopped')
      if (end === 'history-full') await goOnInNewRun(run, checkpoints, control)
    } else if (run.produced.rowGroups > processed) {
      processed = run.produced.rowGroups
      await processAndProfile(run, activities)
    } else return await finish(run, activities, checkpoints, page, endStateOf(run))
  }
}

async function writePlan(run: Run, checkpoints: Checkpointer): Promise<void> {
  run.isPlanUnwritten = false
  await checkpoints.flush()
}

async function goOnInNewRun(run: Run, checkpoints: Checkpointer, control: ControlPublisher): Promise<never> {
  await checkpoints.flush()
  await condition(allHandlersFinished)
  await control.settled()
  return await continueAsNew<typeof generateDataset>({ ...run.input, carried: carry(run) })
}

async function prepare(run: Run, activities: Activities): Promise<PreparedDataset> {
  const { dataset, requestId, resume } = run.input
  const { findings = [], ...prepared } = await activities.prepareDataset({
    dataset,
    requestId,
    owner: ownerOf(run),
    ...(resume === undefined ? {} : { resume }),
  })
  run.findings = findings
  return prepared
}

/** A cancelled or failed page still leaves a checkpoint behind. */
async function runSafely(checkpoints: Checkpointer, work: () => Promise<PageEnd>): Promise<PageEnd> {
  try {
    return await work()
  } catch (error) {
    await CancellationScope.nonCancellable(() => checkpoints.flush()).catch(() => undefined)
    throw error
  }
}

async function processAndProfile(run: Run, activities: Activities): Promise<void> {
  const { dataset } = run.input
  const { epoch } = preparedOf(run)
  run.state = 'processing'
  showState(run)
  await activities.runProcessors({ dataset, epoch, producedData: run.produced.rowGroups > 0 })
  const profile = (await activities.profileDataset({ dataset, epoch })) as ProfileResult | null
  // Said anew by each profile; histories of before have no answer.
  run.findings = [...run.findings.filter(({ kind }) => !SAID_BY_PROFILE.has(kind)), ...(profile?.findings ?? [])]
}

/** Complete means complete: every row accounted for, and no more dropped than allowed (ruling 20). */
function endStateOf(run: Run): DatasetResult['state'] {
  const { targetNumRecords, maxDroppedRows } = preparedOf(run)
  const { rowsWritten, rowsDropped } = totalsOf(run)
  if (rowsWritten + rowsDropped !== targetNumRecords) {
    throw ApplicationFailure.nonRetryable(
      `expected ${targetNumRecords} rows to be accounted for, found ${rowsWritten} written and ${rowsDropped} dropped`,
      'RUN_FAILED',
    )
  }
  return rowsDropped <= maxDroppedRows ? 'complete' : 'incomplete'
}

async function finish(
  run: Run,
  activities: Activities,
  checkpoints: Checkpointer,
  page: Page,
  state: DatasetResult['state'],
): Promise<DatasetResult> {
  run.state = state
  await checkpoints.flush()
  await writeCheckpoint(run, activities, page, true)
  showState(run)
  await condition(allHandlersFinished)
  return {
    state,
    generated: run.produced.rowGroups > 0,
    location: run.input.dataset.location,
    targetNumRecords: preparedOf(run).targetNumRecords,
    totals: totalsOf(run),
    produced: run.produced,
    findings: shortFindings(findingsOf(run)),
    ...(run.retried === null ? {} : { retried: run.retried }),
  }
}

async function writeCheckpoint(run: Run, activities: Activities, page: Page, isFinal: boolean): Promise<void> {
  const prepared = preparedOf(run)
  run.sequence += 1
  await activities.writeCheckpoint({
    dataset: run.input.dataset,
    epoch: prepared.epoch,
    sequence: run.sequence,
    state: stateOf(run),
    segments: prepared.segments,
    totals: totalsOf(run),
    page: { firstId: page.firstId, endId: page.endId, committed: packRanges(committedOf(page)) },
    isFinal,
  })
}

async function writeControl(run: Run, activities: Activities): Promise<void> {
  run.revision += 1
  await activities.writeControl({ dataset: run.input.dataset, epoch: preparedOf(run).epoch, control: controlOf(run) })
}

function ownerOf(run: Run): Owner {
  const { namespace, workflowId, firstExecutionRunId } = workflowInfo()
  return { server: run.input.server, namespace, workflowId, firstRunId: firstExecutionRunId }
}
