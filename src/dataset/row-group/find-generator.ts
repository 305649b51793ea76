/** The generator that a config was compiled with, among those that this worker has. */
import type { ColumnGenerator, ColumnGenerators } from '../../columns/custom-generator.ts'
import { factsOf } from '../../config/column-generators.ts'
import { ParquetryError } from '../../errors.ts'
import { generatorDifference } from '../../plan/generator-facts.ts'
import type { GeneratorFacts } from '../../plan/generator-facts.ts'

/** The generator. Throws `CUSTOM_GENERATOR_MISSING` when the worker has none of the name, or one that declares something else. */
export function findGenerator(name: string, facts: GeneratorFacts, registered: ColumnGenerators): ColumnGenerator {
  const found = Object.hasOwn(registered, name) ? registered[name] : undefined
  if (found === undefined) {
    const names = Object.keys(registered).join(', ') || 'none'
    throw missing(`expected this worker to have the column generator "${name}", found ${names}`)
  }
  const difference = generatorDifference(facts, factsOf(name, found))
  if (difference === null) return found
  throw missing(`expected this worker to have the column generator "${name}" that the dataset was begun with: ${difference}`)
}

function missing(message: string): ParquetryError {
  return new ParquetryError('CUSTOM_GENERATOR_MISSING', message, {
    wayOut: 'start the worker with it: columnGenerators of createWorker, or --extensions on the command line',
  })
}
