/** Reading a dataset back, row group by row group. */
import { ParquetryError } from '../errors.ts'
import { readTable } from '../parquet/read-table.ts'
import { rowCount, rowGroupOfRow } from '../plan/row-groups.ts'
import type { Storage } from '../storage/storage.ts'
import type { Table, Value } from '../values.ts'
import { openTables, rowGroupKeys } from './processors/dataset-tables.ts'
import { keys } from './layout.ts'
import { readMetadata } from './metadata.ts'
import type { Metadata } from './metadata.ts'
import { readReceipt } from './read-receipt.ts'
import type { DroppedRow, Receipt } from './receipt.ts'
import { sourceOf } from './source-of.ts'

/** A record by its fixed index: the row, or why there is none. Row groups of DataDesigner have no receipt. */
export type FoundRow =
  | { readonly kind: 'written'; readonly row: number; readonly values: Readonly<Record<string, Value>>; readonly receipt: Receipt | null }
  /** In a row group of DataDesigner that lacks rows: which ones nobody recorded. */
  | { readonly kind: 'unknown'; readonly row: number; readonly rowsWritten: number; readonly rowsDropped: number }
  | { readonly kind: 'dropped'; readonly row: number; readonly drop: DroppedRow }
  | { readonly kind: 'missing'; readonly row: number }

/** The checkpoint of a dataset of ours. Throws `DATASET_NOT_FOUND`. */
export async function requireMetadata(storage: Storage): Promise<Metadata> {
  const metadata = await readMetadata(storage)
  if (metadata.kind === 'ours') return metadata.value
  throw new ParquetryError(
    'DATASET_NOT_FOUND',
    `expected a dataset of Parquetry in ${storage.describe()}, found its metadata.json ${metadata.kind}`,
    {
      wayOut: 'give the folder of a dataset, e.g. artifacts/product-reviews',
    },
  )
}

/** One record. Throws `USAGE` when the index lies outside the dataset. */
export async function readRow(storage: Storage, row: number): Promise<FoundRow> {
  const { segments, adopted } = (await requireMetadata(storage)).parquetry
  const total = rowCount(segments)
  if (!Number.isSafeInteger(row) || row < 0 || row >= total) {
    throw new ParquetryError('USAGE', `expected a row from 0 to ${total - 1}, found ${row}`)
  }
  const rowGroup = rowGroupOfRow(segments, row)
  const key = keys.rowGroup(rowGroup.id)
  const reading = await readReceipt(storage, key)
  if (reading.kind === 'absent') return { kind: 'missing', row }
  if (reading.kind === 'plain' && adopted === true) {
    const rowsDropped = rowGroup.end - rowGroup.start - reading.rowCount
    if (rowsDropped > 0) return { kind: 'unknown', row, rowsWritten: reading.rowCount, rowsDropped }
    return { kind: 'written', row, values: await readValues(storage, key, row - rowGroup.start), receipt: null }
  }
  if (reading.kind !== 'receipt') {
    const found = reading.kind === 'damaged' ? reading.reason : 'a file without a receipt'
    throw new ParquetryError('DATASET_DAMAGED', `expected ${key} to be a row group of this dataset, found ${found}`, {
      wayOut: 'start again with --resume always: the row group is made anew',
    })
  }
  const { receipt } = reading
  const drop = receipt.dropped.find((dropped) => dropped.row === row)
  if (drop !== undefined) return { kind: 'dropped', row, drop }
  const position = row - receipt.rowGroup.start - receipt.dropped.filter((dropped) => dropped.row < row).length
  return { kind: 'written', row, values: await readValues(storage, key, position), receipt }
}

/** The values of the row at a position in a file. */
async function readValues(storage: Storage, key: string, position: number): Promise<Readonly<Record<string, Value>>> {
  const { table } = await readTable((await sourceOf(storage, key)) ?? new Uint8Array(), { rowStart: position, rowEnd: position + 1 })
  return Object.fromEntries([...table.columns].map(([name, column]) => [name, column[0] ?? null]))
}

/** The tables of all committed row groups, in order, one in memory at a time; of `columns` only, which must be there. Default all. */
export async function* readTables(storage: Storage, columns?: readonly string[]): AsyncGenerator<Table> {
  const { segments } = (await requireMetadata(storage)).parquetry
  const tables = openTables(storage, () => rowGroupKeys(storage, segments))
  yield* columns === undefined ? tables : tables.select(columns)
}

/** All written rows, in order; of `columns` only. Default all. */
export async function* readRows(storage: Storage, columns?: readonly string[]): AsyncGenerator<Readonly<Record<string, Value>>> {
  for await (const table of readTables(storage, columns)) {
    for (let position = 0; position < table.rowCount; position += 1) {
      yield Object.fromEntries([...table.columns].map(([name, column]) => [name, column[position] ?? null]))
    }
  }
}
