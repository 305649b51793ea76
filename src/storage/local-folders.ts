/** Folders of a local storage: made on demand, made durable, and checked once each to lie inside the storage's own folder. */
import { lstat, mkdir, open, realpath } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import { ParquetryError } from '../errors.ts'
import { diskError, isAbsent, systemCodeOf } from './disk-error.ts'

/** Knows the folders of one storage. */
export interface FolderGuard {
  /** Makes a folder with all above it, each fsynced. Throws `ARTIFACT_PATH_NOT_WRITABLE`, `DISK_FULL`, `STORAGE_FAILED`. */
  ensure(folder: string): Promise<void>
  /** Whether there is such a folder. Throws `STORAGE_FAILED` when it lies outside. */
  exists(folder: string): Promise<boolean>
  /** Where a symbolic link leads. Throws `STORAGE_FAILED` when that is outside; the system's error when it leads nowhere. */
  follow(path: string): Promise<string>
  /** A folder, with all below it, is looked at anew the next time. */
  forget(folder: string): void
}

/** A guard of the folder `root` and all below it. What was seen once is not looked at again: links made later go unnoticed. */
export function createFolderGuard(root: string): FolderGuard {
  const known = new Set<string>()
  let realRoot: string | null = null

  async function follow(path: string): Promise<string> {
    realRoot ??= await realpath(root)
    const real = await realpath(path)
    if (real === realRoot || real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) return real
    throw new ParquetryError('STORAGE_FAILED', `expected ${path} to lie inside ${root}, found a symbolic link to ${real}`, {
      wayOut: 'replace the link by the files themselves',
      path,
    })
  }

  async function exists(folder: string): Promise<boolean> {
    if (known.has(folder)) return true
    try {
      if (!(await lstat(await follow(folder))).isDirectory()) return false
      known.add(folder)
      return true
    } catch (error) {
      if (isAbsent(error)) return false
      throw error
    }
  }

  async function make(folder: string): Promise<void> {
    if (folder === root) {
      const first = await makeWithAllAbove(root)
      for (let made = root; first !== undefined; made = dirname(made)) {
        await syncFolder(dirname(made))
        if (made === first) break
      }
    } else {
      await ensure(dirname(folder))
      await mkdir(folder).then(
        () => syncFolder(dirname(folder)),
        (error: unknown) => {
          // Another writer was first, or a file is in the way: `exists` below tells them apart.
          if (systemCodeOf(error) !== 'EEXIST') throw error
        },
      )
    }
    if (await exists(folder)) return
    throw new ParquetryError('ARTIFACT_PATH_NOT_WRITABLE', `expected ${folder} to be a folder, found a file`, {
      wayOut: 'give another folder with --artifact-path, or move the file away',
      path: folder,
    })
  }

  async function ensure(folder: string): Promise<void> {
    try {
      if (!(await exists(folder))) await make(folder)
    } catch (error) {
      throw diskError(error, 'create the folder', folder)
    }
  }

  return {
    ensure,
    exists,
    follow,
    forget(folder): void {
      if (folder === root) realRoot = null
      for (const seen of known) if (seen === folder || seen.startsWith(folder + sep)) known.delete(seen)
    },
  }
}

/**
 * Makes a folder with all above it; answers the topmost that was made, if any. Node's own recursive `mkdir` never ends where a file
 * system says ENOENT for a folder that it will not make, such as /proc.
 */
async function makeWithAllAbove(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder)
    return folder
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'EEXIST') return undefined
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
  }
  const first = await makeWithAllAbove(dirname(folder))
  try {
    await mkdir(folder)
    return first ?? folder
  } catch (error) {
    const code = systemCodeOf(error)
    // Another writer was faster.
    if (code === 'EEXIST') return first
    if (code !== 'ENOENT') throw error
    throw new ParquetryError(
      'ARTIFACT_PATH_NOT_WRITABLE',
      `could not create the folder ${folder}: its file system makes no folders there`,
      { wayOut: 'give another folder with --artifact-path', path: folder },
      error,
    )
  }
}

/** What a file system answers that cannot fsync a folder; its entries are then as durable as it makes them. */
const CANNOT_SYNC_FOLDERS: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EISDIR', 'EBADF'])

/** Makes the entries of a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows neither has nor needs it.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    if (!CANNOT_SYNC_FOLDERS.has(systemCodeOf(error))) throw error
  } finally {
    await handle.close()
  }
}
