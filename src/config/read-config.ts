/**
 * From the value of a config file to its parts, each read on its own, so that one mistake does not hide another: what can be read
 * goes on to the checks between parts.
 */
import { modelConfigOf, modelProvider } from './schema-models.ts'
import type { ModelConfig, ModelProviderConfig } from './schema-models.ts'
import {
  customColumn,
  embeddingColumn,
  expressionColumn,
  imageColumn,
  llmCodeColumn,
  llmJudgeColumn,
  llmStructuredColumn,
  llmTextColumn,
  samplerColumns,
  seedColumn,
} from './schema-columns.ts'
import type { ColumnConfig } from './schema-columns.ts'
import { datasetProcessorKinds } from './schema-dataset-processors.ts'
import type { DatasetProcessorConfig } from './schema-dataset-processors.ts'
import { SAMPLER_TYPES } from './schema-samplers.ts'
import { parquetrySettings } from './schema-settings.ts'
import type { ParquetrySettings } from './schema-settings.ts'
import {
  columnConstraint,
  DATA_DESIGNER_FIELDS,
  dropColumnsProcessor,
  ROOT_FIELDS,
  scalarConstraint,
  schemaTransformProcessor,
} from './schema.ts'
import type { ConstraintConfig, ProcessorConfig } from './schema.ts'
import { readPart, reportTag, reportUnknownField } from './issues.ts'
import { readDrawnParameters } from './drawn-parameters.ts'
import { reportLaterSections, withoutLaterFields } from './not-yet.ts'
import { isMapping } from './paths.ts'
import { withModalities } from './media-contexts.ts'
import { readSeedConfig } from './read-seed.ts'
import type { SeedConfig } from './schema-seed.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'

/** A part of a config and its place, e.g. `columns[3]`. */
export interface Placed<Part> {
  readonly part: Part
  readonly path: Path
}

/** A mapping that could not be read as what it should be; what is wrong with it is reported. */
export type Unread = Placed<Readonly<Record<string, unknown>>>

/** All parts of a config that could be read. */
export interface ConfigParts {
  readonly columns: readonly Placed<ColumnConfig>[]
  /** Names of all columns, those included that could not be read, so that a reference to them is no second mistake. */
  readonly names: readonly Placed<string>[]
  readonly models: readonly Placed<ModelConfig>[]
  /** Aliases of all model configs, unreadable ones included; null when the config lists no model. */
  readonly aliases: readonly string[] | null
  readonly providers: readonly Placed<ModelProviderConfig>[]
  /** Names of all its own providers, unreadable ones included. */
  readonly providerNames: readonly string[]
  readonly constraints: readonly Placed<ConstraintConfig>[]
  readonly processors: readonly Placed<ProcessorConfig>[]
  readonly datasetProcessors: readonly Placed<DatasetProcessorConfig>[]
  /** Null where there is none, or one that could not be read. */
  readonly seedConfig: SeedConfig | null
  /** True when there may be columns of seed data that are not known, since those could not be read: a name is then no mistake. */
  readonly hasUnknownColumns: boolean
  readonly settings: ParquetrySettings
  /** Those that could not be read: what they name is looked at all the same, so that one mistake does not hide another. */
  readonly unread: { readonly columns: readonly Unread[]; readonly models: readonly Unread[]; readonly processors: readonly Unread[] }
}

/** Reads the parts. Paths leave the wrapper out: `columns[3]` in both forms. */
export function readConfig(value: unknown, report: Report): ConfigParts {
  const { main, own } = unwrap(value, report)
  reportLaterSections(main, [], report)
  const seedConfig = readSeedConfig(main['seed_config'], report)
  const hasSeed = main['seed_config'] !== undefined && main['seed_config'] !== null
  const names: Placed<string>[] = []
  const listed = listOf(main, 'columns', report)
  const columns = listed.flatMap(({ part, path }) => {
    if (isMapping(part) && typeof part['name'] === 'string') names.push({ part: part['name'], path: [...path, 'name'] })
    return placed(readColumn(part, path, report), path)
  })
  const { columns: given } = main
  if (isMapping(value) && (given === undefined || given === null)) report.error(['columns'], 'expected a list of columns, found nothing')
  else if (Array.isArray(given) && given.length === 0 && !hasSeed)
    report.error(['columns'], 'expected at least one column, found an empty list')
  const listedModels = listOf(main, 'model_configs', report)
  const models = listedModels.flatMap(({ part, path }) => placed(readModel(part, path, report), path))
  const listedProcessors = listOf(main, 'processors', report)
  const processors = listedProcessors.flatMap(({ part, path }) => placed(readProcessor(part, path, report), path))
  const providers = listOf(own, 'model_providers', report)
  const { settings, datasetProcessors } = readOwn(own['parquetry'] ?? {}, report)
  return {
    columns,
    names,
    models,
    aliases: listedModels.length === 0 ? null : textsOf(listedModels, 'alias'),
    providerNames: textsOf(providers, 'name'),
    providers: providers.flatMap(({ part, path }) => placed(readPart(modelProvider, part, path, report), path)),
    constraints: listOf(main, 'constraints', report).flatMap(({ part, path }) => placed(readConstraint(part, path, report), path)),
    processors,
    seedConfig,
    hasUnknownColumns: hasSeed && seedConfig === null,
    datasetProcessors,
    settings,
    unread: {
      columns: unreadOf(listed, columns),
      models: unreadOf(listedModels, models),
      processors: unreadOf(listedProcessors, processors),
    },
  }
}

