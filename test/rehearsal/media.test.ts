import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readImage } from '../../src/columns/media/image-facts.ts'
import { rehearseVector } from '../../src/rehearsal/embeddings.ts'
import type { RehearsalOptions } from '../../src/rehearsal/faults.ts'
import type { RehearsalServer } from '../../src/rehearsal/index.ts'
import { startRehearsalServer } from '../../src/rehearsal/index.ts'

let server: RehearsalServer
beforeAll(async () => {
  server = await startRehearsalServer()
})
afterAll(() => server.close())

async function post(path: string, body: object, options?: RehearsalOptions): Promise<{ status: number; body: Record<string, unknown> }> {
  const asked = options === undefined ? server : await startRehearsalServer(options)
  const response = await fetch(`${asked.endpoint}${path}`, { method: 'POST', body: JSON.stringify(body) })
  const answer = { status: response.status, body: (await response.json()) as Record<string, unknown> }
  if (asked !== server) await asked.close()
  return answer
}

const cosine = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0)

describe('rehearsed embeddings', () => {
  it('are the same for a text every time, of length 1, near for texts that share words, and travel either way', async () => {
    const input = ['a red garden chair', 'a red garden table', 'tax law of Norway']
    const { body } = await post('/embeddings', { input, dimensions: 32 })
    const vectors = (body['data'] as { embedding: number[] }[]).map(({ embedding }) => embedding)
    expect(vectors).toEqual(input.map((text) => rehearseVector(text, 32)))
    expect(cosine(vectors[0]!, vectors[0]!)).toBeCloseTo(1, 5)
    expect(cosine(vectors[0]!, vectors[1]!)).toBeGreaterThan(cosine(vectors[0]!, vectors[2]!) + 0.2)
    const base64 = (await post('/embeddings', { input: input[0], dimensions: 32, encoding_format: 'base64' })).body
    const bytes = Buffer.from((base64['data'] as { embedding: string }[])[0]!.embedding, 'base64')
    expect(Array.from({ length: 32 }, (_, at) => bytes.readFloatLE(at * 4))).toEqual(vectors[0])
    expect(body['usage']).toEqual({ prompt_tokens: 14, total_tokens: 14 })
  })

  it.each([{}, { input: [] }, { input: [''] }, { input: ['a'], dimensions: 0 }, { input: ['a'], encoding_format: 'hex' }])(
    'are refused: %j',
    async (body) => {
      expect((await post('/embeddings', body)).status).toBe(400)
    },
  )

  it('lack a vector when they are spoilt', async () => {
    const { body } = await post('/embeddings', { input: ['a', 'b'] }, { malformedRate: 1 })
    expect(body['data']).toHaveLength(1)
  })
})

describe('rehearsed pictures', () => {
  it('are valid, come by both routes, and differ with the prompt', async () => {
    const of = async (prompt: string): Promise<string> =>
      ((await post('/images/generations', { prompt })).body['data'] as { b64_json: string }[])[0]!.b64_json
    expect(readImage(Buffer.from(await of('a house'), 'base64'))).toEqual({ format: 'png', width: 16, height: 16 })
    expect(await of('a house')).toBe(await of('a house'))
    expect(await of('a house')).not.toBe(await of('a tree'))
    const chat = await post('/chat/completions', { messages: [{ role: 'user', content: 'Draw a house' }], modalities: ['image', 'text'] })
    const [{ message }] = chat.body['choices'] as [{ message: { content: string; images: [{ image_url: { url: string } }] } }]
    expect(message.content).toContain('[rehearsal]')
    const [, data = ''] = message.images[0].image_url.url.split('data:image/png;base64,')
    expect(readImage(Buffer.from(data, 'base64'))).toMatchObject({ format: 'png' })
  })

  it('are several where several are asked for, and cut off when they are spoilt', async () => {
    const { body } = await post('/images/generations', { prompt: 'x', n: 3 }, { malformedRate: 1 })
    const pictures = body['data'] as { b64_json: string }[]
    expect(new Set(pictures.map(({ b64_json: data }) => data)).size).toBe(3)
    expect(readImage(Buffer.from(pictures[0]!.b64_json, 'base64'))).toHaveProperty('problem')
    expect((await post('/images/generations', { prompt: ' ' })).status).toBe(400)
  })
})
