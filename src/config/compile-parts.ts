/** From the parts of a config to what they mean: all checks between parts, then the compiled dataset. */
import type { People } from '../plan/people.ts'
import { completeScipyParams } from '../plan/scipy.ts'
import { judgeSchema } from '../plan/judge-schema.ts'
import { samplerValueType } from '../plan/sampler-types.ts'
import { sideEffectFields } from '../plan/side-effects.ts'
import type { Field, ValueType } from '../values.ts'
import { checkBudget } from './budget.ts'
import { compileDatasetProcessors } from './check-dataset-processors.ts'
import { factsOfUsed, madeByGenerator, withKnownGenerators } from './check-custom.ts'
import { checkConstraintColumns, checkContradictions } from './check-constraints.ts'
import { checkNames, checkSideEffectNames } from './check-names.ts'
import { checkOutputFormat } from './check-output-format.ts'
import { checkProfilers, profilerUses } from './check-profilers.ts'
import { checkTransforms, droppedByProcessors, matchingColumns } from './check-processors.ts'
import { checkReferences } from './check-references.ts'
import type { Known } from './check-references.ts'
import { checkPeople } from './check-people.ts'
import type { FoundPeople } from './check-people.ts'
import { checkUnread, unreadAliasUses } from './check-unread.ts'
import { checkScores } from './check-scores.ts'
import { checkValidation, validationType } from './check-validation.ts'
import { withSkipValue } from './check-skip.ts'
import { checkSamplers } from './check-samplers.ts'
import type { KnownGenerators } from './column-generators.ts'
import type {
  CellColumn,
  Column,
  CompiledDataset,
  CompiledSeed,
  LlmColumn,
  Policies,
  RowGroupProcessor,
  SamplerColumn,
  SamplerParams,
} from './compiled.ts'
import { orderByNeeds } from './dependencies.ts'
import { fingerprintOf } from './fingerprint.ts'
import { aliasesOf, conversesWithModel } from './model-columns.ts'
import { checkMedia } from './check-media.ts'
import { resolveModels } from './models.ts'
import type { AliasUse, ModelSources, ResolvedModel } from './models.ts'
import { contextFields } from './media-contexts.ts'
import type { ContextSource } from './media-contexts.ts'
import { EMBEDDING_TYPE, IMAGE_TYPE, outputValueType } from './output-types.ts'
import { settle } from './problems.ts'
import type { ConfigProblem, Report } from './problems.ts'
import type { ConfigParts, Placed } from './read-config.ts'
import { samplerParams } from './schema-samplers.ts'
import { withSeedColumns } from './seed-columns.ts'
import { resolveTools } from './tools.ts'
import type { ResolvedTools, ToolSources } from './tools.ts'
import type { SeedReading } from './seed-columns.ts'
import type { ColumnConfig } from './schema-columns.ts'

/** A compiled dataset with what it was made of. */
export interface CompiledParts {
  readonly compiled: CompiledDataset
  readonly warnings: readonly ConfigProblem[]
  /** Alias → resolved model, used ones only. */
  readonly models: ReadonlyMap<string, ResolvedModel>
  /** Alias → resolved tools, used ones only. */
  readonly tools: ReadonlyMap<string, ResolvedTools>
}

/** What parts are compiled with. */
export interface PartSources {
  readonly models: ModelSources
  readonly tools: ToolSources
  /** Null where the config names no seed data. */
  readonly seed: SeedReading | null
  readonly people: FoundPeople
  /** By name. */
  readonly generators: KnownGenerators
}