function unreadOf(listed: readonly Placed<unknown>[], read: readonly Placed<unknown>[]): readonly Unread[] {
  const places = new Set(read.map(({ path }) => path.at(-1)))
  return listed.flatMap(({ part, path }) => (isMapping(part) && !places.has(path.at(-1)) ? [{ part, path }] : []))
}

/** Our settings. Processors are read one by one, so that a mistake in one hides none in another. */
function readOwn(value: unknown, report: Report): Pick<ConfigParts, 'settings' | 'datasetProcessors'> {
  const { processors, ...rest } = isMapping(value) ? value : {}
  const settings = readPart(parquetrySettings, isMapping(value) ? rest : value, ['parquetry'], report) ?? {}
  const datasetProcessors = listOf({ processors }, 'processors', report, ['parquetry']).flatMap(({ part, path }) =>
    placed(readDatasetProcessor(part, path, report), path),
  )
  return { settings, datasetProcessors }
}

function readDatasetProcessor(value: unknown, path: Path, report: Report): DatasetProcessorConfig | null {
  if (!isMapping(value)) return readPart(datasetProcessorKinds.shuffle, value, path, report)
  const type = value['processor_type']
  if (typeof type === 'string' && Object.hasOwn(datasetProcessorKinds, type)) {
    return readPart(datasetProcessorKinds[type as keyof typeof datasetProcessorKinds], value, path, report)
  }
  if (type === 'drop_columns' || type === 'schema_transform') {
    report.error([...path, 'processor_type'], `"${type}" works on row groups; move it to processors at the root of the config`)
  } else reportTag(type, Object.keys(datasetProcessorKinds), [...path, 'processor_type'], report)
  return null
}

function textsOf(items: readonly Placed<unknown>[], field: string): readonly string[] {
  return items.flatMap(({ part }) => (isMapping(part) && typeof part[field] === 'string' ? [part[field]] : []))
}

function placed<Part>(part: Part | null, path: Path): readonly Placed<Part>[] {
  return part === null ? [] : [{ part, path }]
}

type Mapping = Readonly<Record<string, unknown>>

/** Splits a file into DataDesigner's part and ours, whichever form it has. */
function unwrap(value: unknown, report: Report): { readonly main: Mapping; readonly own: Mapping } {
  if (!isMapping(value)) {
    report.error([], 'expected a mapping with columns, or with data_designer, at the root of the config')
    return { main: { columns: null }, own: {} }
  }
  if (!('data_designer' in value)) {
    // A wrapper's library_version has no meaning here, and does no harm.
    reportUnknown(value, [...ROOT_FIELDS, 'library_version'], [], report)
    return { main: value, own: value }
  }
  reportUnknown(value, ['data_designer', 'library_version', 'model_providers', 'parquetry'], [], report)
  const main = value['data_designer']
  if (!isMapping(main)) {
    report.error(['data_designer'], 'expected a mapping with columns')
    return { main: { columns: [] }, own: value }
  }
  for (const field of ['model_providers', 'parquetry']) {
    if (field in main) report.error(['data_designer', field], `expected ${field} beside data_designer, found it inside; move it out`)
  }
  reportUnknown(main, [...DATA_DESIGNER_FIELDS, 'model_providers', 'parquetry'], ['data_designer'], report)
  return { main, own: value }
}

function reportUnknown(value: Mapping, known: readonly string[], path: Path, report: Report): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) reportUnknownField(key, known, path, report)
  }
}

function listOf(root: Mapping, field: string, report: Report, within: Path = []): readonly Placed<unknown>[] {
  const value = root[field]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    report.error([...within, field], `expected a list, found ${isMapping(value) ? 'a mapping' : `a ${typeof value}`}`)
    return []
  }
  return value.map((part: unknown, index) => ({ part, path: [...within, field, index] }))
}

const COLUMN_TYPES = [
  'sampler',
  'expression',
  'llm-text',
  'llm-code',
  'llm-structured',
  'llm-judge',
  'embedding',
  'image',
  'custom',
  'seed-dataset',
]

