/** Which columns ask a model. */
import type { KnownGenerators } from './column-generators.ts'
import type { AskingColumn, Column, LlmColumn } from './compiled.ts'
import type { AliasUse } from './models.ts'
import { wantedOf } from './models.ts'
import type { ColumnConfig } from './schema-columns.ts'

/** True for a column, as read or as compiled, whose cells are asked of a model. */
export function asksModel(column: Column): column is AskingColumn
export function asksModel(column: ColumnConfig): column is Extract<ColumnConfig, { readonly model_alias: string }>
export function asksModel(column: Column | ColumnConfig): boolean {
  return 'model_alias' in column
}

/** Aliases that a column asks, what for, and the field that says so. */
export function aliasesOf(
  column: ColumnConfig,
  generators: KnownGenerators,
): readonly (Omit<AliasUse, 'path'> & { readonly field: string })[] {
  if (column.column_type === 'custom') {
    const models = generators.get(column.generator_function)?.facts.models ?? []
    return models.map((alias) => ({ alias, field: 'generator_function', wants: 'chat' }))
  }
  return asksModel(column) ? [{ alias: column.model_alias, field: 'model_alias', wants: wantedOf(column.column_type) }] : []
}

/** True for a column, as read or as compiled, whose cells are conversations with a model. */
export function conversesWithModel(column: Column): column is LlmColumn
export function conversesWithModel(column: ColumnConfig): column is Extract<ColumnConfig, { readonly with_trace: string }>
export function conversesWithModel(column: Column | ColumnConfig): boolean {
  return 'with_trace' in column
}
