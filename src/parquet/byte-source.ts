/** Bytes that can be read in part: a file in memory, or one in storage. */
import type { AsyncBuffer } from 'hyparquet'

/** A parquet file to read from; nothing is opened or closed here. */
export interface ByteSource {
  readonly byteLength: number
  /** Bytes [start, end). */
  slice(start: number, end: number): Uint8Array | Promise<Uint8Array>
}

/** A whole file, or a source of its parts. */
export function toByteSource(bytesOrSource: Uint8Array | ByteSource): ByteSource {
  if (!(bytesOrSource instanceof Uint8Array)) return bytesOrSource
  return { byteLength: bytesOrSource.byteLength, slice: (start, end) => bytesOrSource.subarray(start, end) }
}

/** The source as hyparquet wants it: ArrayBuffers of exactly the range asked for, in memory of their own. */
export function toAsyncBuffer(source: ByteSource): AsyncBuffer {
  return {
    byteLength: source.byteLength,
    slice: async (start, end = source.byteLength) => {
      const bytes = await source.slice(start, end)
      return new Uint8Array(bytes).buffer
    },
  }
}
