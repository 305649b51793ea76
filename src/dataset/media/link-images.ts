/**
 * Pictures of rows that are committed.
 *
 * M1  Every picture that a committed row names stands under its name before the row does: all are linked, durably, before the commit.
 * M2  What an attempt links it says first, in a list of its own beside the journal; so that whoever finds the row group committed knows
 *     which pictures the others linked, and removes those that the winner has not.
 * M3  Nothing of an open row group is removed, and of earlier generations neither.
 */
import type { CompiledDataset } from '../../config/compiled.ts'
import type { OpenDataset } from '../open-dataset.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'
import type { Attempt } from '../ports.ts'
import type { Receipt } from '../receipt.ts'
import { tryReadJson } from '../stored-files.ts'
import type { MadeRow } from '../row-group/run-rows.ts'
import { parseImagePath } from './image-names.ts'

/** Links made at once: each waits for the disk. */
const LINKS_AT_ONCE = 8

/** What linking takes. */
export interface LinkOptions {
  readonly dataset: Pick<OpenDataset, 'storage' | 'compiled'>
  readonly rowGroupId: number
  /** Of the receipt that is about to be written. */
  readonly generation: number
  readonly attempt: Attempt
  readonly rows: readonly MadeRow[]
}

/** Puts the pictures of finished rows under their names (M1). Throws `STORAGE_FAILED`, `DISK_FULL`. */
export async function linkImages({ dataset, rowGroupId, generation, attempt, rows }: LinkOptions): Promise<void> {
  const { storage, compiled } = dataset
  const columns = namingColumns(compiled)
  if (columns.length === 0) return
  const paths = rows.flatMap(({ values }) => columns.flatMap((column) => pathsIn(values[column])))
  if (paths.length === 0) return
  await storage.writeAtomic(keys.imageLinks(rowGroupId, generation, attempt), JSON.stringify({ paths }))
  await mapBounded(paths, LINKS_AT_ONCE, async (path) => {
    const content = parseImagePath(path)?.content ?? ''
    await storage.link(`${keys.keptImages(rowGroupId)}/${content}`, path)
  })
}

/** Image columns whose paths stand in some file: not those that are dropped and not kept, unless others may have taken their paths over. */
function namingColumns({ columns, schema, droppedSchema, processors, inputs }: CompiledDataset): readonly string[] {
  const images = columns.filter(({ column_type: type }) => type === 'image').map(({ name }) => name)
  if (images.length === 0) return images
  const kept = new Set([...schema, ...droppedSchema].map(({ name }) => name))
  const readers = columns.filter(({ column_type: type }) => type === 'expression').flatMap(({ name }) => inputs[name] ?? [])
  const hasTransform = processors.some(({ processor_type: type }) => type === 'schema_transform')
  return images.filter((name) => kept.has(name) || hasTransform || readers.includes(name))
}

/** The pictures that a cell names. */
export function pathsIn(cell: unknown): readonly string[] {
  return Array.isArray(cell) ? cell.filter((path): path is string => typeof path === 'string') : []
}

/** Removes what attempts other than the receipt's linked for its generation (M2, M3). Safe to repeat. */
export async function settleImages(storage: Storage, receipt: Receipt): Promise<void> {
  const { rowGroup, generation, writtenBy } = receipt
  const lists = await listsOf(storage, rowGroup.id, generation)
  if (lists.length === 0) return
  const own = keys.imageLinks(rowGroup.id, generation, writtenBy)
  // Without the winner's list the others cannot be told from it; the winner itself has tidied up then.
  if (!lists.includes(own)) return
  const wanted = new Set(await readList(storage, own))
  for (const list of lists) {
    if (list === own) continue
    for (const path of await readList(storage, list)) if (!wanted.has(path)) await storage.remove(path)
    await storage.remove(list)
  }
}

/** Removes the pictures that lie beside the journal, once nobody will read them again. */
export async function removeKeptImages(storage: Storage, rowGroupId: number): Promise<void> {
  await storage.remove(keys.keptImages(rowGroupId))
}

/** Removes all that was linked for a row group that was never committed and of which no journal is left. */
export async function removeLinkedImages(storage: Storage, rowGroupId: number): Promise<void> {
  for (const list of await listsOf(storage, rowGroupId, 0)) for (const path of await readList(storage, list)) await storage.remove(path)
}

async function listsOf(storage: Storage, rowGroupId: number, generation: number): Promise<readonly string[]> {
  const folder = keys.keptImages(rowGroupId)
  const names = await storage.list(folder)
  return names.filter((name) => name.startsWith(`links.${generation}.`)).map((name) => `${folder}/${name}`)
}

/** Only paths of pictures: the list lies in a folder that others may write to. */
async function readList(storage: Storage, key: string): Promise<readonly string[]> {
  const value = await tryReadJson(storage, key)
  const paths: unknown = typeof value === 'object' && 'paths' in value ? value.paths : []
  return pathsIn(paths).filter((path) => parseImagePath(path) !== null)
}
