/**
 * A folder takes the place of another one. By a relative symbolic link that is renamed over the old one, in one step; where links
 * are not allowed, or a plain folder is in the way, by two renames, between which nothing stands there.
 */
import { randomUUID } from 'node:crypto'
import { lstat, readdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isAbsent, systemCodeOf } from './disk-error.ts'
import { temporaryName } from './keys.ts'
import { syncFolder } from './local-folders.ts'

/** What replacing needs of the system. */
export interface ReplaceSystem {
  readonly lstat: (path: string) => Promise<{ isDirectory(): boolean; isSymbolicLink(): boolean }>
  readonly readdir: (path: string) => Promise<readonly string[]>
  readonly rename: (from: string, to: string) => Promise<void>
  readonly rm: (path: string, options: { readonly recursive: boolean; readonly force: boolean }) => Promise<void>
  readonly symlink: (target: string, path: string, type: 'dir') => Promise<void>
  readonly syncFolder: (folder: string) => Promise<void>
}

const SYSTEM: ReplaceSystem = { lstat, readdir, rename, rm, symlink, syncFolder }

/** What a system answers that has no symbolic links, or does not let this user make them. */
const NO_SYMLINKS: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

/** What takes whose place. */
export interface Replacement {
  /** Absolute path of the folder to replace; its own folder exists. */
  readonly path: string
  /** Absolute path of the folder that takes its place. */
  readonly version: string
  /** `version` as seen from the folder of `path`, for the link. */
  readonly target: string
}

/** Replaces the folder, durably. Interrupted anywhere and called again, it comes to the same end. Throws the system's errors. */
export async function replaceFolderAt({ path, version, target }: Replacement, system: ReplaceSystem = SYSTEM): Promise<void> {
  const link = await makeLink(path, target, system)
  const source = link ?? version
  try {
    if (await canBeRenamedOver(path, link !== null, system)) await system.rename(source, path)
    else await replaceInTwoSteps(source, path, `${version}.replaced`, system)
  } catch (error) {
    if (link !== null) await system.rm(link, { recursive: false, force: true }).catch(() => undefined)
    throw error
  }
  await system.syncFolder(dirname(version))
  await system.syncFolder(dirname(path))
}

/** A link under a temporary name, or null where there can be none. Links of writers that died here are cleared. */
async function makeLink(path: string, target: string, system: ReplaceSystem): Promise<string | null> {
  const prefix = temporaryName(`link-${basename(path)}-`)
  for (const name of await system.readdir(dirname(path))) {
    if (name.startsWith(prefix)) await system.rm(join(dirname(path), name), { recursive: false, force: true })
  }
  const link = join(dirname(path), `${prefix}${randomUUID()}`)
  try {
    await system.symlink(target, link, 'dir')
    return link
  } catch (error) {
    if (NO_SYMLINKS.has(systemCodeOf(error))) return null
    throw error
  }
}

async function canBeRenamedOver(path: string, isLink: boolean, system: ReplaceSystem): Promise<boolean> {
  try {
    const there = await system.lstat(path)
    return isLink && !there.isDirectory()
  } catch (error) {
    if (isAbsent(error)) return true
    throw error
  }
}

async function replaceInTwoSteps(source: string, path: string, aside: string, system: ReplaceSystem): Promise<void> {
  await system.rm(aside, { recursive: true, force: true })
  await system.rename(path, aside)
  try {
    await system.rename(source, path)
  } catch (error) {
    await system.rename(aside, path).catch(() => undefined)
    throw error
  }
}
