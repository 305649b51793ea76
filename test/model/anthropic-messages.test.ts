import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import type { ParquetryError } from '../../src/errors.ts'
import { readMessagesAnswer, toMessagesBody } from '../../src/model/anthropic-messages.ts'
import { createModels } from '../../src/model/models.ts'
import type { ControlledModels, ModelsOptions } from '../../src/model/models.ts'
import { checkModel } from '../../src/model/readiness.ts'
import { ask, target } from './builders.ts'
import { sendJson, startServer } from './scripted-server.ts'
import type { Script, ScriptedServer } from './scripted-server.ts'

const never = new AbortController().signal
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

const usage = { input_tokens: 5, output_tokens: 3 }
const message = (content: unknown, more: Record<string, unknown> = {}) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  content,
  stop_reason: 'end_turn',
  usage,
  ...more,
})
const text = (words: string) => [{ type: 'text', text: words }]
const read = (body: unknown, request = ask('12345678')) => readMessagesAnswer(JSON.stringify(body), request)
const failure = (type: string, words: string) => ({ type: 'error', error: { type, message: words } })

async function open(
  script: Script,
  options: Partial<ModelsOptions> = {},
): Promise<{ server: ScriptedServer; models: ControlledModels; anthropic: ReturnType<typeof target> }> {
  const server = await startServer(script)
  const retry = { maxRetries: 2, baseDelayMs: 5, maxDelayMs: 10 }
  const models = createModels({ env: { ACME_API_KEY: 'key-in-the-environment' }, retry, ...options })
  opened.push(server, models)
  return { server, models, anthropic: target(server.endpoint, {}, { type: 'anthropic' }) }
}

describe('the body of a message', () => {
  it('has the system prompt apart, and room for an answer when the config gives none', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hi' },
    ] as const
    expect(toMessagesBody(ask('', { messages }))).toEqual({
      model: 'acme-1',
      max_tokens: 4096,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'hi' }],
    })
    expect(toMessagesBody(ask('hi'))).not.toHaveProperty('system')
  })

  it('takes the parameters under their wire names; max_tokens before extra_body before the default', () => {
    const request = ask('hi', { temperature: 0.5, topP: 0.9, maxTokens: 9, extraBody: { max_tokens: 7, top_k: 5, stream: true } })
    expect(toMessagesBody(request)).toMatchObject({ temperature: 0.5, top_p: 0.9, max_tokens: 9, top_k: 5 })
    expect(toMessagesBody(request)).not.toHaveProperty('stream')
    expect(toMessagesBody(ask('hi', { extraBody: { max_tokens: 7 } }))['max_tokens']).toBe(7)
    expect(toMessagesBody(ask('hi', { maxTokens: 9 }), { max_tokens: 8 })['max_tokens']).toBe(8)
  })
})

describe('the answer of a message', () => {
  it('is its text, without what the model thought', () => {
    const content = [
      { type: 'thinking', thinking: 'because', signature: 's' },
      { type: 'redacted_thinking', data: 'x' },
      ...text('he'),
      ...text('llo'),
    ]
    expect(read(message(content))).toEqual({
      kind: 'answer',
      answer: { content: 'hello', reasoning: 'because', finishReason: 'stop', usage: { inputTokens: 5, outputTokens: 3 } },
    })
  })

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['pause_turn', 'pause_turn'],
  ])('that stopped for %s is told as %s', (reason, finishReason) => {
    expect(read(message(text('a'), { stop_reason: reason }))).toMatchObject({ answer: { finishReason } })
  })

  it('counts what was read from and written to the cache among the input, and tells them apart', () => {
    const cached = { ...usage, cache_read_input_tokens: 100, cache_creation_input_tokens: 20 }
    expect(read(message(text('a'), { usage: cached }))).toMatchObject({
      answer: { usage: { inputTokens: 125, outputTokens: 3, cacheReadTokens: 100, cacheWriteTokens: 20 } },
    })
  })

  it('estimates what it cost when no usage is reported', () => {
    expect(read(message(text('12345'), { usage: null }))).toMatchObject({
      answer: { usage: { inputTokens: 2, outputTokens: 2, estimated: true } },
    })
  })

  it('may be a refusal, which was paid for', () => {
    expect(read(message([], { stop_reason: 'refusal' }))).toEqual({
      kind: 'refused',
      reason: 'refusal',
      usage: { inputTokens: 5, outputTokens: 3 },
    })
  })

  it('may be an error inside a 200, with the status of its type', () => {
    expect(read(failure('overloaded_error', 'Overloaded'))).toMatchObject({ kind: 'error', status: 529 })
    expect(read(failure('rate_limit_error', 'slow down'))).toMatchObject({ kind: 'error', status: 429 })
    expect(read(failure('new_error', 'odd'))).toMatchObject({ kind: 'error', status: 500 })
  })

  it.each([['<html></html>', 'an HTML or XML page'] as const, ['{"id":1}', 'JSON without a list of content'] as const])(
    'is none: %s',
    (body, problem) => {
      expect(readMessagesAnswer(body, ask())).toEqual({ kind: 'unreadable', problem })
    },
  )
})

