/** What a config must know of a column generator that is registered by name: all that columns, schema and order follow from. */
import type { Field, ValueType } from '../values.ts'

/** A registered column generator without its code. JSON-safe: `parquetry.json` records it. */
export interface GeneratorFacts {
  readonly strategy: 'cell_by_cell' | 'full_column'
  /** Columns that must be ready first. */
  readonly inputs: readonly string[]
  /** Type of the column that it makes. */
  readonly output: ValueType
  /** Columns that it makes beside that one. */
  readonly sideEffects: readonly Field[]
  /** Model aliases that it may ask. */
  readonly models: readonly string[]
  /** Stands for what its code does: another one makes other rows. Null when none is given. */
  readonly version: string | null
}

const WORDS: Readonly<Record<keyof GeneratorFacts, string>> = {
  strategy: 'strategy',
  inputs: 'inputs',
  output: 'output type',
  sideEffects: 'side-effect columns',
  models: 'models',
  version: 'version',
}

/** The first thing in which two generators of one name differ, in words; null when they are the same. */
export function generatorDifference(expected: GeneratorFacts, found: GeneratorFacts): string | null {
  for (const field of Object.keys(WORDS) as (keyof GeneratorFacts)[]) {
    const [before, now] = [JSON.stringify(expected[field]), JSON.stringify(found[field])]
    if (before !== now) return `its ${WORDS[field]} ${before}, found ${now}`
  }
  return null
}
