/** `GET /metrics` on loopback: this worker's metrics, and those of the Temporal SDK under them. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ParquetryError } from '../errors.ts'
import type { WorkerMetrics } from './metrics.ts'

/** A server of metrics. */
export interface MetricsServer {
  /** `http://127.0.0.1:<port>/metrics`. */
  readonly url: string
  close(): Promise<void>
}

/** Where the SDK's metrics are read from, or null when it offers none. */
export type SdkMetricsUrl = string | null

/** Longest wait for the SDK's part of an answer, in ms. */
const SDK_MS = 1_000

/** Serves the metrics on a port of 127.0.0.1; 0 takes a free one. Throws `USAGE` when the port is taken. */
export async function serveMetrics(metrics: WorkerMetrics, port: number, sdkUrl: SdkMetricsUrl): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at /metrics\n')
      return
    }
    Promise.all([metrics.text(), sdkText(sdkUrl)]).then(
      ([ours, sdk]) => response.writeHead(200, { 'content-type': metrics.contentType }).end(ours + sdk),
      (error: unknown) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(error)}\n`),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const found = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message
      reject(
        new ParquetryError('USAGE', `expected to serve metrics on port ${port} of 127.0.0.1, found: ${found}`, {
          wayOut: 'give another --metrics-port',
        }),
      )
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  // Whoever scrapes must not keep the process alive.
  server.unref()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The SDK's metrics are an extra: without them ours are served alone. */
async function sdkText(url: SdkMetricsUrl): Promise<string> {
  if (url === null) return ''
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(SDK_MS) })
    return response.ok ? await response.text() : ''
  } catch {
    return ''
  }
}
