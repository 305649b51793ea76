/** Rows as processors and exports read them: table by table, from row groups or from what an earlier processor left. */
import type { PlanSegment } from '../../contract.ts'
import { readFooter } from '../../parquet/read-footer.ts'
import { readTable } from '../../parquet/read-table.ts'
import { rowGroupCount, rowGroupsOf } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Table } from '../../values.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'
import type { DatasetTables } from '../ports.ts'
import { sourceOf } from '../source-of.ts'

/** Footers read at once, as a scan does. */
const READS_AT_ONCE = 32

/** What reading takes. */
export interface TablesOptions {
  /** Aborted when reading shall end. */
  readonly signal?: AbortSignal
  /** Called after every table; cheap. */
  readonly onTable?: () => void
}

/** Keys of the row groups of a plan that are there, in order. */
export async function rowGroupKeys(storage: Storage, segments: readonly PlanSegment[]): Promise<readonly string[]> {
  const present = new Set((await storage.list(keys.rowGroupsFolder)).map((name) => `${keys.rowGroupsFolder}/${name}`))
  return [...rowGroupsOf(segments, 0, rowGroupCount(segments))].map(({ id }) => keys.rowGroup(id)).filter((key) => present.has(key))
}

/** Keys of the rows that a processor of the config left, in order. */
export async function outputKeys(storage: Storage, processor: string): Promise<readonly string[]> {
  const folder = keys.processorFolder(processor)
  return (await storage.list(folder)).filter((name) => /^part-\d+\.parquet$/.test(name)).map((name) => `${folder}/${name}`)
}

/** Name of the n-th file of rows that a processor leaves for later ones. */
export function partName(index: number): string {
  return `part-${String(index).padStart(5, '0')}.parquet`
}

/** The tables of files, in order, one in memory at a time; between two, heartbeats get their turn. */
export function openTables(storage: Storage, files: () => Promise<readonly string[]>, options: TablesOptions = {}): DatasetTables {
  async function* read(columns?: readonly string[]): AsyncGenerator<Table> {
    for (const key of await files()) {
      const source = await sourceOf(storage, key)
      if (source === null) continue
      // A few columns are read in ranges, a whole file at once.
      const bytes = columns === undefined ? await storage.read(key) : source
      const { table } = await readTable(bytes ?? source, columns === undefined ? {} : { columns })
      await new Promise<void>((resolve) => setImmediate(resolve))
      options.signal?.throwIfAborted()
      options.onTable?.()
      yield table
    }
  }
  return {
    [Symbol.asyncIterator]: () => read(),
    select: (columns) => ({ [Symbol.asyncIterator]: () => read(columns) }),
    async size() {
      const sizes = await mapBounded(await files(), READS_AT_ONCE, async (key) => {
        const source = await sourceOf(storage, key)
        return source === null ? null : { rows: (await readFooter(source)).rowCount, bytes: source.byteLength }
      })
      return {
        rows: sizes.reduce((sum, size) => sum + (size?.rows ?? 0), 0),
        bytes: sizes.reduce((sum, size) => sum + (size?.bytes ?? 0), 0),
      }
    },
  }
}
