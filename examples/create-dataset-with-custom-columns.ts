/**
 * Columns made by TypeScript of your own: one cell by cell, with a model of its own; one for all rows of a row group at once.
 * Any TypeScript runtime runs it (`test/examples/` does); it needs a Temporal server: `npx parquetry dev --detach` starts one.
 */
import { NativeConnection } from '@temporalio/worker'
import { z } from 'zod'
import { createWorker, defineColumnGenerator, defineDataset, openDatasetRows, ParquetryClient } from '../src/index.ts'

/** Has a model write two slogans, and keeps the shorter one; what it did not keep is a column too. */
const shorterSlogan = defineColumnGenerator<{ readonly most: number }>({
  inputs: ['product'],
  output: z.string().min(1),
  sideEffects: { other_slogan: 'string' },
  models: ['writer'],
  params: z.object({ most: z.number().int().min(1) }),
  version: '1',
  async generate(row, { column, params }) {
    const prompt = `Write a slogan of at most ${params.most} characters for a ${row.values['product'] as string}.`
    // Each row draws its own, and draws the same again when it is made again.
    const tones = row.random.next() < 0.5 ? ['dry', 'loud'] : ['warm', 'plain']
    const answers = await Promise.all(tones.map((tone) => row.ask('writer', { prompt, system: `Your tone is ${tone}.` })))
    const [shorter, other] = answers.map(({ content }) => content.trim()).sort((one, two) => one.length - two.length)
    return { [column]: shorter, other_slogan: other }
  },
})

/** Ranks the rows of a row group by price, dearest first. */
const priceRank = defineColumnGenerator({
  strategy: 'full_column',
  inputs: ['price'],
  output: 'int64',
  version: '1',
  generate(rows, { column }) {
    const dearer = (price: number): number => rows.filter(({ values }) => Number(values['price']) > price).length
    return rows.map(({ values }) => ({ [column]: 1 + dearer(Number(values['price'])) }))
  },
})

/** By the names that the config uses. The client records what they declare, the worker runs them: give them to both. */
export const columnGenerators = { shorterSlogan, priceRank }

const products = defineDataset({
  columns: [
    { name: 'product', column_type: 'sampler', sampler_type: 'category', params: { values: ['kettle', 'novel', 'hose'] } },
    { name: 'price', column_type: 'sampler', sampler_type: 'uniform', params: { low: 5, high: 90, decimal_places: 2 } },
    { name: 'rank', column_type: 'custom', generator_function: 'priceRank' },
    {
      name: 'slogan',
      column_type: 'custom',
      generator_function: 'shorterSlogan',
      generator_params: { most: 60 },
      skip: { when: '{{ rank > 5 }}', value: 'no slogan for the cheap ones' },
    },
  ],
  // The rehearsal provider answers without any account; name another one to ask a real model.
  model_configs: [{ alias: 'writer', model: 'rehearsal', provider: 'rehearsal' }],
})

/** Makes the dataset and answers its rows. The server is the one that `env` names, else that of Parquetry's commands. */
export async function createProducts(artifactPath: string, env = process.env): Promise<readonly object[]> {
  const client = await ParquetryClient.connect({ env })
  const run = await client.create(products, {
    columnGenerators,
    numRecords: 20,
    bufferSize: 10,
    seed: 7,
    datasetName: 'products',
    artifactPath,
    taskQueue: 'own',
  })

  const connection = await NativeConnection.connect(client.connectionOptions)
  const worker = await createWorker({ connection, taskQueue: run.taskQueue, columnGenerators })
  const working = worker.run()
  const { state, totals, location } = await run.result()
  console.log(`${state}: ${totals.rowsWritten} rows in ${location}, ${totals.usage.calls} calls`)

  worker.shutdown()
  await working
  await connection.close()
  await client.close()

  const rows: object[] = []
  for await (const row of openDatasetRows(location)) rows.push(row)
  return rows
}

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1])) {
  console.log(await createProducts('artifacts'))
}
