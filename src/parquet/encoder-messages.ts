/** What crosses between the encoder pool and its threads: columns by structured clone, bytes by transfer, errors as data. */
import { isParquetryError, ParquetryError } from '../errors.ts'

import type { ErrorCode, ErrorDetails } from '../errors.ts'
import type { Schema, Table } from '../values.ts'

/** One table to encode. */
export interface EncodeJob {
  readonly schema: Schema
  readonly table: Table
  /** JSON text for the footer, or null. */
  readonly receipt: string | null
}

/** How it went. */
export type EncodeReply =
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly error: { readonly code: ErrorCode | null; readonly message: string; readonly stack: string; readonly details: ErrorDetails }
    }

/** An error as data that can be cloned. */
export function packError(error: unknown): EncodeReply {
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? (error.stack ?? message) : message
  if (!isParquetryError(error)) return { error: { code: null, message, stack, details: {} } }
  return { error: { code: error.code, message, stack, details: error.details } }
}

/** The error that `packError` packed: the same code, message and details, and the stack of the thread it came from. */
export function unpackError({ error }: Extract<EncodeReply, { error: unknown }>): ParquetryError {
  const unpacked =
    error.code === null
      ? new ParquetryError('INTERNAL', `Encoding to parquet failed: ${error.message}`)
      : new ParquetryError(error.code, error.message, error.details)
  unpacked.stack = error.stack
  return unpacked
}
