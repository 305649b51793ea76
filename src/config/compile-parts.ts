/** From the parts of a config to what they mean: all checks between parts, then the compiled dataset. */
import { samplerValueType } from '../plan/sampler-types.ts'
import type { Field, ValueType } from '../values.ts'
import { checkConstraintColumns, checkContradictions } from './check-constraints.ts'
import { checkNames } from './check-names.ts'
import { checkOutputFormat } from './check-output-format.ts'
import { checkTransforms, droppedByProcessors, matchingColumns } from './check-processors.ts'
import { checkReferences } from './check-references.ts'
import type { Known } from './check-references.ts'
import { checkSamplers } from './check-samplers.ts'
import type { Column, CompiledDataset, CompiledSeed, Policies, RowGroupProcessor, SamplerColumn, SamplerParams } from './compiled.ts'
import { orderByNeeds } from './dependencies.ts'
import { fingerprintOf } from './fingerprint.ts'
import { resolveModels } from './models.ts'
import type { AliasUse, ModelSources, ResolvedModel } from './models.ts'
import { outputValueType } from './output-types.ts'
import { settle } from './problems.ts'
import type { ConfigProblem, Report } from './problems.ts'
import type { ConfigParts, Placed } from './read-config.ts'
import { samplerParams } from './schema-samplers.ts'
import { withSeedColumns } from './seed-columns.ts'
import type { SeedReading } from './seed-columns.ts'
import type { ColumnConfig } from './schema-columns.ts'

/** A compiled dataset with what it was made of. */
export interface CompiledParts {
  readonly compiled: CompiledDataset
  readonly warnings: readonly ConfigProblem[]
  /** Alias → resolved model, used ones only. */
  readonly models: ReadonlyMap<string, ResolvedModel>
}

/** What parts are compiled with. */
export interface PartSources {
  readonly models: ModelSources
  /** Null where the config names no seed data. */
  readonly seed: SeedReading | null
}

