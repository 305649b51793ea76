/**
 * A config as it stands in a dataset's folder: `builder_config.json`, which DataDesigner loads, and `parquetry.json` beside it with
 * what DataDesigner does not know. Together they compile to the same dataset, on any machine, without environment and home files.
 */
import { z } from 'zod'
import { ParquetryError } from '../errors.ts'
import type { ValueType } from '../values.ts'
import type { CompiledConfig } from './compile.ts'
import type { CompiledDataset, CompiledSeed, Policies } from './compiled.ts'
import { seedFacts } from './stored-seed.ts'
import { storedGenerators } from './column-generators.ts'
import { compileParts } from './compile-parts.ts'
import { createReport } from './problems.ts'
import type { KnownProvider } from './providers.ts'
import { readConfig } from './read-config.ts'
import type { ModelConfig } from './schema-models.ts'
import { parquetrySettings } from './schema-settings.ts'
import { DEFAULT_JOURNAL_SYNC_MS } from './settings.ts'
import { storedToolProvider, toolProvidersAsStored, toolProvidersFromStored } from './stored-tools.ts'

/** Version of DataDesigner whose config format is written. */
export const LIBRARY_VERSION = '0.9.6'

/** Content of `builder_config.json`: no field that DataDesigner does not know, no provider, no secret. */
export function toBuilderConfig({ compiled, models, unusedModels, tools, unusedTools }: CompiledConfig): object {
  const used = [...models.values()].map(({ config }) => config)
  const { seed } = compiled
  const toolConfigs = [...[...tools.values()].map(({ config }) => config), ...unusedTools]
  return {
    data_designer: {
      // DataDesigner adds the columns of the seed data itself, and takes them for doubled where they are listed.
      columns: compiled.columns.filter(({ column_type: type }) => type !== 'seed-dataset'),
      model_configs: [...used, ...unusedModels].map(modelAsStored),
      ...(toolConfigs.length === 0 ? {} : { tool_configs: toolConfigs }),
      ...(seed === null ? {} : { seed_config: seedAsStored(seed) }),
      constraints: compiled.constraints,
      processors: compiled.processors,
      ...(compiled.profilers.length === 0 ? {} : { profilers: compiled.profilers }),
    },
    library_version: LIBRARY_VERSION,
  }
}

function seedAsStored({ source, sampling_strategy, selection_strategy }: CompiledSeed): object {
  return { source, sampling_strategy, selection_strategy }
}

function modelAsStored({ alias, model, inference_parameters, provider, skip_health_check }: ModelConfig): object {
  return { alias, model, inference_parameters, provider, skip_health_check }
}

/** Version of `parquetry.json`. */
const FILE_VERSION = 1

/**
 * Content of `parquetry.json`. Providers are stored with the name of the key's variable, or with the mark that the key stands in a
 * home file; the key itself never. `seed` and `reference_time` are null when not given: prepare records them.
 */
export function toParquetryFile({ compiled, models, tools, settings, explicit, referenceTime }: CompiledConfig): object {
  const providers = new Map([...models.values()].map(({ provider }) => [provider.target.name, provider]))
  return {
    version: FILE_VERSION,
    seed: explicit.seed,
    reference_time: referenceTime,
    buffer_size: explicit.bufferSize,
    providers: [...providers.values()].map(providerAsStored),
    ...(tools.size === 0 ? {} : { mcp_providers: toolProvidersAsStored(tools) }),
    prices: settings.prices ?? {},
    native_structured_output: settings.native_structured_output ?? [],
    people: compiled.people,
    ...(Object.keys(compiled.generators).length === 0 ? {} : { generators: compiled.generators }),
    fallbacks: settings.fallbacks ?? {},
    limits: settings.limits ?? {},
    policies: policiesAsStored(compiled.policies),
    processors: compiled.datasetProcessors,
    ...validatorsAsStored(compiled),
    ...(compiled.seed === null ? {} : { seed_data: compiled.seed.data }),
  }
}

/** How validators elsewhere are asked, as in builder_config.json: it is by this file that a worker notices changed settings. */
function validatorsAsStored({ columns }: CompiledDataset): object {
  const remote = columns.flatMap((column) =>
    column.column_type === 'validation' && column.validator_type === 'remote'
      ? [[column.name, { ...column.validator_params, batch_size: column.batch_size }] as const]
      : [],
  )
  return remote.length === 0 ? {} : { validators: Object.fromEntries(remote) }
}

function providerAsStored({ target, hasHomeKey }: KnownProvider): z.input<typeof storedProvider> {
  return {
    name: target.name,
    endpoint: target.endpoint,
    provider_type: target.type,
    api_key_env: target.apiKeyEnv,
    has_home_key: hasHomeKey,
    extra_headers: { ...target.extraHeaders },
    extra_body: { ...target.extraBody },
  }
}

function policiesAsStored(policies: Policies): z.input<typeof storedPolicies> {
  return {
    refill_attempts: policies.refillAttempts,
    max_drop_share: policies.maxDropShare,
    max_dropped: policies.maxDropped,
    max_conversation_restarts: policies.maxConversationRestarts,
    max_conversation_correction_steps: policies.maxConversationCorrectionSteps,
    max_concurrent_row_groups: policies.maxConcurrentRowGroups,
    preserve_dropped_columns: policies.preserveDroppedColumns,
    journal_sync_ms: policies.journalSyncMs,
    ...(policies.traces === undefined ? {} : { traces: policies.traces }),
    ...(policies.budget === undefined ? {} : { budget: policies.budget }),
  }
}

