import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createToolServers } from '../../src/mcp/tool-servers.ts'
import type { ConnectionPorts } from '../../src/mcp/connection.ts'
import type { ToolResult, ToolServers, ToolTarget } from '../../src/mcp/tools.ts'
import { callsIn, localProvider, startToolServer, target } from '../helpers/tool-servers.ts'
import type { RemoteToolServer } from '../helpers/tool-servers.ts'

const never = new AbortController().signal
const signals = { signal: never, stopWaiting: never }
const opened: ToolServers[] = []
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquetry-tools-'))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((servers) => servers.close()))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

function open(ports: Partial<ConnectionPorts> = {}): ToolServers {
  const servers = createToolServers({ env: {}, retryPausesMs: [0, 50], ...ports })
  opened.push(servers)
  return servers
}

function call(servers: ToolServers, of: ToolTarget, name: string, args: object | string = {}): Promise<ToolResult> {
  return servers.call(of, { id: 'c', name, arguments: typeof args === 'string' ? args : JSON.stringify(args) }, signals)
}

async function failure(work: Promise<unknown>): Promise<{ code: string; kind: string; message: string }> {
  return await work.then(
    () => Promise.reject(new Error('expected a rejection')),
    (error: unknown) => error as { code: string; kind: string; message: string },
  )
}

describe('a program as tool server', () => {
  it('is started once, asked in parallel, and its results are told as text', async () => {
    const log = join(folder, 'parallel')
    const servers = open({ env: { MY_TOKEN: 'the-secret', OTHER_SECRET: 'not for it' } })
    const of = target([localProvider({ TOOL_LOG: log, PASSED_ON: 'MY_TOKEN' })])
    const definitions = await servers.list(of, signals)
    expect(definitions[0]).toEqual({
      name: 'look_up',
      description: 'Looks a topic up.',
      parameters: { type: 'object', properties: { topic: { type: 'string' } } },
    })
    const started = performance.now()
    const results = await Promise.all([1, 2, 3, 4].map(() => call(servers, of, 'wait', { ms: 300 })))
    expect(performance.now() - started).toBeLessThan(900)
    expect(results).toEqual(Array.from({ length: 4 }, () => ({ content: 'waited', isError: false })))
    expect(await call(servers, of, 'mixed')).toEqual({ content: 'one\n[image image/png]\nof a resource', isError: false })
    expect(await call(servers, of, 'nothing')).toEqual({ content: '{"answer":42}', isError: false })
    // A variable of the worker is passed on where the config names it, and no other.
    expect((await call(servers, of, 'environment', { name: 'PASSED_ON' })).content).toBe('the-secret')
    expect((await call(servers, of, 'environment', { name: 'OTHER_SECRET' })).content).toBe('(not set)')
    expect(await servers.list(of, signals)).toBe(definitions)
  })

  it('that fails, refuses, or takes too long gives the model something to go on with', async () => {
    const servers = open()
    const of = target([localProvider()], { timeoutMs: 250 })
    expect(await call(servers, of, 'fail')).toEqual({ content: 'the tool failed', isError: true })
    expect(await call(servers, of, 'refuse')).toMatchObject({ content: expect.stringContaining('bad arguments'), isError: true })
    expect(await call(servers, of, 'wait', { ms: 600 })).toMatchObject({ content: expect.stringMatching(/timed out/i), isError: true })
    expect(await call(servers, of, 'look_up', '{"topic": ')).toMatchObject({ content: expect.stringContaining('not a JSON object') })
    expect(await call(servers, of, 'invented')).toMatchObject({ content: expect.stringContaining('no tool "invented"'), isError: true })
  })

  it('is waited for no longer than the signals say', async () => {
    const servers = open()
    const of = target([localProvider()])
    await servers.list(of, signals)
    const warned: string[] = []
    const onWarning = (warning: Error): void => void warned.push(warning.name)
    process.on('warning', onWarning)
    const [abort, stop] = [new AbortController(), new AbortController()]
    const wait = { id: 'c', name: 'wait', arguments: '{"ms": 500}' }
    const own = { signal: abort.signal, stopWaiting: stop.signal }
    const underWay = Array.from({ length: 16 }, () => servers.call(of, wait, own))
    const queued = servers.call(of, wait, own)
    queued.catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 100))
    stop.abort(new Error('no more'))
    await expect(queued).rejects.toThrow('no more')
    const started = performance.now()
    abort.abort(new Error('given up'))
    for (const result of await Promise.allSettled(underWay))
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'given up' } })
    expect(performance.now() - started).toBeLessThan(300)
    process.off('warning', onWarning)
    expect(warned).toEqual([])
  })

  it('that died is started again, and the call is made again', async () => {
    const file = join(folder, 'die')
    const servers = open()
    const of = target([localProvider()])
    await writeFile(file, '')
    expect(await call(servers, of, 'die_once', { file })).toEqual({ content: 'still here', isError: false })
  })

  it('that dies every time, or cannot be started, blocks; what it complained of is said', async () => {
    const servers = open()
    expect(await failure(call(servers, target([localProvider()]), 'die'))).toMatchObject({
      code: 'TOOL_SERVER_UNREACHABLE',
      kind: 'blocked',
    })
    const broken = { ...localProvider(), command: process.execPath, args: ['-e', 'console.error("no catalogue here"); process.exit(3)'] }
    expect((await failure(servers.list(target([broken]), signals))).message).toContain('no catalogue here')
    const missing = { ...localProvider(), command: 'no-such-program-anywhere' }
    expect((await failure(servers.list(target([missing]), signals))).message).toMatch(/"no-such-program-anywhere".*ENOENT/)
  })

  it('ends with the worker, and is started no more', async () => {
    const log = join(folder, 'ends')
    const servers = open()
    const of = target([localProvider({ TOOL_LOG: log })])
    await call(servers, of, 'look_up', { topic: 'tea' })
    const pid = Number.parseInt(await readFile(log, 'utf8'), 10)
    // It leads a process group of its own, so that a Ctrl-C meant for the worker does not reach it.
    expect(process.kill(-pid, 0)).toBe(true)
    await servers.close()
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    expect(await failure(call(servers, of, 'look_up', { topic: 'tea' }))).toMatchObject({ code: 'TOOL_SERVER_UNREACHABLE' })
  })
})

