/** Errors of the Temporal client in our words. By name, so that the client need not be loaded to look. */
import { ParquetryError } from '../errors.ts'

const NAMES: ReadonlySet<string> = new Set(['ServiceError', 'NamespaceNotFoundError', 'TransportError'])

/** A `TEMPORAL_UNREACHABLE` for an error that the server, or the way to it, is to blame for; anything else unchanged. */
export function sayableError(error: unknown): unknown {
  if (!(error instanceof Error) || !NAMES.has(error.name)) return error
  const { cause } = error
  const details = cause instanceof Error && cause.message !== error.message ? `: ${cause.message}` : ''
  return new ParquetryError(
    'TEMPORAL_UNREACHABLE',
    `the Temporal server did not do what was asked: ${error.message}${details}`,
    { wayOut: 'look at the server and its permissions, then try the same command again; a run that was started is kept there' },
    error,
  )
}
