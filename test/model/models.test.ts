import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { isParquetryError, type ParquetryError } from '../../src/errors.ts'
import type { ChatAnswer, KeptAnswer, ModelTarget } from '../../src/model/client.ts'
import type { ModelEvent } from '../../src/model/model-client.ts'
import { type ControlledModels, createModels, type ModelsOptions } from '../../src/model/models.ts'
import { checkModel } from '../../src/model/readiness.ts'
import { ask, target } from './builders.ts'
import { answerOk, completion, type Script, type ScriptedServer, sendJson, startServer, until } from './scripted-server.ts'

const never = new AbortController().signal
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

/** Pauses of a retry in tests: long enough to be real, short enough to wait for. */
const QUICK = { maxRetries: 3, baseDelayMs: 10, maxDelayMs: 20 }

async function open(
  script: Script,
  options: Partial<ModelsOptions> = {},
): Promise<{ server: ScriptedServer; models: ControlledModels; events: ModelEvent[] }> {
  const server = await startServer(script)
  const events: ModelEvent[] = []
  const models = createModels({ env: {}, retry: QUICK, observe: (event) => events.push(event), ...options })
  opened.push(server, models)
  return { server, models, events }
}

async function refusal(promise: Promise<unknown>): Promise<ParquetryError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  if (!isParquetryError(error)) throw new Error(`expected a ParquetryError, found ${inspect(error)}`)
  return error
}

describe('a call', () => {
  it('posts the request to the endpoint and returns the answer', async () => {
    const { server, models } = await open((response) => answerOk(response, 'good day'))
    const client = models.client(target(server.endpoint, {}, { extraBody: { seed: 7 } }))
    const answer = await client.complete(ask('hi', { temperature: 0.5 }), { signal: never })
    expect(answer).toEqual({ content: 'good day', finishReason: 'stop', usage: { inputTokens: 7, outputTokens: 3 } })
    expect(server.asked[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json' },
      body: { model: 'acme-1', messages: [{ role: 'user', content: 'hi' }], temperature: 0.5, seed: 7 },
    })
  })

  it('keeps slashes, paths and queries of the endpoint in order', async () => {
    const { server, models } = await open((response) => answerOk(response))
    await models.client(target(`${server.endpoint}/deep//?api-version=1`)).complete(ask(), { signal: never })
    expect(server.asked[0]?.path).toBe('/v1/deep/chat/completions?api-version=1')
  })

  it('sends the key of the environment as it is at the time of the call', async () => {
    const env: Record<string, string> = { ACME_API_KEY: 'first-key' }
    const { server, models } = await open((response) => answerOk(response), { env })
    const client = models.client(target(server.endpoint))
    await client.complete(ask(), { signal: never })
    env['ACME_API_KEY'] = 'second-key'
    await client.complete(ask(), { signal: never })
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer first-key', 'Bearer second-key'])
  })

  it('lets the provider’s headers win, in whatever case', async () => {
    const { server, models } = await open((response) => answerOk(response), { env: { ACME_API_KEY: 'unused-key' } })
    const extraHeaders = { Authorization: 'Token abc', 'User-Agent': 'mine', 'x-team': 'blue' }
    await models.client(target(server.endpoint, {}, { extraHeaders })).complete(ask(), { signal: never })
    expect(server.asked[0]?.headers).toMatchObject({ authorization: 'Token abc', 'user-agent': 'mine', 'x-team': 'blue' })
  })

  it('reads text beyond ASCII that arrives in pieces', async () => {
    const text = '日本語 😀 é'.repeat(50)
    const { server, models } = await open((response) => {
      const bytes = Buffer.from(JSON.stringify(completion(text)))
      response.writeHead(200)
      for (let start = 0; start < bytes.length; start += 7) response.write(bytes.subarray(start, start + 7))
      response.end()
    })
    expect((await models.client(target(server.endpoint)).complete(ask(), { signal: never })).content).toBe(text)
  })

  it('counts use per model', async () => {
    const { server, models } = await open((response, _asked, index) =>
      index === 0
        ? sendJson(response, 500, {})
        : index === 1
          ? sendJson(response, 200, { choices: [{ message: { content: 'abcd' } }] })
          : answerOk(response),
    )
    const client = models.client(target(server.endpoint))
    await client.complete(ask('1234'), { signal: never })
    await client.complete(ask(), { signal: never })
    expect(models.usage()).toEqual([
      {
        provider: 'acme',
        model: 'acme-1',
        requests: 3,
        answered: 2,
        failed: 0,
        rateLimited: 0,
        retried: 1,
        inputTokens: 8,
        outputTokens: 4,
        estimatedAnswers: 1,
      },
    ])
  })

  it('marks answers of the rehearsal endpoint, asks for that endpoint once, and sends it no key', async () => {
    const server = await startServer((response) => answerOk(response))
    let asked = 0
    const rehearsal = { endpoint: async () => (asked++, server.endpoint) }
    const models = createModels({ env: { ACME_API_KEY: 'secret-key' }, rehearsal })
    opened.push(server, models)
    const client = models.client(target('https://api.example.com/v1', {}, { type: 'rehearsal' }))
    const answers = await Promise.all([1, 2, 3].map(() => client.complete(ask(), { signal: never })))
    expect(answers.every((answer) => answer.rehearsal === true)).toBe(true)
    expect(asked).toBe(1)
    expect(server.asked[0]?.headers.authorization).toBeUndefined()
  })

  it('asks for the rehearsal endpoint again when it moved', async () => {
    const first = await startServer((response) => answerOk(response))
    const second = await startServer((response) => answerOk(response, 'second'))
    const places = [first.endpoint, second.endpoint]
    const models = createModels({ env: {}, retry: QUICK, rehearsal: { endpoint: async () => places.shift() as string } })
    opened.push(second, models)
    await first.close()
    const client = models.client(target('', {}, { type: 'rehearsal' }))
    expect((await client.complete(ask(), { signal: never })).content).toBe('second')
  })
})

