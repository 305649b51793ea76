/** The lock file of the embedded server: which process serves a cache folder, and where. Whole or absent, never half written. */

import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readProcess, type ProcessFacts } from './process-identity.ts'

/** One started server. */
export interface ServerRecord {
  readonly version: 1
  readonly pid: number
  /** Name of the machine or container that the process number belongs to. */
  readonly host: string
  /** `127.0.0.1:<port>`. */
  readonly address: string
  readonly uiUrl: string
  readonly startedAt: string
  /** SQLite file; it stands in the process's command line, by which the process is recognised. */
  readonly databaseFile: string
  /** Path and version of the binary, for people who look into the file. */
  readonly binary: string
  readonly binaryVersion: string
  /** Temporal's own id of the database's cluster, by which a server that answers is recognised; null until it has answered. */
  readonly clusterId: string | null
  /** True after an orderly stop; the record stays for its ports, which are tried first at the next start. */
  readonly isStopped: boolean
}

/** The record, or null if there is none or it is not one of ours. */
export async function readRecord(path: string): Promise<ServerRecord | null> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<ServerRecord> | null
    const texts = [value?.host, value?.address, value?.uiUrl, value?.startedAt, value?.databaseFile]
    if (value?.version !== 1 || !Number.isSafeInteger(value.pid) || texts.some((text) => typeof text !== 'string')) return null
    return { ...(value as ServerRecord), isStopped: value.isStopped === true, clusterId: value.clusterId ?? null }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null
    throw error
  }
}

/** Replaces the record at once. */
export async function writeRecord(path: string, record: ServerRecord): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const staged = `${path}.${randomUUID()}`
  await writeFile(staged, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  await rename(staged, path)
}

/** Removes the record if it is still about this process. */
export async function removeRecord(path: string, pid: number): Promise<void> {
  const record = await readRecord(path)
  if (record === null || record.pid === pid) await rm(path, { force: true })
}

/**
 * The living process of a record; null if it ended. A number that now belongs to another program counts as ended:
 * the command line must show a dev server on the record's own database.
 */
export async function findServerProcess(record: ServerRecord): Promise<ProcessFacts | null> {
  const facts = record.isStopped ? null : await readProcess(record.pid)
  if (facts === null) return null
  return facts.commandLine.includes('start-dev') && facts.commandLine.includes(`--db-filename ${record.databaseFile}`) ? facts : null
}
