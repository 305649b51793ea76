/**
 * Which files of a dataset's folder are the dataset, for people who shall have it, and where they lie then: rows below `data/`, images
 * below `images/`, each processor's output in a folder of its own, and the two files that say how it was made, as DataDesigner lays them
 * out on a hub.
 *
 * Only what is named here goes: no journals, claims, requests, seed data, quarantine or staged files; not `parquetry.json`, which holds
 * endpoints and limits that nobody needs to read the rows; and no dropped columns, which somebody did not want to be there.
 */
import type { Storage } from '../../storage/storage.ts'
import type { ByteSource } from '../../parquet/byte-source.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'
import type { Metadata } from '../metadata.ts'
import { openTables, rowGroupKeys } from '../processors/dataset-tables.ts'
import { sourceOf } from '../source-of.ts'

/** A file as others shall have it. */
export interface PublishedFile {
  /** `/`-separated. */
  readonly path: string
  readonly source: ByteSource
}

/** Rows that a reader may ask for by name. */
export interface PublishedSubset {
  readonly name: string
  /** Split → pattern of its files. */
  readonly splits: Readonly<Record<string, string>>
}

/** Everything that is published, the card apart. */
export interface PublishedDataset {
  readonly files: readonly PublishedFile[]
  /** The rows themselves first. */
  readonly subsets: readonly PublishedSubset[]
  /** Folders that hold nothing else. */
  readonly folders: readonly string[]
  readonly rowGroups: number
  /** In the row groups that are there. */
  readonly rows: number
}

const DATA_FOLDER = 'data'
const IMAGES_FOLDER = 'images'
const LOOKS_AT_ONCE = 32
/** Files that a hub takes in one folder. */
const FILES_IN_FOLDER = 10_000
/** Names of folders and subsets that mean something else, in lower case. */
const RESERVED = new Set([DATA_FOLDER, IMAGES_FOLDER, 'default', 'readme.md', keys.builderConfig, keys.metadata])

/** Finds the files; their contents are read when they are sent. Folders of more than `filesInFolder` files get folders within them. */
export async function publishedFiles(
  storage: Storage,
  metadata: Metadata,
  filesInFolder: number = FILES_IN_FOLDER,
): Promise<PublishedDataset> {
  const moves = new Map<string, string>()
  const rowGroups = await rowGroupKeys(storage, metadata.parquetry.segments)
  const placeOf = (folder: string, files: readonly string[]): ((file: string, index: number) => string) =>
    files.length <= filesInFolder
      ? (file) => `${folder}/${file}`
      : (file, index) => `${folder}/${String(Math.floor(index / filesInFolder)).padStart(3, '0')}/${file}`
  const placeRows = placeOf(DATA_FOLDER, rowGroups)
  for (const [index, key] of rowGroups.entries()) moves.set(key, placeRows(key.slice(keys.rowGroupsFolder.length + 1), index))
  const { rows } = await openTables(storage, async () => rowGroups).size()
  const subsets: PublishedSubset[] = [{ name: DATA_FOLDER, splits: { train: patternOf(DATA_FOLDER, rowGroups.length > filesInFolder) } }]
  const folders = [DATA_FOLDER]
  for (const [name, folder] of await processorFolders(storage)) {
    const files = await filesBelow(storage, keys.processorFolder(name))
    if (files.length === 0) continue
    const place = placeOf(folder, files)
    for (const [index, file] of files.entries()) moves.set(`${keys.processorFolder(name)}/${file}`, place(file, index))
    const splits = splitsOf(folder, files, files.length > filesInFolder)
    if (splits !== null) subsets.push({ name: folder, splits })
    folders.push(folder)
  }
  const images = await filesBelow(storage, IMAGES_FOLDER)
  if (images.length > 0) folders.push(IMAGES_FOLDER)
  for (const file of images) moves.set(`${IMAGES_FOLDER}/${file}`, `${IMAGES_FOLDER}/${file}`)
  moves.set(keys.builderConfig, keys.builderConfig)
  const found = await mapBounded([...moves], LOOKS_AT_ONCE, async ([key, path]) => ({ path, source: await sourceOf(storage, key) }))
  const files = found.flatMap(({ path, source }) => (source === null ? [] : [{ path, source }]))
  files.push({ path: keys.metadata, source: sourceOfText(`${JSON.stringify(publishedMetadata(metadata, moves), null, 2)}\n`) })
  return { files, subsets, folders, rowGroups: rowGroups.length, rows }
}

