/** Where Parquetry keeps what belongs to the user and not to a dataset: the Temporal binary, the embedded server's database, its log. */

import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** Environment variables, as `process.env` has them. An empty string counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The value of a variable, or undefined if it is not set or empty: compose files and CI systems pass empty ones. */
export function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name]
  return value === undefined || value.trim() === '' ? undefined : value
}

/**
 * The user's cache folder, absolute; it need not exist. `PARQUETRY_HOME` as it stands, else `parquetry` in `XDG_CACHE_HOME`,
 * else in `~/Library/Caches` (macOS) or `~/.cache`. A relative `XDG_CACHE_HOME` is ignored, as its specification asks.
 */
export function userCacheDir(env: Environment, platform: string = process.platform): string {
  const own = readVariable(env, 'PARQUETRY_HOME')
  if (own !== undefined) return resolve(own)
  const xdg = readVariable(env, 'XDG_CACHE_HOME')
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'parquetry')
  const home = readVariable(env, 'HOME') ?? homedir()
  return platform === 'darwin' ? join(home, 'Library', 'Caches', 'parquetry') : join(home, '.cache', 'parquetry')
}

/** The files of the embedded server below one cache folder. */
export interface ServerPaths {
  /** Folder of everything below; mode 0700, for the database holds what runs say. */
  readonly folder: string
  /** The lock file: which server runs, see server-record.ts. */
  readonly recordFile: string
  /** SQLite database, kept over restarts, so that earlier runs stay visible. */
  readonly databaseFile: string
  /** What the server prints. */
  readonly logFile: string
  /** Folder of downloaded binaries. */
  readonly binFolder: string
}

/** The files of the embedded server below `cacheDir`. */
export function serverPaths(cacheDir: string): ServerPaths {
  const folder = join(resolve(cacheDir), 'server')
  return {
    folder,
    recordFile: join(folder, 'server.json'),
    databaseFile: join(folder, 'temporal.db'),
    logFile: join(folder, 'server.log'),
    binFolder: join(resolve(cacheDir), 'bin'),
  }
}
