/** Ending the embedded server of a cache folder, and looking at it. */

import { hostname } from 'node:os'
import { ParquetryError } from '../errors.ts'
import { serverPaths, type ServerPaths } from './cache-folder.ts'
import { readClusterId } from './connection.ts'
import { waitForExit } from './process-identity.ts'
import { findServerProcess, readRecord, removeRecord, writeRecord, type ServerRecord } from './server-record.ts'
import { takeStartLock } from './start-lock.ts'

/** Which server to end, and with how much patience. */
export interface StopServerOptions {
  readonly cacheDir: string
  /** Time the server gets to end by itself before it is killed; default 10,000 ms. */
  readonly graceMs?: number
  /** Longest wait for another command that is starting the server; default 60,000 ms. */
  readonly lockWaitMs?: number
}

/** How stopping ended. `killed`: it did not end in time by itself; its database stays usable. */
export interface StopResult {
  readonly outcome: 'not-running' | 'stopped' | 'killed'
  readonly address?: string
  readonly pid?: number
}

/** The embedded server of a cache folder, as seen now. */
export interface ServerStatus {
  /** True if its process lives, or if it answers from where its process cannot be seen. */
  readonly isRunning: boolean
  /** True if it answered as the recorded server. */
  readonly isAnswering: boolean
  /** What stands in the lock file, also about a stopped server; null if there is none. */
  readonly record: ServerRecord | null
  readonly paths: ServerPaths
}

const GRACE_MS = 10_000
const KILL_MS = 5_000
const LOCK_WAIT_MS = 60_000
const IDENTIFY_TIMEOUT_MS = 2_000

/**
 * Ends the server by the process number in the lock file, after checking that the number still is our server. Its database is kept.
 * Throws TEMPORAL_SERVER_FAILED if the server runs where it cannot be ended from.
 */
export async function stopServer(options: StopServerOptions): Promise<StopResult> {
  const { recordFile, folder } = serverPaths(options.cacheDir)
  if ((await readRecord(recordFile)) === null) return { outcome: 'not-running' }
  const lock = await takeStartLock(folder, { waitMs: options.lockWaitMs ?? LOCK_WAIT_MS })
  try {
    const record = await readRecord(recordFile)
    if (record === null || record.isStopped) return { outcome: 'not-running' }
    const { pid, address } = record
    const facts = await findServerProcess(record)
    if (facts === null) {
      if (await answers(record)) throw outOfReach(record, `it runs as process ${pid} on "${record.host}"`)
      // A record of another machine may be about a server that lives there: it stays.
      if (record.host === hostname()) await removeRecord(recordFile, pid)
      return { outcome: 'not-running' }
    }
    signal(record, 'SIGTERM')
    let outcome: 'stopped' | 'killed' = 'stopped'
    if (!(await waitForExit(pid, facts, options.graceMs ?? GRACE_MS))) {
      outcome = 'killed'
      signal(record, 'SIGKILL')
      if (!(await waitForExit(pid, facts, KILL_MS))) throw outOfReach(record, `process ${pid} did not end after SIGKILL`)
    }
    await writeRecord(recordFile, { ...record, isStopped: true })
    return { outcome, address, pid }
  } finally {
    await lock.release()
  }
}

/** Looks at the server of a cache folder without changing anything. */
export async function serverStatus(options: { readonly cacheDir: string }): Promise<ServerStatus> {
  const paths = serverPaths(options.cacheDir)
  const record = await readRecord(paths.recordFile)
  if (record === null || record.isStopped) return { isRunning: false, isAnswering: false, record, paths }
  const [facts, isAnswering] = await Promise.all([findServerProcess(record), answers(record)])
  return { isRunning: facts !== null || isAnswering, isAnswering, record, paths }
}

async function answers(record: ServerRecord): Promise<boolean> {
  const clusterId = await readClusterId(record.address, IDENTIFY_TIMEOUT_MS)
  return clusterId !== null && clusterId === record.clusterId
}

function signal(record: ServerRecord, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(record.pid, name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH') throw outOfReach(record, `process ${record.pid} belongs to another user`)
  }
}

function outOfReach(record: ServerRecord, found: string): ParquetryError {
  return new ParquetryError('TEMPORAL_SERVER_FAILED', `Expected to end the embedded Temporal server at ${record.address}, but ${found}.`, {
    pid: record.pid,
    wayOut: `End it there: kill ${record.pid}`,
  })
}
