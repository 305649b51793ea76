/** What the rehearsal endpoint answers beside chats: vectors for /embeddings, pictures for /images/generations. */
import { createHash } from 'node:crypto'
import { encodeVector, MAX_DIMENSIONS, REHEARSED_DIMENSIONS, rehearseVector } from './embeddings.ts'
import { rehearsePng } from './png.ts'

/** A request that was understood. */
export interface MediaRequest {
  /** Identity of the request. */
  readonly digest: Buffer
  readonly inputTokens: number
  /** The body of the answer; spoilt, it is one that no column can use. */
  body(isSpoilt: boolean): object
}

const MAX_TEXTS = 2_048
const MAX_IMAGES = 10

/** Reads a request for embeddings; a text says what is wrong with it. */
export function readEmbeddingRequest(body: Readonly<Record<string, unknown>>): MediaRequest | string {
  const { input, model = 'rehearsal', dimensions = REHEARSED_DIMENSIONS, encoding_format: format = 'float' } = body
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input]
  const isList = texts.length > 0 && texts.length <= MAX_TEXTS && texts.every((text) => typeof text === 'string' && text !== '')
  if (!isList) return `Expected input to be a text or a list of 1 to ${MAX_TEXTS} texts, none of them empty.`
  if (typeof dimensions !== 'number' || !Number.isInteger(dimensions) || dimensions < 1 || dimensions > MAX_DIMENSIONS) {
    return `Expected dimensions from 1 to ${MAX_DIMENSIONS}, found ${JSON.stringify(dimensions)}.`
  }
  if (format !== 'float' && format !== 'base64') return 'Expected encoding_format to be float or base64.'
  const inputTokens = tokensOf(texts as readonly string[])
  return {
    digest: digestOf(['embeddings', texts, dimensions]),
    inputTokens,
    body: (isSpoilt) => ({
      object: 'list',
      model,
      data: (isSpoilt ? texts.slice(1) : texts).map((text, index) => ({
        object: 'embedding',
        index,
        embedding: encodeVector(rehearseVector(text as string, dimensions), format),
      })),
      usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
    }),
  }
}

/** Reads a request for pictures; a text says what is wrong with it. */
export function readImageRequest(body: Readonly<Record<string, unknown>>): MediaRequest | string {
  const { prompt, n = 1 } = body
  if (typeof prompt !== 'string' || prompt.trim() === '') return 'Expected a prompt with text.'
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 1 || n > MAX_IMAGES) return `Expected n from 1 to ${MAX_IMAGES}.`
  const inputTokens = tokensOf([prompt])
  return {
    digest: digestOf(['images', prompt, n]),
    inputTokens,
    body: (isSpoilt) => ({
      created: 0,
      data: Array.from({ length: n }, (_, at) => ({ b64_json: pictureFor(digestOf(['images', prompt, at]), isSpoilt) })),
      usage: { input_tokens: inputTokens, output_tokens: 0, total_tokens: inputTokens },
    }),
  }
}

/** A picture as base64; spoilt, it is cut off. */
export function pictureFor(digest: Buffer, isSpoilt: boolean): string {
  const png = rehearsePng(digest)
  return (isSpoilt ? png.subarray(0, png.length >> 1) : png).toString('base64')
}

function tokensOf(texts: readonly string[]): number {
  return Math.ceil(texts.reduce((sum, text) => sum + text.length, 0) / 4)
}

function digestOf(identity: unknown): Buffer {
  return createHash('sha256').update(JSON.stringify(identity)).digest()
}
