/** An object of the storage, to be read in parts. */
import type { ByteSource } from '../parquet/byte-source.ts'
import type { Storage } from '../storage/storage.ts'

/** The object under a key as a source of byte ranges, or null when there is none. */
export async function sourceOf(storage: Storage, key: string): Promise<ByteSource | null> {
  const facts = await storage.stat(key)
  return facts === null ? null : { byteLength: facts.sizeBytes, slice: (start, end) => storage.readRange(key, start, end) }
}