describe('failures', () => {
  it.each([
    [401, 'Incorrect API key provided', 'MODEL_AUTH'],
    [402, 'pay', 'MODEL_QUOTA'],
    [403, 'no access', 'MODEL_PERMISSION'],
    [404, 'no such model', 'MODEL_NOT_FOUND'],
    [400, 'temperature too high', 'MODEL_BAD_REQUEST'],
    [400, 'maximum context length is 10 tokens', 'MODEL_CONTEXT_TOO_LONG'],
    [422, 'bad field', 'MODEL_BAD_REQUEST'],
    [302, '', 'MODEL_NOT_FOUND'],
  ])('are not repeated after a %i "%s": %s', async (status, message, code) => {
    const { server, models, events } = await open((response) => sendJson(response, status, { error: { message } }), {
      env: { ACME_API_KEY: 'k-0123' },
    })
    const error = await refusal(models.client(target(server.endpoint)).complete(ask(), { signal: never }))
    expect(error).toMatchObject({ code, details: { status, alias: 'writer', provider: 'acme', attempts: 1 } })
    expect(error.details.wayOut).toMatch(/\w/u)
    expect(server.asked).toHaveLength(1)
    expect(events).toContainEqual(expect.objectContaining({ kind: 'failed', code }))
    expect(models.usage()[0]).toMatchObject({ answered: 0, failed: 1 })
    expect(models.limits()[0]).toMatchObject({ inFlight: 0, waiting: 0 })
  })

  it.each([500, 502, 503, 504])('are repeated three times after a %i, and then reported', async (status) => {
    const { server, models } = await open((response) => sendJson(response, status, { error: { message: 'down' } }))
    const error = await refusal(models.client(target(server.endpoint)).complete(ask(), { signal: never }))
    expect(error).toMatchObject({ code: 'MODEL_UNAVAILABLE', kind: 'blocked', details: { attempts: 4, status } })
    expect(server.asked).toHaveLength(4)
  })

  it('are forgotten when a repetition succeeds, with the very same body', async () => {
    const { server, models, events } = await open((response, _asked, index) =>
      index < 3 ? sendJson(response, 500, {}) : answerOk(response),
    )
    await models.client(target(server.endpoint)).complete(ask(), { signal: never })
    expect(server.asked.map(({ body }) => body)).toEqual(Array.from({ length: 4 }, () => server.asked[0]?.body))
    expect(events.filter(({ kind }) => kind === 'retrying')).toHaveLength(3)
  })

  it('pauses at least half a second before the first repetition, if nothing else is set', async () => {
    const { server, models } = await open((response, _asked, index) => (index === 0 ? sendJson(response, 500, {}) : answerOk(response)), {
      retry: {},
      random: () => 0.9999,
    })
    await models.client(target(server.endpoint)).complete(ask(), { signal: never })
    expect((server.asked[1]?.atMs ?? 0) - (server.asked[0]?.atMs ?? 0)).toBeGreaterThan(480)
  })

  it.each([
    ['a body that is cut off', '{"choices":[{"message":{"content":"he', 'cut off or damaged'],
    ['an HTML page', '<html>maintenance</html>', 'an HTML or XML page'],
    ['an empty body', '', 'an empty body'],
  ])('of %s with status 200 is repeated, then reported', async (_name, text, found) => {
    const { server, models } = await open((response) => response.writeHead(200).end(text))
    const error = await refusal(models.client(target(server.endpoint)).complete(ask(), { signal: never }))
    expect(error.code).toBe('MODEL_UNAVAILABLE')
    expect(error.message).toContain(found)
    expect(server.asked).toHaveLength(4)
  })

  it('of a refusing model are told as filtered content, once', async () => {
    const { server, models } = await open((response) =>
      sendJson(response, 200, { choices: [{ message: { content: null, refusal: 'No.' } }] }),
    )
    const error = await refusal(models.client(target(server.endpoint)).complete(ask(), { signal: never }))
    expect(error).toMatchObject({ code: 'MODEL_CONTENT_FILTERED', kind: 'content' })
    expect(server.asked).toHaveLength(1)
  })

  it('name the variable when a server on loopback wants a key after all', async () => {
    const { server, models } = await open((response) => sendJson(response, 401, { error: { message: 'key, please' } }))
    const error = await refusal(models.client(target(server.endpoint)).complete(ask(), { signal: never }))
    expect(error.code).toBe('MODEL_KEY_MISSING')
    expect(error.message).toContain('ACME_API_KEY')
  })

  it('of a missing key for a distant provider come before any connection', async () => {
    const models = createModels({ env: {} })
    opened.push(models)
    const client = models.client(target('https://unreachable.invalid/v1'))
    const error = await refusal(client.complete(ask(), { signal: never }))
    expect(error).toMatchObject({ code: 'MODEL_KEY_MISSING', kind: 'blocked' })
    expect(models.limits()[0]).toMatchObject({ inFlight: 0 })
  })

  it('of a refused connection are repeated and name the endpoint', async () => {
    const server = await startServer(() => {})
    await server.close()
    const models = createModels({ env: {}, retry: QUICK })
    opened.push(models)
    const error = await refusal(models.client(target(server.endpoint)).complete(ask(), { signal: never }))
    expect(error).toMatchObject({ code: 'MODEL_UNREACHABLE', kind: 'blocked', details: { attempts: 4 } })
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.details.wayOut).toContain(server.endpoint)
  })

  it('of a connection that breaks are repeated', async () => {
    const { server, models } = await open((response, _asked, index) => {
      if (index === 0) response.destroy()
      else if (index === 1) {
        response.writeHead(200, { 'content-length': '5000' }).write('{"choi')
        setTimeout(() => response.destroy(), 10)
      } else answerOk(response)
    })
    expect((await models.client(target(server.endpoint)).complete(ask(), { signal: never })).content).toBe('hello')
    expect(server.asked).toHaveLength(3)
  })

  it('of an answer beyond the size limit end the connection and are not repeated', async () => {
    const { server, models } = await open(
      (response) => {
        response.writeHead(200)
        const pour = (): void => {
          if (!response.destroyed && response.write('x'.repeat(16_384))) setImmediate(pour)
          else if (!response.destroyed) response.once('drain', pour)
        }
        pour()
      },
      { maxAnswerBytes: 100_000 },
    )
    const error = await refusal(models.client(target(server.endpoint)).complete(ask(), { signal: never }))
    expect(error).toMatchObject({ code: 'ANSWER_INVALID', kind: 'content' })
    await until(() => server.cutOff() === 1)
    expect(server.asked).toHaveLength(1)
  })

  it('of an endless error page are classified by what came first', async () => {
    const { server, models } = await open((response) => {
      response.writeHead(403)
      const pour = (): void => {
        if (!response.destroyed && response.write('forbidden '.repeat(1000))) setImmediate(pour)
        else if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    })
    const error = await refusal(models.client(target(server.endpoint)).complete(ask(), { signal: never }))
    expect(error.code).toBe('MODEL_PERMISSION')
    await until(() => server.cutOff() === 1)
  })

  it('show no key: not in the error, its details, its cause, or an event', async () => {
    const key = 'Zq8vLm2xWn5tRb7yKc4d'
    const { server, models, events } = await open(
      (response, { headers }, index) =>
        sendJson(response, index === 0 ? 500 : 401, {
          error: {
            message: `Bad credentials: ${headers.authorization}; header ${String(headers['x-api-token'])}; also sk-other-1234567890`,
            code: key,
          },
        }),
      { env: { ACME_API_KEY: key } },
    )
    const extraHeaders = { 'x-api-token': 'header-secret-99' }
    const client = models.client(target(server.endpoint, {}, { extraHeaders }))
    const error = await refusal(client.complete(ask(), { signal: never }))
    const shown = inspect(
      { error, events, client, models, limits: models.limits(), usage: models.usage() },
      { depth: 20, showHidden: true },
    )
    for (const secret of [key, 'header-secret-99', 'sk-other']) expect(shown).not.toContain(secret)
    expect(error.message).toContain('Bad credentials')
    expect(server.asked[0]?.headers.authorization).toBe(`Bearer ${key}`)
  })

  it('refuse an endpoint that is no plain http URL, without showing its password', async () => {
    const models = createModels({ env: {} })
    opened.push(models)
    for (const endpoint of ['not a url', 'ftp://host/v1', 'https://me:hunter22@host/v1']) {
      expect(() => models.client(target(endpoint))).toThrowError(
        expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.not.stringContaining('hunter22') }),
      )
    }
  })
})