describe('tools of a message', () => {
  const call = { id: 'c1', name: 'look_up', arguments: '{"topic":"tea"}' }
  const use = { type: 'tool_use', id: 'c1', name: 'look_up', input: { topic: 'tea' } }

  it('are offered with their schema; calls are blocks, and the results of a turn one message', () => {
    const { messages, tools } = toMessagesBody({
      model: 'm',
      messages: [
        { role: 'user', content: 'Tea?' },
        { role: 'assistant', content: 'I look.', toolCalls: [call, { ...call, id: 'c2', arguments: 'no JSON' }] },
        { role: 'tool', content: 'facts', toolCallId: 'c1' },
        { role: 'tool', content: 'more', toolCallId: 'c2' },
      ],
      tools: [{ name: 'look_up', description: 'Looks up.', parameters: { type: 'object' } }],
    })
    expect(tools).toEqual([{ name: 'look_up', description: 'Looks up.', input_schema: { type: 'object' } }])
    expect(messages).toEqual([
      { role: 'user', content: 'Tea?' },
      { role: 'assistant', content: [{ type: 'text', text: 'I look.' }, use, { ...use, id: 'c2', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: 'facts' },
          { type: 'tool_result', tool_use_id: 'c2', content: 'more' },
        ],
      },
    ])
  })

  it('are called by blocks; signed thoughts beside them go back word for word', () => {
    const thinking = { type: 'thinking', thinking: 'hm', signature: 'signed' }
    const found = read(message([thinking, ...text('I look.'), use], { stop_reason: 'tool_use' }))
    expect(found).toMatchObject({
      kind: 'answer',
      answer: {
        content: 'I look.',
        reasoning: 'hm',
        finishReason: 'tool_calls',
        toolCalls: [call],
        nativeContent: [thinking, text('I look.')[0], use],
      },
    })
    const answer = (found as { answer: { nativeContent: readonly object[] } }).answer
    const { messages } = toMessagesBody({
      model: 'm',
      messages: [{ role: 'assistant', content: 'I look.', toolCalls: [call], nativeContent: answer.nativeContent }],
    })
    expect(messages).toEqual([{ role: 'assistant', content: answer.nativeContent }])
    expect(read(message([use]))).not.toHaveProperty('answer.nativeContent')
  })
})

