/** `create` for a file with stages: one dataset a stage, each one begun with the rows of the one before. */
import { resolve } from 'node:path'
import { unfinishedStages } from '../../client/start-composite.ts'
import type { CompiledComposite, CompiledStage } from '../../composite/compile-composite.ts'
import type { CompositeResult, StageReport } from '../../composite-contract.ts'
import type { CompositeRunProgress } from '../../client/composite-handle.ts'
import type { StartCompositeOptions } from '../../client/start-composite.ts'
import { isRehearsal } from '../../dataset/resume/prepare.ts'
import { ParquetryError } from '../../errors.ts'
import { checkModels } from '../../worker/check-models.ts'
import type { CommandContext } from '../context.ts'
import { dropsText } from '../drop-text.ts'
import { count, duration } from '../format.ts'
import { maxWaitOf } from '../options.ts'
import type { Output } from '../output.ts'
import { followRun } from '../run-session.ts'
import type { SessionEnd } from '../run-session.ts'
import { usageText } from '../say-end.ts'
import type { EndFacts } from '../say-end.ts'
import { openServer, workflowLink } from '../server.ts'
import type { Server } from '../server.ts'
import { commandLine, shownPath } from '../shell.ts'
import { loadComposite } from './composite-file.ts'
import type { CreateFlags } from './create.ts'
import { allowDrops, currencyOf, runOptionsOf } from './load-config.ts'

/** Runs the command; answers its exit code. */
export async function createComposite(file: string, flags: CreateFlags, context: CommandContext): Promise<number> {
  const { output, env, argv } = context
  const startedAt = Date.now()
  if (flags.numRecords !== undefined) {
    throw new ParquetryError('USAGE', '--num-records is for one dataset, and this file has stages', {
      wayOut: 'give num_records to the stages in the file',
    })
  }
  const loaded = await loadComposite(file, { ...flags, artifactPath: resolve(flags.artifactPath) }, context)
  const composite = {
    ...loaded,
    stages: loaded.stages.map((stage) => ({ ...stage, prepared: allowDrops(stage.prepared, flags.allowDropped) })),
  }
  if (flags.worker === 'embedded') await checkOnce(composite, flags, context)
  const server = await openServer(env, output)
  try {
    const run = await server.client.startComposite(composite, optionsOf(flags))
    // Asking for everything anew once is not asking for it again.
    const goOn = commandLine(...withoutOnce(argv))
    const sayStages = createStageLines(output)
    const end = await followRun({
      output,
      client: server.client,
      server,
      run,
      worker: flags.worker,
      maxWaitMs: maxWaitOf(flags, output.isTerminal),
      env,
      resumeCommand: goOn,
      onProgress: (progress) => sayStages((progress as CompositeRunProgress).stages),
    })
    const result = end.result as CompositeResult | null
    if (result !== null) sayStages(result.stages)
    const prepared = composite.stages.map((stage) => stage.prepared)
    sayCompositeEnd(output, server, { ...end, result }, goOn, {
      elapsedMs: Date.now() - startedAt,
      rehearsal: prepared.some(({ compiled }) => isRehearsal(compiled)),
      currency: prepared.map((each) => currencyOf(each)).find((currency) => currency !== null) ?? null,
    })
    return end.exitCode
  } finally {
    await server.close()
  }
}

function optionsOf(flags: CreateFlags): StartCompositeOptions {
  return {
    taskQueue: flags.worker === 'embedded' ? 'own' : 'shared',
    ...(flags.resume === undefined ? {} : { resume: flags.resume }),
    ...(flags.target === undefined ? {} : { targets: flags.target }),
    ...(flags.rerunFrom === undefined ? {} : { rerunFrom: flags.rerunFrom }),
    ...(flags.bufferSize === undefined ? {} : { bufferSize: flags.bufferSize }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    run: runOptionsOf(flags),
  }
}

/** Words of a command line without those that make things again. */
function withoutOnce(argv: readonly string[]): readonly string[] {
  const kept: string[] = []
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index]!
    if (word === '--rerun-from' || word === '--resume' || word === '-r') index += 1
    else if (!/^(?:--rerun-from=|--resume=|-r.)/u.test(word)) kept.push(word)
  }
  return kept
}

/** A start that has nothing to ask pays no call; one model of several stages is asked once. */
async function checkOnce(composite: CompiledComposite, flags: CreateFlags, { output, env }: CommandContext): Promise<void> {
  const isAnew = flags.resume === 'never' || flags.rerunFrom !== undefined
  const stages: readonly CompiledStage[] = isAnew ? composite.stages : await unfinishedStages(composite)
  const seen = new Set<string>()
  for (const { prepared } of stages) {
    const { compiled } = prepared
    const models = Object.fromEntries(
      Object.entries(compiled.models).filter(([, { target }]) => {
        const key = JSON.stringify([target.provider.name, target.model])
        return !seen.has(key) && seen.add(key)
      }),
    )
    for (const note of await checkModels({ ...compiled, models }, env)) output.warn(`warning  ${note}`)
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
  { result, run }: SessionEnd & { readonly result: CompositeResult | null },
  goOn: string,
  facts: EndFacts,
): void {
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
      `Retry    ${commandLine('retry-dropped', shownPath(last.location!))}   (asks again for the dropped rows only; then start again)`,
    )
  } else if (last !== undefined) output.say(`Show     ${commandLine('show', shownPath(last.location!), '0')}`)
  if (server.handle.origin === 'started')
    output.say(`Server   ${commandLine('dev', '--stop')}   (it is still up, so that the address above opens)`)
}
