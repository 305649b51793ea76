/** Vectors of no model: a pure function of the text. Texts that share words are near each other, so that whoever searches finds something. */
import { createHash } from 'node:crypto'
import { wordsOf } from './words.ts'

/** Numbers in a vector where the request names no `dimensions`. */
export const REHEARSED_DIMENSIONS = 64
/** More are refused: a mistake, or an attack. */
export const MAX_DIMENSIONS = 16_384

/** A vector of length 1: the sum of its words' directions, each drawn by hash. */
export function rehearseVector(text: string, dimensions: number): readonly number[] {
  const sum = new Float64Array(dimensions)
  const words = wordsOf(text).map((word) => word.toLowerCase())
  for (const word of [...words, text]) addDirection(sum, word)
  const length = Math.sqrt(sum.reduce((total, value) => total + value * value, 0)) || 1
  return Array.from(sum, (value) => Math.fround(value / length))
}

function addDirection(sum: Float64Array, word: string): void {
  let block = Buffer.alloc(0)
  for (let at = 0; at < sum.length; at += 1) {
    const offset = (at * 2) % 32
    if (offset === 0) block = createHash('sha256').update(`${at}/${word}`).digest()
    sum[at]! += block.readInt16BE(offset) / 32_768
  }
}

/** A vector as the request wants it to travel. */
export function encodeVector(vector: readonly number[], format: 'float' | 'base64'): readonly number[] | string {
  if (format === 'float') return vector
  const bytes = Buffer.alloc(vector.length * 4)
  vector.forEach((value, at) => bytes.writeFloatLE(value, at * 4))
  return bytes.toString('base64')
}
