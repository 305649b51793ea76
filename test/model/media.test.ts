import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { toMessagesBody } from '../../src/model/anthropic-messages.ts'
import type { ChatRequest, MediaPart } from '../../src/model/client.ts'
import { createModels } from '../../src/model/models.ts'
import type { ControlledModels } from '../../src/model/models.ts'
import { openaiCompatible, toChatBody } from '../../src/model/openai-compatible.ts'
import { picturesOfMessage } from '../../src/model/openai-images.ts'
import { checkModel } from '../../src/model/readiness.ts'
import { PNG_TEXT } from '../columns/media/pictures.ts'
import { ask, target } from './builders.ts'
import { answerOk, completion, type Script, type ScriptedServer, sendJson, startServer } from './scripted-server.ts'

const never = new AbortController().signal
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

async function open(script: Script): Promise<{ server: ScriptedServer; models: ControlledModels }> {
  const server = await startServer(script)
  const models = createModels({ env: {}, retry: { maxRetries: 1, baseDelayMs: 5, maxDelayMs: 5 } })
  opened.push(server, models)
  return { server, models }
}

/** A server of pictures: the first `failures` requests fail. */
async function openPictures(
  failures: number,
  status = 503,
  location?: string,
): Promise<{ address: string; asked: () => readonly string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'no key'}`)
    response
      .writeHead(asked.length <= failures ? status : 200, location === undefined ? {} : { location })
      .end(Buffer.from(PNG_TEXT, 'base64'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened.push({
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked }
}

const embeddings = (texts: readonly string[], more: object = {}): ChatRequest => ({
  model: 'acme-1',
  messages: [],
  wants: { kind: 'embeddings', texts, encodingFormat: 'float', dimensions: null, ...more },
})
const drawing = ask('a house', { wants: { kind: 'images', route: 'images' }, extraBody: { size: '1x1', stream: true } })

describe('embeddings', () => {
  it('are asked for and read in the order of the texts, as numbers or as base64, whichever comes', async () => {
    const base64 = Buffer.from(new Float32Array([0.5, -2]).buffer).toString('base64')
    const data = [
      { index: 1, embedding: [0.1, 0.2] },
      { index: 0, embedding: base64 },
    ]
    const { server, models } = await open((response) => sendJson(response, 200, { data, usage: { prompt_tokens: 9, total_tokens: 9 } }))
    const client = models.client(target(server.endpoint))
    const request = embeddings(['a', 'b'], { encodingFormat: 'base64', dimensions: 2 })
    expect(await client.complete({ ...request, extraBody: { input_type: 'query' } }, { signal: never })).toEqual({
      content: '',
      finishReason: 'stop',
      usage: { inputTokens: 9, outputTokens: 0 },
      vectors: [
        [0.5, -2],
        [0.1, 0.2],
      ],
    })
    expect(server.asked[0]).toMatchObject({ path: '/v1/embeddings' })
    expect(server.asked[0]?.body).toEqual({
      model: 'acme-1',
      input: ['a', 'b'],
      encoding_format: 'base64',
      dimensions: 2,
      input_type: 'query',
    })
  })

  it('have their tokens estimated where none are reported, and what is no vector is no answer', async () => {
    const { server, models } = await open((response, _asked, index) =>
      sendJson(response, 200, index === 0 ? { data: [{ embedding: ['x'] }] } : { data: [{ embedding: [1] }] }),
    )
    const answer = await models.client(target(server.endpoint)).complete(embeddings(['12345678']), { signal: never })
    expect(answer).toMatchObject({ usage: { inputTokens: 2, outputTokens: 0, estimated: true }, vectors: [[1]] })
    expect(server.asked).toHaveLength(2)
  })
})

describe('pictures', () => {
  it('come from the API for images inline, with the fields of the config and without streaming', async () => {
    const { server, models } = await open((response) => sendJson(response, 200, { data: [{ b64_json: PNG_TEXT }] }))
    const answer = await models.client(target(server.endpoint)).complete(drawing, { signal: never })
    expect(answer.pictures).toEqual([{ base64: PNG_TEXT }])
    expect(server.asked[0]).toMatchObject({ path: '/v1/images/generations', body: { model: 'acme-1', prompt: 'a house', size: '1x1' } })
    expect(server.asked[0]?.body).not.toHaveProperty('stream')
  })

  it('that an answer points to are fetched at once, without the key, and once more after a failure, without asking the model again', async () => {
    const pictures = await openPictures(1)
    const { server, models } = await open((response) => sendJson(response, 200, { data: [{ url: `${pictures.address}/a.png?sig=1` }] }))
    const keyed = target(server.endpoint, {}, { extraHeaders: { authorization: 'Bearer secret-key' } })
    const kept: unknown[] = []
    const answer = await models.client(keyed).complete(drawing, { signal: never, keep: async (one) => void kept.push(one.pictures) })
    expect(answer.pictures).toEqual([{ bytes: Buffer.from(PNG_TEXT, 'base64') }])
    expect(kept).toEqual([answer.pictures])
    expect(pictures.asked()).toEqual(['GET /a.png?sig=1 no key', 'GET /a.png?sig=1 no key'])
    expect(server.asked).toHaveLength(1)
  })

  it.each([
    ['is gone', 404, '/a.png', 'was answered with status 404'],
    ['redirects', 302, '/a.png', 'was answered with status 302'],
    ['is no address', 200, 'ftp', 'its address is none'],
  ])('are not had from an address that %s: the answer says why', async (_name, status, path, problem) => {
    const pictures = await openPictures(9, status)
    const url = path === 'ftp' ? 'ftp://127.0.0.1/a.png' : pictures.address + path
    const { server, models } = await open((response) =>
      sendJson(response, 200, completion('', { choices: [{ message: { images: [{ image_url: { url } }] } }] })),
    )
    const request = { ...drawing, wants: { kind: 'images', route: 'chat' } } as const
    const [picture] = (await models.client(target(server.endpoint)).complete(request, { signal: never })).pictures ?? []
    if (path === 'ftp') expect(picture).toBeUndefined()
    else expect(picture).toEqual({ problem: expect.stringContaining(problem) as string })
  })

  it('are fetched by way of a few redirects, not of many', async () => {
    for (const [redirects, isHad] of [
      [3, true],
      [4, false],
    ] as const) {
      const pictures = await openPictures(redirects, 307, '/moved.png')
      const { server, models } = await open((response) => sendJson(response, 200, { data: [{ url: `${pictures.address}/a.png` }] }))
      const [picture] = (await models.client(target(server.endpoint)).complete(drawing, { signal: never })).pictures ?? []
      if (isHad) expect(picture).toEqual({ bytes: Buffer.from(PNG_TEXT, 'base64') })
      else expect(picture).toEqual({ problem: expect.stringContaining('was answered with status 307') as string })
      expect(pictures.asked().map((asked) => asked.split(' ')[1])).toEqual(['/a.png', ...Array.from({ length: 3 }, () => '/moved.png')])
    }
  })

  it.each<[string, Record<string, unknown>, unknown]>([
    [
      'images of addresses',
      { images: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG_TEXT}` } }] },
      [{ base64: PNG_TEXT }],
    ],
    ['images as base64', { images: [{ b64_json: PNG_TEXT }], content: 'https://x.test/other.png' }, [{ base64: PNG_TEXT }]],
    ['a data URI as content', { content: ` data:image/webp;base64,${PNG_TEXT}\n` }, [{ base64: PNG_TEXT }]],
    ['base64 as content', { content: PNG_TEXT }, [{ base64: PNG_TEXT }]],
    ['an address as content', { content: 'https://x.test/a.png' }, [{ url: 'https://x.test/a.png' }]],
    [
      'Markdown',
      { content: 'Here:\n![a house](https://x.test/a.png "A house") and ![](<https://x.test/b.png>)' },
      [{ url: 'https://x.test/a.png' }, { url: 'https://x.test/b.png' }],
    ],
    ['a data URI among words', { content: `Here it is: <img src="data:image/png;base64,${PNG_TEXT}">` }, [{ base64: PNG_TEXT }]],
    [
      'parts of the content',
      {
        content: [
          { type: 'text', text: 'Here' },
          { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
        ],
      },
      [{ url: 'https://x.test/a.png' }],
    ],
    ['words only', { content: 'I am sorry, I cannot draw.' }, []],
    ['nothing', {}, []],
  ])("are found in a chat's answer: %s", (_name, message, expected) => {
    expect(picturesOfMessage(message)).toEqual(expected)
  })

  it('of a provider far away do not lead into this machine or its network', async () => {
    const { createPictureFetch } = await import('../../src/model/fetch-picture.ts')
    const fetchPicture = createPictureFetch({
      originOf: () => {
        throw new Error('nothing may be fetched')
      },
      clock: { nowMs: () => 0, dateMs: () => 0, after: () => () => undefined },
    })
    const options = { endpoint: new URL('https://api.example.com/v1'), timeoutMs: 1, signal: never }
    for (const host of [
      '127.0.0.1',
      'localhost',
      '169.254.169.254',
      '10.1.2.3',
      '[::1]',
      '[fd00::1]',
      '192.168.0.1:8080',
      '[::ffff:10.0.0.1]',
    ]) {
      const found = await fetchPicture(`http://${host}/latest/meta-data`, options)
      expect(found).toEqual({ value: { problem: expect.stringContaining('leads into a private network') as string } })
    }
  })
})

