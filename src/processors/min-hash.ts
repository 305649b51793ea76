/**
 * MinHash (Broder): a short signature of a text, whose share of equal places estimates how many shingles two texts have in common (the
 * Jaccard similarity: shingles of both ÷ shingles of either).
 *
 * Texts are compared without regard to case, punctuation and blanks; a shingle is 5 characters in a row, in any script. A place keeps
 * the lowest byte of its minimum only (Li and König's b-bit MinHash), so a signature is 128 bytes; its standard error is at most 0.045.
 */

/** Places of a signature, in bytes. */
export const SIGNATURE_SIZE = 128

/** Characters of a shingle. */
const SHINGLE = 5
/** Chance that two bytes are the same though the minima are not. */
const CHANCE = 1 / 256

// Signed words, for the engine counts in them.
const MULTIPLIERS = new Int32Array(SIGNATURE_SIZE)
const MASKS = new Int32Array(SIGNATURE_SIZE)
for (let place = 0; place < SIGNATURE_SIZE; place += 1) {
  MULTIPLIERS[place] = mixed(2 * place + 1) | 1
  MASKS[place] = mixed(2 * place + 2)
}

/**
 * Writes the signature of a row's texts to `out[0…127]`; false when no letter or digit is in any of them, so that there is nothing to
 * compare. Texts of different columns have no shingle in common. `minima` is scratch of 128 words.
 */
export function signatureOf(texts: readonly (string | null)[], out: Uint8Array, minima: Int32Array): boolean {
  minima.fill(0x7fffffff)
  let isEmpty = true
  for (const [column, text] of texts.entries()) {
    const plain = plainText(text ?? '')
    if (plain === '') continue
    isEmpty = false
    const last = Math.max(0, plain.length - SHINGLE)
    for (let start = 0; start <= last; start += 1) {
      addShingle(shingleHash(plain, start, Math.min(plain.length, start + SHINGLE), column), minima)
    }
  }
  for (let place = 0; place < SIGNATURE_SIZE; place += 1) out[place] = minima[place]! & 0xff
  return !isEmpty
}

/** Estimated similarity of two signatures that stand in `bytes` at these offsets, 0 to 1. */
export function similarityOf(bytes: Uint8Array, first: number, second: number): number {
  let equal = 0
  for (let place = 0; place < SIGNATURE_SIZE; place += 1) if (bytes[first + place] === bytes[second + place]) equal += 1
  return Math.max(0, (equal / SIGNATURE_SIZE - CHANCE) / (1 - CHANCE))
}

function plainText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim()
}

function shingleHash(text: string, start: number, end: number, column: number): number {
  // FNV-1a over UTF-16 units, finished by Murmur3's mixer.
  let hash = Math.imul(0x811c9dc5 ^ column, 0x01000193)
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mixed(hash)
}

function addShingle(hash: number, minima: Int32Array): void {
  for (let place = 0; place < SIGNATURE_SIZE; place += 1) {
    const product = Math.imul(hash ^ MASKS[place]!, MULTIPLIERS[place]!)
    const value = product ^ (product >>> 15)
    if (value < minima[place]!) minima[place] = value
  }
}

/** Murmur3's finalizer. */
function mixed(value: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
