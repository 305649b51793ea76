/** Rows as the bytes of files, part by part, whatever the format. */
import { encodeTable, encodeTables } from '../../../parquet/encode-table.ts'
import { createRowText, createTableBuilder } from '../../../processors/index.ts'
import type { Schema, Table } from '../../../values.ts'
import { partName } from '../dataset-tables.ts'
import type { ProcessorOutput } from '../../ports.ts'

/** Formats of files of rows. */
export const EXPORT_FORMATS = ['jsonl', 'csv', 'parquet'] as const

/** Format of a file of rows; its extension too. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** Rows of one file that later processors read, and of one parquet row group, at most … */
const TABLE_ROWS = 10_000
/** … and bytes in memory, roughly. */
const TABLE_BYTES = 16 * 1024 * 1024

/** Rows after which the event loop gets a turn, however large a table is: without heartbeats an attempt counts as dead. */
export const TURN_ROWS = 1_000

/** True for a row that shall be in the output, by its position among all rows. */
export type RowFilter = (position: number) => boolean

/** Tables of a bounded size, whatever the tables given; rows that the filter refuses are left out. */
export async function* gather(schema: Schema, tables: AsyncIterable<Table>, isWanted: RowFilter = () => true): AsyncGenerator<Table> {
  const builder = createTableBuilder(schema)
  let first = 0
  for await (const table of tables) {
    for (let position = 0; position < table.rowCount; position += 1) {
      if (position % TURN_ROWS === TURN_ROWS - 1) await giveWay()
      if (!isWanted(first + position)) continue
      builder.add(table, position)
      if (builder.rowCount >= TABLE_ROWS || builder.sizeBytes >= TABLE_BYTES) yield builder.take()
    }
    first += table.rowCount
  }
  if (builder.rowCount > 0) yield builder.take()
}

/** The tables as one file. */
export function fileOf(format: ExportFormat, schema: Schema, tables: AsyncIterable<Table>): AsyncIterable<Uint8Array> {
  return format === 'parquet' ? encodeTables(schema, tables, { pause: giveWay }) : textFile(format, schema, tables)
}

/** The tables as one file each, which later processors can read; without rows, one file that has the columns. */
export async function* partsOf(schema: Schema, tables: AsyncIterable<Table>): AsyncGenerator<ProcessorOutput> {
  let index = 0
  for await (const table of tables) {
    yield { name: partName(index), bytes: await encodeTable(schema, table, null, { pause: giveWay }) }
    index += 1
  }
  if (index === 0) yield { name: partName(0), bytes: await encodeTable(schema, createTableBuilder(schema).take()) }
}

async function* textFile(format: 'jsonl' | 'csv', schema: Schema, tables: AsyncIterable<Table>): AsyncGenerator<Uint8Array> {
  const text = createRowText(format, schema)
  const encoder = new TextEncoder()
  if (text.header !== '') yield encoder.encode(text.header)
  for await (const table of tables) {
    yield encoder.encode(text.lines(table))
    await giveWay()
  }
}

/** Lets everything that waits for the event loop go first. */
export async function giveWay(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}
