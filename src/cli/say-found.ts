/** What a run found in the folder before it began to generate, in words. */
import type { RunProgress } from '../client/progress.ts'
import type { RunHandle } from '../client/run-handle.ts'
import type { Finding } from '../contract.ts'
import { count } from './format.ts'
import type { Output } from './output.ts'
import { shownPath } from './shell.ts'

/** One thing and several of it, by kind. */
const WORDS: Readonly<Record<Finding['kind'], readonly [one: string, several: string]>> = {
  'unknown-to-checkpoint': [
    'committed row group that the checkpoint did not know',
    'committed row groups that the checkpoint did not know',
  ],
  damaged: ['damaged and set aside', 'damaged and set aside'],
  foreign: ['foreign and set aside', 'foreign and set aside'],
  adopted: ['row group of DataDesigner that lacks rows', 'row groups of DataDesigner that lack rows'],
  ignored: ['entry that is no row group, left alone', 'entries that are no row groups, left alone'],
  missing: ['counted as done and made again', 'counted as done and made again'],
  rebuilt: ['file put right', 'files put right'],
  'not-summarised': ['summary of judge scores that is missing', 'summaries of judge scores that are missing'],
  'no-report': ['report that could not be made', 'reports that could not be made'],
  stale: ['output that does not match its row group', 'outputs that do not match their row groups'],
}

/** Row groups of one page: what lies beyond the first page is not known when a run begins. */
const PAGE_SIZE = 4_000

/** `3 committed row groups that the checkpoint did not know, 1 damaged and set aside`; empty without findings. */
export function findingsText(findings: readonly Finding[]): string {
  return findings.map(({ kind, count: times }) => `${count(times)} ${WORDS[kind][times === 1 ? 0 : 1]}`).join(', ')
}

/** True once the first scan has answered. */
export function hasScanned({ totals, rowGroupsOpen }: Pick<RunProgress, 'totals' | 'rowGroupsOpen'>): boolean {
  return rowGroupsOpen > 0 || totals.rowGroups > 0
}

/**
 * Says what was in the folder, unless it was empty: `Found artifacts/reviews: 5 of 20 row groups committed, 500 rows; 1 damaged and set
 * aside; 15 to make`, and a line for each finding. Answers the messages that were said.
 */
export function sayFound(output: Output, run: Pick<RunHandle, 'location' | 'notes'>, progress: RunProgress): ReadonlySet<string> {
  const { totals, produced, findings, rowGroupsWanted } = progress
  const found = totals.rowGroups - produced.rowGroups
  if (found === 0 && findings.length === 0) return new Set()
  const isWhole = rowGroupsWanted <= PAGE_SIZE
  const rows = totals.rowsWritten - produced.rowsWritten
  const parts = [
    `${count(found)}${isWhole ? ` of ${count(rowGroupsWanted)}` : ''} row groups committed, ${count(rows)} rows`,
    ...(findings.length === 0 ? [] : [findingsText(findings)]),
    ...(isWhole ? [`${count(rowGroupsWanted - found)} to make`] : []),
  ]
  output.emit('found', { rowGroups: found, rows, findings })
  output.say(`Found    ${shownPath(run.location)}: ${parts.join('; ')}`)
  for (const { message } of findings) if (!run.notes.includes(message)) output.say(`         ${message}`)
  return new Set(findings.map(({ message }) => message))
}
