import { afterEach, describe, expect, it } from 'vitest'
import type { RehearsalOptions, RehearsalServer } from '../../src/rehearsal/index.ts'
import { startRehearsalServer } from '../../src/rehearsal/index.ts'

const open: RehearsalServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function start(options?: RehearsalOptions): Promise<RehearsalServer> {
  const server = await startRehearsalServer(options)
  open.push(server)
  return server
}

interface Completion {
  readonly choices: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[]
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number }
  readonly system_fingerprint: string
  readonly model: string
}

async function post(server: RehearsalServer, body: unknown): Promise<{ status: number; headers: Headers; body: Completion }> {
  const response = await fetch(`${server.endpoint}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Completion }
}

const ask = (prompt: string, more: object = {}): object => ({ model: 'any', messages: [{ role: 'user', content: prompt }], ...more })
const contentOf = (answer: { body: Completion }): string => answer.body.choices[0]?.message.content ?? ''
const PRODUCT = {
  type: 'object',
  properties: { title: { type: 'string' }, rating: { type: 'integer', minimum: 1, maximum: 5 } },
  required: ['title', 'rating'],
}
const asJsonSchema = { response_format: { type: 'json_schema', json_schema: { name: 'product', schema: PRODUCT } } }

describe('the rehearsal endpoint', () => {
  it('answers with labelled text made of the words of the prompt', async () => {
    const server = await start()
    const answer = await post(server, ask('Review the purple lawnmower for Ada'))
    expect(answer.status).toBe(200)
    expect(contentOf(answer)).toMatch(/^\[rehearsal\] Review the purple lawnmower for Ada, /)
    const words = contentOf(answer)
      .replace('[rehearsal] ', '')
      .split(/[\s,.]+/)
      .filter(Boolean)
    for (const word of words) expect(['Review', 'the', 'purple', 'lawnmower', 'for', 'Ada']).toContain(word)
  })

  it('says in every response that it is a rehearsal', async () => {
    const server = await start()
    const answer = await post(server, ask('hello'))
    expect(answer.headers.get('x-parquetry-rehearsal')).toBe('1')
    expect(answer.body.system_fingerprint).toBe('parquetry-rehearsal')
    expect((await post(server, 'no json')).headers.get('x-parquetry-rehearsal')).toBe('1')
  })

  it('gives the same prompt the same answer, byte for byte, on another server with another seed', async () => {
    const [one, other] = [await start({ seed: 1 }), await start({ seed: 2, latencyMs: 5 })]
    for (const body of [ask('hose reel'), ask('hose reel', asJsonSchema)]) {
      const first = await post(one, body)
      expect((await post(one, body)).body).toEqual(first.body)
      expect((await post(other, body)).body).toEqual(first.body)
    }
  })

  it('gives different prompts different answers', async () => {
    const server = await start()
    const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => post(server, ask(`Review order ${at} of a hose`))))
    expect(new Set(answers.map(contentOf)).size).toBe(50)
  })

  it('answers bare JSON for response_format, and a fenced block for a schema in the prompt', async () => {
    const server = await start()
    const native = contentOf(await post(server, ask('Describe a hose', asJsonSchema)))
    expect(JSON.parse(native)).toMatchObject({ title: expect.stringMatching(/^\[rehearsal\] /), rating: expect.any(Number) })
    const prompt = `Describe a hose\n\nAnswer in JSON that fits:\n<response_schema>\n${JSON.stringify(PRODUCT)}\n</response_schema>`
    const fenced = contentOf(await post(server, ask(prompt)))
    expect(fenced).toMatch(/^```json\n\{.*\}\n```$/)
    expect(fenced).not.toContain('Answer in')
  })

  it('still knows the schema when a correction follows the prompt that holds it', async () => {
    const server = await start()
    const prompt = `Describe a hose\n<response_schema>${JSON.stringify(PRODUCT)}</response_schema>`
    const messages = [
      { role: 'user', content: prompt },
      { role: 'assistant', content: 'no' },
      { role: 'user', content: 'That was no JSON.' },
    ]
    expect(contentOf(await post(server, { model: 'm', messages }))).toMatch(/^```json\n\{"title":/)
  })

  it('reads messages that come in parts', async () => {
    const server = await start()
    const answer = await post(server, {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'purple' },
            { type: 'text', text: 'lawnmower' },
          ],
        },
      ],
    })
    expect(contentOf(answer)).toContain('purple lawnmower')
  })

  it('counts a token for every four characters', async () => {
    const server = await start()
    const answer = await post(server, ask('x'.repeat(400)))
    expect(answer.body.usage.prompt_tokens).toBe(100)
    expect(answer.body.usage.completion_tokens).toBe(Math.ceil(contentOf(answer).length / 4))
    expect(server.stats()).toMatchObject({ requests: 1, inputTokens: 100, outputTokens: answer.body.usage.completion_tokens })
  })

  it('cuts text at max_tokens and says so', async () => {
    const server = await start()
    const answer = await post(server, ask('Review the purple lawnmower for Ada at length', { max_tokens: 6 }))
    expect(contentOf(answer).length).toBeLessThanOrEqual(24)
    expect(answer.body.choices[0]?.finish_reason).toBe('length')
  })

  it('lists its model and refuses other paths', async () => {
    const server = await start()
    const models = (await (await fetch(`${server.endpoint}/models`)).json()) as { data: { id: string }[] }
    expect(models.data.map((model) => model.id)).toEqual(['rehearsal'])
    expect((await fetch(`${server.endpoint}/completions`, { method: 'POST', body: '{}' })).status).toBe(404)
  })

  it.each([
    ['text that is not JSON', '{"messages":'],
    ['no messages', {}],
    ['an empty list of messages', { messages: [] }],
    ['messages without a role', { messages: ['hello'] }],
    [
      'a schema that is none',
      ask('x', { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'strin' } } } }),
    ],
  ])('answers 400 to %s', async (_name, body) => {
    const server = await start()
    expect((await post(server, body)).status).toBe(400)
  })
})

