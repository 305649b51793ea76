/** Columns written by a model as JSON that fits the config's own schema. */
import type { LlmStructuredColumn } from '../config/compiled.ts'
import type { CellGenerator } from './generator.ts'
import { compileJsonCell } from './json-cell.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'

/** Compiles an llm-structured column; throws what `compileJsonCell` does. */
export function compileLlmStructured(column: LlmStructuredColumn, options: LlmColumnOptions): CellGenerator {
  return compileJsonCell(column, options, { schema: column.output_format, path: `columns.${column.name}.output_format` })
}
