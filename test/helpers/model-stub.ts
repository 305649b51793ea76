/** The bench's model stub as a child process: counts calls, and can be told to fail. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

/** Counters of the stub. */
export interface StubStats {
  readonly requests: number
  readonly distinct: number
  readonly aborted: number
  readonly inFlight: number
  readonly peakInFlight: number
  readonly byStatus: Readonly<Record<string, number>>
}

/** A stub on a free port of loopback. */
export interface ModelStub {
  readonly endpoint: string
  stats(): Promise<StubStats>
  /** Zeroes the counters; options as the stub's, e.g. `{ latencyMs: 50 }`. */
  reset(options?: Readonly<Record<string, number>>): Promise<void>
  stop(): Promise<void>
}

/** Starts a stub; stop it when done. */
export async function startModelStub(latencyMs = 5): Promise<ModelStub> {
  const port = await freePort()
  const script = fileURLToPath(new URL('../../bench/model-stub.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, '--port', String(port), '--latency-ms', String(latencyMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the model stub ended with ${code}`)))
  })
  const base = `http://127.0.0.1:${port}`
  return {
    endpoint: `${base}/v1`,
    async stats() {
      return (await (await fetch(`${base}/stats`)).json()) as StubStats
    },
    async reset(options = {}) {
      await fetch(`${base}/reset`, { method: 'POST', body: JSON.stringify(options) })
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
