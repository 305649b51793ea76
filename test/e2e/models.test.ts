import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ChatAnswer } from '../../src/model/client.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
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

describe('a model whose provider fails', () => {
  const message = (content: string): object => ({
    type: 'message',
    content: [{ type: 'text', text: content }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 10, output_tokens: 10 },
  })

  function config(first: ScriptedServer, second: ScriptedServer): object {
    return {
      columns: [
        { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
        { name: 'said', column_type: 'llm-text', model_alias: 'm', prompt: 'Say {{ id }}', system_prompt: 'Be brief.' },
      ],
      model_configs: [
        { alias: 'm', model: 'first', provider: 'first', inference_parameters: { temperature: 1.5, max_parallel_requests: 1 } },
        { alias: 'b', model: 'second', provider: 'second', inference_parameters: { temperature: 0.5, max_parallel_requests: 1 } },
      ],
      model_providers: [
        { name: 'first', endpoint: first.endpoint },
        { name: 'second', endpoint: second.endpoint, provider_type: 'anthropic' },
      ],
      parquetry: {
        fallbacks: { m: ['b'] },
        prices: { m: { input_per_million: 1, output_per_million: 1 }, b: { input_per_million: 100_000, output_per_million: 100_000 } },
      },
    }
  }

  it('is stood in for by its fallback, whose answers are told apart, counted and priced', async () => {
    const first = await serve((response, _asked, index) =>
      index < 3 ? sendJson(response, 200, completion('by the first')) : sendJson(response, 402, { error: { message: 'no credit' } }),
    )
    const second = await serve((response) => sendJson(response, 200, message('by the second')))
    const { location, state, totals } = await workshop.make(config(first, second), { datasetName: 'stood-in', numRecords: 10, seed: 1 })
    expect(state).toBe('complete')
    const said = (await rowsOf(location)).map((row) => row['said'] as string)
    expect(said.toSorted((a, b) => a.localeCompare(b))).toEqual([
      ...Array.from({ length: 3 }, () => 'by the first'),
      ...Array.from({ length: 7 }, () => 'by the second'),
    ])
    expect(totals.usage).toMatchObject({ calls: 10, fallbackCalls: 7 })
    expect(totals.usage.cost).toBeCloseTo(14 + 3e-5, 9)
    expect(second.asked[0]?.body).toMatchObject({ model: 'second', temperature: 0.5, system: 'Be brief.' })
    expect(first.asked.length).toBeLessThan(10)
  })

  it('leaves its journal to the next attempt, which finds the answers of both again, and the run waits when nobody answers', async () => {
    let isUp = false
    const first = await serve((response, _asked, index) =>
      index < 3 || isUp
        ? sendJson(response, 200, completion('by the first'))
        : sendJson(response, 402, { error: { message: 'no credit' } }),
    )
    const second = await serve((response, _asked, index) =>
      index < 4
        ? sendJson(response, 200, message('by the second'))
        : sendJson(response, 400, { error: { message: 'credit balance is too low' } }),
    )
    const run = await workshop.start(config(first, second), { datasetName: 'both-down', numRecords: 10, seed: 1 })
    const result = await workshop.withWorker(run, async () => {
      await until(async () => (await run.readProgress().catch(() => null))?.blocked?.code === 'MODEL_QUOTA')
      const folder = join(run.location, 'journal')
      const lines = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))
      const answers = lines
        .join('')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { answer: ChatAnswer; endpoint: string })
      const byFallback = answers.filter(({ answer }) => answer.answeredBy !== undefined)
      expect([answers.length, byFallback.length]).toEqual([7, 4])
      expect(byFallback[0]).toMatchObject({ answer: { answeredBy: { alias: 'b', model: 'second' } }, endpoint: second.endpoint })
      isUp = true
      await run.resume()
      return await run.result()
    })
    expect(result).toMatchObject({ state: 'complete', totals: { usage: { calls: 10, fallbackCalls: 4 } } })
    const said = (await rowsOf(result.location)).map((row) => row['said'] as string)
    expect(said.filter((text) => text === 'by the second').length).toBe(4)
  })
})
