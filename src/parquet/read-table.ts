/** Rows of a parquet file, ours or another's, as a table. */
import { parquetRead, parquetSchema } from 'hyparquet'
import type { ColumnData } from 'hyparquet'

import { ParquetryError } from '../errors.ts'
import { toAsyncBuffer, toByteSource } from './byte-source.ts'
import { compressorsFor } from './compressors.ts'
import { toSchema } from './footer-schema.ts'
import { PARSERS } from './hyparquet-parsers.ts'
import { notParquet, readFileMetadata } from './read-footer.ts'

import type { Schema, Table, Value, ValueType } from '../values.ts'
import type { ByteSource } from './byte-source.ts'

/** What of a file to read. */
export interface ReadOptions {
  /** Names of the columns, in any order. Default: all, in the file's order. */
  readonly columns?: readonly string[]
  /** First row, from 0. Default 0. */
  readonly rowStart?: number
  /** Row after the last; may be beyond the file. Default: all. */
  readonly rowEnd?: number
}

/**
 * Reads rows. Integers become `number` when they are safe and `bigint` otherwise, timestamps `Date` (to the millisecond), JSON is parsed.
 * Throws `DATASET_DAMAGED` for a file that cannot be read, `INTERNAL` for a column that it lacks.
 */
export async function readTable(
  bytesOrSource: Uint8Array | ByteSource,
  options: ReadOptions = {},
): Promise<{ readonly schema: Schema; readonly table: Table }> {
  const source = toByteSource(bytesOrSource)
  const metadata = await readFileMetadata(source)
  const whole = toSchema(parquetSchema(metadata))
  const schema = options.columns === undefined ? whole : options.columns.map((name) => findField(whole, name))
  const rowStart = Math.max(0, options.rowStart ?? 0)
  const rowEnd = Math.min(Number(metadata.num_rows), options.rowEnd ?? Infinity)
  const rowCount = Math.max(0, rowEnd - rowStart)
  const columns = new Map(schema.map(({ name }) => [name, Array.from<Value>({ length: rowCount }).fill(null)]))
  if (rowCount === 0 || schema.length === 0) return { schema, table: { rowCount, columns } }

  const converters = new Map(schema.map(({ name, type }) => [name, createConverter(type)]))
  const filled = new Map<string, number>()
  const takeChunk = ({ columnName, columnData, rowStart: chunkStart, rowEnd: chunkEnd }: ColumnData): void => {
    const [values, convert] = [columns.get(columnName), converters.get(columnName)]
    if (values === undefined || convert === undefined) return
    const [start, end] = [Math.max(rowStart, chunkStart), Math.min(rowEnd, chunkEnd)]
    for (let row = start; row < end; row++) values[row - rowStart] = convert(columnData[row - chunkStart])
    filled.set(columnName, (filled.get(columnName) ?? 0) + Math.max(0, end - start))
  }
  const names = schema.map(({ name }) => name)
  try {
    const compressors = await compressorsFor(metadata)
    const options = { metadata, columns: names, rowStart, rowEnd, onChunk: takeChunk, parsers: PARSERS, ...compressors }
    await parquetRead({ file: toAsyncBuffer(source), ...options })
  } catch (error) {
    throw notParquet(error instanceof Error ? error.message : String(error), error)
  }
  const short = names.find((name) => filled.get(name) !== rowCount)
  if (short !== undefined) throw notParquet(`column ${JSON.stringify(short)} has ${filled.get(short) ?? 0} of ${rowCount} rows`)
  return { schema, table: { rowCount, columns } }
}

function findField(schema: Schema, name: string): Schema[number] {
  const field = schema.find((candidate) => candidate.name === name)
  if (field !== undefined) return field
  const found = schema.map((candidate) => JSON.stringify(candidate.name)).join(', ')
  throw new ParquetryError('INTERNAL', `Expected the column ${JSON.stringify(name)} in a parquet file, found ${found}.`)
}

type Converter = (raw: unknown) => Value

/** Turns hyparquet's value of a type into ours. */
function createConverter(type: ValueType): Converter {
  switch (type.kind) {
    case 'list': {
      const convert = createConverter(type.element)
      return (raw) => (isAbsent(raw) ? null : Array.from(raw as ArrayLike<unknown>, convert))
    }
    case 'group': {
      const fields = type.fields.map((field) => ({ name: field.name, convert: createConverter(field.type) }))
      return (raw) => {
        if (isAbsent(raw)) return null
        const group = raw as Readonly<Record<string, unknown>>
        return Object.fromEntries(fields.map(({ name, convert }) => [name, convert(group[name])]))
      }
    }
    case 'int64':
      return (raw) => (isAbsent(raw) ? null : toInteger(raw as number | bigint))
    case 'double':
      return (raw) => (isAbsent(raw) ? null : Number(raw))
    case 'string':
      return (raw) => (isAbsent(raw) ? null : toText(raw))
    case 'json':
      return toJsonValue
    case 'boolean':
    case 'timestamp':
      return (raw) => (isAbsent(raw) ? null : (raw as boolean | Date))
  }
}

function isAbsent(raw: unknown): raw is null | undefined {
  return raw === null || raw === undefined
}

/** Texts as they are; bytes of another program as hex digits. */
function toText(raw: unknown): string {
  if (typeof raw === 'string') return raw
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('hex') : JSON.stringify(raw)
}

function toInteger(raw: number | bigint): number | bigint {
  const number = Number(raw)
  return Number.isSafeInteger(number) ? number : raw
}

/** Parsed JSON as it is; the maps of other programs with the values JSON can hold. */
function toJsonValue(raw: unknown): Value {
  if (isAbsent(raw)) return null
  if (typeof raw === 'bigint') return toInteger(raw)
  if (raw instanceof Date) return raw.toISOString()
  if (raw instanceof Uint8Array) return Buffer.from(raw).toString('hex')
  if (Array.isArray(raw)) return raw.map(toJsonValue)
  if (typeof raw === 'object') return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, toJsonValue(value)]))
  return raw as string | number | boolean
}
