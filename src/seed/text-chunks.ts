/** A text file in pieces: decoded, hashed, never whole in memory. */
import { createReadStream } from 'node:fs'
import type { Hash } from 'node:crypto'
import { TextDecoder } from 'node:util'
import { isParquetryError } from '../errors.ts'
import { unreadable, unreadableFile } from './unreadable.ts'

const CHUNK_BYTES = 256 * 1024

/** The bytes of a file, each piece taken into `hash`. Throws `SEED_DATA_UNREADABLE`. */
export async function* readBytes(path: string, hash: Hash): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      yield chunk
    }
  } catch (error) {
    throw isParquetryError(error) ? error : unreadableFile(path, error)
  }
}

/** The text of a file: UTF-8, or UTF-16 where a byte order mark says so; the mark itself is no part of it. */
export async function* readText(path: string, hash: Hash): AsyncGenerator<string> {
  let decoder: TextDecoder | null = null
  let position = 0
  for await (const chunk of readBytes(path, hash)) {
    decoder ??= new TextDecoder(encodingOf(chunk), { fatal: true })
    yield decode(decoder, chunk, path, position)
    position += chunk.length
  }
  if (decoder !== null) yield decode(decoder, null, path, position)
}

function decode(decoder: TextDecoder, chunk: Uint8Array | null, path: string, position: number): string {
  try {
    return chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch (error) {
    throw unreadable(
      `expected ${path} to be text in ${decoder.encoding.toUpperCase()}, found bytes near ${position} that are not`,
      'save the file as UTF-8',
      error,
    )
  }
}

function encodingOf(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le'
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : 'utf-8'
}