describe('the faults of the rehearsal endpoint', () => {
  it('waits at least the latency before an answer, without queueing requests behind each other', async () => {
    const server = await start({ latencyMs: 200 })
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: 20 }, (_, at) => post(server, ask(`prompt ${at}`))))
    const elapsedMs = performance.now() - startedAt
    expect(elapsedMs).toBeGreaterThanOrEqual(199)
    expect(elapsedMs).toBeLessThan(20 * 200)
    expect(server.stats().peakInFlight).toBeGreaterThan(10)
  })

  it('answers 500 to about the given share, and the same ones again on a fresh server', async () => {
    const statuses = async (seed: number): Promise<number[]> => {
      const server = await start({ errorRate: 0.3, seed })
      return (await Promise.all(Array.from({ length: 200 }, (_, at) => post(server, ask(`prompt ${at}`))))).map((answer) => answer.status)
    }
    const first = await statuses(7)
    const failed = first.filter((status) => status === 500).length
    expect(failed).toBeGreaterThan(30)
    expect(failed).toBeLessThan(90)
    expect(await statuses(7)).toEqual(first)
    expect(await statuses(8)).not.toEqual(first)
  })

  it('lets a retry of a failed request succeed in the end', async () => {
    const server = await start({ errorRate: 0.5 })
    for (let at = 0; at < 20; at += 1) {
      let status = 500
      for (let attempt = 0; attempt < 40 && status === 500; attempt += 1) status = (await post(server, ask(`prompt ${at}`))).status
      expect(status).toBe(200)
    }
    expect(server.stats().byStatus[500]).toBeGreaterThan(0)
    expect(server.stats().distinct).toBe(20)
  })

  it('answers 429 with Retry-After above the rate limit, and passes requests again later', async () => {
    const server = await start({ rateLimitPerSecond: 5 })
    const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => post(server, ask(`prompt ${at}`))))
    const refused = answers.filter((answer) => answer.status === 429)
    expect(refused.length).toBeGreaterThan(10)
    expect(answers.filter((answer) => answer.status === 200).length).toBeGreaterThanOrEqual(5)
    for (const answer of refused) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect((await post(server, ask('later'))).status).toBe(200)
  })

  it('spoils every answer at a malformed rate of 1: JSON does not parse, text is empty', async () => {
    const server = await start({ malformedRate: 1 })
    for (let at = 0; at < 20; at += 1) {
      const json = contentOf(await post(server, ask(`prompt ${at}`, asJsonSchema)))
      expect(() => JSON.parse(json) as unknown).toThrow()
      expect(contentOf(await post(server, ask(`prompt ${at}`)))).toBe('')
    }
    expect(server.stats().malformed).toBe(40)
  })

  it('counts a request whose client went away as aborted', async () => {
    const server = await start({ latencyMs: 5_000 })
    const controller = new AbortController()
    const call = fetch(`${server.endpoint}/chat/completions`, { method: 'POST', body: JSON.stringify(ask('x')), signal: controller.signal })
    while (server.stats().inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort()
    await expect(call).rejects.toThrow()
    while (server.stats().inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(server.stats()).toMatchObject({ requests: 1, aborted: 1 })
  })

  it('closes at once although a request is waiting for its answer, and frees the port', async () => {
    const server = await start({ latencyMs: 60_000 })
    const call = post(server, ask('x')).catch(() => 'gone')
    while (server.stats().inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await server.close()
    expect(await call).toBe('gone')
    const port = Number(new URL(server.endpoint).port)
    expect((await start({ port })).endpoint).toBe(server.endpoint)
  })

  it.each([
    ['errorRate', { errorRate: 1.5 }],
    ['malformedRate', { malformedRate: Number.NaN }],
    ['latencyMs', { latencyMs: -1 }],
    ['port', { port: 70_000 }],
    ['seed', { seed: 0.5 }],
  ])('refuses %s out of range', async (name, options) => {
    await expect(start(options)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(name) as unknown })
  })

  it('names the port that is taken', async () => {
    const port = Number(new URL((await start()).endpoint).port)
    await expect(start({ port })).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(String(port)) as unknown })
  })
})
