/**
 * What makes two configs the same dataset (ruling 19).
 *
 * 1. In it: names, order and drop flags of columns, all their parameters, the models they use with what is sent to them, constraints,
 *    processors of row groups, what column generators declare with their version and parameters, and the content of the seed data, wherever it lies, with the rows selected and their order. Whether a rehearsal answers is in it too: its texts must never be mixed with a model's.
 * 2. Not in it: names of aliases and providers, endpoints, keys, prices, limits, timeouts, policies, seed, unused aliases.
 * 3. How a thing is written plays no part: drop flag or drop processor, weights 1:1 or 2:2, fields in another order.
 */
import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import type { GeneratorFacts } from '../plan/generator-facts.ts'
import type { People } from '../plan/people.ts'
import type {
  CellColumn,
  Column,
  CompiledModel,
  CompiledSeed,
  Constraint,
  Fingerprint,
  RowGroupProcessor,
  SamplerColumn,
} from './compiled.ts'

/** Raise it when compiling the same config gives other values: datasets of before are then not resumed by mistake. */
const FINGERPRINT_VERSION = 1

/** The fingerprint of a dataset. Part names of columns that are called like another part get `columns.` before them. */
export function fingerprintOf(dataset: {
  readonly columns: readonly Column[]
  /** Side-effect columns that are not in the final rows. */
  readonly droppedSideEffects: readonly string[]
  readonly seed: CompiledSeed | null
  readonly constraints: readonly Constraint[]
  readonly people: People
  readonly generators: Readonly<Record<string, GeneratorFacts>>
  readonly processors: readonly RowGroupProcessor[]
  readonly models: Readonly<Record<string, CompiledModel>>
}): Fingerprint {
  const parts: Record<string, string> = {}
  for (const column of dataset.columns) parts[partName(column.name)] = hash(columnPart(column, dataset))
  if (dataset.droppedSideEffects.length > 0) parts[DROPPED] = hash(dataset.droppedSideEffects.toSorted())
  parts[ORDER] = hash(dataset.columns.map(({ name }) => name))
  if (dataset.seed !== null) {
    const { sampling_strategy: order, firstRow, rowCount, data } = dataset.seed
    parts['seed_config'] = hash({ order, firstRow, rowCount })
    parts[SEED_DATA] = hash({ content: data.contentHash, schema: data.schema })
  }
  if (dataset.constraints.length > 0) parts['constraints'] = hash(dataset.constraints.map(canonicalJson).toSorted())
  const transforms = dataset.processors.filter((processor) => processor.processor_type === 'schema_transform')
  if (transforms.length > 0) parts['processors'] = hash(transforms.map(({ name, template }) => [name, JSON.stringify(template)]))
  return { hash: hash({ version: FINGERPRINT_VERSION, parts }), parts }
}

const ORDER = 'column order'
/** Name of the part that is the content of the seed data. */
export const SEED_DATA = 'seed data'

const DROPPED = 'dropped side-effect columns'

function partName(column: string): string {
  return ['constraints', 'processors', 'seed_config', SEED_DATA, ORDER, DROPPED].includes(column) ? `columns.${column}` : column
}

function hash(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`
}

/** Where the order of keys means something (conditions, fields of a schema), the text as it is written is taken. */
function columnPart(
  column: Column,
  {
    models,
    people,
    generators,
  }: {
    readonly models: Readonly<Record<string, CompiledModel>>
    readonly people: People
    readonly generators: Readonly<Record<string, GeneratorFacts>>
  },
): unknown {
  switch (column.column_type) {
    case 'sampler': {
      const part = { ...column, conditional_params: Object.entries(column.conditional_params) }
      return column.sampler_type === 'person' ? { ...part, people: peoplePart(column, people) } : part
    }
    case 'seed-dataset':
      return column
    case 'expression':
      return withoutIdleSkip(column)
    case 'custom': {
      // Aliases are how the generator calls its models: their order tells them apart.
      const { models: aliases = [], ...facts } = generators[column.generator_function] ?? {}
      return { ...withoutIdleSkip(column), generator: facts, models: aliases.map((alias) => [alias, modelPart(models, alias, false)]) }
    }
    case 'llm-text':
    case 'llm-code': {
      const { model_alias: alias, ...rest } = withoutIdleSkip(column)
      return { ...rest, model: modelPart(models, alias, false) }
    }
    case 'embedding':
    case 'image': {
      const { model_alias: alias, ...rest } = withoutIdleSkip(column)
      return { ...rest, model: modelPart(models, alias, false) }
    }
    case 'llm-judge': {
      const { model_alias: alias, scores, ...rest } = withoutIdleSkip(column)
      return { ...rest, scores: JSON.stringify(scores), model: modelPart(models, alias, true) }
    }
    case 'llm-structured': {
      const { model_alias: alias, output_format: format, ...rest } = withoutIdleSkip(column)
      return { ...rest, output_format: JSON.stringify(format), model: modelPart(models, alias, true) }
    }
  }
}

/** The files that a column's people come from. */
function peoplePart(column: SamplerColumn, people: People): unknown {
  const all = [column.params, ...Object.values(column.conditional_params)]
  const locales = new Set(all.flatMap((params) => (params.sampler_type === 'person' ? [params.locale] : [])))
  return [...locales].map((locale) => {
    const source = people[locale]
    return [locale, source?.kind === 'managed' ? source.digest : (source?.kind ?? null)]
  })
}

/** Without the fields of skipping where they ask for nothing: a dataset of before they were is still the same. */
function withoutIdleSkip<C extends CellColumn>(column: C): Omit<C, 'skip' | 'propagate_skip'> {
  const { skip, propagate_skip, ...rest } = column
  return { ...rest, ...(skip === null ? {} : { skip }), ...(propagate_skip ? {} : { propagate_skip }) }
}

/** With the models that may stand in: which of them answers is then no change of the dataset. */
function modelPart(models: Readonly<Record<string, CompiledModel>>, alias: string, isStructured: boolean): unknown {
  const model = models[alias]
  if (model?.fallbacks === undefined) return ownPart(model, isStructured)
  return { ...ownPart(model, isStructured), fallbacks: model.fallbacks.map((fallback) => ownPart(models[fallback], isStructured)) }
}

function ownPart(model: CompiledModel | undefined, isStructured: boolean): object | null {
  if (model === undefined) return null
  return {
    model: model.target.model,
    temperature: model.temperature,
    top_p: model.topP,
    ...(model.drawn === undefined ? {} : { drawn: model.drawn }),
    max_tokens: model.maxTokens,
    extra_body: { ...model.extraBody, ...model.target.provider.extraBody },
    is_rehearsal: model.target.provider.type === 'rehearsal',
    is_native: isStructured && model.nativeStructuredOutput,
    ...(model.generation?.kind === 'embedding' ? { dimensions: model.generation.dimensions } : {}),
  }
}
