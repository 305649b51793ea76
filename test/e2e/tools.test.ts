import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import { callsIn, startToolServer } from '../helpers/tool-servers.ts'
import { sendJson, startServer } from '../model/scripted-server.ts'
import type { ScriptedServer } from '../model/scripted-server.ts'
import { startWorkerProcess } from './worker-process.ts'

let workshop: Workshop
let model: ScriptedServer
let folder: string

/** Looks the topic up, and says what it was told; what it says names the request. */
beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  folder = await mkdtemp(join(tmpdir(), 'parquetry-tools-'))
  model = await startServer((response, { body }) => {
    const messages = body['messages'] as { role: string; content: string }[]
    const topic = /topic (\w+)/.exec(messages[0]!.content)?.[1]
    const told = messages.filter(({ role }) => role === 'tool').map(({ content }) => content)
    const call = { id: `call_${hashOf(body)}`, type: 'function', function: { name: 'look_up', arguments: JSON.stringify({ topic }) } }
    const message =
      told.length === 0
        ? { role: 'assistant', content: null, tool_calls: [call] }
        : { role: 'assistant', content: `${told[0]} ${hashOf(body)}` }
    setTimeout(() => sendJson(response, 200, { choices: [{ message, finish_reason: 'stop' }] }), 20)
  })
}, 180_000)
afterAll(async () => {
  await workshop?.close()
  await model?.close()
  await rm(folder, { recursive: true, force: true })
})

function hashOf(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 12)
}

function config(servers: readonly object[]): object {
  return {
    columns: [
      { name: 'topic', column_type: 'sampler', sampler_type: 'uuid', params: { short_form: true } },
      {
        name: 'note',
        column_type: 'llm-text',
        model_alias: 'm',
        prompt: 'On topic {{ topic }}',
        tool_alias: 't',
        with_trace: 'all_messages',
      },
    ],
    tool_configs: [{ tool_alias: 't', providers: ['facts'], allow_tools: ['look_up'] }],
    model_configs: [{ alias: 'm', model: 'x', provider: 'mine', inference_parameters: { max_parallel_requests: 2 } }],
    model_providers: [{ name: 'mine', endpoint: model.endpoint }],
    mcp_providers: servers,
  }
}

/** What the journal of a dataset holds: names of answered requests, and results of tools. */
async function journalled(location: string): Promise<{ readonly answers: readonly string[]; readonly results: readonly string[] }> {
  const names = await readdir(join(location, 'journal')).catch(() => [])
  const texts = await Promise.all(names.map((name) => readFile(join(location, 'journal', name), 'utf8')))
  const lines = texts.flatMap((text) => text.split('\n').filter((line) => line.endsWith('}')))
  const entries = lines.map(
    (line) => (JSON.parse(line) as { answer: { content: string; tool?: string; toolCalls?: { id: string }[] } }).answer,
  )
  return {
    answers: entries.flatMap(({ content, tool, toolCalls }) => (tool === undefined ? [(toolCalls?.[0]?.id ?? content).slice(-12)] : [])),
    results: entries.flatMap(({ content, tool }) => (tool === undefined ? [] : [content.replace('facts about ', '')])),
  }
}

describe('a model that calls tools', () => {
  it('waits for their server without paying for anything, and after a kill neither is asked twice', { timeout: 120_000 }, async () => {
    const log = join(folder, 'log')
    const server = await startToolServer('streamable_http', { TOOL_LOG: log, TOOL_KEY: 'the-tool-key', TOOL_MS: '30' })
    await server.kill()
    const own = [{ provider_type: 'streamable_http', name: 'facts', endpoint: server.provider.endpoint, api_key: 'FACTS_KEY' }]
    const run = await workshop.start(config(own), {
      numRecords: 24,
      bufferSize: 12,
      seed: 5,
      datasetName: 'tools',
      run: { heartbeatTimeoutMs: 2_000, maxConcurrentRowGroups: 1, probeIntervalMs: 300 },
    })
    const { location } = run
    const address = inject('temporalAddress')
    const env = { FACTS_KEY: 'the-tool-key' }
    const killPoint = { operation: 'append', key: 'journal/', when: 'after', count: 17 } as const
    const first = await startWorkerProcess(address, run.taskQueue, { killPoint, env })
    await until(async () => (await run.readProgress().catch(() => null))?.blocked?.code === 'TOOL_SERVER_UNREACHABLE')
    expect(model.asked.length).toBe(0)
    await server.start()
    expect((await first.ended).signal).toBe('SIGKILL')

    const requests = (): readonly string[] => model.asked.map(({ body }) => hashOf(body))
    const calls = (): readonly string[] =>
      callsIn(log).map((line) => (JSON.parse(line.slice('look_up '.length)) as { topic: string }).topic)
    const countOf = (name: string, all: readonly string[]): number => all.filter((each) => each === name).length
    const { answers, results } = await journalled(location)
    const countsOfKept = (): readonly (readonly number[])[] => [
      answers.map((name) => countOf(name, requests())),
      results.map((name) => countOf(name, calls())),
    ]
    expect([answers.length > 6, results.length > 3]).toEqual([true, true])
    const counts = countsOfKept()

    const last = await startWorkerProcess(address, run.taskQueue, { env })
    const result = await run.result()
    expect(await last.terminate()).toBe(0)
    await server.kill()
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 24, rowsDropped: 0, usage: { calls: 48 } } })
    expect(countsOfKept()).toEqual(counts)
    // At most the two requests that may be in flight at once are asked again.
    expect(requests().length - new Set(requests()).size).toBeLessThanOrEqual(2)
    expect(new Set(calls()).size).toBe(24)

    const [row] = await rowsOf(location)
    const topic = row?.['topic'] as string
    expect(row?.['note']).toMatch(new RegExp(`^facts about ${topic} `))
    expect(row?.['note__trace']).toMatchObject([
      { role: 'user', content: [{ type: 'text', text: `On topic ${topic}` }], tool_calls: null },
      { role: 'assistant', tool_calls: [{ type: 'function', function: { name: 'look_up', arguments: JSON.stringify({ topic }) } }] },
      { role: 'tool', content: [{ type: 'text', text: `facts about ${topic}` }], tool_call_id: expect.stringMatching(/^call_/) },
      { role: 'assistant', content: [{ type: 'text', text: row?.['note'] }] },
    ])
    const files = await readdir(location, { recursive: true, withFileTypes: true })
    for (const file of files.filter((entry) => entry.isFile())) {
      expect(await readFile(join(file.parentPath, file.name), 'latin1')).not.toContain('the-tool-key')
    }
  })
})
