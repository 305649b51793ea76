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
  else {
    start(5, into)
    finish(mixNested(value, into), into)
  }
}

/** Integers that fit are the same value as number and as bigint. */
function hashInteger(value: bigint, into: Hash64): void {
  const number = Number(value)
  if (Number.isSafeInteger(number)) hashNumber(number, 2, into)
  else hashText(value.toString(), 6, into)
}

/** Lists and groups are taken as they are, not as JSON: a vector has more than a thousand numbers. Answers how many values were mixed in. */
function mixNested(value: Value, into: Hash64): number {
  if (value === null) return mixTagged(0, 0, into)
  if (typeof value === 'string') return mixText(value, into)
  if (typeof value === 'number') return mixNumber(value, into)
  if (typeof value === 'boolean') return mixTagged(3, value ? 1 : 0, into)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? mixNumber(Number(value), into) : mixText(`${value}n`, into)
  if (value instanceof Date) return mixTagged(4, 0, into) + mixNumber(value.getTime(), into)
  const fields = Array.isArray(value) ? null : Object.entries(value as Readonly<Record<string, Value>>)
  const items = fields ?? (value as readonly Value[])
  let count = mixTagged(fields === null ? 7 : 8, items.length, into)
  if (fields === null) for (const item of value as readonly Value[]) count += mixNested(item, into)
  else for (const [name, item] of fields) count += mixText(name, into) + mixNested(item, into)
  return count
}

function mixTagged(kind: number, word: number, into: Hash64): number {
  mix(kind, into)
  mix(word, into)
  return 1
}

function mixNumber(value: number, into: Hash64): number {
  float[0] = value === 0 ? 0 : value
  mix(2, into)
  mix(words[0] as number, into)
  mix(words[1] as number, into)
  return 1
}

function mixText(text: string, into: Hash64): number {
  mixTagged(1, text.length, into)
  for (let i = 0; i < text.length; i += 2) mix(text.charCodeAt(i) | (i + 1 < text.length ? text.charCodeAt(i + 1) << 16 : 0), into)
  return 1
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
