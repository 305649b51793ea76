/** Which columns ask a model. */
import type { AskingColumn, Column, LlmColumn } from './compiled.ts'
import type { ColumnConfig } from './schema-columns.ts'

/** True for a column, as read or as compiled, whose cells are asked of a model. */
export function asksModel(column: Column): column is AskingColumn
export function asksModel(column: ColumnConfig): column is Extract<ColumnConfig, { readonly model_alias: string }>
export function asksModel(column: Column | ColumnConfig): boolean {
  return 'model_alias' in column
}

/** True for a column, as read or as compiled, whose cells are conversations with a model. */
export function conversesWithModel(column: Column): column is LlmColumn
export function conversesWithModel(column: ColumnConfig): column is Extract<ColumnConfig, { readonly with_trace: string }>
export function conversesWithModel(column: Column | ColumnConfig): boolean {
  return 'with_trace' in column
}
