/** 64-bit hashes of cells, for counting different values without keeping them. Not for secrets or signatures. */
import type { Value } from '../../values.ts'

/** A hash as two unsigned 32-bit words. One object is reused, so take the words before hashing again. */
export interface Hash64 {
  high: number
  low: number
}

/** Hashes a value that is not null: equal values hash equally, and values of different kinds (1, '1', true) differently. */
export function hashValue(value: NonNullable<Value>, into: Hash64): void {
  if (typeof value === 'string') hashText(value, 1, into)
  else if (typeof value === 'number') hashNumber(value, 2, into)
  else if (typeof value === 'boolean') hashNumber(value ? 1 : 0, 3, into)
  else if (typeof value === 'bigint') hashInteger(value, into)
  else if (value instanceof Date) hashNumber(value.getTime(), 4, into)
  else hashText(jsonOf(value), 5, into)
}

/** Integers that fit are the same value as number and as bigint. */
function hashInteger(value: bigint, into: Hash64): void {
  const number = Number(value)
  if (Number.isSafeInteger(number)) hashNumber(number, 2, into)
  else hashText(value.toString(), 6, into)
}

/** JSON of any cell; integers beyond 2^53 as digits, dates as ISO 8601. */
function jsonOf(value: Value): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item))
}

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)

function hashNumber(value: number, kind: number, into: Hash64): void {
  // 0 and −0 are one value.
  float[0] = value === 0 ? 0 : value
  start(kind, into)
  mix(words[0] as number, into)
  mix(words[1] as number, into)
  finish(2, into)
}

function hashText(text: string, kind: number, into: Hash64): void {
  start(kind, into)
  const pairs = text.length & ~1
  for (let i = 0; i < pairs; i += 2) mix(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16), into)
  if (pairs < text.length) mix(text.charCodeAt(pairs), into)
  finish(text.length, into)
}

function start(kind: number, into: Hash64): void {
  into.high = Math.imul(kind, 0x9e3779b1)
  into.low = Math.imul(kind, 0x85ebca77)
}

/** One round of MurmurHash3 in each half, with the halves stirred into each other. */
function mix(word: number, into: Hash64): void {
  const a = Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593)
  const b = Math.imul(rotate(Math.imul(word, 0x239b961b), 17), 0xab0e9789)
  into.high = (Math.imul(rotate(into.high ^ a, 13) + into.low, 5) + 0xe6546b64) | 0
  into.low = (Math.imul(rotate(into.low ^ b, 17) + into.high, 5) + 0x0bcaa747) | 0
}

function finish(length: number, into: Hash64): void {
  const high = scramble(into.high ^ length)
  const low = scramble(into.low ^ Math.imul(length, 0x9e3779b1) ^ high)
  into.low = low >>> 0
  into.high = scramble(high + low) >>> 0
}

function scramble(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
