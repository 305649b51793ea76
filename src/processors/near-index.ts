/**
 * Finds a kept row whose MinHash signature is like a new one, without comparing all: locality-sensitive hashing by bands. Rows that
 * agree in all bytes of any band are compared by their whole signatures.
 *
 * Memory is flat and taken at once: for each row 128 bytes of signature and, for each band, 4 bytes in a chain and 4 to 8 in a table.
 * With 18 bands (threshold 0.8) that is 272 to 344 bytes a row.
 */
import { SIGNATURE_SIZE, similarityOf } from './min-hash.ts'

/** Rows of one bucket that are compared at most: texts that begin alike by the thousand must not cost the square of it. */
const COMPARED = 256
/** Least chance to compare two rows that are just as similar as the threshold. */
const RECALL = 0.98

/** A kept row that is like the one asked for. */
export interface NearRow {
  readonly row: number
  /** Estimated, threshold to 1. */
  readonly similarity: number
}

/** How a threshold is asked for: `bands` × `rows` bytes of the signature. */
export interface Bands {
  readonly bands: number
  readonly rows: number
}

/** The widest bands, which give the fewest candidates, with which a pair at the threshold is compared with a chance of 98 %. */
export function bandsFor(threshold: number): Bands {
  for (let rows = 32; rows > 1; rows -= 1) {
    const bands = Math.floor(SIGNATURE_SIZE / rows)
    if (1 - (1 - threshold ** rows) ** bands >= RECALL) return { bands, rows }
  }
  return { bands: SIGNATURE_SIZE, rows: 1 }
}

/** Signatures of kept rows. */
export class NearIndex {
  readonly #bands: Bands
  readonly #threshold: number
  readonly #signatures: Uint8Array
  /** Row number of each kept place. */
  readonly #rows: Uint32Array
  /** For each band a table of bucket → last kept place + 1. */
  readonly #heads: Uint32Array
  /** For each band and kept place, the place + 1 before it in its bucket. */
  readonly #chains: Uint32Array
  readonly #tableSize: number
  readonly #capacity: number
  #kept = 0

  /** `rowCount` is the most rows that will be kept, below 2^31; `threshold` above 0, up to 1. */
  constructor(rowCount: number, threshold: number) {
    this.#threshold = threshold
    this.#bands = bandsFor(threshold)
    this.#capacity = rowCount + 1
    this.#tableSize = 2 ** Math.ceil(Math.log2(Math.max(2, rowCount)))
    this.#signatures = new Uint8Array(this.#capacity * SIGNATURE_SIZE)
    this.#rows = new Uint32Array(this.#capacity)
    this.#heads = new Uint32Array(this.#bands.bands * this.#tableSize)
    this.#chains = new Uint32Array(this.#bands.bands * this.#capacity)
  }

  /** The most similar kept row at or above the threshold; null when there is none, and then this row is kept. */
  findOrKeep(signature: Uint8Array, row: number): NearRow | null {
    const place = this.#kept
    this.#signatures.set(signature, place * SIGNATURE_SIZE)
    const buckets = Array.from({ length: this.#bands.bands }, (_, band) => this.#bucketOf(place, band))
    const found = this.#mostSimilar(place, buckets)
    if (found !== null) return found
    for (const [band, bucket] of buckets.entries()) {
      const head = band * this.#tableSize + bucket
      this.#chains[band * this.#capacity + place] = this.#heads[head]!
      this.#heads[head] = place + 1
    }
    this.#rows[place] = row
    this.#kept += 1
    return null
  }

  #mostSimilar(place: number, buckets: readonly number[]): NearRow | null {
    const seen = new Set<number>()
    let best: NearRow | null = null
    for (const [band, bucket] of buckets.entries()) {
      let other = this.#heads[band * this.#tableSize + bucket]!
      for (let compared = 0; other !== 0 && compared < COMPARED; compared += 1) {
        const candidate = other - 1
        other = this.#chains[band * this.#capacity + candidate]!
        if (seen.has(candidate)) continue
        seen.add(candidate)
        const similarity = similarityOf(this.#signatures, place * SIGNATURE_SIZE, candidate * SIGNATURE_SIZE)
        if (similarity >= this.#threshold && similarity > (best?.similarity ?? 0)) best = { row: this.#rows[candidate]!, similarity }
      }
    }
    return best
  }

  #bucketOf(place: number, band: number): number {
    const { rows } = this.#bands
    let hash = 0x811c9dc5
    for (let at = place * SIGNATURE_SIZE + band * rows, left = rows; left > 0; at += 1, left -= 1) {
      hash = Math.imul(hash ^ this.#signatures[at]!, 0x01000193)
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    return ((hash ^ (hash >>> 13)) >>> 0) % this.#tableSize
  }
}
