/** A worker as a process of its own, from the compiled sources, so that it can really be killed. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Storage } from '../../src/storage/storage.ts'

/** Where a worker process dies; test/helpers/failing-storage.mjs sees to it. */
export interface KillPoint {
  /** An operation of the storage, or `append` to a journal. */
  readonly operation: keyof Storage | 'append'
  /** Regular expression on the operation's key; of `publish`, `move` and `link` on the final one. */
  readonly key: string
  /**
   * `during`: half the bytes are on disk; of `publish`, the final name stands and the staged one too. `after`: it is done, and the worker
   * cannot tell anybody any more.
   */
  readonly when: 'before' | 'during' | 'after'
  /** Which of the operations that match, from 1. Default 1. */
  readonly count?: number
}

/** How a worker process ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Calls whose answers were not on disk when it died at its kill point; null when it ended otherwise. */
  readonly callsInFlight: number | null
}

/** A worker process that serves. */
export interface WorkerProcess {
  readonly pid: number
  /** Settles when it is gone, whatever the reason. */
  readonly ended: Promise<WorkerEnd>
  /** Ends it as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>
  /** Asks it to drain and end; answers its exit code. */
  terminate(): Promise<number | null>
}

/** What a worker process is started with. */
export interface WorkerProcessOptions {
  /** It dies there. */
  readonly killPoint?: KillPoint
  /** URL of a module that exports `datasetProcessors`. */
  readonly processors?: string
  /** Tasks it asks for at once; one that sleeps swallows so many. Default: the SDK's. */
  readonly pollers?: number
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a worker process and waits until it serves. Needs `npm run build` to be current. */
export async function startWorkerProcess(address: string, taskQueue: string, options: WorkerProcessOptions = {}): Promise<WorkerProcess> {
  const program = fileURLToPath(new URL('worker-program.mjs', import.meta.url))
  const { env, ...settings } = options
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify({ address, taskQueue, ...settings })], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // A test that fails leaves no worker behind.
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  let said = ''
  let complaints = ''
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  const ended = new Promise<WorkerEnd>((resolve) =>
    child.once('close', (code, signal) => {
      const report = /\{"callsInFlight":(\d+)\}/.exec(said)?.[1]
      resolve({ code, signal, callsInFlight: report === undefined ? null : Number(report) })
    }),
  )
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    void ended.then(({ code }) => reject(new Error(`the worker process ended with ${code}: ${complaints}`)))
  })
  return {
    pid: child.pid ?? 0,
    ended,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async terminate() {
      child.kill('SIGTERM')
      return (await ended).code
    },
  }
}
