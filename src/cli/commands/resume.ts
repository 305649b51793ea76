/** `resume`: goes on with a dataset by its folder or name, whether its run is open or has ended. */
import { basename, dirname } from 'node:path'
import type { BudgetRequest } from '../../contract.ts'
import { isComplete, readStoredConfig } from '../../client/dataset-files.ts'
import { isRehearsal } from '../../dataset/resume/prepare.ts'
import { checkModels } from '../../worker/check-models.ts'
import type { CommandContext, FollowFlags } from '../context.ts'
import { findComposite, findDataset } from '../find-dataset.ts'
import type { AllowedDrops } from '../options.ts'
import { maxWaitOf } from '../options.ts'
import { followRun } from '../run-session.ts'
import { sayEnd } from '../say-end.ts'
import { openServer } from '../server.ts'
import { watched } from '../watched-worker.ts'
import { loadExtensions } from './load-extensions.ts'
import { allowDrops, budgetOf, currencyOf, runOptionsOf } from './load-config.ts'

/** Flags of `resume`. */
export interface ResumeFlags extends FollowFlags {
  readonly artifactPath: string
  readonly worker: 'embedded' | 'external'
  readonly allowDropped?: AllowedDrops
}

/** Runs the command; answers its exit code. */
export async function resume(dataset: string, flags: ResumeFlags, context: CommandContext): Promise<number> {
  const composite = findComposite(dataset, flags.artifactPath)
  if (composite !== null) return await resumeComposite(composite, flags, context)
  return await goOn(dataset, flags, context, false)
}

/** Goes on with all stages, as they were asked for last. */
async function resumeComposite(location: string, flags: ResumeFlags, context: CommandContext): Promise<number> {
  const { followComposite } = await import('../follow-composite.ts')
  const options = {
    taskQueue: flags.worker === 'embedded' ? 'own' : 'shared',
    run: runOptionsOf(flags),
    ...(flags.allowDropped === undefined ? {} : { maxDropped: flags.allowDropped }),
  } as const
  return await followComposite((client) => client.resumeComposite(location, options), {
    startedAt: Date.now(),
    flags,
    context,
    facts: null,
  })
}

/** Goes on with a dataset; with `retriesDropped` the rows that were dropped are made again, also in a run that is open. */
export async function goOn(dataset: string, flags: ResumeFlags, context: CommandContext, retriesDropped: boolean): Promise<number> {
  const { output, env } = context
  const startedAt = Date.now()
  const extensions = await loadExtensions(flags)
  const location = findDataset(dataset, flags.artifactPath)
  const stored = await readStoredConfig(location)
  const server = await openServer(env, output)
  try {
    const open = await server.client.findOpen(location)
    if (retriesDropped) await open?.retryDropped()
    if (budgetOf(flags) !== null) await open?.setBudget(named({ money: flags.budget, tokens: flags.tokenBudget }))
    await open?.resume()
    const run = open ?? (await startAgain())
    const facts =
      stored === null ? { rehearsal: false, currency: null } : { rehearsal: isRehearsal(stored.compiled), currency: currencyOf(stored) }
    const end = await followRun({
      output,
      client: server.client,
      server,
      run,
      worker: flags.worker,
      extensions: flags.extensions,
      workerOptions: { ...watched(flags, output), ...extensions },
      maxWaitMs: maxWaitOf(flags, output.isTerminal),
      env,
    })
    sayEnd(output, server, end, { elapsedMs: Date.now() - startedAt, ...facts })
    return end.exitCode
  } finally {
    await server.close()
  }

  async function startAgain(): ReturnType<typeof server.client.start> {
    const prepared = allowDrops(await readStoredConfig(location, { required: true }), flags.allowDropped)
    const needsModels = retriesDropped || !(await isComplete(location, prepared, null))
    if (flags.worker === 'embedded' && needsModels)
      for (const note of await checkModels(prepared.compiled, env)) output.warn(`warning  ${note}`)
    return await server.client.start(prepared, {
      artifactPath: dirname(location),
      datasetName: basename(location),
      resume: 'always',
      taskQueue: flags.worker === 'embedded' ? 'own' : 'shared',
      run: runOptionsOf(flags),
      ...(retriesDropped ? { retryDropped: true } : {}),
    })
  }
}

/** Only what was named: the rest of a budget stays as it is. */
function named({ money, tokens }: { readonly money: number | undefined; readonly tokens: number | undefined }): BudgetRequest {
  return { ...(money === undefined ? {} : { money }), ...(tokens === undefined ? {} : { tokens }) }
}
