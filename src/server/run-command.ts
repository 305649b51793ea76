/** Runs a short program to its end, with a bound on time and on what is kept of its output. */

import { spawn } from 'node:child_process'
import type { Environment } from './cache-folder.ts'

/** How a program ended. */
export interface CommandResult {
  /** Exit code; null if it could not be started, was ended by a signal or was stopped at the time limit. */
  readonly exitCode: number | null
  /** Standard output, at most its first 256 KiB. */
  readonly stdout: string
  /** Standard error, at most its last 4 KiB, without the user name and password of any URL. */
  readonly stderrTail: string
  /** Why it did not run to its end; null if it did. */
  readonly failure: string | null
}

/** Bounds and surroundings of a program run. */
export interface CommandOptions {
  readonly env: Environment
  /** After this many milliseconds the program is killed. */
  readonly timeoutMs: number
}

const STDOUT_LIMIT = 256 * 1024
const STDERR_LIMIT = 4 * 1024

/** Runs `command` without a shell. Never rejects: the result says what went wrong. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((settle) => {
    let stdout = ''
    let stderr = ''
    let failure: string | null = null
    const child = spawn(command, [...args], { env: { ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const timer = setTimeout(() => {
      failure = `no end within ${options.timeoutMs / 1000} s`
      child.kill('SIGKILL')
      // A grandchild may hold the pipes open; do not wait for it.
      child.stdout.destroy()
      child.stderr.destroy()
    }, options.timeoutMs)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < STDOUT_LIMIT) stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_LIMIT)
    })
    const finish = (exitCode: number | null): void => {
      clearTimeout(timer)
      settle({ exitCode, stdout, stderrTail: hideCredentials(stderr.trim()), failure })
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      failure ??= error.code === 'ENOENT' ? `${command} was not found` : `${command} could not be started (${error.code ?? error.message})`
      finish(null)
    })
    child.once('close', (exitCode, signal) => {
      if (signal !== null) failure ??= `${command} was ended by ${signal}`
      finish(exitCode)
    })
  })
}

/** Takes user name and password out of URLs: an index URL of pip can hold a token. */
export function hideCredentials(text: string): string {
  return text.replace(/(\w:\/\/)[^/\s@]*@/g, '$1***@')
}
