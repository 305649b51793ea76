/** Folders as seed data: one row a file, with or without its text. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Schema } from '../values.ts'
import { decodeText, encodingNamed } from './encodings.ts'
import { byCodePoint, firstThere, statFile } from './find-files.ts'
import { shellPattern } from './shell-pattern.ts'
import type { SeedFile, SeedPlace, SeedRow, SeedSource } from './source.ts'
import { unreadable, unreadableFile } from './unreadable.ts'

/** A source that is a folder. */
export type DirectorySource = Extract<SeedSource, { seed_type: 'directory' | 'file_contents' }>

/** A folder with the files that match. */
export interface FoundDirectory {
  readonly root: string
  /** Below the root, with `/`; sorted. */
  readonly relativePaths: readonly string[]
}

const STRING = { kind: 'string' } as const

/** The columns of such a source, as DataDesigner names them. */
export function directorySchema({ seed_type: type }: DirectorySource): Schema {
  const names = ['source_kind', 'source_path', 'relative_path', 'file_name', ...(type === 'file_contents' ? ['content'] : [])]
  return names.map((name) => ({ name, type: STRING }))
}

/** Lists the files whose name matches. Throws `SEED_DATA_UNREADABLE` when there are none. */
export async function findDirectoryFiles(source: DirectorySource, place: SeedPlace): Promise<FoundDirectory> {
  const root = await firstThere(source.path, place)
  const entries = await readdir(root, { withFileTypes: true, recursive: source.recursive }).catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw unreadable(`expected a folder at ${root}, found ${code === 'ENOENT' ? 'none' : code}`, 'check the path', error)
  })
  const pattern = shellPattern(source.file_pattern)
  const files = entries.filter((entry) => entry.isFile() && pattern?.test(entry.name) === true)
  const relativePaths = files
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/').replace(/^\/+/, ''))
    .toSorted(byCodePoint)
  if (relativePaths.length === 0) {
    const where = source.recursive ? 'in the folder' : 'directly in the folder'
    throw unreadable(`expected files named ${source.file_pattern} ${where} ${root}, found none`, 'check path and file_pattern')
  }
  return { root, relativePaths }
}

/** The files with size and time, where their text is read. */
export async function statDirectoryFiles({ root, relativePaths }: FoundDirectory): Promise<readonly SeedFile[]> {
  const files: SeedFile[] = []
  for (const path of relativePaths) files.push(await statFile(join(root, path)))
  return files
}

/** One row a file, one at a time. Line ends become \n, as Python reads texts. Throws `SEED_DATA_UNREADABLE`. */
export async function* readDirectory(source: DirectorySource, { root, relativePaths }: FoundDirectory): AsyncGenerator<readonly SeedRow[]> {
  const kind = source.seed_type === 'directory' ? 'directory_file' : 'file_contents'
  for (const relativePath of relativePaths) {
    const path = join(root, relativePath)
    const facts = [kind, path, relativePath, relativePath.slice(relativePath.lastIndexOf('/') + 1)]
    yield [source.seed_type === 'directory' ? facts : [...facts, await readContent(path, source.encoding)]]
  }
}

async function readContent(path: string, encoding: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unreadableFile(path, error)
  })
  const text = decodeText(bytes, encodingNamed(encoding) ?? 'utf-8')
  if (text !== null) return text.replaceAll(/\r\n?/g, '\n')
  throw unreadable(
    `expected ${path} to be text in ${encoding}, found bytes that are not`,
    'give the encoding of the files, or another file_pattern',
  )
}