describe('rate limits', () => {
  it('wait out Retry-After, then go on', async () => {
    const { server, models, events } = await open((response, _asked, index) =>
      index === 0 ? sendJson(response, 429, {}, { 'retry-after': '1' }) : answerOk(response),
    )
    await models.client(target(server.endpoint, { maxParallelRequests: 8 })).complete(ask(), { signal: never })
    expect((server.asked[1]?.atMs ?? 0) - (server.asked[0]?.atMs ?? 0)).toBeGreaterThan(980)
    expect(events).toContainEqual(expect.objectContaining({ kind: 'limit', reason: 'rate-limited', limit: 6 }))
    expect(models.usage()[0]).toMatchObject({ rateLimited: 1, retried: 0, answered: 1, failed: 0 })
  })

  it('are reported when they last too long', async () => {
    const { server, models } = await open(
      (response) => sendJson(response, 429, { error: { message: 'slow down' } }, { 'retry-after': '0.05' }),
      {
        retry: { maxRateLimitWaitMs: 300 },
      },
    )
    const error = await refusal(models.client(target(server.endpoint)).complete(ask(), { signal: never }))
    expect(error).toMatchObject({ code: 'MODEL_RATE_LIMITED', kind: 'blocked', details: { retryAfterMs: 50 } })
    expect(server.asked.length).toBeGreaterThan(2)
    expect(server.asked.length).toBeLessThan(9)
  })

  it('that ask for an hour stop this call and all others at once, and say for how long', async () => {
    const { server, models } = await open((response) => sendJson(response, 429, {}, { 'retry-after': '3000' }))
    const client = models.client(target(server.endpoint, { maxParallelRequests: 1 }))
    const calls = await Promise.all([1, 2, 3, 4].map(() => refusal(client.complete(ask(), { signal: never }))))
    expect(calls.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'MODEL_RATE_LIMITED'))
    expect(calls[3]?.details.retryAfterMs).toBeGreaterThan(2_900_000)
    expect(server.asked).toHaveLength(1)
  })

  it('hold for all aliases of one endpoint and model, the smallest cap first', async () => {
    const { server, models } = await open((response) => setTimeout(() => answerOk(response), 15))
    const small = models.client(target(server.endpoint, { alias: 'small', maxParallelRequests: 3 }))
    const large = models.client(target(`${server.endpoint}/`, { alias: 'large', maxParallelRequests: 64 }))
    await Promise.all(Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? small : large).complete(ask(), { signal: never })))
    expect(server.openAtMost()).toBe(3)
    expect(models.limits()).toHaveLength(1)
  })

  it('are separate for separate models, and for separate accounts', async () => {
    const { server, models } = await open((response) => answerOk(response))
    models.client(target(server.endpoint))
    models.client(target(server.endpoint, { model: 'acme-2' }))
    models.client(target(server.endpoint, {}, { apiKeyEnv: 'OTHER_KEY' }))
    expect(models.limits()).toHaveLength(3)
  })

  it('follow a cap that is changed while calls run, and the config when that changes', async () => {
    const { server, models } = await open((response) => setTimeout(() => answerOk(response), 15))
    const here: ModelTarget = target(server.endpoint, { maxParallelRequests: 2 })
    models.client(here)
    models.setCap(here, 9)
    expect(models.limits()[0]).toMatchObject({ cap: 9 })
    const client = models.client(here)
    expect(models.limits()[0]).toMatchObject({ cap: 9 })
    await Promise.all(Array.from({ length: 40 }, () => client.complete(ask(), { signal: never })))
    expect(server.openAtMost()).toBe(9)
    models.client({ ...here, maxParallelRequests: 5 })
    expect(models.limits()[0]).toMatchObject({ cap: 5 })
  })

  it('by the minute hold as the config gives them, the smallest of all aliases on a model', async () => {
    const { server, models } = await open((response) => answerOk(response))
    const slow = models.client(target(server.endpoint, { alias: 'slow', requestsPerMinute: 300 }))
    models.client(target(server.endpoint, { alias: 'free' }))
    models.client(target(server.endpoint, { alias: 'fast', requestsPerMinute: 6000 }))
    const startedMs = performance.now()
    await Promise.all(Array.from({ length: 10 }, () => slow.complete(ask(), { signal: never })))
    // Five a second: five at once, the others 200 ms apart.
    expect(performance.now() - startedMs).toBeGreaterThan(900)
  })

  it('of tokens by the minute make calls wait for what the ones before used', async () => {
    const { server, models } = await open((response) =>
      sendJson(response, 200, { ...completion('a'), usage: { prompt_tokens: 400, completion_tokens: 200 } }),
    )
    const client = models.client(target(server.endpoint, { tokensPerMinute: 60_000, maxParallelRequests: 1 }))
    const startedMs = performance.now()
    for (let index = 0; index < 4; index++) await client.complete(ask(), { signal: never })
    // 2,400 tokens at 1,000 a second; the first second's worth is there at the start, and the last call need not be waited out.
    expect(performance.now() - startedMs).toBeGreaterThan(1_200)
  })

  it('let the oldest row group go first', async () => {
    const { server, models } = await open((response) => setTimeout(() => answerOk(response), 2))
    const client = models.client(target(server.endpoint, { maxParallelRequests: 1 }))
    const priorities = [0, 9, 3, 7, 1, 5]
    await Promise.all(priorities.map((priority) => client.complete(ask(String(priority)), { signal: never, priority })))
    const order = server.asked.map(({ body }) => (body['messages'] as { content: string }[])[0]?.content)
    expect(order).toEqual(['0', '1', '3', '5', '7', '9'])
  })
})

