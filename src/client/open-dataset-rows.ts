/** Reading a dataset's rows from a program. */
import { resolve } from 'node:path'
import { selectColumns } from '../dataset/export-rows.ts'
import { readRows } from '../dataset/read-rows.ts'
import { readStored } from '../dataset/stored-files.ts'
import { openStorage } from '../storage/open.ts'
import type { Value } from '../values.ts'

/** What of the rows to read. */
export interface RowOptions {
  /** Names of the columns, in the order in which rows shall have them; the others are not read. Default: all. */
  readonly columns?: readonly string[]
}

/**
 * All written rows of a dataset, in order, one row group in memory at a time. `location` is the dataset's folder. It begins anew each
 * time it is iterated, with the row groups that are there by then. Throws `DATASET_NOT_FOUND`, `USAGE` for a column it has not.
 */
export function openDatasetRows(location: string, { columns }: RowOptions = {}): AsyncIterable<Readonly<Record<string, Value>>> {
  return {
    async *[Symbol.asyncIterator]() {
      const storage = openStorage(resolve(location))
      if (columns !== undefined) selectColumns((await readStored(storage)).schema, columns)
      yield* readRows(storage, columns)
    },
  }
}
