import { describe, expect, it } from 'vitest'
import { kindOfCode } from '../../src/errors.ts'
import { classifyReply, readRetryAfter } from '../../src/model/errors.ts'

const now = Date.UTC(2030, 0, 1)
const classify = (status: number, message: string, headers: Record<string, string> = {}, extra: Record<string, unknown> = {}) =>
  classifyReply({ status, headers, text: JSON.stringify({ error: { message, ...extra } }) }, now)

describe('classifyReply', () => {
  it.each([
    [400, 'temperature must be below 2', 'MODEL_BAD_REQUEST', 'never'],
    [400, "Unsupported parameter: 'max_tokens' is not supported with this model.", 'MODEL_BAD_REQUEST', 'never'],
    [422, 'messages: field required', 'MODEL_BAD_REQUEST', 'never'],
    [400, "This model's maximum context length is 8192 tokens. However, you requested 9000.", 'MODEL_CONTEXT_TOO_LONG', 'never'],
    [400, 'prompt is too long: 250000 tokens > 200000 maximum', 'MODEL_CONTEXT_TOO_LONG', 'never'],
    [413, 'payload too large', 'MODEL_CONTEXT_TOO_LONG', 'never'],
    [500, 'the input exceeds the context window of the model', 'MODEL_CONTEXT_TOO_LONG', 'never'],
    [
      400,
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      'MODEL_CONTENT_FILTERED',
      'never',
    ],
    [403, 'Your input was flagged by our moderation', 'MODEL_CONTENT_FILTERED', 'never'],
    [400, 'API key not valid. Please pass a valid API key.', 'MODEL_AUTH', 'never'],
    [401, 'Incorrect API key provided', 'MODEL_AUTH', 'never'],
    [403, 'Project does not have access', 'MODEL_PERMISSION', 'never'],
    [404, 'The model `gpt-9` does not exist', 'MODEL_NOT_FOUND', 'never'],
    [400, 'The model `gpt-9` does not exist or you do not have access to it.', 'MODEL_NOT_FOUND', 'never'],
    [400, 'foo/bar is not a valid model ID', 'MODEL_NOT_FOUND', 'never'],
    [405, 'Method Not Allowed', 'MODEL_NOT_FOUND', 'never'],
    [402, 'Payment required', 'MODEL_QUOTA', 'never'],
    [429, 'You exceeded your current quota, please check your plan and billing details.', 'MODEL_QUOTA', 'never'],
    [400, 'Your credit balance is too low to access the API', 'MODEL_QUOTA', 'never'],
    [429, 'Rate limit reached for requests', 'MODEL_RATE_LIMITED', 'rate-limit'],
    [408, 'timed out', 'MODEL_TIMEOUT', 'backoff'],
    [409, 'conflict', 'MODEL_UNAVAILABLE', 'backoff'],
    [418, 'teapot', 'MODEL_PERMISSION', 'never'],
    [500, 'oops', 'MODEL_UNAVAILABLE', 'backoff'],
    [502, 'bad gateway', 'MODEL_UNAVAILABLE', 'backoff'],
    [503, 'overloaded', 'MODEL_UNAVAILABLE', 'backoff'],
    [504, 'gateway timeout', 'MODEL_UNAVAILABLE', 'backoff'],
    [529, 'overloaded', 'MODEL_UNAVAILABLE', 'backoff'],
  ] as const)('maps %i "%s" to %s', (status, message, code, retry) => {
    expect(classify(status, message)).toMatchObject({ code, retry, status })
  })

  it('never lets a status other than 400, 403, 413, 422 and 5xx with plain words drop a row', () => {
    for (let status = 300; status < 600; status++) {
      if (status === 400 || status === 413 || status === 422) continue
      expect(kindOfCode(classify(status, 'something went wrong').code), String(status)).toBe('blocked')
    }
  })

  it('reads codes and types as well as messages', () => {
    expect(classify(400, 'sorry', {}, { code: 'context_length_exceeded' }).code).toBe('MODEL_CONTEXT_TOO_LONG')
    expect(classify(400, 'sorry', {}, { innererror: { code: 'ResponsibleAIPolicyViolation' } }).code).toBe('MODEL_CONTENT_FILTERED')
    expect(classify(400, 'sorry', {}, { code: 'model_not_found' }).code).toBe('MODEL_NOT_FOUND')
    expect(classify(429, 'sorry', { 'retry-after': '5' }, { code: 'insufficient_quota' }).code).toBe('MODEL_QUOTA')
  })

  it('takes a quota message with a delay for a limit by the minute, as Gemini sends it', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34s' }]
    expect(classify(429, 'You exceeded your current quota', {}, { details })).toMatchObject({
      code: 'MODEL_RATE_LIMITED',
      retryAfterMs: 34_000,
    })
  })

  it('waits as long as a 503 asks for', () => {
    expect(classify(503, 'overloaded', { 'retry-after': '7' })).toMatchObject({
      retry: 'rate-limit',
      retryAfterMs: 7000,
      code: 'MODEL_UNAVAILABLE',
    })
  })

  it('reads the delay from the words when no header gives it', () => {
    expect(classify(429, 'Rate limit reached. Please try again in 1.5s.').retryAfterMs).toBe(1500)
    expect(classify(429, 'Rate limit reached. Please try again in 350ms.').retryAfterMs).toBe(350)
    expect(classify(429, 'Rate limit reached.').retryAfterMs).toBeNull()
  })

  it('quotes the messages of a validation error and not the echoed input', () => {
    const detail = [{ type: 'missing', loc: ['body', 'messages'], msg: 'Field required', input: { messages: 'my private prompt' } }]
    const failure = classifyReply({ status: 422, headers: {}, text: JSON.stringify({ detail }) }, now)
    expect(failure.message).toBe('Field required')
  })

  it('does not quote JSON of an unknown shape', () => {
    expect(classifyReply({ status: 400, headers: {}, text: '{"echo":"my private prompt"}' }, now).message).toBe('no message')
  })

  it('shortens long messages and strips HTML', () => {
    expect(classify(500, 'x'.repeat(10_000)).message.length).toBeLessThan(500)
    const html = '<html><head><style>p{}</style></head><body><h1>502 Bad Gateway</h1></body></html>'
    expect(classifyReply({ status: 502, headers: {}, text: html }, now).message).toBe('502 Bad Gateway')
  })

  it('names where a redirect leads by its origin only', () => {
    const failure = classifyReply({ status: 302, headers: { location: 'https://login.example.com/x?token=abc' }, text: '' }, now)
    expect(failure.code).toBe('MODEL_NOT_FOUND')
    expect(failure.message).toContain('https://login.example.com)')
  })

  it('reads a hostile message in bounded time', () => {
    const startedMs = performance.now()
    classify(400, 'model '.repeat(2000) + 'prompt'.repeat(5000))
    classifyReply({ status: 500, headers: {}, text: '<script'.repeat(9000) }, now)
    expect(performance.now() - startedMs).toBeLessThan(2000)
  })
})

