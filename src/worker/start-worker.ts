/** A worker that runs inside a command until it is stopped. */
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker'
import type { TemporalTarget } from '../server/connection.ts'
import { createWorker } from './create-worker.ts'
import type { ParquetryWorkerOptions } from './create-worker.ts'

/** What starting takes. */
export interface StartWorkerOptions extends Omit<ParquetryWorkerOptions, 'connection' | 'namespace'> {
  readonly server: TemporalTarget
}

/** A worker that serves its queue. */
export interface RunningWorker {
  /** Rejects when the worker died; never resolves. */
  readonly failed: Promise<never>
  /** Drains and ends. Idempotent. */
  stop(): Promise<void>
}

let isRuntimeInstalled = false

/** Connects, creates the worker and lets it serve. */
export async function startWorker(options: StartWorkerOptions): Promise<RunningWorker> {
  if (!isRuntimeInstalled) {
    isRuntimeInstalled = true
    // Signals are the command's business; the SDK's own warnings go where ours go.
    Runtime.install({
      logger: new DefaultLogger('ERROR', ({ message }) => options.log?.(message)),
      // Otherwise the core writes to stdout by itself, in the middle of what is meant for machines.
      telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
      shutdownSignals: [],
    })
  }
  const { server, ...rest } = options
  const connection = await NativeConnection.connect(server.connectionOptions)
  const worker = await createWorker({ ...rest, connection, namespace: server.namespace })
  const running = worker.run()
  let rejectFailed: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_resolve, reject) => {
    rejectFailed = reject
  })
  failed.catch(() => undefined)
  running.catch(rejectFailed)
  return {
    failed,
    async stop(): Promise<void> {
      worker.shutdown()
      await running.catch(() => undefined)
      await connection.close().catch(() => undefined)
    },
  }
}
