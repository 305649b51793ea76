/**
 * The values a dataset is made of, and their declared types. Rows of an open row group are kept column by column.
 */

/** One cell. Integers are `number` up to ±(2^53−1) and `bigint` beyond; date-times are `Date` only in `timestamp` columns. */
export type Value = null | boolean | number | bigint | string | Date | readonly Value[] | { readonly [field: string]: Value }

/** Declared type of a column or field; every one of them may also be null. Decides the parquet type (ruling 12). */
export type ValueType =
  | { readonly kind: 'string' | 'int64' | 'double' | 'boolean' | 'timestamp' | 'json' }
  | { readonly kind: 'list'; readonly element: ValueType }
  | { readonly kind: 'group'; readonly fields: readonly Field[] }

/** A named type: a column of a dataset, or a field of a group. */
export interface Field {
  readonly name: string
  readonly type: ValueType
}

/** The columns of a file, in their order. A pure function of the compiled config, never of rows. */
export type Schema = readonly Field[]

/** Rows of one row group, column by column: every array has the same length. */
export interface Table {
  readonly rowCount: number
  readonly columns: ReadonlyMap<string, readonly Value[]>
}
