import { describe, expect, it } from 'vitest'
import { openaiCompatible, readChatAnswer, toChatBody } from '../../src/model/openai-compatible.ts'
import { ask } from './builders.ts'
import { completion } from './scripted-server.ts'

const read = (body: unknown, request = ask('12345678')) => readChatAnswer(JSON.stringify(body), request)
const choice = (message: unknown, finishReason: unknown = 'stop') => ({ choices: [{ message, finish_reason: finishReason }] })

describe('toChatBody', () => {
  it('sends only what is given', () => {
    expect(toChatBody(ask('hi'))).toEqual({ model: 'acme-1', messages: [{ role: 'user', content: 'hi' }] })
  })

  it('maps the inference parameters to their wire names', () => {
    const body = toChatBody(ask('hi', { temperature: 0, topP: 0.5, maxTokens: 9 }))
    expect(body).toMatchObject({ temperature: 0, top_p: 0.5, max_tokens: 9 })
  })

  it('lets the call win over the model’s extra_body, and the provider’s extra_body over both', () => {
    const request = ask('hi', { temperature: 0.2, topP: 0.3, extraBody: { temperature: 1, seed: 1, top_k: 5 } })
    expect(toChatBody(request, { seed: 2, top_p: 0.9 })).toMatchObject({ temperature: 0.2, top_p: 0.9, seed: 2, top_k: 5 })
  })

  it('asks for native structured output by a name that the wire allows', () => {
    const schema = { type: 'object' }
    const body = toChatBody(ask('hi', { responseSchema: { name: 'my answer é', schema } }))
    expect(body['response_format']).toEqual({ type: 'json_schema', json_schema: { name: 'my_answer__', schema } })
  })

  it('never streams, and does not change the request', () => {
    const request = ask('hi', { extraBody: { stream: true, stream_options: {} } })
    const before = structuredClone(request)
    const body = toChatBody(request, { stream: true })
    expect(body).not.toHaveProperty('stream')
    expect(body).not.toHaveProperty('stream_options')
    expect(request).toEqual(before)
  })

  it('carries a key as a bearer token, and nothing without one', () => {
    expect(openaiCompatible.keyHeaders('k')).toEqual(['authorization', 'Bearer k'])
    expect(openaiCompatible.keyHeaders(null)).toEqual([])
  })
})

describe('tools over the wire', () => {
  const parameters = { type: 'object', properties: { topic: { type: 'string' } } }
  const tools = [{ name: 'look_up', description: 'Looks up.', parameters }]

  it('are offered as functions, and calls and results go back as messages', () => {
    const call = { id: 'c1', name: 'look_up', arguments: '{"topic": "tea"}' }
    const body = toChatBody({
      model: 'm',
      messages: [
        { role: 'user', content: 'Tea?' },
        { role: 'assistant', content: '', reasoning: 'hm', toolCalls: [call] },
        { role: 'tool', content: 'facts', toolCallId: 'c1' },
      ],
      tools,
    })
    expect(body).toEqual({
      model: 'm',
      messages: [
        { role: 'user', content: 'Tea?' },
        {
          role: 'assistant',
          content: '',
          reasoning_content: 'hm',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look_up', arguments: '{"topic": "tea"}' } }],
        },
        { role: 'tool', content: 'facts', tool_call_id: 'c1' },
      ],
      tools: [{ type: 'function', function: { name: 'look_up', description: 'Looks up.', parameters } }],
    })
  })

  it('are called by answers; arguments may come as an object, and an id may be missing', () => {
    const calls = [
      { id: 'c1', type: 'function', function: { name: 'look_up', arguments: '{"topic": "tea"}' } },
      { type: 'function', function: { name: 'look_up', arguments: { topic: 'oil' } } },
      { id: 'x', type: 'other' },
    ]
    const message = { role: 'assistant', content: null, tool_calls: calls }
    const read = readChatAnswer(JSON.stringify({ choices: [{ message, finish_reason: 'tool_calls' }] }), {
      model: 'm',
      messages: [],
      tools,
    })
    expect(read).toMatchObject({
      kind: 'answer',
      answer: {
        content: '',
        finishReason: 'tool_calls',
        toolCalls: [
          { id: 'c1', name: 'look_up', arguments: '{"topic": "tea"}' },
          { id: 'call_1', name: 'look_up', arguments: '{"topic":"oil"}' },
        ],
      },
    })
  })
})

