/** The words at the end of a run: what there is, where it is, what it cost, and how to go on. */
import type { RunProgress } from '../client/progress.ts'
import type { Usage } from '../contract.ts'
import { dropsText } from './drop-text.ts'
import { bytes, count, duration, money } from './format.ts'
import type { Output } from './output.ts'
import type { SessionEnd } from './run-session.ts'
import { extensionArguments, resumeCommandOf } from './run-session.ts'
import { findingsText } from './say-found.ts'
import type { Server } from './server.ts'
import { workflowLink } from './server.ts'
import { commandLine, datasetArgument, shownPath } from './shell.ts'

/** Facts of a run that are not in its result. */
export interface EndFacts {
  readonly elapsedMs: number
  readonly rehearsal: boolean
  readonly currency: string | null
}

/** Says and emits the end of a run. */
export function sayEnd(output: Output, server: Server, end: SessionEnd, facts: EndFacts): void {
  const { result, run, said } = end
  if (result === null) {
    output.say(`go on    ${resumeCommandOf(end)}   (repeats no call)`)
    return
  }
  const { totals, targetNumRecords, state } = result
  const link = workflowLink(server, run.workflowId)
  output.emit('result', { ...result, workflowId: run.workflowId, ui: link, seconds: facts.elapsedMs / 1_000, process: processFacts() })
  const unsaid = result.findings.filter(({ message }) => !said.has(message))
  if (unsaid.length > 0) output.say(`Found    ${findingsText(unsaid)}`)
  for (const { message } of unsaid) if (!run.notes.includes(message)) output.say(`         ${message}`)
  const balance = `${count(totals.rowsWritten)} written + ${count(totals.rowsDropped)} dropped = ${count(targetNumRecords)} wanted`
  if (state === 'complete')
    output.say(
      result.generated
        ? `Complete ${balance}   ${duration(facts.elapsedMs)}`
        : `Nothing to do: the dataset is complete already, ${balance}`,
    )
  if (state === 'incomplete') output.warn(`INCOMPLETE ${balance}: more rows dropped than allowed`)
  if (state === 'stopped')
    output.say(`Stopped  ${count(totals.rowsWritten)} of ${count(targetNumRecords)} rows committed; answers of open row groups are kept`)
  if (result.retried !== undefined)
    output.say(`Retried  ${count(result.retried.rowsTried)} dropped rows: ${count(result.retried.rowsFilled)} filled`)
  if (totals.rowsDropped > 0) output.say(`Dropped  ${dropsText(totals.rowsDropped, totals.dropReasons)}`)
  if (result.produced.usage.calls > 0) output.say(`Calls    ${usageText(result.produced.usage, facts)}`)
  const { callsPaidTwice = 0, usage } = totals
  if (callsPaidTwice > 0)
    output.say(
      `Calls    ${count(usage.calls + callsPaidTwice)} answered in all runs: ${count(usage.calls)} needed, ${count(callsPaidTwice)} paid again`,
    )
  if (totals.rowGroups > 0)
    output.say(
      `Files    ${shownPath(run.location)}/parquet-files/   (${count(totals.rowGroups)} ${totals.rowGroups === 1 ? 'file' : 'files'})`,
    )
  output.say(`Run      ${link}`)
  const dataset = datasetArgument(run.location)
  const code = extensionArguments(end.extensions)
  if (state === 'stopped') output.say(`go on    ${resumeCommandOf(end)}   (repeats no call)`)
  else if (state === 'incomplete') {
    output.say(
      `Accept   ${commandLine('resume', dataset, '--allow-dropped', String(totals.rowsDropped), ...code)}   (calls it complete with ${count(totals.rowsDropped)} rows missing)`,
    )
    output.say(`Retry    ${commandLine('retry-dropped', dataset, ...code)}   (asks again for the dropped rows only)`)
  } else output.say(`Show     ${commandLine('show', dataset, '0')}`)
  if (server.handle.origin === 'started')
    output.say(`Server   ${commandLine('dev', '--stop')}   (it is still up, so that the address above opens)`)
}

/** `6,000, 1,284,000 tokens in, 400,000 out, $1.36`. */
export function usageText(usage: Usage, { rehearsal, currency }: Pick<RunProgress, 'rehearsal' | 'currency'>): string {
  const paid = rehearsal ? 'paid $0.00 (REHEARSAL model)' : money(usage.cost, currency)
  const others = usage.fallbackCalls === undefined ? '' : `   ${count(usage.fallbackCalls)} answered by fallbacks`
  return `${count(usage.calls)}   tokens ${count(usage.inputTokens)} in ${count(usage.outputTokens)} out   ${paid}${others}`
}

/** `(1 file, 61 KB)`. */
export function filesText(files: number, size: number): string {
  return `(${count(files)} ${files === 1 ? 'file' : 'files'}, ${bytes(size)})`
}

/** CPU and memory of this process, the embedded worker included; for the benchmark. */
function processFacts(): { readonly cpuSeconds: number; readonly maxRssMegabytes: number } {
  const usage = process.resourceUsage()
  return { cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6, maxRssMegabytes: usage.maxRSS / 1024 }
}
