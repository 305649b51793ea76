/**
 * Storage in a local folder (or a share that behaves like one: hard links, atomic rename, fsync).
 *
 * 1. An object appears whole or not at all: bytes go to a temporary name first, then by rename or link to the final one.
 * 2. What a promise says is on disk survives a power cut: the file is fsynced before it gets its name, the folder after.
 * 3. No key and no symbolic link leads out of the folder.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { ParquetryError } from '../errors.ts'
import { diskError, isAbsent, systemCodeOf } from './disk-error.ts'
import type { DiskAction } from './disk-error.ts'
import { isTemporaryName, partsOfFolderKey, partsOfKey, temporaryName } from './keys.ts'
import { LocalAppendHandle } from './local-append.ts'
import { createFolderGuard, syncFolder } from './local-folders.ts'
import { replaceFolderAt } from './local-replace.ts'
import type { ReplaceSystem } from './local-replace.ts'
import type { AppendHandle, Storage } from './storage.ts'

/** Symbolic links are looked at before they are followed; where the system has no such flag, the folders are still checked. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
/** Milliseconds between an append and its fsync when nothing else is said. */
const DEFAULT_SYNC_MS = 1_000

/**
 * Storage in a folder, absolute or relative to the working directory. Nothing is touched before it is needed; folders are made on
 * demand. `system` is how folders are replaced, default the operating system's way.
 */
export function createLocalStorage(folder: string, system?: ReplaceSystem): Storage {
  return new LocalStorage(resolve(folder), system)
}

/** A class, for it keeps which folders it has seen. */
class LocalStorage implements Storage {
  readonly #root: string
  readonly #folders: ReturnType<typeof createFolderGuard>
  readonly #system: ReplaceSystem | undefined

  constructor(root: string, system: ReplaceSystem | undefined) {
    this.#root = root
    this.#system = system
    this.#folders = createFolderGuard(root)
  }

  describe(): string {
    return this.#root
  }