describe('keeping an answer', () => {
  it('holds the slot until the answer is kept, so that a kill never costs more answers than slots', async () => {
    const { server, models } = await open((response) => answerOk(response))
    const client = models.client(target(server.endpoint, { maxParallelRequests: 2 }))
    const kept: (() => void)[] = []
    const endpoints: string[] = []
    const keep = (_answer: ChatAnswer, endpoint: string): Promise<void> => {
      endpoints.push(endpoint)
      return new Promise((resolve) => kept.push(resolve))
    }
    const calls = Array.from({ length: 6 }, (_, row) => client.complete(ask(`row ${row}`), { signal: never, keep }))
    await until(() => kept.length === 2)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.asked.length).toBe(2)
    kept.shift()?.()
    await until(() => server.asked.length === 3)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.asked.length).toBe(3)
    while (endpoints.length < 6 || kept.length > 0) {
      kept.shift()?.()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect((await Promise.all(calls)).length).toBe(6)
    expect(endpoints).toEqual(Array.from({ length: 6 }, () => server.endpoint))
  })

  it('that fails fails the call, asks nothing again and gives the slot back', async () => {
    const { server, models } = await open((response) => answerOk(response))
    const client = models.client(target(server.endpoint, { maxParallelRequests: 1 }))
    const full = new Error('no space')
    await expect(client.complete(ask(), { signal: never, keep: () => Promise.reject(full) })).rejects.toBe(full)
    expect(server.asked.length).toBe(1)
    await client.complete(ask(), { signal: never })
    expect(server.asked.length).toBe(2)
  })

  it('keeps a refusal that was paid for before it throws, and no error', async () => {
    const { server, models } = await open((response, _asked, index) =>
      index === 0
        ? sendJson(response, 200, completion('half', { choices: [{ message: { content: 'half' }, finish_reason: 'content_filter' }] }))
        : sendJson(response, 400, { error: { message: 'content_filter' } }),
    )
    const kept: KeptAnswer[] = []
    const client = models.client(target(server.endpoint))
    const keep = async (answer: KeptAnswer): Promise<void> => void kept.push(answer)
    const error = await refusal(client.complete(ask(), { signal: never, keep }))
    expect(error.code).toBe('MODEL_CONTENT_FILTERED')
    expect(kept).toEqual([
      { content: '', finishReason: 'content_filter', usage: { inputTokens: 7, outputTokens: 3 }, refused: error.message },
    ])
    expect((await refusal(client.complete(ask(), { signal: never, keep }))).code).toBe('MODEL_CONTENT_FILTERED')
    expect(kept.length).toBe(1)
  })

  it('names the endpoint without its query', async () => {
    const { server, models } = await open((response) => answerOk(response))
    const endpoints: string[] = []
    const client = models.client(target(`${server.endpoint}?api-key=secret`))
    await client.complete(ask(), { signal: never, keep: async (_answer, endpoint) => void endpoints.push(endpoint) })
    expect(endpoints).toEqual([server.endpoint])
  })
})

