/** Vectors as journals keep them: a third to a half of what they take as JSON. Exact. */
import { endianness } from 'node:os'
import type { PackedVectors } from '../../model/client.ts'

/** Packs vectors of one dimension; 32 bits where every number is one of 32 bits, as base64 answers are. */
export function packVectors(vectors: readonly (readonly number[])[]): PackedVectors {
  const dimension = vectors[0]?.length ?? 0
  const bits = vectors.every((vector) => vector.every((value) => Math.fround(value) === value)) ? 32 : 64
  const width = bits / 8
  const bytes = Buffer.alloc(vectors.length * dimension * width)
  let at = 0
  for (const vector of vectors) {
    for (const value of vector) {
      if (bits === 32) bytes.writeFloatLE(value, at)
      else bytes.writeDoubleLE(value, at)
      at += width
    }
  }
  return { count: vectors.length, dimension, bits, data: bytes.toString('base64') }
}

/** The vectors, number for number; null for what cannot have been packed here. */
export function unpackVectors({ count, dimension, bits, data }: PackedVectors): readonly (readonly number[])[] | null {
  // A copy, for a view of floats has to begin where one may.
  const bytes = Buffer.from(new Uint8Array(Buffer.from(data, 'base64')).buffer)
  if (bytes.length !== count * dimension * (bits / 8)) return null
  if (endianness() === 'BE') swap(bytes, bits)
  const numbers = bits === 32 ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer)
  return Array.from({ length: count }, (_, row) => Array.from(numbers.subarray(row * dimension, (row + 1) * dimension)))
}

function swap(bytes: Buffer, bits: 32 | 64): void {
  if (bits === 32) bytes.swap32()
  else bytes.swap64()
}
