/** From the aliases that columns use to models with all it takes to call them. */
import type { CompiledModel, Distribution } from './compiled.ts'
import { imageRouteOf } from '../plan/image-models.ts'
import type { Price } from '../plan/pricing.ts'
import { DEFAULT_MODELS } from './builtin-models.ts'
import { checkExtraBody } from './extra-fields.ts'
import { unreadProviders } from './check-unread.ts'
import { fallbackUses, withFallbacks } from './fallbacks.ts'
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import { createReport } from './problems.ts'
import type { Report } from './problems.ts'
import type { KnownProvider } from './providers.ts'
import { readModel } from './read-config.ts'
import type { ConfigParts, Placed } from './read-config.ts'
import type { ColumnConfig } from './schema-columns.ts'
import type { ModelConfig } from './schema-models.ts'
import type { ParquetrySettings } from './schema-settings.ts'
import type { LoadedFile } from './sources.ts'
import { suggest } from './suggest.ts'

/** A column's use of an alias. */
export interface AliasUse {
  readonly alias: string
  /** Path of the column's `model_alias`. */
  readonly path: Path
  /** What the column asks for; absent for a model that stands in for another. */
  readonly wants?: 'chat' | 'embedding' | 'image'
}

/** What a column of this kind asks a model for. */
export function wantedOf(columnType: ColumnConfig['column_type']): 'chat' | 'embedding' | 'image' {
  return columnType === 'embedding' || columnType === 'image' ? columnType : 'chat'
}

/** What aliases are resolved with. */
export interface ModelSources {
  readonly providers: ReadonlyMap<string, KnownProvider | null>
  /** Stands in for every model's own provider, or null. */
  readonly providerOverride: string | null
  readonly settings: ParquetrySettings
  /** Aliases for a config that lists none of its own. */
  readonly defaults: readonly ModelConfig[]
}

/** A resolved alias. */
export interface ResolvedModel {
  readonly config: ModelConfig
  readonly provider: KnownProvider
  readonly compiled: CompiledModel
}

/** The aliases a config without model_configs may use: those of the home file when there is one, else the built-in ones. */
export function defaultModels(homeModels: LoadedFile | null, report: Report): readonly ModelConfig[] {
  if (homeModels === null) return DEFAULT_MODELS
  const ignore = (message: string): readonly ModelConfig[] => {
    report.warn([], `${homeModels.path} is ignored: ${message}`)
    return []
  }
  if ('problem' in homeModels) return [...ignore(homeModels.problem), ...DEFAULT_MODELS]
  const list = isMapping(homeModels.value) ? homeModels.value['model_configs'] : undefined
  if (!Array.isArray(list)) return [...ignore('expected a list under "model_configs"'), ...DEFAULT_MODELS]
  return list.flatMap((entry: unknown, index) => {
    const inner = createReport()
    const model = readModel(entry, ['model_configs', index], inner)
    for (const problem of inner.problems) report.warn([], `${homeModels.path}, ${problem.path} is ignored: ${problem.message}`)
    return model === null ? [] : [model]
  })
}

/** Resolves the used aliases; reports unknown ones, models of another kind, and providers that are unknown or to come. */
export function resolveModels(
  { models: own, aliases, unread }: Pick<ConfigParts, 'models' | 'aliases' | 'unread'>,
  uses: readonly AliasUse[],
  sources: ModelSources,
  report: Report,
): ReadonlyMap<string, ResolvedModel> {
  checkOwnModels(own, report)
  for (const { name, path } of unreadProviders(unread.models)) {
    if (sources.providerOverride === null && !sources.providers.has(name)) reportUnknownProvider(name, path, sources, report)
  }
  const candidates: readonly Placed<ModelConfig>[] = aliases !== null ? own : sources.defaults.map((part) => ({ part, path: [] }))
  const resolved = new Map<string, ResolvedModel>()
  // A model that could not be read is reported already.
  const failed = new Set(aliases?.filter((alias) => !own.some(({ part }) => part.alias === alias)))
  const warned = new Set<string>()
  const all = [...uses, ...fallbackUses(uses, sources.settings, report)]
  for (const use of all) {
    const { alias, path } = use
    const found = candidates.find(({ part }) => part.alias === alias)
    if (found !== undefined) checkKind(use, found.part, report)
    if (resolved.has(alias) || failed.has(alias)) continue
    if (found === undefined) {
      reportUnknownAlias(alias, path, aliases, sources.defaults, report)
      continue
    }
    const model = resolveModel(found, found.path.length === 0 ? path : [...found.path, 'provider'], sources, report)
    if (model === null) {
      failed.add(alias)
      continue
    }
    resolved.set(alias, model)
    const { warning } = model.provider
    if (warning !== null && !warned.has(warning)) report.warn(found.path.length === 0 ? path : [...found.path, 'provider'], warning)
    if (warning !== null) warned.add(warning)
  }
  warnOfUnused(all, sources.settings, report)
  return withFallbacks(resolved, sources.settings, report)
}