describe('readRetryAfter', () => {
  it('reads seconds, fractions, milliseconds and HTTP dates', () => {
    expect(readRetryAfter({ 'retry-after': '3' }, now)).toBe(3000)
    expect(readRetryAfter({ 'retry-after': '0.25' }, now)).toBe(250)
    expect(readRetryAfter({ 'retry-after-ms': '120', 'retry-after': '9' }, now)).toBe(120)
    expect(readRetryAfter({ 'retry-after': new Date(now + 5000).toUTCString() }, now)).toBe(5000)
  })

  it('takes a date in the past for now, and nonsense for nothing', () => {
    expect(readRetryAfter({ 'retry-after': new Date(now - 5000).toUTCString() }, now)).toBe(0)
    expect(readRetryAfter({ 'retry-after': 'soon' }, now)).toBeNull()
    expect(readRetryAfter({ 'retry-after': '-3' }, now) ?? 0).toBeGreaterThanOrEqual(0)
    expect(readRetryAfter({}, now)).toBeNull()
  })

  it('reads when the limits that are used up are reset, and takes the last of them', () => {
    const openai = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' }
    expect(readRetryAfter(openai, now)).toBe(360_000)
    expect(readRetryAfter({ ...openai, 'retry-after': '1' }, now)).toBe(1000)
    expect(readRetryAfter({ ...openai, 'x-ratelimit-remaining-tokens': '9', 'x-ratelimit-reset-tokens': '9h' }, now)).toBe(360_000)
    expect(readRetryAfter({ ...openai, 'x-ratelimit-reset-requests': '120ms' }, now)).toBe(120)
    expect(readRetryAfter({ ...openai, 'x-ratelimit-reset-requests': 'soon' }, now)).toBeNull()
    const reset = new Date(now + 7000).toISOString()
    expect(readRetryAfter({ 'anthropic-ratelimit-tokens-remaining': '0', 'anthropic-ratelimit-tokens-reset': reset }, now)).toBe(7000)
  })
})
