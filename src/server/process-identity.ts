/**
 * Which process a number stands for. A process number is used again after its process ended, so a number from a file is
 * trusted only together with something that the process itself shows: its command line, or the moment it started.
 */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** What is known about a living process. */
export interface ProcessFacts {
  /** Program and arguments, joined by spaces. */
  readonly commandLine: string
  /** Opaque; equal for the same process only, and not the same after a restart of the machine. */
  readonly startToken: string
}

/** Facts of a living process; null if there is none with this number, if it is a zombie, or if it cannot be looked at. */
export async function readProcess(pid: number): Promise<ProcessFacts | null> {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !exists(pid)) return null
  return process.platform === 'linux' ? await readFromProc(pid) : await readFromPs(pid)
}

/** Waits until the process is gone. False if it is still there after `timeoutMs`. */
export async function waitForExit(pid: number, facts: ProcessFacts, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const now = await readProcess(pid)
    if (now === null || now.startToken !== facts.startToken) return true
    if (performance.now() >= end) return false
    await new Promise((wake) => setTimeout(wake, 50))
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function readFromProc(pid: number): Promise<ProcessFacts | null> {
  try {
    const [stat, commandLine, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    ])
    // The program's name stands in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const state = fields[0]
    const startTicks = fields[19]
    if (state === undefined || startTicks === undefined || state === 'Z' || state === 'X') return null
    return { commandLine: commandLine.replaceAll('\0', ' ').trim(), startToken: `${bootId.trim()}:${startTicks}` }
  } catch {
    return null
  }
}

async function readFromPs(pid: number): Promise<ProcessFacts | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'state=', '-o', 'lstart=', '-o', 'command=', '-p', String(pid)], {
      env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
      timeout: 5_000,
    })
    const match = /^\s*(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/s.exec(stdout)
    if (match === null || match[1]?.startsWith('Z') === true) return null
    return { commandLine: (match[3] ?? '').trim(), startToken: match[2] ?? '' }
  } catch {
    return null
  }
}
