/** Parquet files, by whichever program, one of their row groups in memory at a time. */
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { parquetSchema } from 'hyparquet'
import { isParquetryError } from '../errors.ts'
import { readFileMetadata } from '../parquet/read-footer.ts'
import { describeSchemaDifference, toSchema } from '../parquet/footer-schema.ts'
import { readTable } from '../parquet/read-table.ts'
import type { ByteSource } from '../parquet/byte-source.ts'
import type { Schema, Value, ValueType } from '../values.ts'
import type { SeedFile, SeedRow } from './source.ts'
import { unreadable, unreadableFile } from './unreadable.ts'

/** What the footers of some files say. */
export interface ParquetFacts {
  readonly schema: Schema
  readonly rowCount: number
}

const BATCH_ROWS = 1_000

/** Reads the footers. Files must agree on their columns. Throws `SEED_DATA_UNREADABLE`. */
export async function readParquetFooters(files: readonly SeedFile[]): Promise<ParquetFacts> {
  let schema: Schema | null = null
  let rowCount = 0
  for (const file of files) {
    const found = await withSource(file, async (source) => {
      const metadata = await readFileMetadata(source)
      return { schema: toSchema(parquetSchema(metadata)), rowCount: Number(metadata.num_rows) }
    })
    const difference = schema === null ? null : describeSchemaDifference(schema, found.schema)
    if (difference !== null) {
      throw unreadable(`expected ${file.path} to have the columns of ${files[0]!.path}: ${difference}`, 'give files of the same columns')
    }
    schema ??= found.schema
    rowCount += found.rowCount
  }
  return { schema: schema ?? [], rowCount }
}

/** The rows in batches. NaN, which no file of ours can hold, is a missing number. */
export async function* readParquet(file: SeedFile, schema: Schema): AsyncGenerator<readonly SeedRow[]> {
  const sizes = await withSource(file, async (source) =>
    (await readFileMetadata(source)).row_groups.map(({ num_rows }) => Number(num_rows)),
  )
  const clean = schema.map(({ type }) => (holdsDouble(type) ? withoutNaN : (value: Value): Value => value))
  let rowStart = 0
  for (const size of sizes) {
    const rowEnd = rowStart + size
    const { table } = await withSource(file, (source) => readTable(source, { rowStart, rowEnd }))
    const columns = schema.map(({ name }) => table.columns.get(name) ?? [])
    for (let start = 0; start < size; start += BATCH_ROWS) {
      const count = Math.min(BATCH_ROWS, size - start)
      yield Array.from({ length: count }, (_, offset) => columns.map((column, index) => clean[index]!(column[start + offset] ?? null)))
    }
    rowStart = rowEnd
  }
}

function holdsDouble(type: ValueType): boolean {
  if (type.kind === 'list') return holdsDouble(type.element)
  return type.kind === 'group' ? type.fields.some((field) => holdsDouble(field.type)) : type.kind === 'double' || type.kind === 'json'
}

function withoutNaN(value: Value): Value {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value
  if (Array.isArray(value)) return value.map(withoutNaN)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutNaN(inner as Value)]))
}

async function withSource<Result>({ path, sizeBytes }: SeedFile, use: (source: ByteSource) => Promise<Result>): Promise<Result> {
  const handle = await open(path).catch((error: unknown) => {
    throw unreadableFile(path, error)
  })
  try {
    return await use({ byteLength: sizeBytes, slice: (start, end) => readRange(handle, start, Math.min(end, sizeBytes)) })
  } catch (error) {
    const reason = isParquetryError(error) ? error.details['reason'] : null
    if (typeof reason !== 'string') throw error
    throw unreadable(`expected ${path} to be a readable parquet file: ${reason}`, 'write the file again', error)
  } finally {
    await handle.close()
  }
}

async function readRange(handle: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, end - start))
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled)
    if (bytesRead === 0) throw new Error('the file became shorter while it was read')
    filled += bytesRead
  }
  return bytes
}
