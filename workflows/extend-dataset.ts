/**
 * One firing of a schedule: the dataset is asked for more rows, and its run is a child run of `generateDataset`.
 *
 * 1. A dataset whose run is open is left alone, whoever started that run: the firing ends and says so.
 * 2. What an earlier run left unfinished is gone on with first, so that a dataset which is stopped again and again does not grow on paper.
 * 3. A firing extends once: its requests are named by its own run id, and a step that is tried again finds the one it has made.
 * 4. A firing that is ended asks its run to cancel: answers are kept, and nobody spends on unasked. The next one goes on with it.
 */
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  setCurrentDetails,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common'
import type { ChildWorkflowHandle } from '@temporalio/workflow'
import { workflowIdOf } from '../src/contract.ts'
import type { DatasetResult } from '../src/contract.ts'
import type { ExtendDatasetInput, ExtendDatasetResult, StagedExtension } from '../src/schedule-contract.ts'
import { createScheduleProxies } from './activity-proxies.ts'
import type { generateDataset } from './generate-dataset.ts'

type Activities = ReturnType<typeof createScheduleProxies>

/** The workflow. Its id is the schedule's with the time of the firing. */
export async function extendDataset(input: ExtendDatasetInput): Promise<ExtendDatasetResult> {
  const activities = createScheduleProxies(input.options ?? {})
  let rowsWritten = 0
  for (let step = 1; ; step += 1) {
    const requestId = `schedule-${workflowInfo().firstExecutionRunId}-${step}`
    const staged = await stage(input, activities, requestId, step === 1)
    show(input, `${wordsOf(input, staged)}: the run is \`${workflowIdOf(staged.dataset.datasetId)}\``)
    const child = await begin(input, activities, staged, requestId)
    if (child === null) return end(input, skipped(input, staged, rowsWritten))
    const result = await resultOf(input, child)
    rowsWritten += result.produced.rowsWritten
    if (result.state === 'stopped') return end(input, stopped(result, rowsWritten))
    if (staged.kind === 'finish') continue
    if (result.state === 'incomplete') throw incomplete(input, result)
    return end(input, extended(input, result, rowsWritten))
  }
}

async function stage(input: ExtendDatasetInput, activities: Activities, requestId: string, mayFinish: boolean): Promise<StagedExtension> {
  const { dataset, extendBy } = input
  const summary = mayFinish ? `ask for ${extendBy} more rows` : `finished; ask for ${extendBy} more rows`
  try {
    return await activities.stageExtension.executeWithOptions({ summary }, [{ dataset, requestId, extendBy, mayFinish }])
  } catch (error) {
    throw failureOf(input, error)
  }
}

/** Starts the run; null when one is open. A request that no run takes is taken back. */
async function begin(
  { server, options }: ExtendDatasetInput,
  activities: Activities,
  { dataset, datasetName }: StagedExtension,
  requestId: string,
): Promise<ChildWorkflowHandle<typeof generateDataset> | null> {
  try {
    return await startChild<typeof generateDataset>('generateDataset', {
      workflowId: workflowIdOf(dataset.datasetId),
      args: [{ dataset, requestId, server, resume: 'always', ...(options === undefined ? {} : { options }) }],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      memo: { dataset: datasetName, location: dataset.location, fingerprint: dataset.fingerprint, requestId },
      staticSummary: datasetName,
    })
  } catch (error) {
    const summary = 'take the request back'
    await CancellationScope.nonCancellable(() => activities.withdrawExtension.executeWithOptions({ summary }, [{ dataset, requestId }]))
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null
    throw error
  }
}

async function resultOf(input: ExtendDatasetInput, child: ChildWorkflowHandle<typeof generateDataset>): Promise<DatasetResult> {
  try {
    return await child.result()
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error
    throw failureOf(input, error)
  }
}

/** The failure of a firing, by the code of what failed in it. */
function failureOf({ datasetName }: ExtendDatasetInput, error: unknown): unknown {
  if (!(error instanceof ActivityFailure) && !(error instanceof ChildWorkflowFailure)) return error
  let cause: unknown = error.cause
  while (cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) cause = cause.cause
  if (error instanceof ActivityFailure && cause instanceof CancelledFailure) return error
  const next = 'the next firing goes on with what there is'
  if (cause instanceof ApplicationFailure) {
    return ApplicationFailure.nonRetryable(`${datasetName}: ${cause.message}; ${next}`, cause.type ?? 'RUN_FAILED')
  }
  const why = cause instanceof CancelledFailure ? 'its run was cancelled' : `its run ended: ${error.message}`
  return ApplicationFailure.nonRetryable(`${datasetName}: ${why}; answers are kept, and ${next}`, 'RUN_FAILED')
}

function incomplete({ datasetName }: ExtendDatasetInput, { targetNumRecords, totals }: DatasetResult): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `${datasetName}: extended to ${targetNumRecords} rows, but ${totals.rowsDropped} of them are dropped, more than allowed; npx parquetry retry-dropped asks again for them`,
    'DATASET_INCOMPLETE',
  )
}

function skipped({ extendBy }: ExtendDatasetInput, staged: StagedExtension, rowsWritten: number): ExtendDatasetResult {
  const { kind, dataset, numRecords } = staged
  const reason = `a run of this dataset is open (${workflowIdOf(dataset.datasetId)}): nothing was added; the next firing tries again`
  return { outcome: 'skipped', reason, targetNumRecords: kind === 'finish' ? numRecords : numRecords - extendBy, rowsWritten }
}

function stopped({ targetNumRecords }: DatasetResult, rowsWritten: number): ExtendDatasetResult {
  const reason = 'its run was stopped before its end; the next firing goes on with it before it adds rows'
  return { outcome: 'stopped', reason, targetNumRecords, rowsWritten }
}

function extended(
  { extendBy }: ExtendDatasetInput,
  { generated, targetNumRecords }: DatasetResult,
  rowsWritten: number,
): ExtendDatasetResult {
  // Another firing of the same moment may have asked for the same rows.
  const what = generated ? `${extendBy} rows added` : 'the rows were there already'
  return { outcome: 'extended', reason: `${what}: ${targetNumRecords} in all`, targetNumRecords, rowsWritten }
}

function wordsOf({ extendBy }: ExtendDatasetInput, { kind, numRecords }: StagedExtension): string {
  return kind === 'finish' ? `going on with the ${numRecords} rows of before` : `adding ${extendBy} rows, ${numRecords} in all`
}

function end(input: ExtendDatasetInput, result: ExtendDatasetResult): ExtendDatasetResult {
  show(input, `${result.outcome}: ${result.reason}`)
  return result
}

/** Shown in the Temporal UI. Costs no history event. */
function show({ datasetName, dataset }: ExtendDatasetInput, words: string): void {
  setCurrentDetails(`**${datasetName}** — ${words}\n\n\`${dataset.location}\``)
}
