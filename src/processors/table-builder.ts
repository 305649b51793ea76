/** Gathers rows into tables of a bounded size. */
import type { Schema, Table, Value } from '../values.ts'

/** Rows on their way into a table. */
export interface TableBuilder {
  /** Copies a row of a table that has all columns of the schema. */
  add(table: Table, position: number): void
  readonly rowCount: number
  /** Memory of the values, roughly, in bytes. */
  readonly sizeBytes: number
  /** The rows gathered, in their order; begins anew. */
  take(): Table
}

/** An empty builder of tables with these columns. */
export function createTableBuilder(schema: Schema): TableBuilder {
  const names = schema.map(({ name }) => name)
  let columns = names.map((): Value[] => [])
  let rowCount = 0
  let sizeBytes = 0
  return {
    get rowCount() {
      return rowCount
    },
    get sizeBytes() {
      return sizeBytes
    },
    add(table, position) {
      for (const [index, name] of names.entries()) {
        const value = table.columns.get(name)?.[position] ?? null
        columns[index]!.push(value)
        sizeBytes += sizeOf(value)
      }
      rowCount += 1
    },
    take() {
      const table = { rowCount, columns: new Map(names.map((name, index) => [name, columns[index]!])) }
      columns = names.map(() => [])
      rowCount = 0
      sizeBytes = 0
      return table
    },
  }
}

function sizeOf(value: Value): number {
  if (typeof value === 'string') return 24 + value.length * 2
  if (typeof value !== 'object' || value === null || value instanceof Date) return 16
  return Object.values(value).reduce((size: number, item) => size + 16 + sizeOf(item as Value), 32)
}
