/** Parquet files in the hands of Python's readers. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import type { Value } from '../../src/values.ts'

const SCRIPT = fileURLToPath(new URL('read-with-python.py', import.meta.url))
const CACHED = fileURLToPath(new URL('../../node_modules/.cache/parquetry-python/', import.meta.url))

/** One reading; `sql` for duckdb may say `file` for the file. */
export interface PythonRequest {
  readonly reader: 'all' | 'datasets' | 'pyarrow' | 'duckdb' | 'pandas' | 'write-foreign' | 'write-columns' | 'recompress'
  readonly file: string
  readonly sql?: string
  /** For `datasets`: a hub, `file` is then `owner/name` there; a subset that the card names. */
  readonly endpoint?: string
  readonly token?: string
  readonly subset?: string
  /** For `recompress`. */
  readonly to?: string
  readonly codec?: 'zstd' | 'gzip'
  /** For `write-columns`. */
  readonly columns?: Readonly<Record<string, readonly (string | number)[]>>
}

/** What a reader found. Values are tagged as `tagged` tags them. */
export interface PythonAnswer {
  readonly types: Readonly<Record<string, string>>
  readonly columns: Readonly<Record<string, readonly unknown[]>>
  readonly metadata?: Readonly<Record<string, string>>
  readonly rowCount?: number
}

/** A folder for the files of one test file, removed by `remove`. */
export async function makeFolder(): Promise<{
  path(name: string): string
  write(name: string, bytes: Uint8Array): Promise<string>
  remove(): Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'parquetry-test-'))
  return {
    path: (name) => join(folder, name),
    async write(name, bytes) {
      await writeFile(join(folder, name), bytes)
      return join(folder, name)
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Runs the requests in one Python process. Fails, saying how to get one, when there is no Python with the packages. */
export async function askPython(requests: readonly PythonRequest[]): Promise<readonly PythonAnswer[]> {
  const folder = await makeFolder()
  try {
    const file = await folder.write('requests.json', Buffer.from(JSON.stringify(requests)))
    const { stdout } = await promisify(execFile)(findPython(), [SCRIPT, file], { maxBuffer: 1 << 28, encoding: 'utf8' })
    return JSON.parse(stdout) as readonly PythonAnswer[]
  } finally {
    await folder.remove()
  }
}

/** Python with the packages of scripts/python-env.mjs. Throws, saying how to get one, when there is none. */
export function findPython(): string {
  const named = process.env['PARQUETRY_TEST_PYTHON']
  const python = named ?? join(CACHED, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']))
  if (existsSync(python)) return python
  throw new Error(
    `These tests use pyarrow, duckdb, pandas, polars, datasets and pyte; no Python with them was found at ${python}. ` +
      'Make one with `node scripts/python-env.mjs`, or name one in PARQUETRY_TEST_PYTHON.',
  )
}

/** A value as the Python script prints it. */
export function tagged(value: Value): unknown {
  if (typeof value === 'bigint') return { $int: String(value) }
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) }
  if (value instanceof Date) return { $time: value.getTime() }
  if (Array.isArray(value)) return (value as readonly Value[]).map(tagged)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, tagged(item)]))
  return value
}