describe('a provider of type anthropic', () => {
  it('is called at /v1/messages with its version and the key in x-api-key', async () => {
    const { server, models, anthropic } = await open((response) => sendJson(response, 200, message(text('good day'))))
    const answer = await models.client(anthropic).complete(ask('hi', { temperature: 0.5 }), { signal: never })
    expect(answer).toEqual({ content: 'good day', finishReason: 'stop', usage: { inputTokens: 5, outputTokens: 3 } })
    expect(server.asked[0]).toMatchObject({
      path: '/v1/messages',
      headers: { 'x-api-key': 'key-in-the-environment', 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
      body: { model: 'acme-1', max_tokens: 4096, messages: [{ role: 'user', content: 'hi' }], temperature: 0.5 },
    })
    expect(server.asked[0]?.headers).not.toHaveProperty('authorization')
    expect(await checkModel(models.client(anthropic), anthropic)).toMatchObject({ usage: { inputTokens: 5 } })
  })

  it('may be written without /v1, and with headers of its own', async () => {
    const { server, models } = await open((response) => sendJson(response, 200, message(text('a'))))
    const root = server.endpoint.replace(/\/v1$/u, '/')
    const extraHeaders = { 'Anthropic-Version': '2024-01-01', 'anthropic-beta': 'b', Authorization: 'Bearer of-a-gateway' }
    await models.client(target(root, {}, { type: 'anthropic', extraHeaders })).complete(ask(), { signal: never })
    expect(server.asked[0]).toMatchObject({
      path: '/v1/messages',
      headers: { 'anthropic-version': '2024-01-01', 'anthropic-beta': 'b', authorization: 'Bearer of-a-gateway' },
    })
    expect(server.asked[0]?.headers).not.toHaveProperty('x-api-key')
  })

  it.each<[number, string, string, string]>([
    [400, 'invalid_request_error', 'temperature: range 0..1', 'MODEL_BAD_REQUEST'],
    [400, 'invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum', 'MODEL_CONTEXT_TOO_LONG'],
    [400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API', 'MODEL_QUOTA'],
    [400, 'invalid_request_error', 'Output blocked by content filtering policy', 'MODEL_CONTENT_FILTERED'],
    [401, 'authentication_error', 'invalid x-api-key', 'MODEL_AUTH'],
    [403, 'permission_error', 'not allowed', 'MODEL_PERMISSION'],
    [404, 'not_found_error', 'model: claude-none', 'MODEL_NOT_FOUND'],
    [413, 'request_too_large', 'Request exceeds the maximum size', 'MODEL_CONTEXT_TOO_LONG'],
    [500, 'api_error', 'Internal server error', 'MODEL_UNAVAILABLE'],
    [529, 'overloaded_error', 'Overloaded', 'MODEL_UNAVAILABLE'],
  ])('says %s %s "%s" as %s', async (status, type, words, code) => {
    const { server, models, anthropic } = await open((response) => sendJson(response, status, failure(type, words)))
    const error = await models
      .client(anthropic)
      .complete(ask(), { signal: never })
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code, details: { status }, message: expect.stringContaining(words) as string })
    expect(server.asked.length).toBe(status >= 500 ? 3 : 1)
  })

  it('that is overloaded for a moment is asked again', async () => {
    const { server, models, anthropic } = await open((response, _asked, index) =>
      index < 2 ? sendJson(response, 529, failure('overloaded_error', 'Overloaded')) : sendJson(response, 200, message(text('at last'))),
    )
    expect(await models.client(anthropic).complete(ask(), { signal: never })).toMatchObject({ content: 'at last' })
    expect(server.asked.length).toBe(3)
  })

  it('that limits the rate is waited for until the limit that is used up is reset', async () => {
    const { server, models, anthropic } = await open((response, _asked, index) => {
      if (index > 0) return sendJson(response, 200, message(text('now')))
      sendJson(response, 429, failure('rate_limit_error', 'slow down'), {
        'anthropic-ratelimit-requests-remaining': '7',
        'anthropic-ratelimit-requests-reset': new Date(Date.now() + 60_000).toISOString(),
        'anthropic-ratelimit-input-tokens-remaining': '0',
        'anthropic-ratelimit-input-tokens-reset': new Date(Date.now() + 400).toISOString(),
      })
    })
    expect(await models.client(anthropic).complete(ask(), { signal: never })).toMatchObject({ content: 'now' })
    const waitedMs = server.asked[1]!.atMs - server.asked[0]!.atMs
    expect(waitedMs).toBeGreaterThan(250)
    expect(waitedMs).toBeLessThan(1_800)
  })

  it('that echoes its key shows none of it', async () => {
    const key = 'sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz'
    const { models, anthropic } = await open(
      (response) => sendJson(response, 401, failure('authentication_error', `invalid x-api-key: ${key}`)),
      {
        env: { ACME_API_KEY: key },
      },
    )
    const error = (await models
      .client(anthropic)
      .complete(ask(), { signal: never })
      .catch((reason: unknown) => reason)) as ParquetryError
    expect(error.code).toBe('MODEL_AUTH')
    expect(inspect([error, error.details, error.message], { depth: 9 })).not.toContain(key.slice(-12))
  })
})
