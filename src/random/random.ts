/**
 * Random values that depend on their place only: (dataset seed, column, row, refill number, trial, draw).
 *
 * 1. The 64-bit Philox key is the start of SHA-256 over (seed, column, purpose, refill number); the 128-bit counter is
 *    (block of draws, row index in 53 bits, trial). Nothing else enters, so order, neighbours and workers cannot matter.
 * 2. A dataset's values never change between releases: test/random/golden.json notices any change of the stream.
 */
import { createHash } from 'node:crypto'
import { philox4x32 } from './philox.ts'

/** The draws of one place, in order; making it again gives the same draws. */
export interface RowStream {
  /** Uniform in [0, 1), 53 bits. */
  next(): number
  /** Uniform 32-bit unsigned integer. */
  nextUint32(): number
}

/** One stream object moved from place to place: for loops over many rows, where a new object per cell would cost. */
export interface SeekableStream extends RowStream {
  /**
   * Moves to the first draw of a place. `rowIndex` is below 2^53, `refill` and `trial` below 2^32.
   * A refill number other than the last one costs a hash, so visit rows refill by refill.
   */
  seek(rowIndex: number, refill: number, trial: number): void
}

/** All streams of one dataset. */
export interface Random {
  /** The stream of one place. `purpose` keeps apart what one column draws for different ends; default ''. */
  stream(column: string, rowIndex: number, refill: number, trial: number, purpose?: string): RowStream
  /** A stream of one column to be moved over rows; stands at row 0, refill 0, trial 0. Not to be shared across `await`. */
  seekable(column: string, purpose?: string): SeekableStream
}

/** The streams of a dataset. A seed of 42 and one of '42' are the same seed, for seeds come from files and from command lines. */
export function createRandom(seed: string | number): Random {
  const seekable = (column: string, purpose = ''): SeekableStream => new PhiloxStream([STREAM_VERSION, String(seed), column, purpose])
  return {
    seekable,
    stream(column, rowIndex, refill, trial, purpose) {
      const stream = seekable(column, purpose)
      stream.seek(rowIndex, refill, trial)
      return stream
    },
  }
}

/** Changing this changes every value of every dataset: a new version needs a new name and a way to keep the old one. */
const STREAM_VERSION = 'parquetry/random/1'
const UINT32_RANGE = 0x100000000
const WORDS_PER_BLOCK = 4

/** A class, for it has a lifetime and its draws are the hottest code there is. */
class PhiloxStream implements SeekableStream {
  readonly #place: readonly string[]
  readonly #words = new Uint32Array(WORDS_PER_BLOCK)
  #refill = -1
  #key0 = 0
  #key1 = 0
  #rowLow = 0
  #rowHigh = 0
  #trial = 0
  #block = 0
  #used = WORDS_PER_BLOCK

  constructor(place: readonly string[]) {
    this.#place = place
    this.seek(0, 0, 0)
  }

  seek(rowIndex: number, refill: number, trial: number): void {
    if (!(Number.isSafeInteger(rowIndex) && rowIndex >= 0 && isUint32(refill) && isUint32(trial))) {
      throw new RangeError(`Expected a row index below 2^53, refill and trial below 2^32; found ${rowIndex}, ${refill}, ${trial}.`)
    }
    if (refill !== this.#refill) this.#setKey(refill)
    this.#rowLow = rowIndex >>> 0
    this.#rowHigh = Math.floor(rowIndex / UINT32_RANGE)
    this.#trial = trial
    this.#block = 0
    this.#used = WORDS_PER_BLOCK
  }

  nextUint32(): number {
    if (this.#used === WORDS_PER_BLOCK) {
      philox4x32(this.#block, this.#rowLow, this.#rowHigh, this.#trial, this.#key0, this.#key1, this.#words)
      this.#block++
      this.#used = 0
    }
    return this.#words[this.#used++]!
  }

  next(): number {
    const high = this.nextUint32() >>> 5
    const low = this.nextUint32() >>> 6
    return (high * 0x4000000 + low) / 0x20000000000000
  }

  #setKey(refill: number): void {
    const digest = createHash('sha256')
      .update(JSON.stringify([...this.#place, refill]))
      .digest()
    this.#key0 = digest.readUInt32LE(0)
    this.#key1 = digest.readUInt32LE(4)
    this.#refill = refill
  }
}

function isUint32(value: number): boolean {
  return value >>> 0 === value
}
