/** What a person sees of a run in the Temporal UI: current details, search attributes, summaries of activities. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { SEARCH_ATTRIBUTES } from '../src/contract.ts'
import type { RowGroup } from '../src/contract.ts'
import { detailsOf } from '../src/plan/run-details.ts'
import { reportToComposite } from './report-stage.ts'
import type { Run } from './run.ts'
import { progressOf, totalsOf, stateOf } from './run.ts'

const DATASET = defineSearchAttributeKey(SEARCH_ATTRIBUTES.dataset, SearchAttributeType.KEYWORD)
const STATE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.state, SearchAttributeType.KEYWORD)
const ROWS_DONE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.rowsDone, SearchAttributeType.INT)

/** Name of a row group in the UI. */
export function summaryOfRowGroup(rowGroup: RowGroup): string {
  return `row group ${rowGroup.id}: rows ${rowGroup.start}–${rowGroup.end - 1}`
}

/** Name of a repair in the UI. */
export function summaryOfRepair(rowGroup: RowGroup): string {
  return `dropped rows of ${summaryOfRowGroup(rowGroup)}`
}

/** Name of the timer between two probes in the UI. */
export const PROBE_TIMER = { summary: 'waiting: until one call is tried again' } as const

/** Shows the run as it is now. Costs no history event. */
export function showDetails(run: Run): void {
  setCurrentDetails(detailsOf({ progress: progressOf(run), location: run.input.dataset.location, now: Date.now() }))
}

/** Writes the search attributes; one event, so on changes of state only (ruling 18). */
export function showState(run: Run): void {
  showDetails(run)
  reportToComposite(run)
  if (run.input.options?.hasSearchAttributes !== true) return
  upsertSearchAttributes([
    { key: DATASET, value: run.prepared?.datasetName ?? '' },
    { key: STATE, value: stateOf(run) },
    { key: ROWS_DONE, value: totalsOf(run).rowsWritten },
  ])
}
