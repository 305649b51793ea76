/** Embeddings as OpenAI defined them. Pure. */
import type { ChatRequest } from './client.ts'
import { readUsage } from './openai-usage.ts'
import { estimateUsage, isRecord, parseBody } from './wire-body.ts'
import type { WireAnswer } from './wire-format.ts'

/** The body as an object; precedence as in a chat. */
export function toEmbeddingsBody(
  { model, extraBody, wants }: ChatRequest,
  providerBody: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const asked = wants?.kind === 'embeddings' ? wants : null
  return {
    ...extraBody,
    model,
    input: asked?.texts ?? [],
    encoding_format: asked?.encodingFormat ?? 'float',
    ...(asked === null || asked.dimensions === null ? {} : { dimensions: asked.dimensions }),
    ...providerBody,
  }
}

/** Reads a 2xx body. Vectors are put in the order of the texts; whether there is one for each is for the column to judge. */
export function readEmbeddings(text: string, request: ChatRequest): WireAnswer {
  const read = parseBody(text)
  if ('unreadable' in read) return read.unreadable
  const { body } = read
  const error = body['error']
  if (isRecord(error)) return { kind: 'error', status: statusOf(error), text: JSON.stringify({ error }) }
  const data = body['data']
  if (!Array.isArray(data)) return { kind: 'unreadable', problem: 'JSON without a list of data' }
  const items = data.map((item: unknown, at) =>
    isRecord(item) ? { at: Number(item['index'] ?? at), vector: readVector(item['embedding']) } : null,
  )
  const vectors: (readonly number[])[] = []
  for (const item of items.toSorted((a, b) => (a?.at ?? 0) - (b?.at ?? 0))) {
    if (item === null || item.vector === null) return { kind: 'unreadable', problem: 'an embedding that is no list of numbers' }
    vectors.push(item.vector)
  }
  const usage = readUsage(body['usage'], 0) ?? estimateUsage(request, '', null)
  return { kind: 'answer', answer: { content: '', finishReason: 'stop', usage, vectors } }
}

function statusOf(error: Record<string, unknown>): number {
  const status = Number(error['code'] ?? error['status'])
  return Number.isInteger(status) && status >= 400 && status < 600 ? status : 500
}

/** Numbers, or base64 of little-endian 32-bit floats, whichever was sent. */
function readVector(embedding: unknown): readonly number[] | null {
  if (typeof embedding === 'string') {
    const bytes = Buffer.from(embedding, 'base64')
    if (bytes.length === 0 || bytes.length % 4 !== 0) return null
    const numbers = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
    return numbers.every(Number.isFinite) ? numbers : null
  }
  if (!Array.isArray(embedding) || embedding.length === 0) return null
  return embedding.every((value): value is number => typeof value === 'number' && Number.isFinite(value)) ? embedding : null
}
