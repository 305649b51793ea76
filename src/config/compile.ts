/** Compiles a config. Pure: everything outside the config is passed in (`prepare-config.ts` reads it). */
import type { CompiledDataset } from './compiled.ts'
import type { KnownGenerators } from './column-generators.ts'
import { compileParts } from './compile-parts.ts'
import { aliasesOf } from './model-columns.ts'
import type { ResolvedModel } from './models.ts'
import { defaultModels } from './models.ts'
import { createReport } from './problems.ts'
import type { ConfigProblem, Report } from './problems.ts'
import { collectProviders } from './providers.ts'
import { readConfig } from './read-config.ts'
import type { ModelConfig } from './schema-models.ts'
import type { ParquetrySettings } from './schema-settings.ts'
import { overlayRunConfig, policiesOf } from './settings.ts'
import type { CompileSources, ParsedConfig } from './sources.ts'
import { suggest } from './suggest.ts'

/** A compiled config, and all that its two stored files are written from. */
export interface CompiledConfig {
  readonly compiled: CompiledDataset
  /** To be printed; they stop nothing. */
  readonly warnings: readonly ConfigProblem[]
  /** Alias → resolved model, used ones only. */
  readonly models: ReadonlyMap<string, ResolvedModel>
  /** The config's own models that no column uses; stored with the others, so that nothing of a config is lost. */
  readonly unusedModels: readonly ModelConfig[]
  readonly settings: ParquetrySettings
  /** Settings that were given, in the config or the run config; null where nothing was. On resume only these are compared. */
  readonly explicit: { readonly seed: string | null; readonly bufferSize: number | null }
  /** ISO 8601: the config's, else that of the sources, else null. */
  readonly referenceTime: string | null
}

/**
 * What a config means. Throws a `ParquetryError` whose `details.problems` are all problems, with paths and near misses:
 * `CONFIG_NOT_YET` when all it asks wrongly is what this release cannot do yet, else `CONFIG_INVALID`.
 */
export function compileConfig(config: ParsedConfig, sources: CompileSources): CompiledConfig {
  const report = createReport()
  const parts = readConfig(config.value, report)
  const settings = overlayRunConfig(parts.settings, sources.runConfig ?? null, report)
  const policies = policiesOf(settings, report)
  const generators: KnownGenerators = sources.generators ?? new Map()
  // Files at home are none of the business of a config that asks no model.
  const asksModels = parts.columns.some(({ part }) => aliasesOf(part, generators).length > 0)
  const providers = collectProviders(parts, asksModels ? sources : { ...sources, homeProviders: [] }, report)
  if (config.provider !== null && !asksModels && !providers.has(config.provider)) {
    report.error([], `no provider has the name "${config.provider}".${suggest(config.provider, providers.keys())}`)
  }
  const defaults = asksModels && parts.aliases === null ? defaultModels(sources.homeModels ?? null, report) : []
  const referenceTime = referenceTimeOf(settings, sources, report)
  const models = { providers, providerOverride: config.provider, settings, defaults }
  const reading = { models, seed: sources.seed ?? null, people: sources.people ?? {}, generators }
  const made = compileParts(parts, reading, policies, report, config.source)
  const unused = parts.models.filter(({ part }) => !made.models.has(part.alias)).map(({ part }) => part)
  return {
    ...made,
    unusedModels: config.provider === null ? unused : unused.map((model) => ({ ...model, provider: config.provider! })),
    settings,
    explicit: { seed: settings.seed === undefined ? null : String(settings.seed), bufferSize: settings.buffer_size ?? null },
    referenceTime,
  }
}

function referenceTimeOf(settings: ParquetrySettings, sources: CompileSources, report: Report): string | null {
  const given = settings.reference_time
  if (given === undefined) return sources.referenceTime ?? null
  const isIso = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(given)
  const isReal = isIso && !Number.isNaN(Date.parse(given.replace(' ', 'T')))
  if (!isReal)
    report.error(
      ['parquetry', 'reference_time'],
      `expected a date or date-time such as 2024-01-31T12:00:00Z, found ${JSON.stringify(given)}`,
    )
  return given
}