/** A text as a file. */
export function sourceOfText(text: string): ByteSource {
  const bytes = new TextEncoder().encode(text)
  return { byteLength: bytes.byteLength, slice: (start, end) => bytes.subarray(start, end) }
}

/** Processor → its folder. A name that would lead elsewhere, or that patterns would read otherwise, becomes another. */
async function processorFolders(storage: Storage): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>()
  const taken = new Set(RESERVED)
  for (const entry of await storage.list(keys.processorsFolder)) {
    const name = entry.replace(/\/$/u, '')
    if (entry === name || name.startsWith('.')) continue
    const plain = name.replaceAll(/[^\p{L}\p{N}._-]/gu, '_')
    let folder = plain
    for (let number = 1; taken.has(folder.toLowerCase()); number += 1) folder = `processor-${number === 1 ? '' : `${number}-`}${plain}`
    taken.add(folder.toLowerCase())
    folders.set(name, folder)
  }
  return folders
}

/** Files below a folder, at any depth, except those whose name, or a folder's, begins with a dot. */
async function filesBelow(storage: Storage, folder: string): Promise<readonly string[]> {
  const files: string[] = []
  for (const entry of await storage.list(folder)) {
    if (entry.startsWith('.')) continue
    if (!entry.endsWith('/')) files.push(entry)
    else files.push(...(await filesBelow(storage, `${folder}/${entry.slice(0, -1)}`)).map((inner) => `${entry}${inner}`))
  }
  return files
}

/** Files of rows: numbered parts are one split, files with names of their own are one each. Null where there is nothing to load. */
function splitsOf(folder: string, files: readonly string[], isSpread: boolean): Readonly<Record<string, string>> | null {
  const names = files.filter((file) => /^[\w.-]+\.parquet$/u.test(file)).map((file) => file.slice(0, -'.parquet'.length))
  if (names.length === 0) return null
  // Readers take letters, digits, underscores and dots for the name of a split.
  const isSplit = names.length > 1 && names.every((name) => /^\w+$/u.test(name) && !/^batch_\d+$/u.test(name))
  if (!isSplit || isSpread) return { train: patternOf(folder, isSpread) }
  const order = ['train', 'validation', 'test']
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length)
  return Object.fromEntries(names.toSorted((a, b) => rank(a) - rank(b)).map((name) => [name, `${folder}/${name}.parquet`]))
}

function patternOf(folder: string, isSpread: boolean): string {
  return isSpread ? `${folder}/*/*.parquet` : `${folder}/*.parquet`
}

/** The checkpoint with the paths that the files have then, and without what they cost: that is nobody's concern who reads the rows. */
function publishedMetadata(metadata: Metadata, moves: ReadonlyMap<string, string>): object {
  const { file_paths: paths, parquetry } = metadata
  const { totals } = parquetry
  const free = { ...metadata, parquetry: { ...parquetry, currency: null, totals: { ...totals, usage: { ...totals.usage, cost: 0 } } } }
  if (paths === undefined) return free
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved)
    if (typeof value === 'string') return moves.get(value) ?? value
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, moved(inner)]))
  }
  const { [keys.rowGroupsFolder]: rows, ...others } = paths
  return { ...free, file_paths: { [DATA_FOLDER]: moved(rows), ...(moved(others) as object) } }
}
