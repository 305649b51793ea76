import { afterEach, describe, expect, it } from 'vitest'
import type { CompiledDataset } from '../../src/config/compiled.ts'
import { checkModels } from '../../src/worker/check-models.ts'
import { city, compile, configOf, text } from '../config/builders.ts'
import { answerOk, sendJson, startServer } from '../model/scripted-server.ts'
import type { Script, ScriptedServer } from '../model/scripted-server.ts'

let servers: ScriptedServer[] = []
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()))
  servers = []
})

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await startServer(script)
  servers.push(server)
  return server
}

const accept: Script = (response) => answerOk(response)
const refuse: Script = (response) => sendJson(response, 402, { error: { message: 'no credit' } })

function dataset(first: ScriptedServer, second: ScriptedServer, skip = false): CompiledDataset {
  const models = [
    { alias: 'm', model: 'x', provider: 'first', skip_health_check: skip },
    { alias: 'b', model: 'y', provider: 'second' },
  ]
  return compile(
    configOf([city, text('t', '{{ city }}')], {
      model_configs: models,
      model_providers: [
        { name: 'first', endpoint: first.endpoint },
        { name: 'second', endpoint: second.endpoint },
      ],
      parquetry: { fallbacks: { m: ['b'] } },
    }),
  ).compiled
}

describe('checking the models before a run', () => {
  it('asks each once and says nothing when all are there', async () => {
    const [first, second] = [await serve(accept), await serve(accept)]
    expect(await checkModels(dataset(first, second), {})).toEqual([])
    expect([first.asked.length, second.asked.length]).toEqual([1, 1])
  })

  it('goes on without a model that its fallback stands in for, and says so', async () => {
    const [first, second] = [await serve(refuse), await serve(accept)]
    expect(await checkModels(dataset(first, second), {})).toEqual([expect.stringMatching(/no credit.*"b" stands in for it\.$/)])
  })

  it('goes on without a fallback, and says so', async () => {
    const [first, second] = [await serve(accept), await serve(refuse)]
    expect(await checkModels(dataset(first, second), {})).toEqual([
      expect.stringMatching(/^the model "b", which no column asks first, is not there: .*no credit/),
    ])
  })

  it('stops when neither is there', async () => {
    const [first, second] = [await serve(refuse), await serve(refuse)]
    await expect(checkModels(dataset(first, second), {})).rejects.toMatchObject({ code: 'MODEL_QUOTA', details: { alias: 'm' } })
  })

  it('can be skipped, for one model by the config or for all by the environment', async () => {
    const [first, second] = [await serve(accept), await serve(accept)]
    await checkModels(dataset(first, second, true), {})
    expect([first.asked.length, second.asked.length]).toEqual([0, 1])
    await checkModels(dataset(first, second), { DATA_DESIGNER_SKIP_MODEL_HEALTH_CHECKS: '1' })
    expect([first.asked.length, second.asked.length]).toEqual([0, 1])
  })
})

describe('checking the tools before a run', () => {
  it('lists them before any model is asked, and stops where a server is not there or does not have them', async () => {
    const first = await serve(accept)
    const of = (allowed: string, command = process.execPath): CompiledDataset =>
      compile(
        configOf([city, text('t', '{{ city }}', { tool_alias: 'tools' })], {
          model_configs: [{ alias: 'm', model: 'x', provider: 'first' }],
          model_providers: [{ name: 'first', endpoint: first.endpoint }],
          tool_configs: [{ tool_alias: 'tools', providers: ['local'], allow_tools: [allowed] }],
        }),
        {
          mcpProvidersFile: {
            path: 'mcp.yaml',
            value: { providers: [{ provider_type: 'stdio', name: 'local', command, args: ['examples/tools/catalogue.mjs'] }] },
          },
        },
      ).compiled
    await expect(checkModels(of('look_up_product', 'no-such-program'), {})).rejects.toMatchObject({ code: 'TOOL_SERVER_UNREACHABLE' })
    await expect(checkModels(of('look_up_produkt'), {})).rejects.toMatchObject({ code: 'TOOL_NOT_OFFERED' })
    expect(first.asked.length).toBe(0)
    expect(await checkModels(of('look_up_product'), {})).toEqual([])
    expect(first.asked.length).toBe(1)
  })
})