describe.each(['streamable_http', 'sse'] as const)('a tool server over %s', (type) => {
  let server: RemoteToolServer
  beforeAll(async () => {
    server = await startToolServer(type, { TOOL_KEY: 'the-key' })
  })
  afterAll(async () => {
    await server.kill()
  })

  it('gets its key from the environment, by name, and never in an error', async () => {
    const provider = { ...server.provider, apiKeyEnv: 'TOOLS_KEY' }
    const servers = open({ env: { TOOLS_KEY: 'the-key' } })
    expect(await call(servers, target([provider]), 'look_up', { topic: 'tea' })).toEqual({ content: 'facts about tea', isError: false })
    const wrong = await failure(open({ env: { TOOLS_KEY: 'another-key' } }).list(target([provider]), signals))
    expect(wrong).toMatchObject({ code: 'TOOL_SERVER_AUTH', kind: 'blocked' })
    expect(wrong.message).not.toContain('another-key')
    const remote = { ...provider, endpoint: 'http://tools.invalid/mcp' }
    expect(await failure(open().list(target([remote]), signals))).toMatchObject({
      code: 'TOOL_KEY_MISSING',
      message: expect.stringContaining('TOOLS_KEY'),
    })
  })

  it('that dies in the middle of a call and comes back is asked again', async () => {
    const log = join(folder, `back-${type}`)
    const own = await startToolServer(type, { TOOL_LOG: log, TOOL_MS: '200' })
    const servers = open({ retryPausesMs: [50, 200, 400, 800, 1_600] })
    const of = target([own.provider])
    const answered = call(servers, of, 'look_up', { topic: 'tea' })
    while (callsIn(log).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await own.kill()
    await own.start()
    expect(await answered).toEqual({ content: 'facts about tea', isError: false })
    expect(callsIn(log).length).toBe(2)
    // Nor does a session that the server has forgotten in the meantime do any harm.
    await own.kill()
    await own.start()
    expect(await call(servers, of, 'look_up', { topic: 'oil' })).toEqual({ content: 'facts about oil', isError: false })
    expect(callsIn(log).length).toBe(3)
    await own.kill()
    expect(await failure(call(open(), of, 'look_up', { topic: 'tea' }))).toMatchObject({ code: 'TOOL_SERVER_UNREACHABLE', kind: 'blocked' })
  })
})

describe('the tools of an alias', () => {
  it('are those allowed, of all its servers; a name twice, or an allowed tool that is not there, blocks', async () => {
    const servers = open()
    const one = localProvider({ TOOL_NAMES: 'look_up,wait' }, 'one')
    const two = localProvider({ TOOL_NAMES: 'fail' }, 'two')
    const names = async (of: ToolTarget): Promise<readonly string[]> => (await servers.list(of, signals)).map(({ name }) => name)
    expect(await names(target([one, two]))).toEqual(['look_up', 'wait', 'fail'])
    expect(await names(target([one, two], { allowTools: ['fail', 'look_up'] }))).toEqual(['look_up', 'fail'])
    expect(await call(servers, target([one], { allowTools: ['look_up'] }), 'wait', { ms: 1 })).toMatchObject({ isError: true })
    const twice = await failure(servers.list(target([one, { ...one, name: 'copy' }]), signals))
    expect(twice).toMatchObject({ code: 'TOOL_NOT_OFFERED', message: expect.stringMatching(/"look_up" at "one" and at "copy"/) })
    const absent = await failure(servers.list(target([two], { allowTools: ['fail', 'faill'] }), signals))
    expect(absent).toMatchObject({ code: 'TOOL_NOT_OFFERED', message: expect.stringContaining('faill') })
  })

  it('are looked for again when the server was put right', async () => {
    const env = { TOOL_NAMES: 'wait' }
    const server = await startToolServer('streamable_http', env)
    const servers = open({ retryPausesMs: [0, 100, 400] })
    const of = target([server.provider], { allowTools: ['look_up'] })
    expect(await failure(servers.list(of, signals))).toMatchObject({ code: 'TOOL_NOT_OFFERED' })
    await server.kill()
    env.TOOL_NAMES = 'wait,look_up'
    await server.start()
    expect(await call(servers, of, 'look_up', { topic: 'tea' })).toEqual({ content: 'facts about tea', isError: false })
    await server.kill()
  })
})
