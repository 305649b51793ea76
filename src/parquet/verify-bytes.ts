/** Whether a file is, byte for byte, what was once encoded. */
import { createHash } from 'node:crypto'
import { isParquetryError } from '../errors.ts'
import { toByteSource } from './byte-source.ts'
import type { ByteSource } from './byte-source.ts'
import { BODY_SHA256_KEY, findFooterHash, FOOTER_SHA256_KEY, hashFooter } from './seal.ts'
import { readFooter } from './read-footer.ts'
import type { Footer } from './read-footer.ts'

/** Outcome of a verification. */
export type Verification =
  | { readonly ok: true }
  | {
      readonly ok: false
      /** `unreadable`: no parquet file. `unsealed`: no checksums, as in files of other programs. Else the part that differs. */
      readonly part: 'unreadable' | 'unsealed' | 'body' | 'footer'
      /** What was expected and what was found. */
      readonly reason: string
    }

/** A verification together with the footer it was made by. */
export interface Inspection {
  readonly verification: Verification
  /** Null when the file is not readable, or its footer is not what was written. */
  readonly footer: Footer | null
}

/** Bytes of a body that are in memory, and hashed in one go, at a time: about a millisecond of work. */
const CHUNK_BYTES = 1024 * 1024

/** Verifies the two checksums of a file; finds any flipped byte, wherever it is. Never throws for what the bytes are. */
export async function verifyBytes(bytesOrSource: Uint8Array | ByteSource): Promise<Verification> {
  return (await inspectFile(bytesOrSource)).verification
}

/**
 * As `verifyBytes`, with the footer. A source is read in chunks, so that a file of any size takes little memory and the event loop gets
 * its turn between two; errors of the source are thrown as they are.
 */
export async function inspectFile(bytesOrSource: Uint8Array | ByteSource): Promise<Inspection> {
  const source = toByteSource(bytesOrSource)
  const footerBytes = await readFooterBytes(source)
  const hashStart = findFooterHash(footerBytes)
  if (hashStart !== null) {
    // Before the footer is parsed: a damaged one may say anything.
    const expected = Buffer.from(footerBytes.subarray(hashStart, hashStart + 64)).toString('latin1')
    const found = hashFooter(footerBytes, hashStart)
    if (expected !== found) return failed('footer', `Expected a footer with SHA-256 ${expected}, found ${found}.`)
  }
  let footer: Footer
  try {
    footer = await readFooter(source)
  } catch (error) {
    if (!isParquetryError(error) || error.code !== 'DATASET_DAMAGED') throw error
    return failed('unreadable', error.message)
  }
  const expected = footer.metadata.get(BODY_SHA256_KEY)
  if (expected === undefined || hashStart === null) {
    return failed('unsealed', `Expected ${BODY_SHA256_KEY} and ${FOOTER_SHA256_KEY} in the footer, found them missing.`, footer)
  }
  const found = await hashRange(source, footer.footerStart)
  if (expected === found) return { verification: { ok: true }, footer }
  return failed('body', `Expected data with SHA-256 ${expected}, found ${found}.`, footer)
}

/** SHA-256 of the first `end` bytes, 64 lower-case hex digits. */
export async function hashRange(source: ByteSource, end = source.byteLength): Promise<string> {
  const hash = createHash('sha256')
  for (let start = 0; start < end; start += CHUNK_BYTES) hash.update(await source.slice(start, Math.min(end, start + CHUNK_BYTES)))
  return hash.digest('hex')
}

function failed(part: Exclude<Verification, { ok: true }>['part'], reason: string, footer: Footer | null = null): Inspection {
  return { verification: { ok: false, part, reason }, footer }
}

/** From where the last 8 bytes say that the footer begins to the end of the file; nothing when they cannot be right. */
async function readFooterBytes(source: ByteSource): Promise<Uint8Array> {
  const size = source.byteLength
  if (size < 12) return new Uint8Array()
  const tail = await source.slice(size - 8, size)
  if (tail.byteLength < 8) return new Uint8Array()
  const length = new DataView(tail.buffer, tail.byteOffset, 8).getUint32(0, true)
  return await source.slice(Math.max(0, size - 8 - length), size)
}
