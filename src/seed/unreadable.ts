/** The one error of seed data that cannot be read. */
import { ParquetryError } from '../errors.ts'

/** `SEED_DATA_UNREADABLE`: what was expected and found, and how to get on. */
export function unreadable(message: string, wayOut: string, cause?: unknown): ParquetryError {
  return new ParquetryError('SEED_DATA_UNREADABLE', message, { wayOut }, cause)
}

/** The same for a fault of the disk: no such file, no right to read it. */
export function unreadableFile(path: string, cause: unknown): ParquetryError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  const found = code === 'ENOENT' || code === 'ENOTDIR' ? 'no such file' : `one that cannot be read (${code})`
  return unreadable(`expected a file of seed data at ${path}, found ${found}`, 'give a file that this user may read', cause)
}
