/**
 * What a footer says of its own file: the receipt and two checksums, by which `verifyBytes` finds any flipped byte.
 *
 * 1. `parquetry.body_sha256` covers all bytes before the footer.
 * 2. `parquetry.footer_sha256` covers the footer to the end of the file, its length and the magic number included, taken with its
 *    own 64 digits as zeros.
 */
import { createHash } from 'node:crypto'

/** Footer key of the receipt, a JSON text. */
export const RECEIPT_KEY = 'parquetry.receipt'
/** Footer key of the SHA-256 (64 hex digits) of all bytes before the footer. */
export const BODY_SHA256_KEY = 'parquetry.body_sha256'
/** Footer key of the SHA-256 (64 hex digits) of the footer with this value zeroed. */
export const FOOTER_SHA256_KEY = 'parquetry.footer_sha256'
/** Stands for the footer's own hash while it is taken. */
export const ZERO_SHA256 = '0'.repeat(64)

/**
 * How the footer's own hash is introduced in the compact Thrift encoding: its key, then field 2 of KeyValue as a binary (0x18) of
 * 64 bytes (0x40). JSON escapes 0x18, so a receipt cannot contain it.
 */
const FOOTER_SHA256_MARK = `${FOOTER_SHA256_KEY}\u0018@`

/** SHA-256 of the parts one after the other, 64 lower-case hex digits. */
export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** Where the 64 digits of the footer's own hash begin in a footer; null unless there is exactly one such place. */
export function findFooterHash(footer: Uint8Array): number | null {
  const bytes = Buffer.from(footer.buffer, footer.byteOffset, footer.byteLength)
  const mark = bytes.indexOf(FOOTER_SHA256_MARK)
  if (mark === -1 || bytes.includes(FOOTER_SHA256_MARK, mark + 1)) return null
  const start = mark + FOOTER_SHA256_MARK.length
  return start + ZERO_SHA256.length <= bytes.length ? start : null
}

/** The footer's own hash: of all its bytes with the 64 digits at `hashStart` taken as zeros. */
export function hashFooter(footer: Uint8Array, hashStart: number): string {
  return sha256(footer.subarray(0, hashStart), Buffer.from(ZERO_SHA256), footer.subarray(hashStart + ZERO_SHA256.length))
}
