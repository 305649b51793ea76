/** Statistics of every column, from the files, one row group in memory at a time; they go into `metadata.json`. */
import { readMetadata, writeMetadata } from './metadata.ts'
import type { OpenDataset } from './open-dataset.ts'
import { createProfiler } from './profile/profiler.ts'
import { readTables } from './read-rows.ts'

/** Profiles the committed row groups and records the result. */
export async function profileDataset({ storage, compiled }: OpenDataset): Promise<void> {
  const columns = new Map(compiled.columns.map((column) => [column.name, column]))
  const profiler = createProfiler(
    compiled.schema.map(({ name, type }) => {
      const column = columns.get(name)
      return {
        name,
        columnType: column?.column_type ?? 'side-effect',
        valueType: type,
        ...(column?.column_type === 'sampler' ? { samplerType: column.sampler_type } : {}),
      }
    }),
  )
  for await (const table of readTables(storage)) {
    profiler.add(table)
    // A row group is some milliseconds of work; heartbeats and sockets get their turn between two.
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  const metadata = await readMetadata(storage)
  if (metadata.kind === 'ours') await writeMetadata(storage, { ...metadata.value, column_statistics: profiler.result() })
}
