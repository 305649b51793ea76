/** From flags to a config that is ready to be run. */
import { findManagedPeople } from '../../client/managed-people.ts'
import type { RunnableConfig } from '../../client/parquetry-client.ts'
import { prepareConfig } from '../../config/prepare-config.ts'
import type { PreparedConfig } from '../../config/prepare-config.ts'
import type { Budget } from '../../plan/budget.ts'
import type { RunOptions } from '../../contract.ts'
import type { CommandContext, ConfigFlags, FollowFlags } from '../context.ts'
import type { AllowedDrops } from '../options.ts'
import { loadExtensions } from './load-extensions.ts'

/** Reads and compiles the config; warnings are said. `datasetFolder` is that of a dataset which is gone on with. Throws `CONFIG_*` with all problems. */
export async function loadConfig(
  config: string,
  flags: ConfigFlags,
  { output, env }: CommandContext,
  datasetFolder?: string,
): Promise<PreparedConfig> {
  const { columnGenerators } = await loadExtensions(flags)
  const prepared = await prepareConfig(config, {
    env,
    findPeople: findManagedPeople,
    ...(columnGenerators === undefined ? {} : { columnGenerators }),
    ...(flags.personFallback === undefined ? {} : { personFallback: flags.personFallback }),
    ...(env['HOME'] === undefined ? {} : { homeFolder: env['HOME'] }),
    ...(datasetFolder === undefined ? {} : { datasetFolder }),
    ...(flags.provider === undefined ? {} : { provider: flags.provider }),
    ...(flags.providers === undefined ? {} : { providersFile: flags.providers }),
    ...(flags.mcpProviders === undefined ? {} : { mcpProviders: flags.mcpProviders }),
    ...(flags.runConfig === undefined ? {} : { runConfigFile: flags.runConfig }),
  })
  for (const { path, message } of prepared.warnings) {
    output.emit('warning', { path, message })
    if (!output.isJson) output.warn(`warning  ${path === '' ? '' : `${path}: `}${message}`)
  }
  return prepared
}

/** The config with another limit of dropped rows (`--allow-dropped`); it changes no value. */
export function allowDrops<Config extends RunnableConfig>(config: Config, maxDropped: AllowedDrops | undefined): Config {
  if (maxDropped === undefined) return config
  const file = config.parquetryFile as { readonly policies?: object }
  return {
    ...config,
    compiled: { ...config.compiled, policies: { ...config.compiled.policies, maxDropped } },
    parquetryFile: { ...file, policies: { ...file.policies, max_dropped: maxDropped } },
  }
}

/** Settings of a run that change no value. */
export function runOptionsOf(flags: FollowFlags): RunOptions {
  const budget = budgetOf(flags)
  const maxConcurrentRowGroups = flags.sequential === true ? 1 : flags.maxConcurrentRowGroups
  return {
    ...(maxConcurrentRowGroups === undefined ? {} : { maxConcurrentRowGroups }),
    ...(budget === null ? {} : { budget }),
  }
}

/** The budget that flags name; null for none. */
export function budgetOf({ budget, tokenBudget }: FollowFlags): Budget | null {
  return budget === undefined && tokenBudget === undefined ? null : { money: budget ?? null, tokens: tokenBudget ?? null }
}

/** Currency of the config's prices, or null when it gives none. */
export function currencyOf({ compiled }: Pick<RunnableConfig, 'compiled'>): string | null {
  return Object.values(compiled.models).find(({ price }) => price !== null)?.price?.currency ?? null
}

/** The day on which drawn people have their age: the config's, else now. ISO 8601, UTC. */
export function referenceTimeOf({ referenceTime }: Pick<PreparedConfig, 'referenceTime'>): string {
  return referenceTime ?? new Date().toISOString()
}
