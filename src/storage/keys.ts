/** What a key may be, for every storage alike. */
import { ParquetryError } from '../errors.ts'

/** Names of this form are a storage's own unfinished objects: never listed, and refused as keys. */
const TEMPORARY = /^\.parquetry-tmp-/

/** Name of an unfinished object; `unique` must be unique among all writers. */
export function temporaryName(unique: string): string {
  return `.parquetry-tmp-${unique}`
}

/** True for the name of an unfinished object. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name)
}

/** The parts of an object's key. Throws `DATASET_NAME_INVALID` when the key could leave the folder, or names nothing. */
export function partsOfKey(key: string): readonly string[] {
  const parts = key.split('/')
  const wrong = parts.find((part) => !isPlainName(part))
  if (wrong === undefined) return parts
  throw new ParquetryError(
    'DATASET_NAME_INVALID',
    `expected a relative key such as parquet-files/batch_00000.parquet, found ${quote(key)}`,
    {
      wayOut: 'use names without "..", "\\", empty parts and control characters',
    },
  )
}

/** The parts of a folder's key, which may end in `/`; the empty key is the folder of the storage itself. */
export function partsOfFolderKey(key: string): readonly string[] {
  return key === '' ? [] : partsOfKey(key.endsWith('/') ? key.slice(0, -1) : key)
}

function isPlainName(part: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return part !== '' && part !== '.' && part !== '..' && !/[\u0000-\u001f\u007f\\]/.test(part) && !TEMPORARY.test(part)
}

function quote(key: string): string {
  return JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key)
}
