/** Which columns ask a model. */
import type { Column, LlmColumn } from './compiled.ts'
import type { ColumnConfig } from './schema-columns.ts'

/** True for a column, as read or as compiled, whose cells are conversations with a model. */
export function asksModel(column: Column): column is LlmColumn
export function asksModel(column: ColumnConfig): column is Extract<ColumnConfig, { readonly model_alias: string }>
export function asksModel(column: Column | ColumnConfig): boolean {
  return 'model_alias' in column
}
