/** Distinct numbers that look random, without state: a keyed permutation of the 32-bit integers. */
import type { RowStream } from './random.ts'

const ROUNDS = 8

/**
 * A permutation of 0 … 2^32 − 1 (a balanced Feistel network of 8 rounds), keyed by the next 8 words of `keys`.
 * Different inputs below 2^32 always give different outputs; larger inputs are taken modulo 2^32.
 */
export function createPermutation32(keys: RowStream): (value: number) => number {
  const roundKeys = Uint32Array.from({ length: ROUNDS }, () => keys.nextUint32())
  return (value) => {
    let left = (value >>> 16) & 0xffff
    let right = value & 0xffff
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = (left ^ mix16(right, roundKeys[round]!)) & 0xffff
      left = right
      right = mixed
    }
    return ((left << 16) | right) >>> 0
  }
}

/** Murmur3's finalizer over half and round key. */
function mix16(half: number, key: number): number {
  let hash = Math.imul(half, 0x9e3779b1) ^ key
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** A half of fewer bits mixes badly; smaller sizes walk more often instead. */
const MIN_HALF_BITS = 4

/**
 * A permutation of 0 … size − 1 that needs no memory, keyed by the next 8 words of `keys`: a Feistel network over the next larger power
 * of four, walked until the value is below `size` (cycle walking). `size` is 1 … 2^50.
 */
export function createPermutation(size: number, keys: RowStream): (value: number) => number {
  if (!(Number.isSafeInteger(size) && size >= 1 && size <= 2 ** 50)) {
    throw new RangeError(`Expected a size from 1 to 2^50, found ${size}.`)
  }
  const roundKeys = Uint32Array.from({ length: ROUNDS }, () => keys.nextUint32())
  const bits = Math.max(MIN_HALF_BITS, Math.ceil(bitsBelow(size) / 2))
  const range = 2 ** bits
  const mask = range - 1
  const permute = (value: number): number => {
    let left = Math.floor(value / range)
    let right = value % range
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = (left ^ mix16(right, roundKeys[round]!)) & mask
      left = right
      right = mixed
    }
    return left * range + right
  }
  return (value) => {
    let image = permute(value)
    while (image >= size) image = permute(image)
    return image
  }
}

/** Bits that the numbers below `size` need. */
function bitsBelow(size: number): number {
  let bits = 0
  while (2 ** bits < size) bits++
  return bits
}
