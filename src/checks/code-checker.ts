/**
 * Checks of code off the event loop: one thread, one text after another.
 *
 * 1. Every check settles exactly once: with its result, or with `CODE_UNCHECKABLE` when the parser broke on the text, or was at it for
 *    longer than a minute.
 * 2. A thread in which a parser broke is given up; the texts that waited behind go to a new one.
 * 3. An idle thread does not keep the process alive.
 *
 * Threads need JavaScript. From `.ts` sources (tests) on a Node that cannot run TypeScript, checks run on the event loop, which gets its
 * turn before each. `isThreaded` tells.
 */
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { ParquetryError } from '../errors.ts'
import type { CheckedLanguage, CodeResult } from '../plan/code-checks.ts'
import { checkCode } from './check.ts'

/** One text to check. */
export interface CheckJob {
  readonly language: CheckedLanguage
  readonly code: string
}

/** How it went. */
export type CheckReply = { readonly result: CodeResult } | { readonly broke: string }

/** Checks code. */
export interface CodeChecker {
  /** False where threads are not available: see the head of this file. */
  readonly isThreaded: boolean
  /** Throws `CODE_UNCHECKABLE`, which says nothing about other texts. */
  check(language: CheckedLanguage, code: string): Promise<CodeResult>
  /** Lets accepted checks finish, then ends the thread; later checks are refused. */
  close(): Promise<void>
}

/** Settings of a checker. */
export interface CodeCheckerOptions {
  /** Milliseconds for one text. Default 60,000: a thousand times what is usual, for a machine that is busy elsewhere. */
  readonly limitMs?: number
}

const LIMIT_MS = 60_000

/** Creates a checker; nothing is loaded before the first check. */
export function createCodeChecker({ limitMs = LIMIT_MS }: CodeCheckerOptions = {}): CodeChecker {
  const isThreaded = canStartThreads()
  const thread = isThreaded ? createThread(limitMs) : null
  const open = new Set<Promise<unknown>>()
  let isClosed = false
  return {
    isThreaded,
    async check(language, code) {
      if (isClosed) throw new ParquetryError('INTERNAL', 'Expected an open checker of code, found a closed one.')
      const done = thread === null ? checkHere({ language, code }) : thread.run({ language, code })
      open.add(done)
      try {
        return await done
      } finally {
        open.delete(done)
      }
    },
    async close() {
      isClosed = true
      await Promise.allSettled(open)
      await thread?.stop()
    },
  }
}

/** True from JavaScript, and from TypeScript on a Node that runs it (22.18 and later). */
function canStartThreads(): boolean {
  return import.meta.url.endsWith('.js') || Boolean((process.features as { typescript?: unknown }).typescript)
}

async function checkHere({ language, code }: CheckJob): Promise<CodeResult> {
  await setImmediate()
  try {
    return await checkCode(language, code)
  } catch (error) {
    throw uncheckable(language, error instanceof Error ? error.message : String(error))
  }
}

interface Waiting {
  readonly job: CheckJob
  readonly resolve: (result: CodeResult) => void
  readonly reject: (error: Error) => void
}

/** A thread that is started anew for the texts that wait when it has ended. */
function createThread(limitMs: number): { run(job: CheckJob): Promise<CodeResult>; stop(): Promise<void> } {
  /** The first is being checked, the others were sent too. */
  let waiting: Waiting[] = []
  let worker: Worker | null = null
  let timer: NodeJS.Timeout | undefined

  function watch(): void {
    clearTimeout(timer)
    if (waiting.length === 0) {
      worker?.unref()
      return
    }
    worker?.ref()
    timer = setTimeout(() => renew(`it took longer than ${limitMs} ms`), limitMs)
    timer.unref()
  }

  /** The text at hand fails; those behind it begin again. */
  function renew(reason: string): void {
    const ended = worker
    worker = null
    void ended?.terminate()
    const culprit = waiting.shift()
    culprit?.reject(uncheckable(culprit.job.language, reason))
    if (waiting.length > 0) {
      const started = start()
      for (const { job } of waiting) started.postMessage(job)
    }
    watch()
  }

  function start(): Worker {
    const extension = import.meta.url.endsWith('.js') ? 'js' : 'ts'
    // The process's own flags (`-e`, `--input-type`, `--test`) are not meant for the thread.
    const started = new Worker(new URL(`./check-thread.${extension}`, import.meta.url), { name: 'parquetry-checks', execArgv: [] })
    const isCurrent = (): boolean => worker === started
    started.on('message', (reply: CheckReply) => {
      if (!isCurrent()) return
      if ('broke' in reply) return renew(reply.broke)
      waiting.shift()?.resolve(reply.result)
      watch()
    })
    started.on('error', (error) => {
      if (isCurrent()) renew(error.message)
    })
    started.on('exit', (exitCode) => {
      if (isCurrent()) renew(`its thread ended with exit code ${exitCode}`)
    })
    worker = started
    return started
  }

  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        waiting.push({ job, resolve, reject })
        ;(worker ?? start()).postMessage(job)
        if (waiting.length === 1) watch()
      }),
    async stop() {
      const ended = worker
      worker = null
      waiting = []
      clearTimeout(timer)
      await ended?.terminate()
    },
  }
}

function uncheckable(language: string, reason: string): ParquetryError {
  return new ParquetryError('CODE_UNCHECKABLE', `expected ${language} code that can be checked, found that its parser broke: ${reason}`, {
    wayOut: 'the row is made again; if it happens often, please report it with the code',
  })
}
