/** From a location to its storage: the one place that knows which kinds there are. */
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ParquetryError } from '../errors.ts'
import { createLocalStorage } from './local.ts'
import type { Storage } from './storage.ts'

/**
 * The storage of an absolute folder or a `file:` URL; nothing is touched yet. Throws `CONFIG_NOT_YET` for other URLs and
 * `DATASET_NAME_INVALID` for a relative folder, which client and worker would understand differently.
 */
export function openStorage(location: string): Storage {
  if (location.startsWith('file:')) return createLocalStorage(fileURLToPath(location))
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]
  if (scheme !== undefined) {
    throw new ParquetryError('CONFIG_NOT_YET', `expected a local folder, found a ${scheme} location, which this release cannot write to`, {
      wayOut: 'write to a local or shared folder and upload it when it is complete',
    })
  }
  if (!isAbsolute(location) || location.includes('\0')) {
    throw new ParquetryError('DATASET_NAME_INVALID', `expected an absolute folder, found ${JSON.stringify(location)}`)
  }
  return createLocalStorage(location)
}
