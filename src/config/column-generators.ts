/** Registered column generators, read: what they declare, in the form that configs are compiled with. */
import { z } from 'zod'
import type { ColumnGenerator, ColumnGenerators, OutputType } from '../columns/custom-generator.ts'
import { ParquetryError } from '../errors.ts'
import type { GeneratorFacts } from '../plan/generator-facts.ts'
import type { ValueType } from '../values.ts'
import { outputValueType } from './output-types.ts'
import { valueType } from './stored-seed.ts'

/** A generator as configs are compiled with it. */
export interface KnownGenerator {
  readonly facts: GeneratorFacts
  /** Judges `generator_params`. Absent where the code is not at hand: they were judged before. */
  readonly params?: z.ZodType
}

/** Generators by name. */
export type KnownGenerators = ReadonlyMap<string, KnownGenerator>

/** Declares a column generator: nothing but types, which `params` gives. */
export function defineColumnGenerator<Params = null>(generator: ColumnGenerator<Params>): ColumnGenerator<Params> {
  return generator
}

/** Reads registered generators. Throws `CONFIG_INVALID` for one that does not declare what it must. */
export function knownGenerators(registered: ColumnGenerators): KnownGenerators {
  return new Map(
    Object.entries(registered).map(([name, generator]) => [
      name,
      { facts: factsOf(name, generator), ...(generator.params === undefined ? {} : { params: generator.params }) },
    ]),
  )
}

/** What a generator declares. Throws `CONFIG_INVALID`. */
export function factsOf(name: string, generator: ColumnGenerator): GeneratorFacts {
  const { strategy = 'cell_by_cell', inputs = [], sideEffects = {}, models = [], version } = generator as Partial<ColumnGenerator>
  const refuse = (expected: string): never => {
    throw new ParquetryError('CONFIG_INVALID', `the column generator "${name}": expected ${expected}`, {
      wayOut: 'declare it with defineColumnGenerator({ output, inputs, generate })',
    })
  }
  const isTexts = (list: unknown): boolean => Array.isArray(list) && list.every((item) => typeof item === 'string')
  if (typeof (generator as Partial<ColumnGenerator>).generate !== 'function') refuse('a function generate, found none')
  if (strategy !== 'cell_by_cell' && strategy !== 'full_column') refuse('the strategy cell_by_cell or full_column')
  if (!isTexts(inputs)) refuse('inputs to be a list of column names')
  if (!isTexts(models)) refuse('models to be a list of model aliases')
  if (version !== undefined && typeof version !== 'string') refuse('version to be a text')
  if (generator.params !== undefined && !isZod(generator.params)) refuse('params to be a schema of zod 4')
  return {
    strategy,
    inputs: [...inputs],
    output: typeOf(generator.output, (found) => refuse(`output to be a type, found ${found}`)),
    sideEffects: Object.entries(sideEffects).map(([column, type]) => ({
      name: column,
      type: typeOf(type, (found) => refuse(`the side-effect column "${column}" to have a type, found ${found}`)),
    })),
    models: [...models],
    version: version ?? null,
  }
}

/** Generators as they are stored with a dataset. */
export const storedGenerators: z.ZodType<Readonly<Record<string, GeneratorFacts>>> = z.record(
  z.string(),
  z.object({
    strategy: z.enum(['cell_by_cell', 'full_column']),
    inputs: z.array(z.string()),
    output: valueType,
    sideEffects: z.array(z.object({ name: z.string(), type: valueType })),
    models: z.array(z.string()),
    version: z.string().nullable(),
  }),
)

const WORDS: readonly string[] = ['string', 'int64', 'double', 'boolean', 'timestamp', 'json']

function typeOf(output: OutputType | undefined, refuse: (found: string) => never): ValueType {
  if (output === undefined) return refuse('nothing')
  if (typeof output === 'string') return WORDS.includes(output) ? ({ kind: output } as ValueType) : refuse(JSON.stringify(output))
  if (!isZod(output)) return valueType.safeParse(output).data ?? refuse('neither a schema of zod 4 nor a type of Parquetry')
  const scalar = UNLIKE_JSON[output._zod.def.type]
  if (scalar !== undefined) return scalar
  try {
    return outputValueType(z.toJSONSchema(output))
  } catch (error) {
    return refuse(`a schema that has no JSON schema (${error instanceof Error ? error.message : String(error)})`)
  }
}

/** Schemas that JSON has no word for, and parquet has. */
const UNLIKE_JSON: Readonly<Record<string, ValueType>> = { date: { kind: 'timestamp' }, bigint: { kind: 'int64' } }

/** By its form: a program may have a zod of its own. */
function isZod(value: unknown): value is z.ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value && 'safeParse' in value
}
