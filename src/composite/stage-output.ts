/** What a stage gives to the next one: where it lies, and, before there is any, which columns it will have. */
import { join } from 'node:path'
import type { CompiledDataset } from '../config/compiled.ts'
import { suggest } from '../config/suggest.ts'
import { keys } from '../dataset/layout.ts'
import type { NamedTransform } from '../dataset/open-dataset.ts'
import type { Schema } from '../values.ts'

/** Rows of a stage that the next one begins with. */
export interface StageOutput {
  /** Folder of parquet files, relative to that of the stage's dataset. */
  readonly folder: string
  readonly schema: Schema
  /** True when there are as many rows as the dataset has. */
  readonly isWhole: boolean
  /** False when only the processor itself, once it has run, knows the columns. */
  readonly isSchemaKnown: boolean
}

/** The output that `final` or `processor:<name>` stands for; a text says why there is none. */
export function outputOf(
  selection: string,
  compiled: Pick<CompiledDataset, 'schema' | 'processors' | 'datasetProcessors'>,
  transforms: readonly Pick<NamedTransform, 'name' | 'schema'>[],
): StageOutput | string {
  if (selection === 'final') return { folder: keys.rowGroupsFolder, schema: compiled.schema, isWhole: true, isSchemaKnown: true }
  const name = selection.slice('processor:'.length)
  const transform = transforms.find((candidate) => candidate.name === name)
  if (transform !== undefined) return { folder: keys.processorFolder(name), schema: transform.schema, isWhole: true, isSchemaKnown: true }
  const processor = compiled.datasetProcessors.find((candidate) => candidate.name === name)
  if (processor === undefined) {
    const names = [...transforms, ...compiled.datasetProcessors].map((candidate) => candidate.name)
    if (compiled.processors.some((candidate) => candidate.name === name)) {
      return `"${name}" drops columns and leaves no rows of its own; give output: final, whose rows are without them`
    }
    return noProcessor(name, names)
  }
  const folder = keys.processorFolder(name)
  switch (processor.processor_type) {
    case 'deduplicate':
    case 'shuffle':
      return { folder, schema: compiled.schema, isWhole: processor.processor_type === 'shuffle', isSchemaKnown: true }
    case 'export': {
      if (processor.format !== 'parquet')
        return `expected a processor that writes parquet, found "${name}", which writes ${processor.format}`
      const columns = processor.columns ?? compiled.schema.map((field) => field.name)
      const schema = columns.flatMap((column) => compiled.schema.filter((field) => field.name === column))
      return { folder, schema, isWhole: false, isSchemaKnown: true }
    }
    case 'custom':
      return { folder, schema: compiled.schema, isWhole: false, isSchemaKnown: false }
    case 'split':
      return `expected one set of rows, found "${name}", which splits them into several; give the output of a deduplicate, a shuffle or an export`
  }
}

/** What is said of a name that no processor of the stage has. */
export function noProcessor(name: string, names: readonly string[]): string {
  return `expected the name of a processor of this stage (${names.join(', ') || 'it has none'}), found "${name}".${suggest(name, names)}`
}

/** Path that a seed source names to read all parquet files of a folder, as DataDesigner writes it. */
export function seedPathOf(compositeLocation: string, stage: string, folder: string): string {
  return join(compositeLocation, stage, folder, '*.parquet')
}
