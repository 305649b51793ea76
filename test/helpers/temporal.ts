/** A client, a worker connection and the bundled workflows against the test server that the global set-up started. */
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import type { WorkerOptions, WorkflowBundlePath } from '@temporalio/worker'
import { inject } from 'vitest'

/** Everything a workflow test needs. */
export interface Harness {
  readonly client: Client
  readonly nativeConnection: NativeConnection
  readonly bundle: WorkflowBundlePath
  /** Runs `operation` while a worker serves the task queue. */
  withWorker<T>(options: Partial<WorkerOptions> & { taskQueue: string; activities: object }, operation: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

let isRuntimeInstalled = false

/** Keeps the SDK's own log lines out of the test output. */
export function quietRuntime(): void {
  if (isRuntimeInstalled) return
  isRuntimeInstalled = true
  Runtime.install({ logger: new DefaultLogger('ERROR') })
}

/** Opens a harness; close it in `afterAll`. */
export async function openHarness(): Promise<Harness> {
  quietRuntime()
  const address = inject('temporalAddress')
  const connection = await Connection.connect({ address })
  const nativeConnection = await NativeConnection.connect({ address })
  const bundle = { codePath: inject('workflowBundle') }
  return {
    client: new Client({ connection }),
    nativeConnection,
    bundle,
    async withWorker(options, operation) {
      const worker = await Worker.create({
        connection: nativeConnection,
        workflowBundle: bundle,
        maxHeartbeatThrottleInterval: '500 ms',
        maxEagerActivityReservationsPerWorkflowTask: 0,
        ...options,
      })
      return await worker.runUntil(operation())
    },
    async close() {
      await nativeConnection.close().catch(() => undefined) // a test that failed may have left a worker behind
      await connection.close()
    },
  }
}