const part = (modality: MediaPart['modality'], source: MediaPart['source']): MediaPart => ({ modality, id: 'x', label: 'x', source })
const inline = (mediaType: string): MediaPart['source'] => ({ type: 'base64', mediaType, data: 'AAAA' })

describe('media of a message', () => {
  const message = (media: readonly MediaPart[]): ChatRequest => ({
    model: 'm',
    messages: [{ role: 'user', content: 'What is it?', media }],
  })

  it('stand before the words as OpenAI and vLLM know them', () => {
    const media = [
      part('image', { type: 'url', url: 'https://x.test/a' }),
      part('image', inline('image/png')),
      part('audio', inline('audio/mpeg')),
      part('audio', inline('audio/wav')),
      part('audio', { type: 'url', url: 'https://x.test/a.mp3' }),
      part('video', inline('video/mp4')),
    ]
    expect(toChatBody(message(media))['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'https://x.test/a' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          { type: 'audio_url', audio_url: { url: 'https://x.test/a.mp3' } },
          { type: 'video_url', video_url: { url: 'data:video/mp4;base64,AAAA' } },
          { type: 'text', text: 'What is it?' },
        ],
      },
    ])
  })

  it("stand as Anthropic's API knows pictures", () => {
    const media = [part('image', { type: 'url', url: 'https://x.test/a' }), part('image', inline('image/jpeg'))]
    expect(toMessagesBody(message(media))['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'url', url: 'https://x.test/a' } },
          { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AAAA' } },
          { type: 'text', text: 'What is it?' },
        ],
      },
    ])
  })

  it('are loaded when the call has its slot, and never for a call that waits', async () => {
    const gates: (() => void)[] = []
    const { server, models } = await open((response) => void gates.push(() => answerOk(response)))
    let loaded = 0
    const load = async (): Promise<string> => {
      loaded += 1
      return 'AAAA'
    }
    const client = models.client(target(server.endpoint, { maxParallelRequests: 1 }))
    const request = message([part('image', { type: 'base64', mediaType: 'image/png', data: load })])
    const answers = [client.complete(request, { signal: never }), client.complete(request, { signal: never })]
    while (gates.length < 1) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(loaded).toBe(1)
    gates[0]?.()
    while (gates.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    gates[1]?.()
    await Promise.all(answers)
    expect(loaded).toBe(2)
    expect(JSON.stringify(server.asked[1]?.body)).toContain('data:image/png;base64,AAAA')
  })
})