/** Checks and compiles. Throws `CONFIG_INVALID` or `CONFIG_NOT_YET` with all problems, those already in `report` included. */
export function compileParts(read: ConfigParts, sources: PartSources, policies: Policies, report: Report, what: string): CompiledParts {
  const { parts: seeded, seed } = withSeedColumns(read, sources.seed, report)
  const { generators } = sources
  const parts = withKnownGenerators(withRowId(seeded), generators, report)
  checkNames(parts, report)
  const sideEffects = sideEffectsOf(parts.columns, generators)
  checkSideEffectNames(parts.names, producersOf(sideEffects), report)
  const columnNames = parts.names.map(({ part }) => part)
  const names = [...columnNames, ...[...sideEffects.values()].flat().map(({ name }) => name)]
  checkSamplers(parts.columns, columnNames, report)
  const people = checkPeople(parts.columns, sources.people, report)
  const dropped = droppedByProcessors(parts, names, report)
  const types = new Map<string, ValueType>()
  const columns = parts.columns.map(({ part, path }) => {
    const column = compileColumn(part, part.drop || dropped.has(part.name), generators)
    types.set(column.name, columnType(column, { people, seed, generators }))
    for (const { name, type } of sideEffects.get(column.name) ?? []) types.set(name, type)
    return withSkipValue(column, columnType(column, { people, seed, generators }), path, report)
  })
  const known = knownOf(parts, names, types, producersOf(sideEffects), generators)
  const inputs = checkReferences(parts.columns, parts.constraints, known, report)
  for (const { part, path } of parts.columns) {
    if (part.column_type === 'llm-structured') checkOutputFormat(part.output_format, [...path, 'output_format'], report)
    if (part.column_type === 'validation') checkValidation(part, path, parts.columns, report)
    if (part.column_type === 'llm-judge') checkScores(part.scores, [...path, 'scores'], report)
  }
  checkTransforms(parts, known, report)
  checkUnread(parts, known, report)
  checkConstraintColumns(parts, report)
  const samplers = columns.filter((column): column is SamplerColumn => column.column_type === 'sampler')
  const constraints = parts.constraints.map(({ part }) => part)
  if (!samplers.some((sampler) => report.hasErrors(parts.columns.find(({ part }) => part.name === sampler.name)!.path))) {
    const places = parts.constraints.map(({ path }) => path)
    checkContradictions(samplers, constraints, places, report)
  }
  const fields = columns.flatMap((column) => fieldsOf(column, types, sideEffects.get(column.name) ?? [], dropped))
  if (columns.length > 0 && columns.length === columnNames.length && fields.every(({ drop }) => drop)) {
    report.error(['columns'], 'expected at least one column in the final rows, found all of them dropped')
  }
  const uses = [...aliasUses(parts.columns, generators), ...unreadAliasUses(parts.unread), ...profilerUses(parts.profilers)]
  const models = resolveModels(parts, uses, sources.models, report)
  checkMedia(parts.columns, models, report)
  const tools = resolveTools(parts, sources.tools, report)
  const compiledModels = [...models.values()].map(({ compiled }) => compiled)
  checkBudget(policies.budget ?? null, compiledModels, report)
  const schema = fields.filter(({ drop }) => !drop).map(({ name, type }) => ({ name, type }))
  checkProfilers(parts, new Set(schema.map(({ name }) => name)), report)
  const datasetProcessors = compileDatasetProcessors(
    parts,
    {
      schema,
      dropped: fields.filter(({ drop }) => drop).map(({ name }) => name),
      unread: names.filter((name) => !types.has(name)),
    },
    report,
  )
  const warnings = settle(report, what)
  return {
    compiled: build({
      columns,
      fields,
      types,
      inputs,
      seed,
      constraints,
      people,
      generators,
      processors: processorsOf(parts, names),
      datasetProcessors,
      profilers: parts.profilers.map(({ part }) => part),
      models,
      tools,
      policies,
    }),
    warnings,
    models,
    tools,
  }
}

/** A config of model columns only gets a hidden id, as in DataDesigner, so that there is something to begin with. */
function withRowId(parts: ConfigParts): ConfigParts {
  const hasSampler = parts.columns.some(({ part }) => part.column_type === 'sampler')
  const hasSeed = parts.seedConfig !== null || parts.hasUnknownColumns
  if (hasSampler || hasSeed || parts.columns.length === 0 || parts.columns.length < parts.names.length) return parts
  const name = '_internal_row_id'
  const column: ColumnConfig = {
    name,
    column_type: 'sampler',
    drop: true,
    skip: null,
    propagate_skip: true,
    sampler_type: 'uuid',
    params: samplerParams.uuid.parse({}),
    conditional_params: {},
    convert_to: null,
  }
  const path = ['columns', name]
  return { ...parts, columns: [{ part: column, path }, ...parts.columns], names: [{ part: name, path }, ...parts.names] }
}

/** Column → its side-effect columns. */
function sideEffectsOf(columns: readonly Placed<ColumnConfig>[], generators: KnownGenerators): ReadonlyMap<string, readonly Field[]> {
  return new Map(
    columns.map(({ part }) => [part.name, conversesWithModel(part) ? sideEffectFields(part) : madeByGenerator(part, generators)]),
  )
}

function producersOf(sideEffects: ReadonlyMap<string, readonly Field[]>): ReadonlyMap<string, string> {
  return new Map([...sideEffects].flatMap(([producer, made]) => made.map(({ name }) => [name, producer] as const)))
}

/** A field of the files: of the main ones, or of those of dropped columns. */
interface PlacedField extends Field {
  readonly drop: boolean
}

