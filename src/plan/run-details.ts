/** The current details of a run as a person reads them in the Temporal UI: Markdown. Pure. */
import type { Blocked, DropReason, Finding, Progress, RunState } from '../contract.ts'
import type { Budget } from './budget.ts'
import { count, duration, money } from './format.ts'

/** A run, looked at. */
export interface RunView {
  readonly progress: Progress
  /** Absolute folder of the dataset. */
  readonly location: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Longest text of a reason or a finding that is shown, in characters: whoever wrote it, the page stays readable. */
const MAX_TEXT = 600
/** Most findings, and most reasons of drops, that are listed. */
const MAX_LISTED = 5
/** A bar is read before any number. */
const BAR_CELLS = 20
/** Between the columns of the table, which the page puts side by side; the last character keeps the blanks from being trimmed. */
const GAP = '\u00a0\u00a0\u2060'

/** What a state means, in words. */
const WORDS: Readonly<Record<RunState, string>> = {
  preparing: 'getting ready',
  generating: 'generating rows',
  waiting: 'waiting',
  paused: 'paused by a person',
  stopping: 'stopping, open row groups are finished first',
  processing: 'all rows are there, making outputs and profile',
  complete: 'complete',
  incomplete: 'incomplete, more rows were dropped than allowed',
  stopped: 'stopped, can be resumed',
}

/** What a person sees of a run as it is now: at most some 5 KB, whatever the run meets. */
export function detailsOf(view: RunView): string {
  const { progress, location, now } = view
  const { datasetName, state, rehearsal, blocked, findings, totals, targetNumRecords } = progress
  const paragraphs = [
    `## ${plain(datasetName === '' ? 'dataset' : datasetName)}: ${WORDS[state]}`,
    ...(targetNumRecords === 0 ? [] : [rowsText(totals.rowsWritten, totals.rowsDropped, targetNumRecords)]),
    ...(rehearsal ? ['**Rehearsal model: invented answers, nothing is paid.**'] : []),
    ...(blocked !== null && state === 'waiting' ? [blockedText(blocked, location)] : []),
    ...(state === 'paused' ? [`Go on: \`${command('resume', location)}\``] : []),
    ...(state === 'stopped' || state === 'incomplete' ? [`Go on: \`${command('resume', location)}\` (no answer is paid again)`] : []),
    table(factsOf(view)),
    ...(findings.length === 0 ? [] : [findingsText(findings)]),
    `*As of ${clock(now)} UTC*`,
  ]
  return paragraphs.join('\n\n')
}

/** What holds for the whole run, and is there to be read when no worker answers. */
export function staticDetailsOf(datasetName: string, location: string): string {
  return [
    `Dataset **${plain(datasetName)}** in ${code(location)}`,
    '',
    ...(['watch', 'status', 'resume'] as const).map((verb) => `- ${verb}: \`${command(verb, location)}\``),
  ].join('\n')
}

function rowsText(written: number, dropped: number, wanted: number): string {
  const share = Math.min(1, (written + dropped) / wanted)
  const full = Math.floor(share * BAR_CELLS)
  return `**${'▰'.repeat(full)}${'▱'.repeat(BAR_CELLS - full)} ${Math.floor(share * 100)}%** ${count(written)} of ${count(wanted)} rows`
}

/** One paragraph: the page leaves much room between two. */
function blockedText({ code: why, message, since, probes }: Blocked, location: string): string {
  const tried = probes === 0 ? '' : ` Tried ${probes === 1 ? 'once' : `${count(probes)} times`} since.`
  return [
    `**Waiting since ${clock(since)} UTC: ${why}**`,
    plain(message),
    `Nothing is lost and nothing is being spent.${tried}`,
    `Go on at once: \`${command('resume', location)}\``,
  ].join('  \n')
}

function findingsText(findings: readonly Finding[]): string {
  const more = findings.length - MAX_LISTED
  return [
    '**Found in the folder**',
    '',
    ...findings.slice(0, MAX_LISTED).map(({ message }) => `- ${plain(message)}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
  ].join('\n')
}

type Fact = readonly [name: string, value: string]

function factsOf({ progress, now }: RunView): Fact[] {
  const { totals, rowGroupsWanted, rowGroupsOpen, currency, rehearsal, state, startedAt } = progress
  const { rowsDropped, rowGroups, usage } = totals
  const open = rowGroupsOpen === 0 ? '' : `, ${count(rowGroupsOpen)} open`
  const calls: Fact[] = [
    ['Model calls', `${count(usage.calls)}${fallbackText(usage.fallbackCalls ?? 0)}`],
    ['Tokens', `${count(usage.inputTokens)} in, ${count(usage.outputTokens)} out`],
    ['Cost', rehearsal ? 'nothing, rehearsal' : money(usage.cost, currency)],
  ]
  const budget: Fact[] = progress.budget === undefined ? [] : [['Budget', budgetText(progress.budget, currency)]]
  return [
    ...(state === 'generating' ? paceFacts(progress, now) : []),
    ['Dropped rows', `${count(rowsDropped)}${reasonsText(totals.dropReasons ?? [])}`],
    ['Row groups', `${count(rowGroups)} of ${count(rowGroupsWanted)}${open}`],
    ...(usage.calls === 0 ? [] : calls),
    ...budget,
    ['Started', `${new Date(startedAt).toISOString().slice(0, 10)} ${clock(startedAt)} UTC`],
  ]
}

/** Over the whole run: what it waited counts, so the time left is rather too long. */
function paceFacts({ produced, totals, targetNumRecords, startedAt }: Progress, now: number): Fact[] {
  const made = produced.rowsWritten + produced.rowsDropped
  const left = targetNumRecords - totals.rowsWritten - totals.rowsDropped
  const elapsedMs = now - startedAt
  if (made <= 0 || left <= 0 || elapsedMs <= 0) return []
  const perSecond = (made * 1_000) / elapsedMs
  const speed = perSecond >= 10 ? `${count(perSecond)} rows/s` : `${count(perSecond * 60)} rows/min`
  return [['Speed', `${speed}, about ${duration((left * 1_000) / perSecond)} left`]]
}

function reasonsText(reasons: readonly DropReason[]): string {
  if (reasons.length === 0) return ''
  const listed = reasons
    .slice(0, MAX_LISTED)
    .map(({ code, column, rows }) => `${count(rows)} ${plain(code)}${column === '' ? '' : ` in ${plain(column)}`}`)
  return `: ${listed.join(', ')}${reasons.length > MAX_LISTED ? ', and others' : ''}`
}

function budgetText({ money: most, tokens }: Budget, currency: string | null): string {
  return [...(most === null ? [] : [money(most, currency)]), ...(tokens === null ? [] : [`${count(tokens)} tokens`])].join(', ')
}

function fallbackText(calls: number): string {
  return calls === 0 ? '' : `, ${count(calls)} of them by a fallback model`
}

/** Head cells are empty: the names stand in the first column. */
function table(facts: readonly Fact[]): string {
  return ['| | |', '|:--|:--|', ...facts.map(([name, value]) => `| ${name}${GAP} | ${value.replaceAll('|', '\\|')} |`)].join('\n')
}

/** Text of others as text: it makes no link, picture, heading or table cell. */
function plain(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ').trim()
  const short = line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT - 3)}...` : line
  return short.replaceAll(/[\\`*[\]<>#!~]/gu, String.raw`\$&`).replaceAll(/(?<=\W|^)_|_(?=\W|$)/gu, String.raw`\_`)
}

/** The folder stands for the dataset: it is understood in whatever folder the command is typed. */
function command(verb: string, location: string): string {
  const word = /^[\w@%+=:,./-]+$/u.test(location) ? location : `'${location.replaceAll("'", `'\\''`)}'`
  return `npx parquetry ${verb} ${word}`.replaceAll('`', "'")
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}
