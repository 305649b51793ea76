/** A worker that runs inside a command until it is stopped. */
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker'
import type { TemporalTarget } from '../server/connection.ts'
import { choosePort, LOOPBACK } from '../server/ports.ts'
import { createWorker } from './create-worker.ts'
import { createMetrics } from './metrics.ts'
import type { SdkMetricsUrl } from './metrics-server.ts'
import { serveMetrics } from './metrics-server.ts'
import type { ParquetryWorkerOptions } from './create-worker.ts'

/** What starting takes. */
export interface StartWorkerOptions extends Omit<ParquetryWorkerOptions, 'connection' | 'namespace'> {
  readonly server: TemporalTarget
  /** Serve metrics, the Temporal SDK's among them, on this port of 127.0.0.1; 0 takes a free one. Default: none are served. */
  readonly metricsPort?: number
}

/** A worker that serves its queue. */
export interface RunningWorker {
  /** Where metrics are served, or null. */
  readonly metricsUrl: string | null
  /** Rejects when the worker died; never resolves. */
  readonly failed: Promise<never>
  /** Drains and ends. Idempotent. */
  stop(): Promise<void>
}

/** Null until the runtime of this process is installed; then where its metrics are. */
let runtime: { readonly metricsUrl: SdkMetricsUrl } | null = null

/** Connects, creates the worker and lets it serve. Throws `USAGE` when the port for metrics is taken. */
export async function startWorker(options: StartWorkerOptions): Promise<RunningWorker> {
  const { server, metricsPort, ...rest } = options
  runtime ??= await installRuntime(options)
  const metrics = metricsPort === undefined ? null : createMetrics()
  const metricsServer = metrics === null ? null : await serveMetrics(metrics, metricsPort ?? 0, runtime.metricsUrl)
  const connection = await NativeConnection.connect(server.connectionOptions)
  const worker = await createWorker({ ...rest, connection, namespace: server.namespace, ...(metrics === null ? {} : { metrics }) })
  const running = worker.run()
  let rejectFailed: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_resolve, reject) => {
    rejectFailed = reject
  })
  failed.catch(() => undefined)
  running.catch(rejectFailed)
  return {
    metricsUrl: metricsServer?.url ?? null,
    failed,
    async stop(): Promise<void> {
      worker.shutdown()
      await running.catch(() => undefined)
      await metricsServer?.close()
      await connection.close().catch(() => undefined)
    },
  }
}

/** There is one runtime a process: its metrics are opened when the first worker asks for some. */
async function installRuntime({ log, metricsPort }: StartWorkerOptions): Promise<{ readonly metricsUrl: SdkMetricsUrl }> {
  const bindAddress = metricsPort === undefined ? null : `${LOOPBACK}:${await choosePort([])}`
  // Signals are the command's business; the SDK's own warnings go where ours go.
  Runtime.install({
    logger: new DefaultLogger('ERROR', ({ message }) => log?.(message)),
    telemetryOptions: {
      // Otherwise the core writes to stdout by itself, in the middle of what is meant for machines.
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
      ...(bindAddress === null ? {} : { metrics: { prometheus: { bindAddress } } }),
    },
    shutdownSignals: [],
  })
  return { metricsUrl: bindAddress === null ? null : `http://${bindAddress}/metrics` }
}
