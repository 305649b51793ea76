/**
 * The rehearsal endpoint: OpenAI-compatible, on loopback, with no model behind it, so that a whole run can be tried for nothing.
 *
 * 1. Content depends on messages and response format only; no wall clock, no Math.random.
 * 2. Every answer says what it is: header `x-parquetry-rehearsal: 1`, `system_fingerprint: "parquetry-rehearsal"`, labelled text.
 * 3. It listens on 127.0.0.1 and nowhere else.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isParquetryError, ParquetryError } from '../errors.ts'
import type { RehearsalRequest } from './answer.ts'
import { answerRehearsal, digestOf, spoil } from './answer.ts'
import type { MediaRequest } from './media-answers.ts'
import { pictureFor, readEmbeddingRequest, readImageRequest } from './media-answers.ts'
import { REHEARSAL_LABEL } from './words.ts'
import type { RehearsalOptions, RehearsalSettings } from './faults.ts'
import { checkSettings, createArrivals, createRateLimit, drawFault } from './faults.ts'

/** Name of the one model the endpoint lists; any name is answered. */
export const REHEARSAL_MODEL = 'rehearsal'
/** Value of `system_fingerprint` in every answer. */
export const REHEARSAL_FINGERPRINT = 'parquetry-rehearsal'
/** What no model thought, for columns that keep reasoning. */
const REHEARSED_REASONING = `${REHEARSAL_LABEL}no model thought about this.`
/** What stands beside a picture. */
const REHEARSED_CAPTION = `${REHEARSAL_LABEL}no model drew this.`
/** Header of every response, with value `1`. */
export const REHEARSAL_HEADER = 'x-parquetry-rehearsal'

const MAX_BODY_BYTES = 64 * 1024 * 1024

/** What a rehearsal server has seen since its start. */
export interface RehearsalStats {
  /** Requests to a model that arrived whole. */
  readonly requests: number
  /** Different requests among them; `requests - distinct` were asked again. */
  readonly distinct: number
  readonly inFlight: number
  readonly peakInFlight: number
  /** Requests whose client went away before the answer: a real provider bills them. */
  readonly aborted: number
  /** Answers spoilt on purpose. */
  readonly malformed: number
  /** Tokens of the 200 answers, a token being four characters. */
  readonly inputTokens: number
  readonly outputTokens: number
  /** Responses by HTTP status. */
  readonly byStatus: Readonly<Record<number, number>>
}

/** A running rehearsal server. */
export interface RehearsalServer {
  /** Base URL for an OpenAI-compatible client, e.g. `http://127.0.0.1:43121/v1`. */
  readonly endpoint: string
  stats(): RehearsalStats
  /** Ends all connections, also those with a request under way, and frees the port. */
  close(): Promise<void>
}

/**
 * Starts a rehearsal server on loopback. Throws `USAGE` for a setting out of range, and for a port that is taken.
 */
