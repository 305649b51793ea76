/** An object of the storage, to be read in parts. */
import type { ByteSource } from '../parquet/byte-source.ts'
import { FOOTER_TAIL_BYTES } from '../parquet/read-footer.ts'
import type { Storage } from '../storage/storage.ts'

/** The object under a key as a source of byte ranges, or null when there is none. */
export async function sourceOf(storage: Storage, key: string): Promise<ByteSource | null> {
  const facts = await storage.stat(key)
  return facts === null ? null : { byteLength: facts.sizeBytes, slice: (start, end) => storage.readRange(key, start, end) }
}

/** As `sourceOf`, with the end of the object read already: most footers need no further look. */
export async function footerSourceOf(storage: Storage, key: string): Promise<ByteSource | null> {
  const tail = await storage.readTail(key, FOOTER_TAIL_BYTES)
  if (tail === null) return null
  const { sizeBytes, bytes } = tail
  const tailStart = sizeBytes - bytes.length
  return {
    byteLength: sizeBytes,
    slice: (start, end) => (start >= tailStart ? bytes.subarray(start - tailStart, end - tailStart) : storage.readRange(key, start, end)),
  }
}
