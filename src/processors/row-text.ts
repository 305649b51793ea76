/**
 * Tables as text: JSON lines and CSV, as pandas, polars, duckdb and Hugging Face datasets read them.
 *
 * JSON lines: one object a row, every column in every row; date-times in ISO 8601, whole numbers exact beyond 2^53 too, infinities as
 * null, for JSON has none.
 * CSV: a header, RFC 4180 quoting, lines end in \n; null is nothing between the commas and an empty text is `""`; lists, mappings and
 * free JSON are JSON texts; infinities are `inf` and `-inf`.
 */
import type { Schema, Table, Value, ValueType } from '../values.ts'

/** Formats of text. */
export type TextFormat = 'jsonl' | 'csv'

/** Makes a format's text. */
export interface RowText {
  /** What the file begins with; empty for JSON lines. */
  readonly header: string
  /** The lines of a table's rows; `columns` of the schema must be in the table. */
  readonly lines: (table: Table) => string
}

/** The text of tables of a schema. */
export function createRowText(format: TextFormat, schema: Schema): RowText {
  return format === 'csv' ? csv(schema) : jsonLines(schema)
}

function jsonLines(schema: Schema): RowText {
  const names = schema.map(({ name }) => `${JSON.stringify(name)}:`)
  const items = schema.map(({ type }) => jsonWriter(type))
  return {
    header: '',
    lines: (table) =>
      linesOf(schema, table, (values) => `{${values.map((value, index) => names[index] + items[index]!(value)).join(',')}}`),
  }
}

function csv(schema: Schema): RowText {
  const cells = schema.map(({ type }) => cellWriter(type))
  return {
    header: `${schema.map(({ name }) => quoted(name)).join(',')}\n`,
    lines: (table) => linesOf(schema, table, (values) => values.map((value, index) => cells[index]!(value)).join(',')),
  }
}

function linesOf(schema: Schema, table: Table, line: (values: readonly Value[]) => string): string {
  const columns = schema.map(({ name }) => table.columns.get(name) ?? [])
  const lines: string[] = []
  for (let position = 0; position < table.rowCount; position += 1)
    lines.push(`${line(columns.map((column) => column[position] ?? null))}\n`)
  return lines.join('')
}

/** The value as JSON that says the same, whole numbers of any size included. */
export function jsonOf(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Date) return JSON.stringify(value.toISOString())
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(jsonOf).join(',')}]`
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([name, item]) => `${JSON.stringify(name)}:${jsonOf(item)}`)
      .join(',')}}`
  }
  return JSON.stringify(value)
}

/** Writes values of a declared type as JSON: a double shows that it is one, so that a column of 1, 2, 3 is read as what it was. */
function jsonWriter(type: ValueType): (value: Value) => string {
  if (type.kind === 'double') return (value) => (typeof value === 'number' && Number.isFinite(value) ? doubleText(value) : 'null')
  if (type.kind === 'list') {
    const item = jsonWriter(type.element)
    return (value) => (value === null ? 'null' : `[${(value as readonly Value[]).map(item).join(',')}]`)
  }
  if (type.kind === 'group') {
    const fields = type.fields.map((field) => ({ name: field.name, write: jsonWriter(field.type) }))
    return (value) => {
      if (value === null) return 'null'
      const record = value as { readonly [field: string]: Value }
      return `{${fields.map(({ name, write }) => `${JSON.stringify(name)}:${write(record[name] ?? null)}`).join(',')}}`
    }
  }
  return jsonOf
}

function cellWriter(type: ValueType): (value: Value) => string {
  switch (type.kind) {
    case 'string':
      return (value) => (value === null ? '' : quoted(value as string))
    case 'double':
      return (value) => (value === null ? '' : doubleText(value as number))
    case 'timestamp':
      return (value) => (value === null ? '' : (value as Date).toISOString())
    case 'int64':
    case 'boolean':
      return (value) => (value === null ? '' : String(value as number | bigint | boolean))
    case 'json':
    case 'list':
    case 'group': {
      const write = jsonWriter(type)
      return (value) => (value === null ? '' : quoted(write(value)))
    }
  }
}

function doubleText(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** A text as a field: in quotes where it must be, and where it is empty, since nothing is null. */
function quoted(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
