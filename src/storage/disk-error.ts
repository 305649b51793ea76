/** From the operating system's words to our codes. */
import { ParquetryError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'

/** The `code` of a system error, such as `ENOENT`; empty for anything else. */
export function systemCodeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}

/** True when there is nothing at the path, or a file stands where a folder of the path should be. */
export function isAbsent(error: unknown): boolean {
  const code = systemCodeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** What was tried, as the end of "could not …". */
export type DiskAction = 'create the folder' | 'read' | 'write' | 'link' | 'move' | 'remove' | 'list' | 'sync'

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'])
const NOT_WRITABLE: ReadonlySet<string> = new Set(['EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG'])

/** The error to throw for a system error at a path; a `ParquetryError` passes unchanged. */
export function diskError(error: unknown, action: DiskAction, path: string): ParquetryError {
  if (error instanceof ParquetryError) return error
  const systemCode = systemCodeOf(error)
  const reason = systemCode === '' ? String(error) : `${systemCode}${FULL.has(systemCode) ? ' (no space left)' : ''}`
  const code = codeOf(systemCode, action)
  return new ParquetryError(code, `could not ${action} ${path}: ${reason}`, { wayOut: WAY_OUT[code] ?? '', path, systemCode }, error)
}

function codeOf(systemCode: string, action: DiskAction): ErrorCode {
  if (FULL.has(systemCode)) return 'DISK_FULL'
  if (action === 'create the folder' && NOT_WRITABLE.has(systemCode)) return 'ARTIFACT_PATH_NOT_WRITABLE'
  if (action === 'link' && NO_LINKS.has(systemCode)) return 'LINK_NOT_SUPPORTED'
  return 'STORAGE_FAILED'
}

const WAY_OUT: Partial<Readonly<Record<ErrorCode, string>>> = {
  DISK_FULL: 'free some space; the run then goes on by itself and repeats no call',
  ARTIFACT_PATH_NOT_WRITABLE: 'give another folder with --artifact-path, or make this one writable',
  LINK_NOT_SUPPORTED: 'use a folder on a file system with hard links; FAT, exFAT and some network shares have none',
  STORAGE_FAILED: 'look at the disk or the share; the run then goes on by itself and repeats no call',
}
