/** A worker as a process of its own, from the compiled sources, so that it can really be killed. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = `
import { NativeConnection } from '@temporalio/worker'
const { datasetProcessors = [] } = process.argv[4] === undefined ? {} : await import(process.argv[4])
const { createWorker } = await import(process.argv[1])
const connection = await NativeConnection.connect({ address: process.argv[2] })
const worker = await createWorker({ connection, taskQueue: process.argv[3], drainMs: 5000, datasetProcessors })
process.on('SIGTERM', () => worker.shutdown())
const running = worker.run()
console.log('READY')
await running
await connection.close()
`

/** A worker process that serves. */
export interface WorkerProcess {
  readonly pid: number
  /** Resolves with its exit code, null after a signal, when it is gone. */
  readonly ended: Promise<number | null>
  /** Ends it as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>
  /** Asks it to drain and end; answers its exit code. */
  terminate(): Promise<number | null>
}

/** What a worker process is started with. */
export interface WorkerProcessOptions {
  /** URL of a module that exports `datasetProcessors`; it is loaded before anything of ours. */
  readonly processors?: string
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a worker process and waits until it serves. Needs `npm run build` to be current. */
export async function startWorkerProcess(address: string, taskQueue: string, options: WorkerProcessOptions = {}): Promise<WorkerProcess> {
  const entry = new URL('../../dist/src/worker/create-worker.js', import.meta.url).href
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const args = [entry, address, taskQueue, ...(options.processors === undefined ? [] : [options.processors])]
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program, ...args], {
    cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    void ended.then((code) => reject(new Error(`the worker process ended with ${code}: ${said}`)))
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
      return await ended
    },
  }
}
