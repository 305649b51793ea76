/** Following the run of a composite from the command line: its stages as they come, and the words at its end. */
import type { CompositeHandle, CompositeRunProgress } from '../client/composite-handle.ts'
import type { ParquetryClient } from '../client/parquetry-client.ts'
import type { CompositeResult, StageReport } from '../composite-contract.ts'
import type { CommandContext, FollowFlags } from './context.ts'
import { dropsText } from './drop-text.ts'
import { count, duration } from './format.ts'
import { maxWaitOf } from './options.ts'
import type { Output } from './output.ts'
import { loadExtensions } from './commands/load-extensions.ts'
import { followRun, resumeCommandOf } from './run-session.ts'
import type { SessionEnd } from './run-session.ts'
import { usageText } from './say-end.ts'
import type { EndFacts } from './say-end.ts'
import { openServer, workflowLink } from './server.ts'
import type { Server } from './server.ts'
import { commandLine, datasetArgument, shownPath } from './shell.ts'
import { watched } from './watched-worker.ts'

/** Settings of following. */
export interface FollowCompositeOptions {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly flags: FollowFlags & { readonly worker: 'embedded' | 'external' }
  readonly context: CommandContext
  /** Null where the run itself has to say. */
  readonly facts: Omit<EndFacts, 'elapsedMs'> | null
}

/** Starts a run and follows it; answers the exit code. */
export async function followComposite(
  start: (client: ParquetryClient) => Promise<CompositeHandle>,
  { startedAt, flags, context, facts }: FollowCompositeOptions,
): Promise<number> {
  const { output, env } = context
  const workerOptions = { ...watched(flags, output), ...(await loadExtensions(flags)) }
  const server = await openServer(env, output)
  try {
    const run = await start(server.client)
    const sayStages = createStageLines(output)
    let seen = facts ?? { rehearsal: false, currency: null }
    const end = await followRun({
      output,
      client: server.client,
      server,
      run,
      worker: flags.worker,
      maxWaitMs: maxWaitOf(flags, output.isTerminal),
      env,
      extensions: flags.extensions,
      workerOptions,
      onProgress(progress): void {
        if (facts === null) seen = progress
        sayStages((progress as CompositeRunProgress).stages)
      },
    })
    const result = end.result as CompositeResult | null
    if (result !== null) sayStages(result.stages)
    sayCompositeEnd(output, server, { ...end, result }, { ...seen, elapsedMs: Date.now() - startedAt })
    return end.exitCode
  } finally {
    await server.close()
  }
}

/** Says each change of a stage once. */
function createStageLines(output: Output): (stages: readonly StageReport[]) => void {
  const known = new Map<number, string>()
  return (stages) => {
    for (const stage of stages) {
      const line = lineOf(stage)
      if (line === null || known.get(stage.index) === line) continue
      known.set(stage.index, line)
      output.emit('stage', { ...stage })
      output.say(`stage ${stage.index}  ${stage.name}: ${line}`)
    }
  }
}

/** What is said of a stage; null as long as it is not its turn. */
function lineOf({ state, totals, targetNumRecords, outputRecords, note, location }: StageReport): string | null {
  const rows = `${count(totals.rowsWritten)} of ${count(targetNumRecords)} rows`
  switch (state) {
    case 'pending':
    case 'preparing':
    case 'stopping':
      return null
    case 'generating':
    case 'processing':
    case 'waiting':
    case 'paused':
      return `begun${location === null ? '' : ` in ${shownPath(location)}`}, ${count(targetNumRecords)} rows wanted${note === null ? '' : `; ${note}`}`
    case 'complete':
      return `complete, ${rows}${outputRecords === null || outputRecords === totals.rowsWritten ? '' : `, gives on ${count(outputRecords)}`}`
    case 'unchanged':
      return `unchanged, ${rows}`
    case 'empty':
      return 'complete, but no row is left for the stages after it'
    case 'skipped':
      return 'skipped, for the stage before it left no row'
    case 'incomplete':
      return `INCOMPLETE, ${rows}, ${count(totals.rowsDropped)} dropped: more than allowed`
    case 'stopped':
      return `stopped, ${rows}`
    case 'failed':
      return `failed, ${rows}`
  }
}

function sayCompositeEnd(
  output: Output,
  server: Server,
  { result, run, extensions }: SessionEnd & { readonly result: CompositeResult | null },
  facts: EndFacts,
): void {
  const goOn = resumeCommandOf({ run, extensions })
  if (result === null) {
    output.say(`go on    ${goOn}   (repeats no call)`)
    return
  }
  const link = workflowLink(server, run.workflowId)
  const { totals, targetNumRecords, state, produced, stages } = result
  output.emit('result', { ...result, workflowId: run.workflowId, ui: link, seconds: facts.elapsedMs / 1_000 })
  const balance = `${count(stages.length)} ${stages.length === 1 ? 'stage' : 'stages'}, ${count(totals.rowsWritten)} written + ${count(totals.rowsDropped)} dropped = ${count(targetNumRecords)} wanted`
  if (state === 'complete')
    output.say(
      result.generated
        ? `Complete ${balance}   ${duration(facts.elapsedMs)}`
        : `Nothing to do: every stage is as it would be made, ${balance}`,
    )
  if (state === 'incomplete') output.warn(`INCOMPLETE: nothing that follows was begun`)
  if (state === 'stopped') output.say('Stopped  answers of open row groups are kept')
  if (totals.rowsDropped > 0) output.say(`Dropped  ${dropsText(totals.rowsDropped, totals.dropReasons)}`)
  if (produced.usage.calls > 0) output.say(`Calls    ${usageText(produced.usage, facts)}`)
  output.say(`Files    ${shownPath(run.location)}/`)
  output.say(`Run      ${link}`)
  const last = stages.findLast(
    ({ state: of, location }) => location !== null && (of === 'complete' || of === 'unchanged' || of === 'incomplete'),
  )
  if (state === 'stopped') output.say(`go on    ${goOn}   (repeats no call)`)
  else if (state === 'incomplete' && last !== undefined) {
    output.say(`Accept   ${goOn} --allow-dropped ${last.totals.rowsDropped}   (goes on with the rows that are there)`)
    output.say(
      `Retry    ${commandLine('retry-dropped', datasetArgument(last.location!))}   (asks again for the dropped rows only; then start again)`,
    )
  } else if (last !== undefined) output.say(`Show     ${commandLine('show', datasetArgument(last.location!), '0')}`)
  if (server.handle.origin === 'started')
    output.say(`Server   ${commandLine('dev', '--stop')}   (it is still up, so that the address above opens)`)
}