  async read(key: string): Promise<Uint8Array | null> {
    const file = await this.#openToRead(this.#pathOf(key))
    if (file === null) return null
    return await withFile(file, 'read', this.#pathOf(key), async () => {
      if (!(await file.stat()).isFile()) return null
      return await file.readFile()
    })
  }

  async readRange(key: string, start: number, end: number): Promise<Uint8Array> {
    const path = this.#pathOf(key)
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start)) {
      throw new RangeError(`Expected a range of bytes of ${path}, found ${start} to ${end}.`)
    }
    const file = await this.#openToRead(path)
    if (file === null) throw new ParquetryError('STORAGE_FAILED', `expected ${path}, found nothing there`, { path })
    return await withFile(file, 'read', path, async () => {
      return await readBytes(file, start, Math.max(0, Math.min(end, (await file.stat()).size) - start))
    })
  }

  async readTail(key: string, length: number): Promise<{ readonly sizeBytes: number; readonly bytes: Uint8Array } | null> {
    const path = this.#pathOf(key)
    const file = await this.#openToRead(path)
    if (file === null) return null
    return await withFile(file, 'read', path, async () => {
      const facts = await file.stat()
      if (!facts.isFile()) return null
      const start = Math.max(0, facts.size - length)
      return { sizeBytes: facts.size, bytes: await readBytes(file, start, facts.size - start) }
    })
  }

  async stat(key: string): Promise<{ readonly sizeBytes: number; readonly modifiedMs: number } | null> {
    const path = this.#pathOf(key)
    return await guarded('read', path, async () => {
      if (!(await this.#folders.exists(dirname(path)))) return null
      try {
        let facts = await lstat(path)
        if (facts.isSymbolicLink()) facts = await stat(await this.#folders.follow(path))
        return facts.isFile() ? { sizeBytes: facts.size, modifiedMs: facts.mtimeMs } : null
      } catch (error) {
        if (isAbsent(error)) return null
        throw error
      }
    })
  }

  async writeAtomic(key: string, bytes: Uint8Array | string): Promise<void> {
    const path = this.#pathOf(key)
    const temporary = await this.#writeTemporary(path, bytes)
    await guarded('write', path, async () => {
      try {
        await rename(temporary, path)
      } catch (error) {
        await unlink(temporary).catch(() => undefined)
        throw error
      }
      await syncFolder(dirname(path))
    })
  }

  async createExclusive(key: string, bytes: Uint8Array | string): Promise<boolean> {
    const path = this.#pathOf(key)
    if (await this.#isTaken(path)) return false
    const temporary = await this.#writeTemporary(path, bytes)
    try {
      return await this.#linkAndRemove(temporary, path)
    } catch (error) {
      await unlink(temporary).catch(() => undefined)
      throw error
    }
  }

  async stage(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(key)
    await this.#writeFile(path, bytes)
    // A receipt may name a staged sidecar, so its name must be as durable as the receipt.
    await guarded('sync', path, () => syncFolder(dirname(path)))
  }

  async publish(stagedKey: string, finalKey: string): Promise<boolean> {
    const finalPath = this.#pathOf(finalKey)
    return await this.#linkAndRemove(this.#pathOf(stagedKey), finalPath)
  }

  async link(fromKey: string, toKey: string): Promise<boolean> {
    const [from, to] = [this.#pathOf(fromKey), this.#pathOf(toKey)]
    const isFirst = await this.#inFolderOf(to, 'link', () => linkFirst(from, to))
    await guarded('sync', to, () => syncFolder(dirname(to)))
    return isFirst
  }

  async move(fromKey: string, toKey: string): Promise<void> {
    const from = this.#pathOf(fromKey)
    const to = this.#pathOf(toKey)
    await guarded('move', from, async () => {
      // Refuses a folder that leads outside; when there is none, `rename` says so.
      await this.#folders.exists(dirname(from))
      await this.#inFolderOf(to, 'move', () => rename(from, to))
      await syncFolder(dirname(to))
      if (dirname(from) !== dirname(to)) await syncFolder(dirname(from))
      this.#folders.forget(from)
    })
  }

  async replaceFolder(key: string, versionKey: string): Promise<void> {
    const path = this.#pathOf(key)
    const version = this.#pathOf(versionKey)
    await guarded('move', version, async () => {
      if (!(await this.#folders.exists(version))) {
        throw new ParquetryError('STORAGE_FAILED', `expected a folder ${version}, found none`, { path: version })
      }
      await this.#folders.ensure(dirname(path))
      const target = relative(await this.#folders.follow(dirname(path)), await this.#folders.follow(version))
      this.#folders.forget(path)
      this.#folders.forget(version)
      await replaceFolderAt({ path, version, target }, this.#system)
    })
  }

  async remove(key: string): Promise<void> {
    const path = join(this.#root, ...partsOfKey(key.endsWith('/') ? key.slice(0, -1) : key))
    await guarded('remove', path, async () => {
      if (!(await this.#folders.exists(dirname(path)))) return
      await rm(path, { recursive: true, force: true })
      this.#folders.forget(path)
    })
  }

  async removeUnfinished(folderKey: string, olderThanMs: number): Promise<void> {
    const folder = join(this.#root, ...partsOfFolderKey(folderKey))
    await guarded('remove', folder, async () => {
      if (!(await this.#folders.exists(folder))) return
      for (const name of (await readdir(folder)).filter(isTemporaryName)) {
        const path = join(folder, name)
        try {
          if ((await lstat(path)).mtimeMs <= Date.now() - olderThanMs) await rm(path, { force: true })
        } catch (error) {
          // Its writer has just finished it.
          if (!isAbsent(error)) throw error
        }
      }
    })
  }

  async list(folderKey: string): Promise<readonly string[]> {
    const path = join(this.#root, ...partsOfFolderKey(folderKey))
    return await guarded('list', path, async () => {
      if (!(await this.#folders.exists(path))) return []
      try {
        const names = await Promise.all(
          (await readdir(path, { withFileTypes: true }))
            .filter(({ name }) => !isTemporaryName(name))
            .map(async (entry) => {
              const isFolder = entry.isSymbolicLink() ? await isFolderAt(join(path, entry.name)) : entry.isDirectory()
              return isFolder ? `${entry.name}/` : entry.name
            }),
        )
        return names.sort(byCodeUnits)
      } catch (error) {
        if (isAbsent(error)) return []
        throw error
      }
    })
  }

  async openAppend(key: string, options: { readonly syncMs?: number } = {}): Promise<AppendHandle> {
    const path = this.#pathOf(key)
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_FOLLOW
    const file = await this.#open(path, flags)
    try {
      await syncFolder(dirname(path))
      return new LocalAppendHandle({ file, path, sizeBytes: (await file.stat()).size, syncMs: options.syncMs ?? DEFAULT_SYNC_MS })
    } catch (error) {
      await file.close()
      throw diskError(error, 'write', path)
    }
  }

  #pathOf(key: string): string {
    return join(this.#root, ...partsOfKey(key))
  }

  /** Opens a file, or null when there is none. Symbolic links are followed inside the folder only. */
  async #openToRead(path: string): Promise<FileHandle | null> {
    return await guarded('read', path, async () => {
      if (!(await this.#folders.exists(dirname(path)))) return null
      try {
        return await open(path, constants.O_RDONLY | NO_FOLLOW)
      } catch (error) {
        if (isAbsent(error)) return null
        if (systemCodeOf(error) === 'ELOOP') return await open(await this.#folders.follow(path), constants.O_RDONLY)
        throw error
      }
    })
  }

  /** Opens to write. */
  async #open(path: string, flags: number): Promise<FileHandle> {
    return await this.#inFolderOf(path, 'write', () => open(path, flags, 0o666))
  }

  /** Does something that needs the folder of a path, making it where it is missing, or gone since it was last seen. */
  async #inFolderOf<T>(path: string, action: DiskAction, work: () => Promise<T>): Promise<T> {
    const folder = dirname(path)
    await this.#folders.ensure(folder)
    try {
      return await work()
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw diskError(error, action, path)
    }
    this.#folders.forget(this.#root)
    await this.#folders.ensure(folder)
    return await guarded(action, path, work)
  }

  async #writeFile(path: string, bytes: Uint8Array | string, flags = constants.O_TRUNC): Promise<void> {
    const file = await this.#open(path, constants.O_WRONLY | constants.O_CREAT | NO_FOLLOW | flags)
    try {
      await withFile(file, 'write', path, async () => {
        await file.writeFile(bytes)
        await file.sync()
      })
    } catch (error) {
      await unlink(path).catch(() => undefined)
      throw error
    }
  }

  async #writeTemporary(path: string, bytes: Uint8Array | string): Promise<string> {
    const temporary = join(dirname(path), temporaryName(randomUUID()))
    await this.#writeFile(temporary, bytes, constants.O_EXCL)
    return temporary
  }

  async #isTaken(path: string): Promise<boolean> {
    return await guarded('read', path, async () => {
      if (!(await this.#folders.exists(dirname(path)))) return false
      return await lstat(path).then(
        () => true,
        (error: unknown) => {
          if (isAbsent(error)) return false
          throw error
        },
      )
    })
  }

  /** The commit: the first to link wins. The source goes only after the name is durable. */
  async #linkAndRemove(from: string, to: string): Promise<boolean> {
    const isFirst = await this.#inFolderOf(to, 'link', () => linkFirst(from, to))
    await guarded('sync', to, () => syncFolder(dirname(to)))
    await guarded('remove', from, () => rm(from, { force: true }))
    return isFirst
  }
}

/** As many of the bytes as there are. */
async function readBytes(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let offset = 0
  while (offset < length) {
    const { bytesRead } = await file.read(bytes, offset, length - offset, start + offset)
    if (bytesRead === 0) break
    offset += bytesRead
  }
  return offset === length ? bytes : bytes.subarray(0, offset)
}

async function linkFirst(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return await isSameFile(from, to)
    throw error
  }
}

/** A share may lose the answer to a link that succeeded and say "exists" to the repetition. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(a, { bigint: true }), lstat(b, { bigint: true })])
  return one.ino === other.ino && one.dev === other.dev && one.ino !== 0n
}

async function isFolderAt(path: string): Promise<boolean> {
  return await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

async function guarded<T>(action: DiskAction, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskError(error, action, path)
  }
}

/** Works with a file and closes it; an error of the work goes before one of closing. */
async function withFile<T>(file: FileHandle, action: DiskAction, path: string, work: () => Promise<T>): Promise<T> {
  let result: T
  try {
    result = await work()
  } catch (error) {
    await file.close().catch(() => undefined)
    throw diskError(error, action, path)
  }
  await guarded(action, path, () => file.close())
  return result
}