const storedProvider = z.object({
  name: z.string(),
  endpoint: z.string(),
  provider_type: z.enum(['openai', 'anthropic', 'rehearsal']),
  api_key_env: z.string().nullable(),
  has_home_key: z.boolean(),
  extra_headers: z.record(z.string(), z.string()),
  extra_body: z.record(z.string(), z.unknown()),
})

const storedPolicies = z.object({
  refill_attempts: z.int(),
  max_drop_share: z.number(),
  max_dropped: z.union([z.object({ rows: z.number() }), z.object({ share: z.number() })]),
  max_conversation_restarts: z.int(),
  max_conversation_correction_steps: z.int(),
  max_concurrent_row_groups: z.int(),
  preserve_dropped_columns: z.boolean(),
  journal_sync_ms: z.int().min(0).default(DEFAULT_JOURNAL_SYNC_MS),
  traces: z.enum(['sampled', 'all']).optional(),
  budget: z.object({ money: z.number().positive().nullable(), tokens: z.int().min(1).nullable() }).optional(),
})

const storedPeople = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('managed'),
    digest: z.string(),
    fields: z.array(
      z.object({ name: z.string(), type: z.custom<ValueType>((type) => typeof (type as ValueType | null)?.kind === 'string') }),
    ),
  }),
  z.object({ kind: z.literal('faker') }),
])

/** Fields that others add are passed over. */
const storedFile = z.object({
  version: z.literal(FILE_VERSION),
  providers: z.array(storedProvider),
  mcp_providers: z.array(storedToolProvider).default([]),
  prices: parquetrySettings.shape.prices.unwrap(),
  native_structured_output: z.array(z.string()),
  people: z.record(z.string(), storedPeople).default({}),
  generators: storedGenerators.default({}),
  fallbacks: parquetrySettings.shape.fallbacks.unwrap().default({}),
  limits: parquetrySettings.shape.limits.unwrap().default({}),
  policies: storedPolicies,
  // Read with the config, for they name its columns.
  processors: z.array(z.unknown()).default([]),
  seed_data: seedFacts.optional(),
})

/** Compiles what is stored. Throws `DATASET_DAMAGED` when a file is not what was written, `CONFIG_INVALID` for a config that is wrong. */
export function compileStored(builderConfig: object, parquetryFile: object): CompiledDataset {
  const result = storedFile.safeParse(parquetryFile)
  if (!result.success) {
    const first = result.error.issues[0]!
    throw new ParquetryError(
      'DATASET_DAMAGED',
      `expected parquetry.json of version ${FILE_VERSION}, found ${first.message} at ${first.path.join('.') || 'its root'}`,
      {
        wayOut: 'restore parquetry.json from a backup, or start the dataset again in another folder',
      },
    )
  }
  const stored = result.data
  const report = createReport()
  const parts = readConfig({ ...builderConfig, parquetry: { processors: stored.processors } }, report)
  const { prices, native_structured_output, fallbacks, limits } = stored
  const settings = { prices, native_structured_output, fallbacks, limits }
  const providers = new Map(stored.providers.map((provider) => [provider.name, providerOf(provider)]))
  const models = { providers, providerOverride: null, settings, defaults: [] }
  return compileParts(
    parts,
    {
      models,
      tools: { providers: toolProvidersFromStored(stored.mcp_providers), defaults: [] },
      people: stored.people,
      generators: new Map(Object.entries(stored.generators).map(([name, facts]) => [name, { facts }])),
      seed: stored.seed_data ?? { problem: 'expected parquetry.json to hold what the seed data are, found nothing' },
    },
    policiesOf(stored.policies),
    report,
    'builder_config.json',
  ).compiled
}

function providerOf(stored: z.output<typeof storedProvider>): KnownProvider {
  return {
    target: {
      name: stored.name,
      endpoint: stored.endpoint,
      type: stored.provider_type,
      apiKeyEnv: stored.api_key_env,
      extraHeaders: stored.extra_headers,
      extraBody: stored.extra_body,
    },
    hasHomeKey: stored.has_home_key,
    origin: 'parquetry.json',
    warning: null,
  }
}

function policiesOf(stored: z.output<typeof storedPolicies>): Policies {
  return {
    refillAttempts: stored.refill_attempts,
    maxDropShare: stored.max_drop_share,
    maxDropped: stored.max_dropped,
    maxConversationRestarts: stored.max_conversation_restarts,
    maxConversationCorrectionSteps: stored.max_conversation_correction_steps,
    maxConcurrentRowGroups: stored.max_concurrent_row_groups,
    preserveDroppedColumns: stored.preserve_dropped_columns,
    journalSyncMs: stored.journal_sync_ms,
    ...(stored.traces === undefined ? {} : { traces: stored.traces }),
    ...(stored.budget === undefined ? {} : { budget: stored.budget }),
  }
}
