/** A provider on loopback that embeds, draws and looks at pictures, and remembers what it was asked. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { rehearsePng } from '../../src/rehearsal/png.ts'

/** One request as it came. */
export interface MediaAsked {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

/** See the head of the file. */
export interface MediaModel {
  readonly endpoint: string
  /** Requests to models, in their order. */
  readonly asked: readonly MediaAsked[]
  /** Different requests among those whose answer was sent. */
  readonly distinct: () => number
  /** Pictures that were fetched by their addresses. */
  readonly fetched: () => number
  close(): Promise<void>
}

/** The picture that a request gets. */
export function pictureOf(body: unknown): Buffer {
  return rehearsePng(createHash('sha256').update(JSON.stringify(body)).digest())
}

/** Answers after `latencyMs`. `/images/generations` answers with an address, chats of models called `*draw*` with a data URI. */
export async function startMediaModel(latencyMs = 0): Promise<MediaModel> {
  const asked: MediaAsked[] = []
  const answered = new Set<string>()
  const pictures = new Map<string, Buffer>()
  let fetched = 0

  function answerTo(path: string, body: Readonly<Record<string, unknown>>, base: string): object {
    const usage = { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 }
    if (path.endsWith('/embeddings')) {
      const texts = body['input'] as string[]
      return {
        data: texts.map((text, index) => ({ index, embedding: [text.length, index, 0.5] })),
        usage: { prompt_tokens: 4, total_tokens: 4 },
      }
    }
    const picture = pictureOf(body)
    if (path.endsWith('/images/generations')) {
      const name = `/picture/${pictures.size}.png`
      pictures.set(name, picture)
      return { data: [{ url: `${base}${name}` }], usage: { input_tokens: 4, output_tokens: 2 } }
    }
    const url = `data:image/png;base64,${picture.toString('base64')}`
    const isDrawing = String(body['model']).includes('draw')
    const message = isDrawing ? { content: 'Here:', images: [{ type: 'image_url', image_url: { url } }] } : { content: 'I see.' }
    return { choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }], usage }
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = request.url ?? ''
      if (request.method === 'GET') {
        fetched += 1
        const picture = pictures.get(path)
        response.writeHead(picture === undefined ? 404 : 200).end(picture)
        return
      }
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
      asked.push({ path, body })
      const base = `http://${request.headers.host}`
      setTimeout(() => {
        answered.add(JSON.stringify([path, body]))
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answerTo(path, body, base)))
      }, latencyMs)
    })
  }

  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    distinct: () => answered.size,
    fetched: () => fetched,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