export async function startRehearsalServer(options: RehearsalOptions = {}): Promise<RehearsalServer> {
  const settings = checkSettings(options)
  const handler = createHandler(settings)
  const server = createServer((request, response) => handler.handle(request, response))
  server.keepAliveTimeout = 120_000
  server.headersTimeout = 125_000
  server.requestTimeout = 0
  await listen(server, settings.port)
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}/v1`,
    stats: () => handler.stats(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new ParquetryError('USAGE', `Expected port ${port} to be free for the rehearsal endpoint, found: ${error.message}.`, {
          wayOut: 'Choose another port, or 0 for any free one.',
        }),
      ),
    )
    server.listen({ port, host: '127.0.0.1', backlog: 4096 }, resolve)
  })
}

interface Counters {
  requests: number
  inFlight: number
  peakInFlight: number
  aborted: number
  malformed: number
  inputTokens: number
  outputTokens: number
  byStatus: Record<number, number>
}

interface Handler {
  handle(request: IncomingMessage, response: ServerResponse): void
  stats(): RehearsalStats
}

function createHandler(settings: RehearsalSettings): Handler {
  const counters: Counters = {
    requests: 0,
    inFlight: 0,
    peakInFlight: 0,
    aborted: 0,
    malformed: 0,
    inputTokens: 0,
    outputTokens: 0,
    byStatus: {},
  }
  const arrivals = createArrivals()
  const waitMs = createRateLimit(settings.rateLimitPerSecond, () => performance.now())

  const complete = (read: ReadRoute, raw: string, response: ServerResponse): void => {
    counters.requests += 1
    counters.inFlight += 1
    counters.peakInFlight = Math.max(counters.peakInFlight, counters.inFlight)
    let timer: NodeJS.Timeout | undefined
    response.on('close', () => {
      counters.inFlight -= 1
      if (!response.writableFinished) counters.aborted += 1
      clearTimeout(timer)
    })
    const reply: Reply = (status, body, headers) => {
      counters.byStatus[status] = (counters.byStatus[status] ?? 0) + 1
      send(response, status, body, headers)
    }
    const asked = readBody(raw, read)
    if (typeof asked === 'string') return reply(400, failure('invalid_request_error', asked))
    const limited = waitMs()
    if (limited > 0) return reply(429, failure('rate_limit_error', 'Rehearsal rate limit reached.'), retryAfter(limited))
    const fault = drawFault(settings, asked.digest, arrivals.next(asked.digest))
    const answer = (): void => {
      if (fault.isError) return reply(500, failure('server_error', 'Rehearsed server error.'))
      asked.answer(fault.isMalformed ? fault.way : undefined, counters, reply)
    }
    if (settings.latencyMs > 0) timer = setTimeout(answer, settings.latencyMs)
    else answer()
  }

  return {
    handle: (request, response) => {
      response.on('error', () => {})
      const path = (request.url ?? '').replace(/\?.*$/, '')
      const route = Object.entries(ROUTES).find(([ending]) => path.endsWith(ending))?.[1]
      if (request.method === 'POST' && route !== undefined) return collect(request, response, (raw) => complete(route, raw, response))
      request.resume()
      if (request.method === 'GET' && path.endsWith('/models')) return send(response, 200, MODELS)
      send(
        response,
        404,
        failure(
          'invalid_request_error',
          `Expected POST ${Object.keys(ROUTES)
            .map((ending) => `/v1${ending}`)
            .join(', ')} or GET /v1/models, found ${request.method} ${path}.`,
        ),
      )
    },
    stats: () => ({ ...counters, distinct: arrivals.distinct(), byStatus: { ...counters.byStatus } }),
  }
}

type Reply = (status: number, body: object, headers?: Readonly<Record<string, string>>) => void

const MODELS = { object: 'list', data: [{ id: REHEARSAL_MODEL, object: 'model', created: 0, owned_by: 'parquetry' }] }

/** A request that was understood, and how it is answered; `malformedWay` says how the answer is spoilt. */
interface AskedRequest {
  readonly digest: Buffer
  answer(malformedWay: number | undefined, counters: Counters, reply: Reply): void
}

/** Reads the body of one kind of request; a text says what is wrong with it. */
type ReadRoute = (body: Readonly<Record<string, unknown>>) => AskedRequest | string

const ROUTES: Readonly<Record<string, ReadRoute>> = {
  '/chat/completions'(body) {
    const request = readRequest(body)
    if (typeof request === 'string') return request
    const digest = digestOf(request)
    return { digest, answer: (way, counters, reply) => answerChat(request, digest, way, counters, reply) }
  },
  '/embeddings': (body) => askedMedia(readEmbeddingRequest(body)),
  '/images/generations': (body) => askedMedia(readImageRequest(body)),
}

function askedMedia(request: MediaRequest | string): AskedRequest | string {
  if (typeof request === 'string') return request
  return {
    digest: request.digest,
    answer(malformedWay, counters, reply) {
      if (malformedWay !== undefined) counters.malformed += 1
      counters.inputTokens += request.inputTokens
      reply(200, request.body(malformedWay !== undefined))
    },
  }
}

function readBody(raw: string, read: ReadRoute): AskedRequest | string {
  let body: unknown
  try {
    body = JSON.parse(raw)
  } catch {
    return 'Expected a JSON body, found text that is not JSON.'
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'Expected a JSON object.'
  return read(body as Record<string, unknown>)
}

function answerChat(request: ReadRequest, digest: Buffer, malformedWay: number | undefined, counters: Counters, reply: Reply): void {
  try {
    const answer = request.wantsImage
      ? { content: REHEARSED_CAPTION, shape: 'text' as const, inputCharacters: answerRehearsal(request, digest).inputCharacters }
      : answerRehearsal(request, digest)
    const whole = malformedWay === undefined ? answer.content : spoil(answer, malformedWay)
    // JSON and code are never cut at max_tokens: four characters a token is too rough a measure to fail a row by.
    const limit = answer.shape === 'text' ? (request.max_tokens ?? Infinity) * 4 : Infinity
    const content =
      whole.length > limit
        ? whole
            .slice(0, limit)
            .trimEnd()
            .replace(/[\ud800-\udbff]$/, '')
        : whole
    if (malformedWay !== undefined) counters.malformed += 1
    const usage = { prompt_tokens: Math.ceil(answer.inputCharacters / 4), completion_tokens: Math.ceil(content.length / 4) }
    counters.inputTokens += usage.prompt_tokens
    counters.outputTokens += usage.completion_tokens
    reply(200, {
      id: `chatcmpl-rehearsal-${digest.toString('hex', 0, 8)}`,
      object: 'chat.completion',
      created: 0,
      model: request.model,
      system_fingerprint: REHEARSAL_FINGERPRINT,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content,
            reasoning_content: REHEARSED_REASONING,
            ...(request.wantsImage ? { images: [imagePart(digest, malformedWay !== undefined)] } : {}),
          },
          finish_reason: content === whole ? 'stop' : 'length',
        },
      ],
      usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
    })
  } catch (error) {
    // A schema nobody can fit is the asker's mistake; anything else is ours. Neither may end the server.
    const isAskers = isParquetryError(error)
    reply(
      isAskers ? 400 : 500,
      failure(isAskers ? 'invalid_request_error' : 'server_error', error instanceof Error ? error.message : String(error)),
    )
  }
}

/** As OpenRouter puts pictures beside the words of an answer. */
function imagePart(digest: Buffer, isSpoilt: boolean): object {
  return { type: 'image_url', image_url: { url: `data:image/png;base64,${pictureFor(digest, isSpoilt)}` } }
}

interface ReadRequest extends RehearsalRequest {
  readonly model: string
  /** True when `modalities` names images. */
  readonly wantsImage: boolean
  readonly max_tokens?: number
}

/** The request, or what is wrong with it. */
function readRequest(fields: Readonly<Record<string, unknown>>): ReadRequest | string {
  if (!('messages' in fields)) return 'Expected an object with messages, found none.'
  const { messages, modalities } = fields
  const isList =
    Array.isArray(messages) &&
    messages.length > 0 &&
    messages.every((message) => typeof message === 'object' && message !== null && 'role' in message)
  if (!isList) return 'Expected messages to be a list of at least one message with a role.'
  const maxTokens = fields['max_completion_tokens'] ?? fields['max_tokens']
  return {
    messages: messages as RehearsalRequest['messages'],
    model: typeof fields['model'] === 'string' ? fields['model'] : REHEARSAL_MODEL,
    response_format: fields['response_format'],
    wantsImage: Array.isArray(modalities) && modalities.includes('image'),
    ...(typeof maxTokens === 'number' && maxTokens >= 1 ? { max_tokens: maxTokens } : {}),
  }
}

function collect(request: IncomingMessage, response: ServerResponse, complete: (raw: string) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
  })
  request.on('error', () => {})
  request.on('end', () => {
    if (bytes <= MAX_BODY_BYTES) return complete(Buffer.concat(chunks).toString('utf8'))
    send(response, 413, failure('invalid_request_error', `Expected a body of at most ${MAX_BODY_BYTES} bytes, found ${bytes}.`))
  })
}

function failure(type: string, message: string): object {
  return { error: { message, type, param: null, code: null } }
}

function retryAfter(milliseconds: number): Readonly<Record<string, string>> {
  return { 'retry-after': String(Math.ceil(milliseconds / 1000)), 'retry-after-ms': String(Math.ceil(milliseconds)) }
}

function send(response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}): void {
  if (response.destroyed) return
  const data = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': data.length, [REHEARSAL_HEADER]: '1', ...headers })
  response.end(data)
}