describe('the readiness check', () => {
  it('asks an embedding model for a vector and an image model for a picture', async () => {
    const { server, models } = await open((response, { path }) =>
      sendJson(response, 200, { data: [path.endsWith('embeddings') ? { embedding: [1] } : { b64_json: PNG_TEXT }] }),
    )
    const asked = target(server.endpoint)
    const wanted = { kind: 'embeddings', texts: [], encodingFormat: 'float', dimensions: 8 } as const
    await checkModel(models.client(asked), asked, never, wanted)
    await checkModel(models.client(asked), asked, never, { kind: 'images', route: 'images' })
    expect(server.asked.map(({ path, body }) => [path, body['input'] ?? body['prompt'], body['dimensions']])).toEqual([
      ['/v1/embeddings', ['Hello!'], 8],
      ['/v1/images/generations', expect.any(String), undefined],
    ])
  })
})

describe('a rehearsed picture', () => {
  it('is asked for in so many words only of the rehearsal, which is all models', () => {
    const request = { ...drawing, wants: { kind: 'images', route: 'chat' } } as const
    const bodyFor = (type: 'openai' | 'rehearsal'): unknown => JSON.parse(openaiCompatible.body(request, { type, extraBody: {} }))
    expect(bodyFor('rehearsal')).toHaveProperty('modalities')
    expect(bodyFor('openai')).not.toHaveProperty('modalities')
  })
})