/** A column with its side-effect columns after it; those are dropped only when a processor names them, as in DataDesigner. */
function fieldsOf(
  column: Column,
  types: ReadonlyMap<string, ValueType>,
  made: readonly Field[],
  dropped: ReadonlySet<string>,
): readonly PlacedField[] {
  const own = { name: column.name, type: types.get(column.name)!, drop: column.drop }
  return [own, ...made.map((field) => ({ ...field, drop: dropped.has(field.name) }))]
}

function knownOf(
  parts: ConfigParts,
  names: readonly string[],
  types: ReadonlyMap<string, ValueType>,
  producers: ReadonlyMap<string, string>,
  generators: KnownGenerators,
): Known {
  const samplers = parts.columns.flatMap(({ part }) => (part.column_type === 'sampler' ? [part] : []))
  const seedNames = parts.columns.flatMap(({ part }) => (part.column_type === 'seed-dataset' ? [part.name] : []))
  const unread = names.filter((name) => !types.has(name))
  return {
    names,
    types,
    producers,
    generators,
    // A column that could not be read is given the benefit of the doubt.
    isOpen: parts.hasUnknownColumns,
    // Seed columns are there before samplers are drawn, so that a condition may read them too.
    samplers: new Set([...samplers.map(({ name }) => name), ...seedNames, ...unread]),
    persons: new Set(
      samplers.filter((column) => column.sampler_type === 'person' || column.sampler_type === 'person_from_faker').map(({ name }) => name),
    ),
  }
}

function aliasUses(columns: readonly Placed<ColumnConfig>[], generators: KnownGenerators): readonly AliasUse[] {
  return columns.flatMap(({ part, path }) => aliasesOf(part, generators).map(({ field, ...use }) => ({ ...use, path: [...path, field] })))
}

function compileColumn(config: ColumnConfig, drop: boolean, generators: KnownGenerators): Column {
  const common = { name: config.name, drop }
  switch (config.column_type) {
    case 'sampler': {
      const conditional = Object.entries(config.conditional_params) as [string, SamplerParams][]
      return {
        ...common,
        column_type: 'sampler',
        sampler_type: config.sampler_type,
        params: compileParams(config.params),
        conditional_params: Object.fromEntries(conditional.map(([condition, params]) => [condition, compileParams(params)])),
        convert_to: config.convert_to,
      }
    }
    case 'seed-dataset':
      return { ...common, column_type: 'seed-dataset' }
    case 'expression':
      return { ...common, ...skipFields(config), column_type: 'expression', expr: config.expr, dtype: config.dtype }
    case 'llm-text':
      return { ...common, column_type: 'llm-text', ...modelFields(config) }
    case 'llm-code':
      return { ...common, column_type: 'llm-code', ...modelFields(config), code_lang: config.code_lang }
    case 'llm-structured':
      return { ...common, column_type: 'llm-structured', ...modelFields(config), output_format: config.output_format }
    case 'llm-judge':
      return { ...common, column_type: 'llm-judge', ...modelFields(config), scores: config.scores }
    case 'validation':
      return { ...config, drop }
    case 'custom': {
      const { generator_function, generator_params } = config
      const generation_strategy = generators.get(generator_function)!.facts.strategy
      return { ...common, ...skipFields(config), column_type: 'custom', generator_function, generation_strategy, generator_params }
    }
    case 'embedding': {
      const { target_column, model_alias } = config
      return { ...common, ...skipFields(config), column_type: 'embedding', target_column, model_alias }
    }
    case 'image': {
      const { prompt, model_alias } = config
      return { ...common, ...skipFields(config), column_type: 'image', prompt, model_alias, ...contextFields(config) }
    }
  }
}

function skipFields({ skip, propagate_skip }: Pick<CellColumn, 'skip' | 'propagate_skip'>): Pick<CellColumn, 'skip' | 'propagate_skip'> {
  return { skip, propagate_skip }
}

type ModelFields = Pick<
  LlmColumn,
  'prompt' | 'system_prompt' | 'model_alias' | 'tool_alias' | 'with_trace' | 'extract_reasoning_content' | 'skip' | 'propagate_skip'
>

function modelFields(
  config: Omit<ModelFields, 'tool_alias'> & ContextSource & { readonly tool_alias: string | null },
): ModelFields & Pick<LlmColumn, 'multi_modal_context'> {
  const { prompt, system_prompt, model_alias, tool_alias, with_trace, extract_reasoning_content } = config
  const tools = tool_alias === null ? {} : { tool_alias }
  const fields = { ...skipFields(config), prompt, system_prompt, model_alias, ...tools, with_trace, extract_reasoning_content }
  return { ...fields, ...contextFields(config) }
}

