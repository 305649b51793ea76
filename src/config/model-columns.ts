/** Which columns ask a model. */
import type { KnownGenerators } from './column-generators.ts'
import type { Column, LlmColumn } from './compiled.ts'
import type { ColumnConfig } from './schema-columns.ts'

/** True for a column, as read or as compiled, whose cells are conversations with a model. */
export function asksModel(column: Column): column is LlmColumn
export function asksModel(column: ColumnConfig): column is Extract<ColumnConfig, { readonly model_alias: string }>
export function asksModel(column: Column | ColumnConfig): boolean {
  return 'model_alias' in column
}

/** Aliases that a column asks, with the field that says so. */
export function aliasesOf(
  column: ColumnConfig,
  generators: KnownGenerators,
): readonly { readonly alias: string; readonly field: string }[] {
  if (column.column_type === 'custom') {
    const models = generators.get(column.generator_function)?.facts.models ?? []
    return models.map((alias) => ({ alias, field: 'generator_function' }))
  }
  return asksModel(column) ? [{ alias: column.model_alias, field: 'model_alias' }] : []
}
