import { Client, Connection } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ParquetryClient } from '../../src/client/parquetry-client.ts'
import { ensureNamespace } from '../../src/server/namespace.ts'
import { createWorker } from '../../src/worker/create-worker.ts'
import { bundled, openWorkshop, QUICK_RUN } from '../helpers/datasets.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { sharedTestServer } from '../helpers/temporal-server.ts'

let workshop: Workshop
let connection: Connection
const namespace = `bare-${randomUUID()}`

beforeAll(async () => {
  workshop = await openWorkshop()
  connection = await Connection.connect({ address: sharedTestServer().address })
  await ensureNamespace(connection, namespace, 1)
})
afterAll(async () => {
  await connection?.close()
  await workshop?.close()
})

/** A new namespace is not known to all parts of the server at once. */
async function patiently<T>(operation: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    try {
      return await operation()
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  }
}

describe('a namespace without our search attributes', () => {
  it('runs a dataset just as well; its memo says what the run makes, and where', async () => {
    const { address } = sharedTestServer()
    const native = await NativeConnection.connect({ address })
    const client = await ParquetryClient.connect({ env: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } })
    try {
      const config = { columns: [{ name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} }] }
      const options = { artifactPath: workshop.artifactPath, datasetName: 'bare', numRecords: 10, taskQueue: 'bare', run: QUICK_RUN }
      const run = await patiently(() => client.create(config, options))
      const worker = await createWorker({ connection: native, namespace, taskQueue: 'bare', ...bundled() })
      const running = worker.run()
      const result = await run.result()
      worker.shutdown()
      await running
      expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 10 } })
      const description = await new Client({ connection, namespace }).workflow.getHandle(run.workflowId).describe()
      expect(Object.keys(description.searchAttributes).filter((name) => name.startsWith('Parquetry'))).toEqual([])
      expect(description.memo).toMatchObject({
        dataset: 'bare',
        location: run.location,
        fingerprint: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      })
      expect(await description.staticDetails()).toContain(`npx parquetry watch ${run.location}`)
    } finally {
      await client.close()
      await native.close().catch(() => undefined)
    }
  })
})