function warnOfUnused(
  uses: readonly AliasUse[],
  { prices, limits, fallbacks, native_structured_output: native }: ParquetrySettings,
  report: Report,
): void {
  const used = uses.map(({ alias }) => alias)
  const warn = (alias: string, path: Path): void => {
    if (!used.includes(alias)) report.warn(path, `no column uses the alias "${alias}".${suggest(alias, used)}`)
  }
  for (const alias of Object.keys(prices ?? {})) warn(alias, ['parquetry', 'prices', alias])
  for (const alias of Object.keys(limits ?? {})) warn(alias, ['parquetry', 'limits', alias])
  for (const alias of Object.keys(fallbacks ?? {})) warn(alias, ['parquetry', 'fallbacks', alias])
  for (const [index, alias] of (native ?? []).entries()) warn(alias, ['parquetry', 'native_structured_output', index])
}

function checkOwnModels(own: readonly Placed<ModelConfig>[], report: Report): void {
  const seen = new Set<string>()
  for (const { part, path } of own) {
    if (seen.has(part.alias)) report.error([...path, 'alias'], `expected unique aliases, found "${part.alias}" twice`)
    seen.add(part.alias)
    const hint = 'keys belong to the provider, by the name of their variable'
    const { extra_body: body, generation_type: type } = part.inference_parameters
    const takesMany = type === 'image' && imageRouteOf(part.model) === 'images'
    checkExtraBody(body ?? {}, [...path, 'inference_parameters', 'extra_body'], hint, report, takesMany)
  }
}

function reportUnknownAlias(
  alias: string,
  path: Path,
  listed: readonly string[] | null,
  defaults: readonly ModelConfig[],
  report: Report,
): void {
  const known = listed ?? defaults.map((model) => model.alias)
  const isDefault = listed !== null && DEFAULT_MODELS.some((model) => model.alias === alias)
  const hint = isDefault
    ? ' Default aliases stand only in configs without model_configs; add it to model_configs.'
    : suggest(alias, known) || ` Known: ${known.join(', ') || 'none'}.`
  report.error(path, `no model config has the alias "${alias}".${hint}`)
}

function reportUnknownProvider(name: string, path: Path, { providers }: ModelSources, report: Report): void {
  const names = [...providers.keys()]
  report.error(
    path,
    `no provider has the name "${name}".${suggest(name, names)} Known: ${names.join(', ')}. Others are given by model_providers in the config or by --providers FILE.`,
  )
}

function resolveModel({ part }: Placed<ModelConfig>, path: Path, sources: ModelSources, report: Report): ResolvedModel | null {
  const name = sources.providerOverride ?? part.provider
  const provider = sources.providers.get(name)
  // It is there but wrong, which is reported already.
  if (provider === null) return null
  const before = report.problems.length
  if (provider === undefined) {
    reportUnknownProvider(name, sources.providerOverride === null ? path : [], sources, report)
  } else if (provider.target.type === 'anthropic') {
    checkAnthropic(part, path, sources.settings, report)
  } else if (provider.target.type !== 'openai' && provider.target.type !== 'rehearsal') {
    report.error(path, `provider "${name}" has the type "${String(provider.target.type)}"; expected openai or anthropic`)
  } else if (provider.target.type === 'openai' && provider.origin === 'OPENAI_BASE_URL') {
    const url = provider.target.endpoint
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      report.error(path, 'OPENAI_BASE_URL should hold an http or https address')
  }
  if (provider === undefined || report.problems.length > before) return null
  return { config: { ...part, provider: name }, provider, compiled: compileModel(part, provider, sources.settings) }
}

/** A chat model may draw as well; vectors come of embedding models only. */
function checkKind({ alias, path, wants }: AliasUse, { inference_parameters: parameters }: ModelConfig, report: Report): void {
  const { generation_type: type } = parameters
  const fitting = wants === 'chat' ? ['chat-completion'] : wants === 'image' ? ['image', 'chat-completion'] : ['embedding']
  if (wants === undefined || fitting.includes(type)) {
    const isUnsent = wants === 'image' && type === 'chat-completion'
    const fields = isUnsent ? unsentFields(parameters) : []
    if (fields.length > 0)
      report.warn(path, `${fields.join(', ')} of "${alias}" are not sent for pictures; put what is needed into extra_body`)
    return
  }
  report.error(path, `expected a model of the generation type ${fitting.join(' or ')}, found "${alias}", which is for ${type}`)
}

function unsentFields(parameters: ChatParameters): readonly string[] {
  return (['temperature', 'top_p', 'max_tokens'] as const).filter((field) => parameters[field] !== null)
}