/** Checks and compiles. Throws `CONFIG_INVALID` or `CONFIG_NOT_YET` with all problems, those already in `report` included. */
export function compileParts(read: ConfigParts, sources: PartSources, policies: Policies, report: Report, what: string): CompiledParts {
  const { parts: seeded, seed } = withSeedColumns(read, sources.seed, report)
  const parts = withRowId(seeded)
  checkNames(parts, report)
  const names = parts.names.map(({ part }) => part)
  checkSamplers(parts.columns, names, report)
  const dropped = droppedByProcessors(parts, report)
  const columns = parts.columns.map(({ part }) => compileColumn(part, part.drop || dropped.has(part.name)))
  const types = new Map(columns.map((column) => [column.name, columnType(column, seed)]))
  const known = knownOf(parts, names, types)
  const inputs = checkReferences(parts.columns, parts.constraints, known, report)
  for (const { part, path } of parts.columns) {
    if (part.column_type === 'llm-structured') checkOutputFormat(part.output_format, [...path, 'output_format'], report)
  }
  checkTransforms(parts, known, report)
  checkConstraintColumns(parts, report)
  const samplers = columns.filter((column): column is SamplerColumn => column.column_type === 'sampler')
  const constraints = parts.constraints.map(({ part }) => part)
  if (!samplers.some((sampler) => report.hasErrors(parts.columns.find(({ part }) => part.name === sampler.name)!.path))) {
    const places = parts.constraints.map(({ path }) => path)
    checkContradictions(samplers, constraints, places, report)
  }
  if (columns.length > 0 && columns.length === names.length && columns.every(({ drop }) => drop)) {
    report.error(['columns'], 'expected at least one column in the final rows, found all of them dropped')
  }
  const models = resolveModels(parts, aliasUses(parts.columns), sources.models, report)
  const warnings = settle(report, what)
  return {
    compiled: build({ columns, types, inputs, seed, constraints, processors: processorsOf(parts, names), models, policies }),
    warnings,
    models,
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

function knownOf(parts: ConfigParts, names: readonly string[], types: ReadonlyMap<string, ValueType>): Known {
  const samplers = parts.columns.flatMap(({ part }) => (part.column_type === 'sampler' ? [part] : []))
  const seedNames = parts.columns.flatMap(({ part }) => (part.column_type === 'seed-dataset' ? [part.name] : []))
  const unread = names.filter((name) => !parts.columns.some(({ part }) => part.name === name))
  return {
    names,
    types,
    // A column that could not be read is given the benefit of the doubt.
    isOpen: parts.hasUnknownColumns,
    // Seed columns are there before samplers are drawn, so that a condition may read them too.
    samplers: new Set([...samplers.map(({ name }) => name), ...seedNames, ...unread]),
    persons: new Set(samplers.filter((column) => column.sampler_type === 'person_from_faker').map(({ name }) => name)),
  }
}

function aliasUses(columns: readonly Placed<ColumnConfig>[]): readonly AliasUse[] {
  return columns.flatMap(({ part, path }) =>
    part.column_type === 'llm-text' || part.column_type === 'llm-structured'
      ? [{ alias: part.model_alias, path: [...path, 'model_alias'] }]
      : [],
  )
}

function compileColumn(config: ColumnConfig, drop: boolean): Column {
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
      return { ...common, column_type: 'expression', expr: config.expr, dtype: config.dtype }
    case 'llm-text':
    case 'llm-structured': {
      const { prompt, system_prompt, model_alias, with_trace, extract_reasoning_content } = config
      const shared = { prompt, system_prompt, model_alias, with_trace, extract_reasoning_content }
      if (config.column_type === 'llm-text') return { ...common, column_type: 'llm-text', ...shared }
      return { ...common, column_type: 'llm-structured', ...shared, output_format: config.output_format }
    }
  }
}

/** Weights are normalised to a sum of 1, as DataDesigner stores them. */
function compileParams(params: SamplerParams): SamplerParams {
  if (params.sampler_type !== 'category' || params.weights === null) return params
  const sum = params.weights.reduce((total, weight) => total + weight, 0)
  // Weights that were normalised before stay as they are, so that compiling a stored config gives the same numbers.
  if (!(sum > 0) || Math.abs(sum - 1) < 1e-12) return params
  return { ...params, weights: params.weights.map((weight) => weight / sum) }
}

const EXPRESSION_TYPES = { int: 'int64', float: 'double', str: 'string', bool: 'boolean' } as const

function columnType(column: Column, seed: CompiledSeed | null): ValueType {
  switch (column.column_type) {
    case 'seed-dataset':
      return seed!.data.schema.find(({ name }) => name === column.name)!.type
    case 'sampler':
      return samplerValueType(column)
    case 'expression':
      return { kind: EXPRESSION_TYPES[column.dtype] }
    case 'llm-text':
      return { kind: 'string' }
    case 'llm-structured':
      return outputValueType(column.output_format)
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
  readonly types: ReadonlyMap<string, ValueType>
  readonly inputs: ReadonlyMap<string, readonly string[]>
  readonly seed: CompiledSeed | null
  readonly constraints: CompiledDataset['constraints']
  readonly processors: readonly RowGroupProcessor[]
  readonly models: ReadonlyMap<string, ResolvedModel>
  readonly policies: Policies
}): CompiledDataset {
  const { columns, inputs, seed, constraints, processors, policies } = made
  const models = Object.fromEntries([...made.models].map(([alias, { compiled }]) => [alias, compiled]))
  const isReady = new Set(columns.filter(({ column_type: type }) => type === 'sampler' || type === 'seed-dataset').map(({ name }) => name))
  const fieldsOf = (isDropped: boolean): readonly Field[] =>
    columns.filter(({ drop }) => drop === isDropped).map(({ name }) => ({ name, type: made.types.get(name)! }))
  return {
    columns,
    order: orderByNeeds(inputs).order.filter((name) => !isReady.has(name)),
    inputs: Object.fromEntries(inputs),
    types: Object.fromEntries(made.types),
    seed,
    constraints,
    processors,
    models,
    policies,
    schema: fieldsOf(false),
    droppedSchema: policies.preserveDroppedColumns ? fieldsOf(true) : [],
    fingerprint: fingerprintOf({ columns, seed, constraints, processors, models }),
  }
}
