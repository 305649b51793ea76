/** The same config, written in TypeScript: the very same field names, with types. */
import { z } from 'zod'
import type { DatasetConfig } from './schema.ts'

type ColumnInput = DatasetConfig['columns'][number]
type StructuredInput = Extract<ColumnInput, { column_type: 'llm-structured' }>

/** A column as `defineDataset` takes it; `output_format` may also be a zod schema. */
export type ColumnDefinition =
  | Exclude<ColumnInput, StructuredInput>
  | (Omit<StructuredInput, 'output_format'> & { readonly output_format: StructuredInput['output_format'] | z.ZodType })

/** A config as `defineDataset` takes it. */
export type DatasetDefinition = Omit<DatasetConfig, 'columns'> & { readonly columns: readonly ColumnDefinition[] }

/**
 * Turns a definition into a config, which can be run or written to a file. It changes nothing but zod schemas, which become their
 * JSON schemas; mistakes are reported when the config is compiled. Throws zod's error for a schema that JSON cannot express.
 */
export function defineDataset(definition: DatasetDefinition): DatasetConfig {
  return {
    ...definition,
    columns: definition.columns.map((column): ColumnInput => {
      if (column.column_type !== 'llm-structured') return column
      const { output_format: format } = column
      const schema = format instanceof z.ZodType ? (z.toJSONSchema(format) as Record<string, unknown>) : format
      return { ...column, output_format: schema }
    }),
  }
}
