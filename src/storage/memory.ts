/** Storage in memory, for tests and rehearsals: the same behaviour as a folder, without the disk. */
import { ParquetryError } from '../errors.ts'
import { partsOfFolderKey, partsOfKey } from './keys.ts'
import type { AppendHandle, Storage } from './storage.ts'

/** An empty storage. `location` is what `describe` answers; `now` gives modification times in ms. */
export function createMemoryStorage(location = 'memory', now: () => number = Date.now): Storage {
  return new MemoryStorage(location, now)
}

interface StoredObject {
  readonly bytes: Uint8Array
  readonly modifiedMs: number
}

/** A class, for it keeps what is stored. */
class MemoryStorage implements Storage {
  readonly #objects = new Map<string, StoredObject>()
  readonly #location: string
  readonly #now: () => number

  constructor(location: string, now: () => number) {
    this.#location = location
    this.#now = now
  }

  describe(): string {
    return this.#location
  }

  async read(key: string): Promise<Uint8Array | null> {
    return this.#find(key)?.bytes.slice() ?? null
  }

  async readRange(key: string, start: number, end: number): Promise<Uint8Array> {
    const { bytes } = this.#get(key)
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start)) {
      throw new RangeError(`Expected a range of bytes of ${key}, found ${start} to ${end}.`)
    }
    return bytes.slice(start, end)
  }

  async readTail(key: string, length: number): Promise<{ readonly sizeBytes: number; readonly bytes: Uint8Array } | null> {
    const bytes = this.#find(key)?.bytes
    return bytes === undefined ? null : { sizeBytes: bytes.length, bytes: bytes.slice(Math.max(0, bytes.length - length)) }
  }

  async stat(key: string): Promise<{ readonly sizeBytes: number; readonly modifiedMs: number } | null> {
    const found = this.#find(key)
    return found === undefined ? null : { sizeBytes: found.bytes.length, modifiedMs: found.modifiedMs }
  }

  async writeAtomic(key: string, bytes: Uint8Array | string): Promise<void> {
    this.#put(key, bytes)
  }

  async createExclusive(key: string, bytes: Uint8Array | string): Promise<boolean> {
    if (this.#find(key) !== undefined) return false
    this.#put(key, bytes)
    return true
  }

  async stage(key: string, bytes: Uint8Array): Promise<void> {
    this.#put(key, bytes)
  }

  async publish(stagedKey: string, finalKey: string): Promise<boolean> {
    const { bytes } = this.#get(stagedKey)
    const isFirst = this.#find(finalKey) === undefined
    if (isFirst) this.#put(finalKey, bytes)
    this.#objects.delete(stagedKey)
    return isFirst
  }

  async link(fromKey: string, toKey: string): Promise<boolean> {
    const { bytes } = this.#get(fromKey)
    const isFirst = this.#find(toKey) === undefined
    if (isFirst) this.#put(toKey, bytes)
    return isFirst
  }

  async move(fromKey: string, toKey: string): Promise<void> {
    if (this.#find(fromKey) === undefined && this.#keysBelow(fromKey).length > 0) return this.#moveFolder(fromKey, toKey)
    const { bytes } = this.#get(fromKey)
    this.#put(toKey, bytes)
    if (fromKey !== toKey) this.#objects.delete(fromKey)
  }

  async replaceFolder(key: string, versionKey: string): Promise<void> {
    partsOfKey(key)
    if (this.#keysBelow(versionKey).length === 0) {
      throw new ParquetryError('STORAGE_FAILED', `expected a folder ${this.#location}/${versionKey}, found none`)
    }
    await this.remove(key)
    this.#moveFolder(versionKey, key)
  }

  async remove(key: string): Promise<void> {
    const removed = partsOfKey(key.endsWith('/') ? key.slice(0, -1) : key).join('/')
    for (const other of this.#objects.keys()) if (other === removed || other.startsWith(`${removed}/`)) this.#objects.delete(other)
  }

  async removeUnfinished(folderKey: string): Promise<void> {
    // Objects appear whole, so there are none.
    partsOfFolderKey(folderKey)
  }

  async list(folderKey: string): Promise<readonly string[]> {
    const prefix = partsOfFolderKey(folderKey)
      .map((part) => `${part}/`)
      .join('')
    const names = new Set<string>()
    for (const key of this.#objects.keys()) {
      if (!key.startsWith(prefix)) continue
      const end = key.indexOf('/', prefix.length)
      names.add(end < 0 ? key.slice(prefix.length) : key.slice(prefix.length, end + 1))
    }
    return [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  }

  async openAppend(key: string): Promise<AppendHandle> {
    if (this.#find(key) === undefined) this.#put(key, '')
    let isOpen = true
    return {
      append: async (text) => {
        if (!isOpen) throw new ParquetryError('STORAGE_FAILED', `expected ${key} to be open, found it closed`)
        const before = this.#find(key)?.bytes ?? new Uint8Array()
        this.#put(key, Buffer.concat([before, Buffer.from(text)]))
      },
      close: async () => {
        isOpen = false
      },
    }
  }

  #keysBelow(folderKey: string): readonly string[] {
    const prefix = `${partsOfKey(folderKey).join('/')}/`
    return [...this.#objects.keys()].filter((key) => key.startsWith(prefix))
  }

  #moveFolder(fromKey: string, toKey: string): void {
    const target = partsOfKey(toKey).join('/')
    if (this.#find(toKey) !== undefined || this.#keysBelow(toKey).length > 0) {
      throw new ParquetryError('STORAGE_FAILED', `expected nothing in ${this.#location}/${toKey}, found something`)
    }
    for (const key of this.#keysBelow(fromKey)) {
      this.#put(`${target}${key.slice(partsOfKey(fromKey).join('/').length)}`, this.#get(key).bytes)
      this.#objects.delete(key)
    }
  }

  #find(key: string): StoredObject | undefined {
    return this.#objects.get(partsOfKey(key).join('/'))
  }

  #get(key: string): StoredObject {
    const found = this.#find(key)
    if (found !== undefined) return found
    throw new ParquetryError('STORAGE_FAILED', `expected ${this.#location}/${key}, found nothing there`)
  }

  #put(key: string, bytes: Uint8Array | string): void {
    const parts = partsOfKey(key)
    for (let length = 1; length < parts.length; length += 1) {
      const folder = parts.slice(0, length).join('/')
      if (this.#objects.has(folder))
        throw new ParquetryError('ARTIFACT_PATH_NOT_WRITABLE', `expected ${folder} to be a folder, found a file`)
    }
    this.#objects.set(key, {
      bytes: typeof bytes === 'string' ? new TextEncoder().encode(bytes) : new Uint8Array(bytes),
      modifiedMs: this.#now(),
    })
  }
}
