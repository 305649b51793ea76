/**
 * How many different values a column has, from their 64-bit hashes: all hashes are kept up to a limit of values (at most 16 bytes
 * each; 1,000,000 values are miscounted with a probability below 3e-8), beyond it a HyperLogLog of 16 KiB.
 */
import type { Hash64 } from './value-hash.ts'

/** Counts different hashes. */
export interface DistinctCount {
  add(hash: Hash64): void
  /** Different values so far; a whole number. */
  count(): number
  /** Standard error of `count` relative to it; 0 while it is exact. */
  relativeError(): number
}

/** Exact for the first `exactValues` values added. */
export function createDistinctCount(exactValues: number): DistinctCount {
  let exact: HashTable | null = new HashTable()
  let sketch: HyperLogLog | null = null
  let added = 0
  return {
    add(hash): void {
      added += 1
      if (exact !== null && added > exactValues) {
        const started = new HyperLogLog()
        exact.forEach((high, low) => started.add(high, low))
        sketch = started
        exact = null
      }
      if (exact === null) sketch?.add(hash.high, hash.low)
      else exact.add(hash.high, hash.low)
    },
    count: () => exact?.size ?? Math.min(added, sketch?.estimate() ?? 0),
    relativeError: () => (exact === null ? HyperLogLog.relativeError : 0),
  }
}

const FIRST_CAPACITY = 64

/** A set of 64-bit words with open addressing; never fuller than half. */
class HashTable {
  #words = new Uint32Array(2 * FIRST_CAPACITY)
  #hasZero = false
  size = 0

  add(high: number, low: number): void {
    if (high === 0 && low === 0) {
      if (!this.#hasZero) this.size += 1
      this.#hasZero = true
      return
    }
    if (4 * this.size >= this.#words.length) this.#grow()
    if (insert(this.#words, high, low)) this.size += 1
  }

  forEach(visit: (high: number, low: number) => void): void {
    if (this.#hasZero) visit(0, 0)
    for (let slot = 0; slot < this.#words.length; slot += 2) {
      const high = this.#words[slot] as number
      const low = this.#words[slot + 1] as number
      if (high !== 0 || low !== 0) visit(high, low)
    }
  }

  #grow(): void {
    const words = new Uint32Array(2 * this.#words.length)
    this.forEach((high, low) => {
      if (high !== 0 || low !== 0) insert(words, high, low)
    })
    this.#words = words
  }
}

/** False when the word is there already. */
function insert(words: Uint32Array, high: number, low: number): boolean {
  const mask = words.length / 2 - 1
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const foundHigh = words[2 * slot]
    const foundLow = words[2 * slot + 1]
    if (foundHigh === 0 && foundLow === 0) {
      words[2 * slot] = high
      words[2 * slot + 1] = low
      return true
    }
    if (foundHigh === high && foundLow === low) return false
  }
}

const REGISTER_BITS = 14
const REGISTERS = 1 << REGISTER_BITS

/** HyperLogLog with 2^14 registers on 64-bit hashes, which need no correction for large counts. */
class HyperLogLog {
  static readonly relativeError = 1.04 / Math.sqrt(REGISTERS)
  readonly #registers = new Uint8Array(REGISTERS)

  add(high: number, low: number): void {
    const index = high >>> (32 - REGISTER_BITS)
    const rest = (high << REGISTER_BITS) >>> 0
    const rank = rest === 0 ? 33 - REGISTER_BITS + Math.clz32(low) : 1 + Math.clz32(rest)
    if (rank > (this.#registers[index] as number)) this.#registers[index] = rank
  }

  estimate(): number {
    let [sum, empty] = [0, 0]
    for (const rank of this.#registers) {
      sum += 2 ** -rank
      if (rank === 0) empty += 1
    }
    const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS * REGISTERS) / sum
    return Math.round(raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw)
  }
}