describe('time and cancellation', () => {
  it('end a call without an answer at its timeout, repeat it, and close its sockets', async () => {
    const { server, models } = await open(() => {})
    const error = await refusal(models.client(target(server.endpoint, { timeoutMs: 100 })).complete(ask(), { signal: never }))
    expect(error).toMatchObject({ code: 'MODEL_TIMEOUT', kind: 'blocked', details: { attempts: 4 } })
    await until(() => server.cutOff() === 4)
  })

  it('end a body that drips at the same timeout', async () => {
    const { server, models } = await open(
      (response) => {
        response.writeHead(200)
        const timer = setInterval(() => response.write(' '), 10)
        response.on('close', () => clearInterval(timer))
      },
      { retry: { maxRetries: 0 } },
    )
    const startedMs = performance.now()
    const error = await refusal(models.client(target(server.endpoint, { timeoutMs: 200 })).complete(ask(), { signal: never }))
    expect(error.code).toBe('MODEL_TIMEOUT')
    expect(performance.now() - startedMs).toBeLessThan(5000)
    await until(() => server.cutOff() === 1)
  })

  it('accept a slow body that ends in time', async () => {
    const { server, models } = await open((response) => {
      const text = JSON.stringify(completion('slow'))
      response.writeHead(200).write(text.slice(0, 20))
      setTimeout(() => response.end(text.slice(20)), 300)
    })
    expect((await models.client(target(server.endpoint)).complete(ask(), { signal: never })).content).toBe('slow')
  })

  it('bring an abort down to the socket and throw the signal’s reason unchanged', async () => {
    const { server, models, events } = await open(() => {})
    const abort = new AbortController()
    const reason = new Error('the row group was cancelled')
    const client = models.client(target(server.endpoint, { maxParallelRequests: 3 }))
    const calls = Array.from({ length: 10 }, () => client.complete(ask(), { signal: abort.signal }))
    await until(() => server.openNow() === 3)
    abort.abort(reason)
    for (const result of await Promise.allSettled(calls)) expect(result).toEqual({ status: 'rejected', reason })
    await until(() => server.cutOff() === 3)
    expect(server.asked).toHaveLength(3)
    expect(models.limits()[0]).toMatchObject({ inFlight: 0, waiting: 0 })
    expect(events).toEqual([])
    expect(models.usage()[0]).toMatchObject({ failed: 0, answered: 0, requests: 3 })
  })

  it('send nothing for a signal that is aborted already', async () => {
    const { server, models } = await open((response) => answerOk(response))
    const reason = new Error('too late')
    await expect(models.client(target(server.endpoint)).complete(ask(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.asked).toHaveLength(0)
  })

  it('send nothing for a call that is aborted while its connection is being made', async () => {
    const { server, models } = await open((response) => answerOk(response))
    const client = models.client(target(server.endpoint))
    const abort = new AbortController()
    const reason = new Error('gone before the socket was there')
    const leaving = client.complete(ask('leave'), { signal: abort.signal })
    abort.abort(reason)
    await expect(leaving).rejects.toBe(reason)
    // A call that comes after it has been answered: whatever the first one left behind had its turn.
    await client.complete(ask('stay'), { signal: never })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(server.asked.map(({ body }) => JSON.stringify(body).includes('leave'))).toEqual([false])
  })

  it('leave other calls alone when one is aborted', async () => {
    const { server, models } = await open((response, { body }) => {
      if (JSON.stringify(body).includes('stay')) setTimeout(() => answerOk(response), 100)
    })
    const client = models.client(target(server.endpoint))
    const abort = new AbortController()
    const leaving = client.complete(ask('leave'), { signal: abort.signal })
    const staying = client.complete(ask('stay'), { signal: never })
    await until(() => server.openNow() === 2)
    abort.abort(new Error('gone'))
    await expect(leaving).rejects.toThrow('gone')
    expect((await staying).content).toBe('hello')
  })

  it('refuse calls after close, waiting ones and those on the wire included', async () => {
    const { server, models } = await open(() => {})
    const client = models.client(target(server.endpoint, { maxParallelRequests: 1 }))
    const onTheWire = refusal(client.complete(ask(), { signal: never }))
    const waiting = refusal(client.complete(ask(), { signal: never }))
    await until(() => server.openNow() === 1)
    await models.close()
    expect((await waiting).code).toBe('MODEL_UNREACHABLE')
    expect((await onTheWire).code).toBe('MODEL_UNREACHABLE')
    expect((await refusal(client.complete(ask(), { signal: never }))).code).toBe('MODEL_UNREACHABLE')
    expect(() => models.client(target(server.endpoint))).toThrowError(expect.objectContaining({ code: 'MODEL_UNREACHABLE' }))
    await until(() => server.cutOff() === 1)
  })

  it('use connections again', async () => {
    const ports = new Set<number | undefined>()
    const { server, models } = await open((response) => {
      ports.add(response.socket?.remotePort)
      answerOk(response)
    })
    const client = models.client(target(server.endpoint, { maxParallelRequests: 2 }))
    await Promise.all(Array.from({ length: 50 }, () => client.complete(ask(), { signal: never })))
    // undici lets a socket rest for one turn of the event loop, and opens another if a call comes in that turn.
    expect(ports.size).toBeLessThanOrEqual(4)
  })
})

describe('checkModel', () => {
  it('makes one tiny call and tells its cost', async () => {
    const { server, models } = await open((response) => answerOk(response))
    const here = target(server.endpoint)
    expect(await checkModel(models.client(here), here)).toMatchObject({ usage: { inputTokens: 7, outputTokens: 3 } })
    expect(server.asked).toHaveLength(1)
    expect(server.asked[0]?.body).toMatchObject({ max_tokens: 16 })
  })

  it('tries without max_tokens where that is refused', async () => {
    const { server, models } = await open((response, { body }) =>
      'max_tokens' in body ? sendJson(response, 400, { error: { message: "Unsupported parameter: 'max_tokens'" } }) : answerOk(response),
    )
    const here = target(server.endpoint)
    await checkModel(models.client(here), here)
    expect(server.asked).toHaveLength(2)
  })

  it('takes a refusal for a sign of life', async () => {
    const { server, models } = await open((response) => sendJson(response, 200, { choices: [{ message: { refusal: 'no' } }] }))
    const here = target(server.endpoint)
    expect(await checkModel(models.client(here), here)).toMatchObject({ usage: null })
  })

  it('throws what a real call would throw', async () => {
    const { server, models } = await open((response) => sendJson(response, 404, { error: { message: 'no such model' } }))
    const here = target(server.endpoint)
    expect((await refusal(checkModel(models.client(here), here))).code).toBe('MODEL_NOT_FOUND')
  })
})
