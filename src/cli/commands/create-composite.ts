/** `create` for a file with stages: one dataset a stage, each one begun with the rows of the one before. */
import { resolve } from 'node:path'
import { unfinishedStages } from '../../client/start-composite.ts'
import type { StartCompositeOptions } from '../../client/start-composite.ts'
import type { CompiledComposite, CompiledStage } from '../../composite/compile-composite.ts'
import { isRehearsal } from '../../dataset/resume/prepare.ts'
import { ParquetryError } from '../../errors.ts'
import { checkModels } from '../../worker/check-models.ts'
import type { CommandContext } from '../context.ts'
import { followComposite } from '../follow-composite.ts'
import { loadComposite } from './composite-file.ts'
import type { CreateFlags } from './create.ts'
import { allowDrops, currencyOf, runOptionsOf } from './load-config.ts'

/** Runs the command; answers its exit code. */
export async function createComposite(file: string, flags: CreateFlags, context: CommandContext): Promise<number> {
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
  const prepared = composite.stages.map((stage) => stage.prepared)
  const facts = {
    rehearsal: prepared.some(({ compiled }) => isRehearsal(compiled)),
    currency: prepared.map((each) => currencyOf(each)).find((currency) => currency !== null) ?? null,
  }
  return await followComposite((client) => client.startComposite(composite, optionsOf(flags)), { startedAt, flags, context, facts })
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
