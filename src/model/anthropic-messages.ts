/**
 * Anthropic's messages API.
 *
 * Precedence in the body, key by key: the model's extra_body < the call's own fields < the provider's extra_body. The API wants
 * max_tokens: without one in the config it is 4,096, as in DataDesigner.
 */
import type { ChatAnswer, ChatMessage, ChatRequest, MediaPart, TokenUsage } from './client.ts'
import { loadedData } from './media.ts'
import { cacheUsage, estimateUsage, isCount, isRecord, parseBody } from './wire-body.ts'
import type { WireAnswer, WireFormat } from './wire-format.ts'

/** Tokens of an answer at most, when neither max_tokens nor extra_body says otherwise. */
export const DEFAULT_MAX_TOKENS = 4_096

/** Version of the API that is spoken. */
const API_VERSION = '2023-06-01'

/** The format for providers of type `anthropic`. */
export const anthropicMessages: WireFormat = {
  // As in DataDesigner, the endpoint may be written with /v1 or without it.
  pathAt: (base) => (base.endsWith('/v1') ? `${base}/messages` : `${base}/v1/messages`),
  headers: [['anthropic-version', API_VERSION]],
  authHeaders: ['x-api-key', 'authorization'],
  keyHeaders: (key) => (key === null ? [] : ['x-api-key', key]),
  body: (request, provider) => JSON.stringify(toMessagesBody(request, provider.extraBody)),
  answer: readMessagesAnswer,
}

/** The body as an object. Streaming is always off. System messages become the one system prompt that the API takes. */
export function toMessagesBody(request: ChatRequest, providerBody: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const isSystem = ({ role }: ChatRequest['messages'][number]): boolean => role === 'system'
  const system = request.messages.filter(isSystem).map(({ content }) => content)
  const messages = request.messages.filter((message) => !isSystem(message)).map(toMessage)
  const body: Record<string, unknown> = { max_tokens: DEFAULT_MAX_TOKENS, ...request.extraBody, model: request.model, messages }
  if (system.length > 0) body['system'] = system.join('\n\n')
  if (request.temperature !== undefined) body['temperature'] = request.temperature
  if (request.topP !== undefined) body['top_p'] = request.topP
  if (request.maxTokens !== undefined) body['max_tokens'] = request.maxTokens
  Object.assign(body, providerBody)
  delete body['stream']
  return body
}

/** Pictures before the words. Sounds and films are refused when a config is read (`check-media.ts`). */
function toMessage({ role, content, media = [] }: ChatMessage): object {
  return media.length === 0 ? { role, content } : { role, content: [...media.map(toBlock), { type: 'text', text: content }] }
}

function toBlock(part: MediaPart): object {
  const { source } = part
  if (source.type === 'url') return { type: 'image', source: { type: 'url', url: source.url } }
  return { type: 'image', source: { type: 'base64', media_type: source.mediaType, data: loadedData(part) } }
}

/** Anthropic's stop reasons → ours; others stay as they are. */
const FINISH_REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
}

/** Reads a 2xx body. */
export function readMessagesAnswer(text: string, request: ChatRequest): WireAnswer {
  const parsed = parseBody(text)
  if ('unreadable' in parsed) return parsed.unreadable
  const { body } = parsed
  if (isRecord(body['error'])) return toError(body['error'])
  const stopReason = typeof body['stop_reason'] === 'string' ? body['stop_reason'] : 'end_turn'
  if (stopReason === 'refusal') {
    return { kind: 'refused', reason: stopReason, usage: readUsage(body['usage']) ?? estimateUsage(request, '', null) }
  }
  const blocks = body['content']
  if (!Array.isArray(blocks)) return { kind: 'unreadable', problem: 'JSON without a list of content' }
  const content = textsOf(blocks, 'text', 'text').join('')
  const thoughts = textsOf(blocks, 'thinking', 'thinking').join('\n')
  const reasoning = thoughts === '' ? null : thoughts
  const answer: ChatAnswer = {
    content,
    ...(reasoning === null ? {} : { reasoning }),
    finishReason: FINISH_REASONS[stopReason] ?? stopReason,
    usage: readUsage(body['usage']) ?? estimateUsage(request, content, reasoning),
  }
  return { kind: 'answer', answer }
}

function textsOf(blocks: readonly unknown[], type: string, field: string): readonly string[] {
  return blocks.flatMap((block) => {
    if (!isRecord(block) || block['type'] !== type) return []
    const text = block[field]
    return typeof text === 'string' && text !== '' ? [text] : []
  })
}

/** Anthropic counts what came from its cache, and what went into it, apart from `input_tokens`; the model has read all three. */
function readUsage(usage: unknown): TokenUsage | null {
  if (!isRecord(usage)) return null
  const { input_tokens: input, output_tokens: outputTokens } = usage
  if (!isCount(input) || !isCount(outputTokens)) return null
  const cached = cacheUsage(usage['cache_read_input_tokens'], usage['cache_creation_input_tokens'])
  return { inputTokens: input + (cached.cacheReadTokens ?? 0) + (cached.cacheWriteTokens ?? 0), outputTokens, ...cached }
}

/** Statuses that the API's error types stand for, for an error that comes with another one. */
const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
}

function toError(error: Record<string, unknown>): WireAnswer {
  const type = typeof error['type'] === 'string' ? error['type'] : ''
  return { kind: 'error', status: STATUS_OF_TYPE[type] ?? 500, text: JSON.stringify({ error }) }
}