function readColumn(value: unknown, path: Path, report: Report): ColumnConfig | null {
  if (!isMapping(value)) return readPart(expressionColumn, value, path, report)
  const supported = withoutLaterFields(value, path, report)
  if (supported === null) return null
  const column = withModalities(supported, path, report)
  switch (column['column_type']) {
    case 'sampler':
      return readSampler(column, path, report)
    case 'expression':
      return readPart(expressionColumn, column, path, report)
    case 'llm-text':
      return readPart(llmTextColumn, column, path, report)
    case 'llm-code':
      return readPart(llmCodeColumn, column, path, report)
    case 'llm-structured':
      return readPart(llmStructuredColumn, column, path, report)
    case 'llm-judge':
      return readPart(llmJudgeColumn, column, path, report)
    case 'custom':
      return readPart(customColumn, column, path, report)
    case 'embedding':
      return readPart(embeddingColumn, column, path, report)
    case 'image':
      return readPart(imageColumn, column, path, report)
    case 'seed-dataset':
      return readPart(seedColumn, withoutSkip(column, path, 'the rows of seed data are read as they are', report), path, report)
    default:
      reportTag(column['column_type'], COLUMN_TYPES, [...path, 'column_type'], report)
      return null
  }
}

function readSampler(column: Mapping, path: Path, report: Report): ColumnConfig | null {
  const type = SAMPLER_TYPES.find((known) => known === column['sampler_type'])
  if (type === undefined) {
    reportTag(column['sampler_type'], SAMPLER_TYPES, [...path, 'sampler_type'], report)
    return null
  }
  return readPart(samplerColumns[type], withoutSkip(column, path, 'samplers are drawn together', report), path, report)
}

/** The column without `skip`, which is reported where there is one. */
function withoutSkip(column: Mapping, path: Path, why: string, report: Report): Mapping {
  const { skip, ...rest } = column
  if (skip === undefined || skip === null) return column
  report.error([...path, 'skip'], `expected no skip: ${why}, so none of their cells can be skipped; skip the columns that use it`)
  return rest
}

/** Reads a model config. The kind of inference parameters is told by generation_type, or by the fields that only one kind has, as in DataDesigner. */
export function readModel(value: unknown, path: Path, report: Report): ModelConfig | null {
  if (!isMapping(value)) return readPart(modelConfigOf['chat-completion'], value, path, report)
  const parameters = value['inference_parameters']
  const type = isMapping(parameters) ? parameters['generation_type'] : undefined
  if (type !== undefined && (typeof type !== 'string' || !Object.hasOwn(modelConfigOf, type))) {
    reportTag(type, Object.keys(modelConfigOf), [...path, 'inference_parameters', 'generation_type'], report)
    return null
  }
  const isEmbedding = isMapping(parameters) && ('encoding_format' in parameters || 'dimensions' in parameters)
  const kind = type === 'image' ? 'image' : type === 'embedding' || (type === undefined && isEmbedding) ? 'embedding' : 'chat-completion'
  if (kind !== 'chat-completion' || !isMapping(parameters)) return readPart(modelConfigOf[kind], value, path, report)
  const { fixed, drawn } = readDrawnParameters(parameters, [...path, 'inference_parameters'], report)
  const model = readPart(modelConfigOf[kind], { ...value, inference_parameters: fixed }, path, report)
  return model === null ? null : { ...model, inference_parameters: { ...model.inference_parameters, ...drawn } }
}

/** Without constraint_type, a right-hand side that is a finite number, or the text of one, makes a scalar constraint. */
function readConstraint(value: unknown, path: Path, report: Report): ConstraintConfig | null {
  if (!isMapping(value)) return readPart(scalarConstraint, value, path, report)
  const { rhs, constraint_type: type } = value
  const isNumeric = typeof rhs === 'string' && rhs.trim() !== '' && Number.isFinite(Number(rhs))
  if (type !== undefined && type !== 'scalar_inequality' && type !== 'column_inequality') {
    reportTag(type, ['scalar_inequality', 'column_inequality'], [...path, 'constraint_type'], report)
    return null
  }
  const isColumn = type === undefined ? typeof rhs === 'string' && !isNumeric : type === 'column_inequality'
  if (isColumn) return readPart(columnConstraint, value, path, report)
  return readPart(scalarConstraint, isNumeric ? { ...value, rhs: Number(rhs) } : value, path, report)
}

function readProcessor(value: unknown, path: Path, report: Report): ProcessorConfig | null {
  if (!isMapping(value)) return readPart(dropColumnsProcessor, value, path, report)
  switch (value['processor_type']) {
    case 'drop_columns':
      return readPart(dropColumnsProcessor, value, path, report)
    case 'schema_transform':
      return readPart(schemaTransformProcessor, value, path, report)
    case 'deduplicate':
    case 'shuffle':
    case 'split':
    case 'export':
      report.error(
        [...path, 'processor_type'],
        `"${value['processor_type']}" works on the whole dataset and is Parquetry's own; move it to processors below parquetry`,
      )
      return null
    default:
      reportTag(value['processor_type'], ['drop_columns', 'schema_transform'], [...path, 'processor_type'], report)
      return null
  }
}
