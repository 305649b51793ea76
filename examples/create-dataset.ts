/**
 * The programmatic API in one file: declare a dataset, start it, serve it, follow it, read it.
 * Any TypeScript runtime runs it (`test/examples/` does); it needs a Temporal server: `npx parquetry dev --detach` starts one.
 */
import { NativeConnection } from '@temporalio/worker'
import { createWorker, defineDataset, openDatasetRows, ParquetryClient } from '../src/index.ts'

const orders = defineDataset({
  columns: [
    { name: 'product', column_type: 'sampler', sampler_type: 'category', params: { values: ['kettle', 'novel', 'hose'] } },
    { name: 'price', column_type: 'sampler', sampler_type: 'uniform', params: { low: 5, high: 90, decimal_places: 2 } },
    { name: 'label', column_type: 'expression', expr: '{{ product }} for {{ price }} EUR' },
    { name: 'review', column_type: 'llm-text', model_alias: 'writer', prompt: 'Write one sentence about a {{ label }}.' },
  ],
  // The rehearsal provider answers without any account; name another one to ask a real model.
  model_configs: [{ alias: 'writer', model: 'rehearsal', provider: 'rehearsal' }],
})

/** Makes the dataset and answers its first rows. The server is the one that `env` names, else that of Parquetry's commands. */
export async function createOrders(artifactPath: string, env = process.env): Promise<readonly object[]> {
  const client = await ParquetryClient.connect({ env })
  const run = await client.create(orders, {
    numRecords: 40,
    bufferSize: 10,
    seed: 7,
    datasetName: 'orders',
    artifactPath,
    taskQueue: 'own',
  })

  const connection = await NativeConnection.connect(client.connectionOptions)
  const worker = await createWorker({ connection, taskQueue: run.taskQueue })
  const working = worker.run()

  for await (const { rowsDone, targetNumRecords } of run.progress()) console.log(`${rowsDone} of ${targetNumRecords} rows`)
  const { state, totals, location } = await run.result()
  console.log(`${state}: ${totals.rowsWritten} rows in ${location}, ${totals.usage.calls} calls`)

  worker.shutdown()
  await working
  await connection.close()
  await client.close()

  const rows: object[] = []
  for await (const row of openDatasetRows(location)) if (rows.push(row) === 3) break
  return rows
}

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1])) {
  console.log(await createOrders('artifacts'))
}
