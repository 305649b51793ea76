/**
 * Rows by a 128-bit hash, in flat memory: 20 bytes a place and at most two places for a row, so up to 40 bytes a row. (A JavaScript
 * Map holds 16 million entries at most, and takes more than 100 bytes for each.)
 */

const WORDS = 5

/** Remembers which row brought a hash first. */
export class HashIndex {
  readonly #places: Uint32Array
  readonly #mask: number

  /** `rowCount` is the most rows that will be asked for, below 2^31. */
  constructor(rowCount: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, rowCount * 1.25)))
    this.#places = new Uint32Array(size * WORDS)
    this.#mask = size - 1
  }

  /** The row that came with this hash (16 bytes) before, or null: then `row` is remembered as the first. */
  firstOf(hash: Uint8Array, row: number): number | null {
    const words = new Uint32Array(hash.buffer.slice(hash.byteOffset, hash.byteOffset + 16))
    const places = this.#places
    for (let place = words[0]! & this.#mask; ; place = (place + 1) & this.#mask) {
      const at = place * WORDS
      const known = places[at + 4]!
      if (known === 0) {
        places.set(words, at)
        places[at + 4] = row + 1
        return null
      }
      if (places[at] === words[0] && places[at + 1] === words[1] && places[at + 2] === words[2] && places[at + 3] === words[3])
        return known - 1
    }
  }
}