describe('readChatAnswer', () => {
  it('reads text, finish reason and reported usage', () => {
    expect(read(completion('hello'))).toEqual({
      kind: 'answer',
      answer: { content: 'hello', finishReason: 'stop', usage: { inputTokens: 7, outputTokens: 3 } },
    })
  })

  it.each(['reasoning_content', 'reasoning'])('reads %s', (field) => {
    const found = read(choice({ content: 'a', [field]: 'because' }))
    expect(found).toMatchObject({ kind: 'answer', answer: { content: 'a', reasoning: 'because' } })
  })

  it('joins text parts and takes null for an empty text', () => {
    expect(read(choice({ content: [{ type: 'text', text: 'a' }, { type: 'image' }, 'b'] }))).toMatchObject({ answer: { content: 'ab' } })
    expect(read(choice({ content: null }))).toMatchObject({ answer: { content: '' } })
  })

  it('estimates a quarter token a character when no usage is reported, and says so', () => {
    const found = read(choice({ content: '12345', reasoning_content: '1234' }))
    expect(found).toMatchObject({ answer: { usage: { inputTokens: 2, outputTokens: 3, estimated: true } } })
  })

  it('does not take nonsense for usage', () => {
    const found = read({ ...choice({ content: 'a' }), usage: { prompt_tokens: -1, completion_tokens: 'many' } })
    expect(found).toMatchObject({ answer: { usage: { estimated: true } } })
  })

  it('keeps `length` and unknown finish reasons, and defaults to stop', () => {
    expect(read(choice({ content: 'a' }, 'length'))).toMatchObject({ answer: { finishReason: 'length' } })
    expect(read(choice({ content: 'a' }, null))).toMatchObject({ answer: { finishReason: 'stop' } })
  })

  it.each([
    ['a refusal', choice({ content: null, refusal: 'I cannot help' })],
    ['a content filter', choice({ content: 'half an ans' }, 'content_filter')],
    ['a filter without a message', choice(undefined, 'content_filter: PROHIBITED_CONTENT')],
    ['a blocked prompt', { promptFeedback: { blockReason: 'SAFETY' } }],
  ])('recognises %s', (_name, body) => {
    expect(read(body).kind).toBe('refused')
  })

  it('knows what a refusal cost, or estimates it', () => {
    const usage = { prompt_tokens: 9, completion_tokens: 4 }
    expect(read({ ...choice({ refusal: 'no' }), usage })).toMatchObject({ kind: 'refused', usage: { inputTokens: 9, outputTokens: 4 } })
    expect(read(choice({ refusal: 'no' }))).toMatchObject({ usage: { outputTokens: 0, estimated: true } })
  })

  it('reads an error inside a 200, with the status it names', () => {
    expect(read({ error: { message: 'slow down', code: 429 } })).toMatchObject({ kind: 'error', status: 429 })
    expect(read({ choices: [{ error: { message: 'upstream', code: 502 } }] })).toMatchObject({ kind: 'error', status: 502 })
    expect(read({ error: 'broken' })).toMatchObject({ kind: 'error', status: 500 })
  })

  it.each([
    ['', 'an empty body'],
    ['<!doctype html><p>hi', 'an HTML or XML page'],
    ['data: {"choices":[]}', 'an event stream'],
    ['{"choices":[{"mess', '18 characters that are not JSON (cut off or damaged)'],
    ['[]', 'JSON that is not an object'],
    ['{"choices":[]}', 'JSON without choices'],
    ['{"choices":[{"index":0}]}', 'a choice without a message'],
    ['{"choices":[{"message":{"content":5}}]}', 'a message whose content is neither text nor a list of parts'],
  ])('says what it found instead of an answer: %j', (text, problem) => {
    expect(readChatAnswer(text, ask())).toEqual({ kind: 'unreadable', problem })
  })
})
