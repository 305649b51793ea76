/**
 * At most one command at a time starts or stops the embedded server of a cache folder.
 *
 * Lock files are numbered: `start-lock-<n>`. To take the lock is to create the next number exclusively; the holder is who made the
 * highest one. Invariants:
 * 1. Number n + 1 is created only by somebody who saw n released, or its holder dead.
 * 2. The file with the highest number is never removed, so a slow command cannot create a number that is already history;
 *    and who creates a number looks again and gives way to a higher one.
 * So a lock left by a killed command is taken over by exactly one of those that wait, which removing one fixed file cannot promise.
 */

import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ParquetryError } from '../errors.ts'
import { readProcess } from './process-identity.ts'

/** A held lock. */
export interface StartLock {
  /** Lets the next one in. Never rejects; calling it twice does nothing. */
  release(): Promise<void>
}

/** How long to wait for the lock, and what to tell while waiting. */
export interface StartLockOptions {
  /** Longest wait for a living holder, in milliseconds. */
  readonly waitMs: number
  /** Called once, when another living command holds the lock. */
  readonly onWait?: (holderPid: number) => void
}

interface Holder {
  readonly pid: number
  readonly host: string
  readonly startToken: string | null
  readonly released: boolean
}

const LOCK_NAME = /^start-lock-(\d{1,15})$/
const POLL_MS = 100

/**
 * Takes the lock in `folder`, which is made if it is missing. A lock whose holder is dead is taken over.
 * Throws TEMPORAL_SERVER_FAILED, naming the holder, if a living one keeps it longer than `waitMs`.
 */
export async function takeStartLock(folder: string, options: StartLockOptions): Promise<StartLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const end = performance.now() + options.waitMs
  let told = false
  for (;;) {
    const highest = await highestNumber(folder)
    const holder = highest === 0 ? null : await readHolder(join(folder, lockName(highest)))
    if (highest === 0 || (await isFree(holder))) {
      const lock = await tryTake(folder, highest + 1)
      if (lock !== null) return lock
      continue
    }
    if (!told && holder !== null) {
      told = true
      options.onWait?.(holder.pid)
    }
    if (performance.now() >= end) throw lockHeld(join(folder, lockName(highest)), holder, options.waitMs)
    await new Promise((wake) => setTimeout(wake, POLL_MS))
  }
}

async function tryTake(folder: string, number: number): Promise<StartLock | null> {
  const path = join(folder, lockName(number))
  const facts = await readProcess(process.pid)
  const holder: Holder = { pid: process.pid, host: hostname(), startToken: facts?.startToken ?? null, released: false }
  if (!(await createExclusively(path, JSON.stringify(holder)))) return null
  if ((await highestNumber(folder)) !== number) {
    await rm(path, { force: true })
    return null
  }
  await removeHistory(folder, number)
  let released = false
  return {
    release: async () => {
      if (released) return
      released = true
      await writeReleased(path, holder).catch(() => {})
    },
  }
}

/** Makes the file with its contents in one step, so that nobody sees it empty. False if it exists. */
async function createExclusively(path: string, contents: string): Promise<boolean> {
  const staged = `${path}.${randomUUID()}`
  await writeFile(staged, contents, { mode: 0o600 })
  try {
    await link(staged, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(staged, { force: true })
  }
}

async function writeReleased(path: string, holder: Holder): Promise<void> {
  const staged = `${path}.released`
  await writeFile(staged, JSON.stringify({ ...holder, released: true }), { mode: 0o600 })
  await rename(staged, path)
}

async function removeHistory(folder: string, highest: number): Promise<void> {
  for (const number of await lockNumbers(folder)) {
    if (number < highest) await rm(join(folder, lockName(number)), { force: true })
  }
}

/** Who holds a lock; null if the file is gone, or is none of ours. */
async function readHolder(path: string): Promise<Holder | null> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder> | null
    if (typeof value?.pid !== 'number' || typeof value.host !== 'string') return null
    return { pid: value.pid, host: value.host, startToken: value.startToken ?? null, released: value.released === true }
  } catch {
    return null
  }
}

async function isFree(holder: Holder | null): Promise<boolean> {
  if (holder === null || holder.released) return true
  // Processes of another machine, or container, cannot be looked at: only time tells.
  if (holder.host !== hostname()) return false
  const facts = await readProcess(holder.pid)
  return facts === null || (holder.startToken !== null && holder.startToken !== facts.startToken)
}

async function lockNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names.flatMap((name) => {
    const match = LOCK_NAME.exec(name)
    return match === null ? [] : [Number(match[1])]
  })
}

async function highestNumber(folder: string): Promise<number> {
  return Math.max(0, ...(await lockNumbers(folder)))
}

function lockName(number: number): string {
  return `start-lock-${number}`
}

function lockHeld(path: string, holder: Holder | null, waitMs: number): ParquetryError {
  const who = holder === null ? 'another command' : `process ${holder.pid} on ${holder.host}`
  return new ParquetryError(
    'TEMPORAL_SERVER_FAILED',
    `Expected to start or stop the embedded Temporal server within ${Math.round(waitMs / 1000)} s, but ${who} is still at it.`,
    { lockFile: path, wayOut: `Wait for that command, or end it; if it no longer exists, delete ${path}.` },
  )
}
