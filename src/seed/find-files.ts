/** From a path in a config to files on disk: a file, a pattern, or a folder. Always in the same order. */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve, sep } from 'node:path'
import { shellPattern } from './shell-pattern.ts'
import type { SeedFile, SeedPlace } from './source.ts'
import { unreadable, unreadableFile } from './unreadable.ts'

/** Formats of seed files, by extension. */
export const FORMATS = ['parquet', 'csv', 'json', 'jsonl'] as const
/** The format of a seed file. */
export type SeedFormat = (typeof FORMATS)[number]

/** Files of one format. */
export interface FoundFiles {
  readonly format: SeedFormat
  readonly files: readonly SeedFile[]
}

/** Finds the files of a `local` source. Throws `SEED_DATA_UNREADABLE`. */
export async function findSeedFiles(path: string, place: SeedPlace): Promise<FoundFiles> {
  const absolute = await firstThere(path, place)
  const paths = absolute.includes('*') ? await expandPattern(absolute) : await fileOrFolder(absolute)
  if (paths.length === 0) {
    const where = absolute.includes('*') ? `that match ${absolute}` : `in the folder ${absolute}`
    throw unreadable(`expected files of seed data (${FORMATS.join(', ')}) ${where}, found none`, 'check the path')
  }
  const format = oneFormat(paths, absolute)
  return { format, files: await Promise.all(paths.map(statFile)) }
}

/** The format of all these files. Throws `SEED_DATA_UNREADABLE` when there are several. */
export function oneFormat(paths: readonly string[], place: string): SeedFormat {
  const formats = [...new Set(paths.flatMap((file) => formatOf(file) ?? []))]
  const [format] = formats
  if (format !== undefined && formats.length === 1) return format
  throw unreadable(`expected files of one format at ${place}, found ${formats.join(' and ')}`, `name one of them, as in *.${format}`)
}

/** A file with its size and time. Throws `SEED_DATA_UNREADABLE`. */
export async function statFile(path: string): Promise<SeedFile> {
  try {
    const { size, mtimeMs } = await stat(path)
    return { path, sizeBytes: size, modifiedMs: mtimeMs }
  } catch (error) {
    throw unreadableFile(path, error)
  }
}

/** The path made absolute, from the first of the folders in which it leads somewhere. */
export async function firstThere(path: string, { folders, homeFolder }: SeedPlace): Promise<string> {
  const expanded = /^~(?=[/\\]|$)/.test(path) ? join(homeFolder, path.slice(1)) : path
  const candidates = folders.length === 0 ? [resolve(expanded)] : folders.map((folder) => resolve(folder, expanded))
  for (const candidate of candidates) {
    const star = candidate.indexOf('*')
    const fixed = star < 0 ? candidate : dirname(`${candidate.slice(0, star)}x`)
    if (await stat(fixed).catch(() => null)) return candidate
  }
  return candidates[0]!
}

async function fileOrFolder(path: string): Promise<readonly string[]> {
  const facts = await stat(path).catch((error: unknown) => {
    throw unreadableFile(path, error)
  })
  if (!facts.isDirectory()) {
    if (formatOf(path) === null) {
      throw unreadable(
        `expected a file of seed data with the extension ${FORMATS.join(', ')}, found ${basename(path)}`,
        'write the data in one of these formats',
      )
    }
    return [path]
  }
  const names = (await readdir(path)).filter((name) => !name.startsWith('.') && formatOf(name) !== null)
  return names.toSorted(byCodePoint).map((name) => join(path, name))
}

/** Files that match a pattern with `*`; `**` stands for folders at any depth. Sorted by path. */
async function expandPattern(pattern: string): Promise<readonly string[]> {
  const parts = pattern.split(sep)
  const first = parts.findIndex((part) => part.includes('*'))
  const found = await matching(parts.slice(0, first).join(sep) || sep, parts.slice(first))
  return [...new Set(found)].filter((path) => formatOf(path) !== null).toSorted(byCodePoint)
}

async function matching(folder: string, [part, ...rest]: readonly string[]): Promise<readonly string[]> {
  const entries = part === undefined ? [] : await readdir(folder, { withFileTypes: true }).catch(() => [])
  if (part === '**') {
    const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    const deeper = await Promise.all(folders.map(({ name }) => matching(join(folder, name), ['**', ...rest])))
    return [...(await matching(folder, rest)), ...deeper.flat()]
  }
  const expression = shellPattern(part ?? '')
  const names = entries.filter(({ name }) => expression?.test(name) === true && (part!.startsWith('.') || !name.startsWith('.')))
  const paths = await Promise.all(
    names.map(async ({ name }) => {
      const path = join(folder, name)
      if (rest.length > 0) return await matching(path, rest)
      return (await stat(path).catch(() => null))?.isFile() === true ? [path] : []
    }),
  )
  return paths.flat()
}

/** The format that a file's extension tells, or null. */
export function formatOf(path: string): SeedFormat | null {
  const extension = extname(path).slice(1).toLowerCase()
  return FORMATS.find((format) => format === extension) ?? null
}

/** Order of names that no locale changes. */
export function byCodePoint(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
