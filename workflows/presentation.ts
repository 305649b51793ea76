/** What a person sees of a run in the Temporal UI: current details, search attributes, summaries of activities. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { SEARCH_ATTRIBUTES } from '../src/contract.ts'
import type { Blocked, RowGroup, Usage } from '../src/contract.ts'
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

/** Shows the run as it is now. Costs no history event. */
export function showDetails(run: Run): void {
  const progress = progressOf(run)
  const { rowsWritten, rowsDropped, rowGroups, usage } = progress.totals
  const lines = [
    `**${progress.datasetName}** — ${progress.state}${progress.rehearsal ? ' — REHEARSAL model, not a real one' : ''}`,
    '',
    '| rows done | wanted | dropped | row groups | calls | tokens in / out | cost |',
    '|---|---|---|---|---|---|---|',
    `| ${rowsWritten} | ${progress.targetNumRecords} | ${rowsDropped} | ${rowGroups}/${progress.rowGroupsWanted} | ${usage.calls} | ${usage.inputTokens} / ${usage.outputTokens} | ${costText(usage, progress.currency)} |`,
    '',
    ...(run.blocked === null ? [] : [blockedText(run.blocked), '']),
    ...progress.findings.map((finding) => `- ${finding.message}`),
    `\`${run.input.dataset.location}\``,
  ]
  setCurrentDetails(lines.join('\n'))
}

function costText(usage: Usage, currency: string | null): string {
  return currency === null ? 'no price given' : `${usage.cost.toFixed(4)} ${currency}`
}

function blockedText(blocked: Blocked): string {
  const since = new Date(blocked.since).toISOString().slice(11, 19)
  return `Waiting since ${since} UTC: \`${blocked.code}\` ${blocked.message}  \nNothing is lost and nothing is being spent. Probed ${blocked.probes} times; send the \`resume\` signal to go on now.`
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
