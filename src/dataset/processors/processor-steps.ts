/**
 * Which post-generation processors run on a dataset, in which order, and what each reads: those that the config names, in its order,
 * then those of the worker that it does not name. The version of each holds its options and all that its input is made by, so that a
 * change makes anew what depends on it, and nothing else.
 */
import type { CompiledDataset, DatasetProcessor as ConfiguredProcessor } from '../../config/compiled.ts'
import { suggest } from '../../config/suggest.ts'
import { ParquetryError } from '../../errors.ts'
import { deduplicate } from './builtin/deduplicate.ts'
import { fileOf, gather } from './builtin/files.ts'
import { shuffle } from './builtin/shuffle.ts'
import { split } from './builtin/split.ts'
import type { DatasetProcessor } from '../ports.ts'

/** A processor that is to run. */
export interface ProcessorStep extends DatasetProcessor {
  /** Name of the step before it whose rows it reads; null or absent: the row groups'. */
  readonly input?: string | null
  /** For a custom one. Default none. */
  readonly options?: Readonly<Record<string, unknown>>
}

/** Stands for what the built-in processors do: another one makes their outputs anew. */
const BUILTIN_VERSION = 1

/**
 * The steps. `seed` is the dataset's. Throws `CONFIG_INVALID` when the config names a processor that the worker does not have: so a run
 * is refused before its first call.
 */
export function processorSteps(
  { datasetProcessors: configured }: Pick<CompiledDataset, 'datasetProcessors'>,
  seed: string,
  registered: readonly DatasetProcessor[],
): readonly ProcessorStep[] {
  const steps: ProcessorStep[] = []
  for (const config of configured) {
    const before = steps.find(({ name }) => name === config.input)?.version ?? null
    steps.push(config.processor_type === 'custom' ? customStep(config, before, registered) : builtinStep(config, before, seed))
  }
  const named = new Set(configured.flatMap((config) => (config.processor_type === 'custom' ? [config.processor] : [])))
  return [...steps, ...registered.filter(({ name, runs }) => !named.has(name) && runs !== 'when-named')]
}

type Configured<Kind> = Extract<ConfiguredProcessor, { readonly processor_type: Kind }>

function customStep(config: Configured<'custom'>, before: string | null, registered: readonly DatasetProcessor[]): ProcessorStep {
  const found = registered.find(({ name }) => name === config.processor)
  if (found === undefined) {
    const names = registered.map(({ name }) => name)
    const known = names.length === 0 ? 'none' : names.join(', ')
    throw new ParquetryError(
      'CONFIG_INVALID',
      `expected the worker to have the dataset processor "${config.processor}", which the config names, found ${known}.${suggest(config.processor, names)}`,
      { wayOut: 'give it to createWorker in datasetProcessors, or take it out of parquetry.processors' },
    )
  }
  const { name, input, options } = config
  return {
    name,
    input,
    options,
    version: JSON.stringify([found.version ?? null, config.processor, canonical(options), before]),
    process: (tables, schema, context) => found.process(tables, schema, context),
  }
}

function builtinStep(
  config: Exclude<ConfiguredProcessor, { processor_type: 'custom' }>,
  before: string | null,
  seed: string,
): ProcessorStep {
  const hasSeed = config.processor_type === 'shuffle' || config.processor_type === 'split'
  const settled = hasSeed ? { ...config, seed: String(config.seed ?? seed) } : config
  return {
    name: config.name,
    input: config.input,
    version: JSON.stringify([BUILTIN_VERSION, canonical(settled), before]),
    process: processOf(config, String(hasSeed ? (config.seed ?? seed) : '')),
  }
}

function processOf(config: Exclude<ConfiguredProcessor, { processor_type: 'custom' }>, seed: string): DatasetProcessor['process'] {
  switch (config.processor_type) {
    case 'deduplicate':
      return (tables, schema) => deduplicate(config, tables, schema)
    case 'shuffle':
      return (tables, schema, context) => shuffle({ ...config, seed }, tables, schema, context)
    case 'split':
      return (tables, schema) => split({ ...config, seed }, tables, schema)
    case 'export':
      return async function* exportRows(tables, schema) {
        const fields = config.columns?.map((name) => schema.find((field) => field.name === name)!) ?? schema
        const rows = gather(fields, tables.select(fields.map(({ name }) => name)))
        yield { name: `${config.name}.${config.format}`, bytes: fileOf(config.format, fields, rows) }
      }
  }
}

/** The order of an object's keys says nothing; that of shares and columns does. */
function canonical(options: object): unknown {
  return Object.entries(options).toSorted(([one], [other]) => (one < other ? -1 : 1))
}
