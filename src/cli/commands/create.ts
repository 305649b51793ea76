/** `create`: from a config to a dataset on disk. */
import { basename, extname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { isComplete } from '../../client/dataset-files.ts'
import { mayStart } from '../../client/parquetry-client.ts'
import type { CreateOptions, ParquetryClient, RunnableConfig } from '../../client/parquetry-client.ts'
import type { RunHandle } from '../../client/run-handle.ts'
import { isRehearsal } from '../../dataset/resume/prepare.ts'
import type { ResumeMode } from '../../dataset/resume/decide-resume.ts'
import { checkDatasetName } from '../../dataset/layout.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import { checkModels } from '../../worker/check-models.ts'
import type { CommandContext, ConfigFlags, FollowFlags } from '../context.ts'
import type { AllowedDrops } from '../options.ts'
import { maxWaitOf } from '../options.ts'
import { extensionArguments, followRun } from '../run-session.ts'
import { sayEnd } from '../say-end.ts'
import { openServer } from '../server.ts'
import { watched } from '../watched-worker.ts'
import { commandLine, datasetArgument } from '../shell.ts'
import { isCompositeFile } from './composite-file.ts'
import { loadExtensions } from './load-extensions.ts'
import { allowDrops, currencyOf, loadConfig, runOptionsOf } from './load-config.ts'

/** Flags of `create`. */
export interface CreateFlags extends ConfigFlags, FollowFlags {
  readonly numRecords?: number
  readonly datasetName?: string
  readonly artifactPath: string
  readonly resume?: ResumeMode
  readonly bufferSize?: number
  readonly seed?: string
  readonly worker: 'embedded' | 'external'
  readonly allowDropped?: AllowedDrops
  /** For a file with stages. */
  readonly rerunFrom?: string
  readonly target?: readonly string[]
}

/** Runs the command; answers its exit code. */
export async function create(config: string, flags: CreateFlags, context: CommandContext): Promise<number> {
  if (await isCompositeFile(config)) return await (await import('./create-composite.ts')).createComposite(config, flags, context)
  refuseStageFlags(flags)
  const { output, env } = context
  const startedAt = Date.now()
  const datasetName = flags.datasetName ?? nameOf(config)
  checkDatasetName(datasetName)
  const artifactPath = resolve(flags.artifactPath)
  const location = join(artifactPath, datasetName)
  const isResumed = flags.resume !== undefined && flags.resume !== 'never'
  const prepared = allowDrops(await loadConfig(config, flags, context, isResumed ? location : undefined), flags.allowDropped)
  const isDone = isResumed && (await isComplete(location, prepared, flags.numRecords ?? null))
  const wanted: CreateOptions = {
    datasetName,
    artifactPath,
    taskQueue: flags.worker === 'embedded' ? 'own' : 'shared',
    ...(flags.numRecords === undefined ? {} : { numRecords: flags.numRecords }),
    ...(flags.resume === undefined ? {} : { resume: flags.resume }),
    ...(flags.bufferSize === undefined ? {} : { bufferSize: flags.bufferSize }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    run: runOptionsOf(flags),
  }
  const checkOnce = flags.worker === 'embedded' && !isDone ? checkingOnce(prepared, context) : (): Promise<void> => Promise.resolve()
  // Before a server is started for nothing; a start that will be refused pays no call.
  if (await mayStart(prepared, wanted)) await checkOnce()
  const server = await openServer(env, output)
  try {
    const run = await startOrAsk(server.client, prepared, { ...wanted, beforeStart: checkOnce }, context, flags)
    const end = await followRun({
      output,
      client: server.client,
      server,
      run,
      worker: flags.worker,
      extensions: flags.extensions,
      workerOptions: { ...watched(flags, output), ...(await loadExtensions(flags)) },
      maxWaitMs: maxWaitOf(flags, output.isTerminal),
      env,
    })
    sayEnd(output, server, end, {
      elapsedMs: Date.now() - startedAt,
      rehearsal: isRehearsal(prepared.compiled),
      currency: currencyOf(prepared),
    })
    return end.exitCode
  } finally {
    await server.close()
  }
}

function refuseStageFlags({ rerunFrom, target }: CreateFlags): void {
  if (rerunFrom === undefined && target === undefined) return
  throw new ParquetryError('USAGE', '--rerun-from and --target name stages, and this config has none', {
    wayOut: 'give a file with name and stages, or leave them out',
  })
}

/** Checks the models at the first call only. */
function checkingOnce({ compiled }: RunnableConfig, { env, output }: CommandContext): () => Promise<void> {
  let checked: Promise<void> | null = null
  const check = async (): Promise<void> => {
    for (const note of await checkModels(compiled, env)) output.warn(`warning  ${note}`)
  }
  return () => (checked ??= check())
}

/** A dataset is named after its config's file. */
export function nameOf(config: string): string {
  return basename(config, extname(config))
}

/** An unfinished run is asked about on a terminal, and refused with the exact commands elsewhere (ruling 22). */
async function startOrAsk(
  client: ParquetryClient,
  prepared: RunnableConfig,
  wanted: CreateOptions,
  context: CommandContext,
  { extensions }: CreateFlags,
): Promise<RunHandle> {
  try {
    return await client.start(prepared, wanted)
  } catch (error) {
    if (!isParquetryError(error) || error.code !== 'DATASET_UNFINISHED' || wanted.resume !== undefined) throw error
    const { output, argv } = context
    // It may stand in a timestamped folder, which only its own name leads to.
    const location = typeof error.details['location'] === 'string' ? error.details['location'] : null
    if (!output.isTerminal || process.stdin.isTTY !== true) {
      const goOn =
        location === null
          ? commandLine(...argv, '--resume', 'always')
          : commandLine('resume', datasetArgument(location), ...extensionArguments(extensions))
      const anew = commandLine(...argv, '--resume', 'never')
      throw new ParquetryError('DATASET_UNFINISHED', error.message, {
        wayOut: `${goOn}   goes on with it, repeating no call\n${anew}   starts a new dataset beside it`,
      })
    }
    output.say(error.message)
    const answer = await ask('Go on with it? [Y/n, n starts a new dataset beside it] ')
    if (/^\s*n/i.test(answer)) return await client.start(prepared, { ...wanted, resume: 'never' })
    return await client.start(prepared, { ...wanted, resume: 'always', ...(location === null ? {} : { datasetName: basename(location) }) })
  }
}

async function ask(question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  // Ctrl-C at the question is Ctrl-C at the command.
  prompt.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    return await prompt.question(question)
  } finally {
    prompt.close()
  }
}
