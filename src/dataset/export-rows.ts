/** All written rows of a dataset as one file, part by part; also while rows are still missing, which is then said. */
import { suggest } from '../config/suggest.ts'
import { ParquetryError } from '../errors.ts'
import { rowCount, rowGroupCount, rowGroupsOf } from '../plan/row-groups.ts'
import type { Storage } from '../storage/storage.ts'
import type { Schema } from '../values.ts'
import { fileOf, gather } from './processors/builtin/files.ts'
import type { ExportFormat } from './processors/builtin/files.ts'
import { openTables, rowGroupKeys } from './processors/dataset-tables.ts'
import { keys } from './layout.ts'
import { requireMetadata } from './read-rows.ts'
import { readStored } from './stored-files.ts'

/** What to export. */
export interface ExportRequest {
  readonly format: ExportFormat
  /** Columns of the file, in this order. Default: all, in the order of the config. */
  readonly columns?: readonly string[]
  /** Called after every row group that was read; cheap. */
  readonly onProgress?: (rowGroupsRead: number, rowGroups: number) => void
}

/** An export that has begun: which rows it has is settled. */
export interface RowExport {
  readonly name: string
  readonly rowsWanted: number
  /** Rows in the file. */
  readonly rows: number
  /** Rows of row groups that are not committed; what is left of `rowsWanted` was dropped. */
  readonly rowsMissing: number
  readonly rowGroups: number
  readonly rowGroupsMissing: number
  /** The bytes of the file; to be iterated once. */
  readonly parts: AsyncIterable<Uint8Array>
}

/** Opens an export. Throws `DATASET_NOT_FOUND`, `DATASET_DAMAGED`, and `USAGE` for a column that the dataset has not. */
export async function openExport(storage: Storage, { format, columns, onProgress }: ExportRequest): Promise<RowExport> {
  const { dataset_name: name, parquetry } = await requireMetadata(storage)
  const schema = selectColumns((await readStored(storage)).schema, columns)
  const { segments } = parquetry
  const files = await rowGroupKeys(storage, segments)
  const present = new Set(files)
  const missing = [...rowGroupsOf(segments, 0, rowGroupCount(segments))].filter(({ id }) => !present.has(keys.rowGroup(id)))
  let read = 0
  const tables = openTables(storage, async () => files, { onTable: () => onProgress?.((read += 1), files.length) })
  return {
    name,
    rowsWanted: rowCount(segments),
    rows: (await tables.size()).rows,
    rowsMissing: missing.reduce((sum, { start, end }) => sum + end - start, 0),
    rowGroups: files.length + missing.length,
    rowGroupsMissing: missing.length,
    parts: fileOf(format, schema, gather(schema, tables.select(schema.map((field) => field.name)))),
  }
}

/** The columns of a dataset in the order of `columns`. Throws `USAGE`. */
export function selectColumns(schema: Schema, columns: readonly string[] | undefined): Schema {
  if (columns === undefined) return schema
  const names = schema.map(({ name }) => name)
  const wrong = columns.find((column, index) => !names.includes(column) || columns.indexOf(column) < index)
  if (wrong !== undefined) {
    const found = names.includes(wrong) ? `${JSON.stringify(wrong)} twice` : `${JSON.stringify(wrong)}.${suggest(wrong, names)}`
    throw new ParquetryError('USAGE', `expected columns of the dataset, found ${found}`, { wayOut: `its columns: ${names.join(', ')}` })
  }
  return columns.map((column) => schema.find(({ name }) => name === column)!)
}
