/** The facts of a parquet file from its last bytes. */
import { parquetMetadataAsync, parquetSchema } from 'hyparquet'
import type { FileMetaData } from 'hyparquet'

import { ParquetryError } from '../errors.ts'
import { toAsyncBuffer, toByteSource } from './byte-source.ts'
import { toSchema } from './footer-schema.ts'
import { PARSERS } from './hyparquet-parsers.ts'

import type { Schema } from '../values.ts'
import type { ByteSource } from './byte-source.ts'

/** What a footer says. */
export interface Footer {
  /** Rows in the file. */
  readonly rowCount: number
  readonly schema: Schema
  /** Key-value metadata, e.g. `parquetry.receipt`. Of a key that stands twice, the last value. */
  readonly metadata: ReadonlyMap<string, string>
  /** Program that wrote the file; null when it does not say. */
  readonly createdBy: string | null
  /** Where the footer begins: the size of the body in bytes. */
  readonly footerStart: number
}

/** Bytes read at first; most footers are smaller, so that one read is enough. */
export const FOOTER_TAIL_BYTES = 64 * 1024
/** Header, footer length and magic numbers. */
const SMALLEST_FILE_BYTES = 12

/**
 * Reads a footer: the last 64 KiB, and once more when the footer is larger. Works on any parquet file.
 * Throws `DATASET_DAMAGED` with `details.reason` when it is none, is truncated, or cannot be understood; errors of the source as they are.
 */
export async function readFooter(bytesOrSource: Uint8Array | ByteSource): Promise<Footer> {
  const source = toByteSource(bytesOrSource)
  return toFooter(await readFileMetadata(source), source.byteLength)
}

/** The footer as hyparquet gives it, for its own reader. Throws as `readFooter` does. */
export async function readFileMetadata(source: ByteSource): Promise<FileMetaData> {
  if (source.byteLength < SMALLEST_FILE_BYTES) throw notParquet(`it has ${source.byteLength} bytes`)
  const buffer = toAsyncBuffer(source)
  const failure: { ofSource?: unknown } = {}
  const slice = async (start: number, end?: number): Promise<ArrayBuffer> => {
    try {
      return await buffer.slice(start, end)
    } catch (error) {
      failure.ofSource = error
      throw error
    }
  }
  try {
    const tail = { byteLength: buffer.byteLength, slice }
    const metadata = await parquetMetadataAsync(tail, { initialFetchSize: FOOTER_TAIL_BYTES, geoparquet: false, parsers: PARSERS })
    for (const element of metadata.schema) if (element.logical_type?.type === 'JSON') element.converted_type = 'JSON'
    return metadata
  } catch (error) {
    if (failure.ofSource !== undefined) throw failure.ofSource
    throw notParquet(error instanceof Error ? error.message : String(error), error)
  }
}

/** Footer facts from hyparquet's. Throws `DATASET_DAMAGED` when they contradict each other. */
export function toFooter(file: FileMetaData, byteLength: number): Footer {
  try {
    const rowCount = Number(file.num_rows)
    if (!Number.isSafeInteger(rowCount) || rowCount < 0) throw new Error(`it says that it has ${file.num_rows} rows`)
    return {
      rowCount,
      schema: toSchema(parquetSchema(file)),
      metadata: new Map((file.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
      createdBy: file.created_by ?? null,
      footerStart: byteLength - 8 - file.metadata_length,
    }
  } catch (error) {
    throw notParquet(error instanceof Error ? error.message : String(error), error)
  }
}

/** `DATASET_DAMAGED` for bytes that should have been a parquet file. */
export function notParquet(reason: string, cause?: unknown): ParquetryError {
  return new ParquetryError('DATASET_DAMAGED', `Expected a readable parquet file, found one that is not: ${reason}.`, { reason }, cause)
}
