/** From a config, wherever it comes from, to all that a run on it is started with. */
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { SeedPlace } from '../seed/source.ts'
import type { ColumnGenerators } from '../columns/custom-generator.ts'
import { knownGenerators } from './column-generators.ts'
import { compileConfig } from './compile.ts'
import type { CompiledConfig } from './compile.ts'
import { personLocales, withFaker } from './check-people.ts'
import type { FoundPeople } from './check-people.ts'
import { loadSeed } from './load-seed.ts'
import { loadConfigFile, loadHomeFiles, loadSettingsFile } from './load.ts'
import { createReport } from './problems.ts'
import type { SeedReading } from './seed-columns.ts'
import { readConfig } from './read-config.ts'
import type { DatasetConfig, WrappedDatasetConfig } from './schema.ts'
import type { McpProviderInput } from './schema-tools.ts'
import type { Environment } from './secrets.ts'
import { applyProvider, parsedConfigOf } from './sources.ts'
import type { LoadedFile, ParsedConfig } from './sources.ts'
import { toBuilderConfig, toParquetryFile } from './stored.ts'

/** A file's path, a config that was read already, or its content, such as `defineDataset` makes. */
export type ConfigInput = string | ParsedConfig | DatasetConfig | WrappedDatasetConfig | object

/** Where the settings around a config come from. */
export interface ConfigSources {
  /** Default `process.env`. */
  readonly env: Environment
  /** The user's home folder, for DataDesigner's files in it. Default the system's. */
  readonly homeFolder: string
  /** Path of a provider file (`--providers`). */
  readonly providersFile: string
  /** Path of a file of tool servers (`--mcp-providers`), or the servers themselves. */
  readonly mcpProviders: string | readonly McpProviderInput[]
  /** Path of a run config (`-c`). */
  readonly runConfigFile: string
  /** Asks all models at this provider instead of their own (`--provider`). */
  readonly provider: string
  /** Looks where the managed people of these locales are. Default: nowhere. */
  readonly findPeople: (locales: readonly string[], env: Environment, homeFolder: string) => Promise<FoundPeople>
  /** Column generators that `custom` columns name. Default none. */
  readonly columnGenerators: ColumnGenerators
  /** Makes people by faker where managed ones are absent (`--person-fallback faker`). */
  readonly personFallback: 'faker'
  /** Milliseconds since the epoch; becomes the reference time when the config gives none. Default the clock's. */
  readonly now: () => number
  /** Folder of the dataset that is gone on with: seed files that did not change since are not read again. */
  readonly datasetFolder: string
  /** What the seed data are, so that they are not looked at. */
  readonly seedReading: SeedReading
  /** File in which a config stands that was read already: seed paths are taken from its folder, too. */
  readonly configFile: string
}

/** A config that is ready to be run. */
export interface PreparedConfig extends CompiledConfig {
  /** File name, for people. */
  readonly source: string
  /** Where the paths of seed data are taken from. */
  readonly seedPlace: SeedPlace
  /** Content of `builder_config.json`. */
  readonly builderConfig: object
  /** Content of `parquetry.json`; holds no secret. */
  readonly parquetryFile: object
}

/** Reads and compiles. Throws `CONFIG_NOT_FOUND`, `CONFIG_UNREADABLE`, and what `compileConfig` throws. */
export async function prepareConfig(input: ConfigInput, sources: Partial<ConfigSources> = {}): Promise<PreparedConfig> {
  const env = sources.env ?? process.env
  const homeFolder = sources.homeFolder ?? homedir()
  const parsed = await parsedOf(input)
  const seedPlace = seedPlaceOf(typeof input === 'string' ? input : (sources.configFile ?? null), env, homeFolder)
  const compiled = compileConfig(sources.provider === undefined ? parsed : applyProvider(parsed, sources.provider), {
    env,
    ...(await loadHomeFiles(env, homeFolder)),
    seed: sources.seedReading ?? (await loadSeed(parsed.value, seedPlace, sources.datasetFolder ?? null)),
    providersFile: sources.providersFile === undefined ? null : await loadSettingsFile(sources.providersFile),
    mcpProvidersFile: await mcpProvidersOf(sources.mcpProviders),
    runConfig: sources.runConfigFile === undefined ? null : await loadSettingsFile(sources.runConfigFile),
    generators: knownGenerators(sources.columnGenerators ?? {}),
    people: await peopleOf(parsed, sources, env, homeFolder),
    referenceTime: new Date((sources.now ?? Date.now)()).toISOString(),
  })
  return {
    ...compiled,
    source: parsed.source,
    seedPlace,
    builderConfig: toBuilderConfig(compiled),
    parquetryFile: toParquetryFile(compiled),
  }
}

/**
 * Relative paths are taken from the working folder, as DataDesigner takes them, and where they lead nowhere from the folder of the
 * config's file.
 */
export function seedPlaceOf(configFile: string | null, env: Environment, homeFolder: string): SeedPlace {
  return {
    folders: [process.cwd(), ...(configFile === null ? [] : [dirname(configFile)])],
    homeFolder,
    env,
    cacheFolder: join(env['XDG_CACHE_HOME'] || join(homeFolder, '.cache'), 'parquetry', 'seed-data'),
  }
}

async function peopleOf(
  { value }: ParsedConfig,
  { findPeople, personFallback }: Partial<ConfigSources>,
  env: Environment,
  homeFolder: string,
): Promise<FoundPeople> {
  const locales = personLocales(readConfig(value, createReport()).columns)
  if (locales.length === 0) return {}
  const found = findPeople === undefined ? {} : await findPeople(locales, env, homeFolder)
  return personFallback === undefined ? found : withFaker(found, locales)
}

async function mcpProvidersOf(given: ConfigSources['mcpProviders'] | undefined): Promise<LoadedFile | null> {
  if (given === undefined) return null
  return typeof given === 'string' ? await loadSettingsFile(given) : { path: 'mcpProviders', value: { providers: given } }
}

async function parsedOf(input: ConfigInput): Promise<ParsedConfig> {
  if (typeof input === 'string') return await loadConfigFile(input)
  return 'value' in input && 'source' in input && 'provider' in input ? input : parsedConfigOf(input)
}
