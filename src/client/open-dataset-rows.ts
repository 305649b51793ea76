/** Reading a dataset's rows from a program. */
import { resolve } from 'node:path'
import { readRows } from '../dataset/read-rows.ts'
import { openStorage } from '../storage/open.ts'
import type { Value } from '../values.ts'

/**
 * All written rows of a dataset, in order, one row group in memory at a time. `location` is the dataset's folder.
 * Throws `DATASET_NOT_FOUND`.
 */
export function openDatasetRows(location: string): AsyncIterable<Readonly<Record<string, Value>>> {
  return readRows(openStorage(resolve(location)))
}
