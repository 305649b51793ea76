/** What the terminal says of a run that waits: nothing is lost, why it waits, and what a person can do. Pure. */
import type { RunProgress } from '../client/progress.ts'
import type { Blocked } from '../contract.ts'
import { count, money } from './format.ts'
import { fit, wrapText } from './text.ts'

/** A waiting run, looked at. */
export interface Waiting {
  readonly progress: RunProgress
  readonly blocked: Blocked
  /** Most calls seen answered. */
  readonly callsSeen: number
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The command that goes on at once. */
  readonly resumeCommand: string
}

/** The lines, one fact each, no wider than `width`; the reason is never cut short. */
export function waitingLines({ progress, blocked, callsSeen, now, resumeCommand }: Waiting, width: number): string[] {
  const { totals, targetNumRecords, usage } = progress
  const spent = progress.rehearsal ? 'paid $0.00' : money(usage.cost, progress.currency)
  const partly = callsSeen > totals.usage.calls ? '   answers of open groups kept (journal)' : ''
  const doFirst = remedyOf(blocked)
  const why = wrapText(`${blocked.code}: ${blocked.message}`.replaceAll('\n', ' '), Math.max(20, width - 11))
  const lines = [
    `${progress.datasetName}   WAITING ${waitedFor(now - blocked.since)}   nothing lost, nothing being spent`,
    ...why.map((line, index) => `  ${index === 0 ? 'why      ' : '         '}${line}`),
    `  since    ${clock(blocked.since)}   after ${count(callsSeen)} good calls`,
    `  rows     ${count(totals.rowsWritten)}/${count(targetNumRecords)} done   ${count(totals.rowsDropped)} dropped${partly}`,
    `  groups   ${count(totals.rowGroups)}/${count(progress.rowGroupsWanted)} committed`,
    `  spent    ${spent}   calls ${count(callsSeen)}`,
    `  probing  ${probingText(progress, blocked)}`,
    'Do one of',
    ...(doFirst === null ? [] : [`  ${doFirst}`]),
    `  go on now:      ${resumeCommand}   (elsewhere)`,
    '  stop for today: Ctrl-C   (resuming later repeats no call)',
  ]
  return lines.map((line) => fit(line, width))
}

function probingText({ rowGroupsOpen }: RunProgress, { code, probes }: Blocked): string {
  if (code === 'ROW_GROUP_KILLS_WORKER') return 'nothing: each try would cost a worker, so it goes on only when you say so'
  if (code === 'BUDGET_REACHED') return 'nothing: it goes on once the budget is raised'
  if (code === 'TOO_MANY_DROPPED') return 'nothing: the same answers would fail again, so it goes on only when you say so'
  return `${rowGroupsOpen > 0 ? 'one call is being tried now' : 'one call now and then'} (${count(probes)} tried)`
}

/** What removes the cause, by its code; null where only waiting helps. */
function remedyOf({ code }: Blocked): string | null {
  if (code === 'MODEL_KEY_MISSING' || code === 'MODEL_AUTH' || code === 'TOOL_KEY_MISSING' || code === 'TOOL_SERVER_AUTH')
    return 'fix the key:    Ctrl-C, export the right key, then resume'
  if (code === 'MODEL_PERMISSION' || code === 'MODEL_NOT_FOUND') return 'fix the model:  its name and your rights at the provider'
  if (code === 'MODEL_QUOTA') return 'fix the quota:  add credit at the provider; the run goes on by itself'
  if (code === 'MODEL_UNREACHABLE' || code === 'MODEL_UNAVAILABLE' || code === 'MODEL_TIMEOUT') {
    return 'fix the server: once the endpoint answers, the run goes on by itself'
  }
  if (code === 'BUDGET_REACHED') return 'raise it:       npx parquetry set-budget DATASET AMOUNT (or --tokens N, or none)'
  if (code === 'VALIDATOR_UNAVAILABLE') return 'fix validator:  once it judges records, the run goes on by itself'
  if (code === 'CUSTOM_GENERATOR_MISSING') return 'give the code:  Ctrl-C, then resume with --extensions and the module that has it'
  if (code === 'CUSTOM_COLUMN_FAILED') return 'fix the code:   Ctrl-C, correct the generator, then resume: no answer is lost'
  if (code === 'TOOL_SERVER_UNREACHABLE') return 'fix the server: once the tool server (MCP) answers, the run goes on by itself'
  if (code === 'TOOL_NOT_OFFERED') return 'fix the tools:  Ctrl-C, correct the tool config or the server, then resume'
  if (code === 'DISK_FULL') return 'make room:      once the disk has room, the run goes on by itself'
  if (code === 'TOO_MANY_DROPPED')
    return 'fix the column: Ctrl-C, correct it and start again; or the model, then resume: failed rows are tried anew'
  return null
}

/** `42s`, `4m12s`, `3h07m`. */
export function waitedFor(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return `${seconds}s`
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, '0')}s`
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`
}

function clock(at: number): string {
  return new Date(at).toTimeString().slice(0, 8)
}
