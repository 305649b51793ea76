/** Whether a file is, byte for byte, what was once encoded. */
import { BODY_SHA256_KEY, findFooterHash, FOOTER_SHA256_KEY, hashFooter, sha256 } from './seal.ts'
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

/** Verifies the two checksums of a file; finds any flipped byte, wherever it is. Never throws for what the bytes are. */
export async function verifyBytes(bytes: Uint8Array): Promise<Verification> {
  const footerBytes = bytes.subarray(findFooterStart(bytes))
  const hashStart = findFooterHash(footerBytes)
  if (hashStart !== null) {
    // Before the footer is parsed: a damaged one may say anything.
    const expected = Buffer.from(footerBytes.subarray(hashStart, hashStart + 64)).toString('latin1')
    const found = hashFooter(footerBytes, hashStart)
    if (expected !== found) return { ok: false, part: 'footer', reason: `Expected a footer with SHA-256 ${expected}, found ${found}.` }
  }
  let footer: Footer
  try {
    footer = await readFooter(bytes)
  } catch (error) {
    return { ok: false, part: 'unreadable', reason: error instanceof Error ? error.message : String(error) }
  }
  const expected = footer.metadata.get(BODY_SHA256_KEY)
  if (expected === undefined || hashStart === null) {
    const reason = `Expected ${BODY_SHA256_KEY} and ${FOOTER_SHA256_KEY} in the footer, found them missing.`
    return { ok: false, part: 'unsealed', reason }
  }
  const found = sha256(bytes.subarray(0, footer.footerStart))
  return expected === found ? { ok: true } : { ok: false, part: 'body', reason: `Expected data with SHA-256 ${expected}, found ${found}.` }
}

/** Where the last 8 bytes say that the footer begins; the end of the file when they cannot be right. */
function findFooterStart(bytes: Uint8Array): number {
  if (bytes.byteLength < 12) return bytes.byteLength
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Math.max(0, bytes.byteLength - 8 - view.getUint32(bytes.byteLength - 8, true))
}