/** What Anthropic's API takes less of than OpenAI's. */
function checkAnthropic(
  { alias, inference_parameters: parameters }: ModelConfig,
  path: Path,
  settings: ParquetrySettings,
  report: Report,
): void {
  if (parameters.generation_type !== 'chat-completion') {
    const { generation_type: type } = parameters
    report.error(
      path,
      `expected an OpenAI-compatible provider for "${alias}": Anthropic's API makes no ${type === 'embedding' ? 'embeddings' : 'pictures'}`,
    )
    return
  }
  const hottest = highestOf(parameters.temperature)
  // The path of a model listed in the config ends in `provider`; a default alias is known by its column only.
  const place = path.at(-1) === 'provider' ? [...path.slice(0, -1), 'inference_parameters', 'temperature'] : path
  if (hottest > 1) report.error(place, `expected a temperature of at most 1 for "${alias}" at an Anthropic provider, found ${hottest}`)
  const native = settings.native_structured_output?.indexOf(alias) ?? -1
  if (native >= 0) {
    report.error(
      ['parquetry', 'native_structured_output', native],
      `expected aliases of OpenAI-compatible providers, found "${alias}" at an Anthropic one; leave it out: the schema then goes into the prompt`,
    )
  }
}

function highestOf(parameter: ChatParameters['temperature']): number {
  if (parameter === null || typeof parameter === 'number') return parameter ?? 0
  return parameter.distribution_type === 'uniform' ? parameter.params.high : Math.max(...parameter.params.values)
}

type ChatParameters = Extract<ModelConfig['inference_parameters'], { generation_type: 'chat-completion' }>

function compileModel(model: ModelConfig, provider: KnownProvider, settings: ParquetrySettings): CompiledModel {
  const { inference_parameters: parameters } = model
  const chat = parameters.generation_type === 'chat-completion' ? parameters : null
  const price = settings.prices?.[model.alias]
  const isRehearsal = provider.target.type === 'rehearsal'
  return {
    target: {
      alias: model.alias,
      model: model.model,
      provider: provider.target,
      maxParallelRequests: parameters.max_parallel_requests,
      timeoutMs: (parameters.timeout ?? 60) * 1_000,
      ...compileLimits(isRehearsal ? undefined : settings.limits?.[model.alias]),
    },
    temperature: typeof chat?.temperature === 'number' ? chat.temperature : null,
    topP: typeof chat?.top_p === 'number' ? chat.top_p : null,
    ...(chat === null ? {} : compileDrawn(chat)),
    maxTokens: chat?.max_tokens ?? null,
    ...compileGeneration(model),
    extraBody: parameters.extra_body ?? {},
    // A rehearsal costs nothing, whatever the real model would.
    price: price === undefined || isRehearsal ? null : compilePrice(price),
    skipHealthCheck: model.skip_health_check,
    nativeStructuredOutput: settings.native_structured_output?.includes(model.alias) ?? false,
  }
}

function compileGeneration({ model, inference_parameters: parameters }: ModelConfig): Pick<CompiledModel, 'generation'> {
  switch (parameters.generation_type) {
    case 'chat-completion':
      return {}
    case 'embedding':
      return { generation: { kind: 'embedding', encodingFormat: parameters.encoding_format, dimensions: parameters.dimensions } }
    case 'image':
      return { generation: { kind: 'image', route: imageRouteOf(model) } }
  }
}

function compilePrice(price: NonNullable<ParquetrySettings['prices']>[string]): Price {
  const { cache_read_per_million: read, cache_write_per_million: write } = price
  return {
    inputPerMillion: price.input_per_million,
    outputPerMillion: price.output_per_million,
    ...(read === undefined ? {} : { cacheReadPerMillion: read }),
    ...(write === undefined ? {} : { cacheWritePerMillion: write }),
    currency: price.currency,
  }
}

function compileLimits(limits: NonNullable<ParquetrySettings['limits']>[string] = {}): Partial<CompiledModel['target']> {
  const { requests_per_minute: requests, tokens_per_minute: tokens } = limits
  return {
    ...(requests === undefined ? {} : { requestsPerMinute: requests }),
    ...(tokens === undefined ? {} : { tokensPerMinute: tokens }),
  }
}

function compileDrawn({ temperature, top_p: topP }: ChatParameters): Pick<CompiledModel, 'drawn'> {
  const drawn = { temperature: compileDistribution(temperature), topP: compileDistribution(topP) }
  return drawn.temperature === null && drawn.topP === null ? {} : { drawn }
}

/** Weights are normalised, so that 1:1 and 2:2 are the same config. */
function compileDistribution(parameter: ChatParameters['temperature']): Distribution | null {
  if (parameter === null || typeof parameter === 'number') return null
  if (parameter.distribution_type === 'uniform') return parameter
  const { values, weights } = parameter.params
  const sum = weights?.reduce((total, weight) => total + weight, 0) ?? 1
  return { ...parameter, params: { values, weights: weights === null ? null : weights.map((weight) => weight / sum) } }
}
