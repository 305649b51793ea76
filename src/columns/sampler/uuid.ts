/**
 * Identifiers. The full form is a version-4 UUID without dashes: of its 122 random bits two of 10^12 rows share one with
 * probability 10^−13. The short form has 32 bits only, where random draws would collide for every other dataset of 77,000
 * rows; it is therefore a keyed permutation of the row index: distinct for the first 2^32 rows, the same for every refill.
 */
import type { SamplerParams } from '../../config/compiled.ts'
import type { RowStream } from '../../random/random.ts'
import type { Draw } from './draw.ts'

/** Draws the identifiers of a column; `permute` is that column's own permutation of the 32-bit integers. */
export function drawUuid(params: Extract<SamplerParams, { sampler_type: 'uuid' }>, permute: (value: number) => number): Draw {
  const prefix = params.prefix ?? ''
  const draw: (stream: RowStream, rowIndex: number) => string = params.short_form
    ? (_, rowIndex) => hexOfWord(permute(rowIndex))
    : (stream) => uuidHex(stream)
  return params.uppercase
    ? (stream, _, rowIndex) => prefix + draw(stream, rowIndex).toUpperCase()
    : (stream, _, rowIndex) => prefix + draw(stream, rowIndex)
}

/** 32 hex digits of a version-4 UUID, from four 32-bit draws. */
export function uuidHex(stream: RowStream): string {
  const first = hexOfWord(stream.nextUint32())
  const second = hexOfWord(((stream.nextUint32() & 0xffff0fff) | 0x00004000) >>> 0)
  const third = hexOfWord(((stream.nextUint32() & 0x3fffffff) | 0x80000000) >>> 0)
  return first + second + third + hexOfWord(stream.nextUint32())
}

/** The usual form with dashes. */
export function uuidText(stream: RowStream): string {
  const hex = uuidHex(stream)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function hexOfWord(word: number): string {
  return BYTES[word >>> 24]! + BYTES[(word >>> 16) & 0xff]! + BYTES[(word >>> 8) & 0xff]! + BYTES[word & 0xff]!
}