/** Weights are normalised to a sum of 1, as DataDesigner stores them; `loc` and `scale` of distributions are filled in. */
function compileParams(params: SamplerParams): SamplerParams {
  if (params.sampler_type === 'scipy' || params.sampler_type === 'bernoulli_mixture') {
    return { ...params, dist_params: completeScipyParams(params.dist_name, params.dist_params) }
  }
  if (params.sampler_type !== 'category' || params.weights === null) return params
  const sum = params.weights.reduce((total, weight) => total + weight, 0)
  // Weights that were normalised before stay as they are, so that compiling a stored config gives the same numbers.
  if (!(sum > 0) || Math.abs(sum - 1) < 1e-12) return params
  return { ...params, weights: params.weights.map((weight) => weight / sum) }
}

const EXPRESSION_TYPES = { int: 'int64', float: 'double', str: 'string', bool: 'boolean' } as const

function columnType(
  column: Column,
  { people, seed, generators }: { readonly people: People; readonly seed: CompiledSeed | null; readonly generators: KnownGenerators },
): ValueType {
  switch (column.column_type) {
    case 'seed-dataset':
      return seed!.data.schema.find(({ name }) => name === column.name)!.type
    case 'sampler':
      return samplerValueType(column, people)
    case 'expression':
      return { kind: EXPRESSION_TYPES[column.dtype] }
    case 'llm-text':
    case 'llm-code':
      return { kind: 'string' }
    case 'llm-structured':
      return outputValueType(column.output_format)
    case 'llm-judge':
      return outputValueType(judgeSchema(column.scores))
    case 'validation':
      return validationType(column)
    case 'custom':
      return generators.get(column.generator_function)!.facts.output
    case 'embedding':
      return EMBEDDING_TYPE
    case 'image':
      return IMAGE_TYPE
  }
}

function processorsOf(parts: ConfigParts, names: readonly string[]): readonly RowGroupProcessor[] {
  return parts.processors.map(({ part }) =>
    part.processor_type === 'drop_columns'
      ? { ...part, column_names: [...new Set(part.column_names.flatMap((pattern) => matchingColumns(pattern, names)))] }
      : part,
  )
}

function build(made: {
  readonly columns: readonly Column[]
  readonly fields: readonly PlacedField[]
  readonly types: ReadonlyMap<string, ValueType>
  readonly inputs: ReadonlyMap<string, readonly string[]>
  readonly seed: CompiledSeed | null
  readonly constraints: CompiledDataset['constraints']
  readonly people: People
  readonly generators: KnownGenerators
  readonly processors: readonly RowGroupProcessor[]
  readonly datasetProcessors: CompiledDataset['datasetProcessors']
  readonly profilers: CompiledDataset['profilers']
  readonly models: ReadonlyMap<string, ResolvedModel>
  readonly tools: ReadonlyMap<string, ResolvedTools>
  readonly policies: Policies
}): CompiledDataset {
  const { columns, inputs, seed, constraints, people, processors, policies } = made
  const models = Object.fromEntries([...made.models].map(([alias, { compiled }]) => [alias, compiled]))
  const generators = factsOfUsed(columns, made.generators)
  const targets = Object.fromEntries([...made.tools].map(([alias, { target }]) => [alias, target]))
  const tools = made.tools.size === 0 ? {} : { tools: targets }
  const isReady = new Set(columns.filter(({ column_type: type }) => type === 'sampler' || type === 'seed-dataset').map(({ name }) => name))
  const droppedSideEffects = made.fields.filter(({ name, drop }) => drop && !inputs.has(name)).map(({ name }) => name)
  const schemaOf = (isDropped: boolean): readonly Field[] =>
    made.fields.filter(({ drop }) => drop === isDropped).map(({ name, type }) => ({ name, type }))
  return {
    columns,
    order: orderByNeeds(inputs).order.filter((name) => !isReady.has(name)),
    inputs: Object.fromEntries(inputs),
    types: Object.fromEntries(made.types),
    seed,
    constraints,
    people,
    generators,
    processors,
    datasetProcessors: made.datasetProcessors,
    profilers: made.profilers,
    models,
    ...tools,
    policies,
    schema: schemaOf(false),
    droppedSchema: policies.preserveDroppedColumns ? schemaOf(true) : [],
    fingerprint: fingerprintOf({ columns, droppedSideEffects, seed, constraints, people, generators, processors, models, ...tools }),
  }
}
