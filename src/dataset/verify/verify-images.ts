/** The pictures that committed rows name: each is there, and is what its name says, which holds the beginning of its SHA-256. Reads only. */
import { readTable } from '../../parquet/read-table.ts'
import { hashRange } from '../../parquet/verify-bytes.ts'
import type { CompiledDataset } from '../../config/compiled.ts'
import type { RowGroup } from '../../contract.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'
import { imageFolderOf, parseImagePath } from '../media/image-names.ts'
import { pathsIn } from '../media/link-images.ts'
import { sourceOf } from '../source-of.ts'

/** A column whose cells name pictures, and the folder of the files it stands in. */
export interface ImageColumnPlace {
  readonly column: string
  /** Folder of its files in the row groups: the main ones, or those of dropped columns. */
  readonly folder: string
}

/** Image columns whose cells are kept. */
export function imageColumnsOf({ columns, schema, droppedSchema }: CompiledDataset): readonly ImageColumnPlace[] {
  return columns.flatMap(({ name: column, column_type: type }): readonly ImageColumnPlace[] => {
    if (type !== 'image') return []
    if (schema.some(({ name }) => name === column)) return [{ column, folder: keys.rowGroupsFolder }]
    return droppedSchema.some(({ name }) => name === column) ? [{ column, folder: keys.droppedColumnsFolder }] : []
  })
}

/** What looking at the pictures of one row group found. */
export interface FoundImages {
  readonly problems: readonly { readonly key: string; readonly message: string }[]
  readonly bytes: number
  /** Column → pictures named. */
  readonly named: ReadonlyMap<string, number>
}

/** Pictures read at once. */
const IMAGES_AT_ONCE = 4

/** Looks at all pictures of a sound row group. A file of dropped columns that is gone is a problem of its own, and says nothing here. */
export async function verifyImages(storage: Storage, rowGroup: RowGroup, places: readonly ImageColumnPlace[]): Promise<FoundImages> {
  const problems: { key: string; message: string }[] = []
  const named = new Map<string, number>()
  let bytes = 0
  for (const { column, folder } of places) {
    const source = await sourceOf(storage, keys.sidecar(folder, rowGroup.id))
    if (source === null) continue
    const { table } = await readTable(source, { columns: [column] })
    const paths = (table.columns.get(column) ?? []).flatMap(pathsIn)
    named.set(column, paths.length)
    await mapBounded(paths, IMAGES_AT_ONCE, async (path) => {
      const content = parseImagePath(path)?.content
      const image = content === undefined ? null : await sourceOf(storage, path)
      if (content === undefined || image === null) {
        problems.push({
          key: path,
          message: content === undefined ? 'it is no name of a picture' : 'it is not there, though a row names it',
        })
        return
      }
      bytes += image.byteLength
      const found = await hashRange(image)
      if (!found.startsWith(content.slice(0, 32))) {
        problems.push({ key: path, message: `expected a picture whose SHA-256 begins as its name says, found ${found.slice(0, 32)}` })
      }
    })
  }
  return { problems, bytes, named }
}

/** Notes of pictures that no row names. Meaningful only when all row groups are sound. */
export async function noteUnnamedImages(storage: Storage, named: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const notes: string[] = []
  for (const [column, wanted] of named) {
    const folder = `${keys.imagesFolder}/${imageFolderOf(column)}`
    const found = (await storage.list(folder)).length
    const unnamed = found - wanted
    if (unnamed > 0) notes.push(`${folder}: ${unnamed} ${unnamed === 1 ? 'picture' : 'pictures'} that no row names`)
  }
  return notes
}
