/** What a config is compiled with, besides itself: all read beforehand, so that compiling has no effects. */
import type { KnownGenerators } from './column-generators.ts'
import type { FoundPeople } from './check-people.ts'
import type { Environment } from './secrets.ts'
import type { SeedReading } from './seed-columns.ts'

/** A settings file as it was read: its value, or why it has none. */
export type LoadedFile = { readonly path: string; readonly value: unknown } | { readonly path: string; readonly problem: string }

/** A config as it was read, not yet checked. */
export interface ParsedConfig {
  /** What the file holds, or what `defineDataset` was given. */
  readonly value: unknown
  /** File name, for people. */
  readonly source: string
  /** Provider that all models are asked at instead of their own (`--provider`); null for none. */
  readonly provider: string | null
}

/** Everything outside the config that decides what it means. */
export interface CompileSources {
  /** Names of variables tell keys from their names; values are used for OPENAI_BASE_URL only. */
  readonly env: Environment
  /** `--providers FILE`. */
  readonly providersFile?: LoadedFile | null
  /** `model_providers.yaml` of the home folders, the first one first. */
  readonly homeProviders?: readonly LoadedFile[]
  /** The first `model_configs.yaml` found in the home folders; it replaces the built-in default aliases. */
  readonly homeModels?: LoadedFile | null
  /** `-c FILE`; wins over `parquetry:` in the config. */
  readonly runConfig?: LoadedFile | null
  /** Locale → where its people come from, or why there are none. Default none. */
  readonly people?: FoundPeople
  /** Column generators that the program registers. Default none. */
  readonly generators?: KnownGenerators
  /** What `seed_config` leads to, read beforehand. */
  readonly seed?: SeedReading | null
  /** ISO 8601, used when the config gives no reference_time. Default: none, to be recorded later. */
  readonly referenceTime?: string
}

/** A parsed config from a value at hand, such as a builder_config.json in memory. */
export function parsedConfigOf(value: unknown, source = 'config'): ParsedConfig {
  return { value, source, provider: null }
}

/**
 * The same config with all its models asked at another provider, e.g. `rehearsal`; models keep their names. Whether the provider
 * is known is checked when compiling. A config without models is not changed by it.
 */
export function applyProvider(config: ParsedConfig, provider: string): ParsedConfig {
  return { ...config, provider }
}
