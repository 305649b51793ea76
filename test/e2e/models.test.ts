import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf } from '../helpers/datasets.ts'
import { completion, sendJson, startServer } from '../model/scripted-server.ts'
import type { Script, ScriptedServer } from '../model/scripted-server.ts'

let workshop: Workshop
let servers: ScriptedServer[] = []

beforeAll(async () => {
  workshop = await openWorkshop()
})
afterAll(async () => {
  await workshop?.close()
})
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()))
  servers = []
})

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await startServer(script)
  servers.push(server)
  return server
}

/** Answers with what it was sent. */
const echo: Script = (response, { body }) => sendJson(response, 200, completion(`${String(body['temperature'])} ${String(body['top_p'])}`))

describe('drawn inference parameters', () => {
  it('are the same whatever the size of the row groups, and are not drawn anew when a dataset is extended', async () => {
    const server = await serve(echo)
    const inference_parameters = {
      temperature: { distribution_type: 'uniform', params: { low: 0.1, high: 0.9 } },
      top_p: { params: { values: [0.25, 0.5], weights: [1, 3] } },
    }
    const config = {
      columns: [
        { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
        { name: 'seen', column_type: 'llm-text', model_alias: 'm', prompt: 'Say {{ id }}' },
      ],
      model_configs: [{ alias: 'm', model: 'x', provider: 'own', inference_parameters }],
      model_providers: [{ name: 'own', endpoint: server.endpoint }],
    }
    const small = await workshop.make(config, { datasetName: 'small', numRecords: 12, bufferSize: 5, seed: 4 })
    const large = await workshop.make(config, { datasetName: 'large', numRecords: 8, bufferSize: 100, seed: 4 })
    await workshop.make(config, { datasetName: 'large', numRecords: 12, seed: 4, resume: 'always' })
    expect(server.asked.length).toBe(24)
    const rows = await rowsOf(small.location)
    expect(await rowsOf(large.location)).toEqual(rows)
    const pairs = rows.map((row) => (row['seen'] as string).split(' ').map(Number))
    expect(new Set(pairs.map(([temperature]) => temperature)).size).toBe(12)
    expect(pairs.every(([temperature, topP]) => temperature! >= 0.1 && temperature! < 0.9 && [0.25, 0.5].includes(topP!))).toBe(true)
  })
})
