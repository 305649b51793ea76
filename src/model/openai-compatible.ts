/**
 * Chat completions as OpenAI defined them and vLLM, Ollama, NVIDIA, OpenRouter and others speak them.
 *
 * Precedence in the body, key by key: the model's extra_body < the call's own fields < the provider's extra_body.
 */
import type { ChatAnswer, ChatMessage, ChatRequest, MediaPart, ModelProviderTarget } from './client.ts'
import { loadedData } from './media.ts'
import { readEmbeddings, toEmbeddingsBody } from './openai-embeddings.ts'
import { picturesOfMessage, readImages, textBeside, toImagesBody } from './openai-images.ts'
import { readUsage } from './openai-usage.ts'
import { estimateUsage, isRecord, parseBody } from './wire-body.ts'
import type { WireAnswer, WireFormat } from './wire-format.ts'

/** The format for providers of type `openai`, and for the rehearsal endpoint. */
export const openaiCompatible: WireFormat = {
  pathAt: (base, request) => base + PATHS[routeOf(request)],
  headers: [],
  authHeaders: ['authorization'],
  keyHeaders: (key) => (key === null ? [] : ['authorization', `Bearer ${key}`]),
  body: (request, provider) => JSON.stringify(toBody(request, provider)),
  answer(text, request) {
    const route = routeOf(request)
    return route === 'embeddings'
      ? readEmbeddings(text, request)
      : route === 'images'
        ? readImages(text, request)
        : readChatAnswer(text, request)
  },
}

type Route = 'chat' | 'embeddings' | 'images'

const PATHS: Readonly<Record<Route, string>> = { chat: '/chat/completions', embeddings: '/embeddings', images: '/images/generations' }

function routeOf({ wants }: ChatRequest): Route {
  if (wants === undefined) return 'chat'
  return wants.kind === 'embeddings' ? 'embeddings' : wants.route
}

function toBody(request: ChatRequest, { extraBody, type }: Pick<ModelProviderTarget, 'extraBody' | 'type'>): Record<string, unknown> {
  const route = routeOf(request)
  if (route === 'embeddings') return toEmbeddingsBody(request, extraBody)
  if (route === 'images') return toImagesBody(request, extraBody)
  // A model that draws does so unasked; the rehearsal, which is all models, has to be told.
  const isRehearsedImage = request.wants?.kind === 'images' && type === 'rehearsal'
  return toChatBody(request, isRehearsedImage ? { modalities: ['image', 'text'], ...extraBody } : extraBody)
}

/** The body as an object. Streaming is always off: an answer is journalled whole. */
export function toChatBody(request: ChatRequest, providerBody: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const body: Record<string, unknown> = { ...request.extraBody, model: request.model, messages: request.messages.map(toMessage) }
  if (request.temperature !== undefined) body['temperature'] = request.temperature
  if (request.topP !== undefined) body['top_p'] = request.topP
  if (request.maxTokens !== undefined) body['max_tokens'] = request.maxTokens
  if (request.responseSchema !== undefined) {
    const { name, schema } = request.responseSchema
    // `strict` is left out: strict mode refuses many schemas that are fine otherwise, and the answer is checked here anyway.
    body['response_format'] = { type: 'json_schema', json_schema: { name: toSchemaName(name), schema } }
  }
  Object.assign(body, providerBody)
  delete body['stream']
  delete body['stream_options']
  return body
}

/** Media before the words, as parts. */
function toMessage({ role, content, media = [] }: ChatMessage): object {
  return media.length === 0 ? { role, content } : { role, content: [...media.map(toPart), { type: 'text', text: content }] }
}

const SOUND_FORMATS: Readonly<Record<string, string>> = { 'audio/mpeg': 'mp3', 'audio/mp3': 'mp3' }

/** Sounds and films by address are an extension that vLLM and NVIDIA know; so is a film inline. */
function toPart(part: MediaPart): object {
  const { modality, source } = part
  if (modality === 'audio' && source.type === 'base64') {
    return { type: 'input_audio', input_audio: { data: loadedData(part), format: SOUND_FORMATS[source.mediaType] ?? 'wav' } }
  }
  const url = source.type === 'url' ? source.url : `data:${source.mediaType};base64,${loadedData(part)}`
  return { type: `${modality}_url`, [`${modality}_url`]: { url } }
}

/** OpenAI allows a–z, A–Z, 0–9, `_` and `-`, 64 characters. */
function toSchemaName(name: string): string {
  return name.replace(/[^\w-]/gu, '_').slice(0, 64) || 'answer'
}

/** Reads a 2xx body. */
export function readChatAnswer(text: string, request: ChatRequest): WireAnswer {
  const read = parseBody(text)
  if ('unreadable' in read) return read.unreadable
  const parsed = read.body
  const choices = parsed['choices']
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
  if (!isRecord(choice)) return readMissingChoice(parsed, request)
  if (isRecord(choice['error'])) return toError(choice['error'])
  const message = isRecord(choice['message']) ? choice['message'] : null
  const finishReason = typeof choice['finish_reason'] === 'string' ? choice['finish_reason'] : 'stop'
  const refusal = message?.['refusal']
  if (typeof refusal === 'string' && refusal !== '') return refusedFor(parsed, request, 'refusal')
  if (isFiltered(finishReason)) return refusedFor(parsed, request, finishReason)
  if (message === null) return { kind: 'unreadable', problem: 'a choice without a message' }
  const content = readContent(message['content'])
  if (content === null) return { kind: 'unreadable', problem: 'a message whose content is neither text nor a list of parts' }
  const reasoning = firstText(message['reasoning_content'], message['reasoning'])
  const pictures = request.wants?.kind === 'images' ? picturesOfMessage(message) : null
  const answer: ChatAnswer = {
    content: pictures === null ? content : textBeside(content),
    ...(pictures === null ? {} : { pictures }),
    ...(reasoning === null ? {} : { reasoning }),
    finishReason,
    usage: readUsage(parsed['usage']) ?? estimateUsage(request, pictures === null ? content : '', reasoning),
  }
  return { kind: 'answer', answer }
}

/** Routers report failures inside a 200; some filters answer with no choice at all. */
function readMissingChoice(parsed: Record<string, unknown>, request: ChatRequest): WireAnswer {
  const error = parsed['error']
  if (isRecord(error)) return toError(error)
  if (typeof error === 'string' && error !== '') return { kind: 'error', status: 500, text: JSON.stringify({ error }) }
  if (isRecord(parsed['promptFeedback']) || isRecord(parsed['prompt_filter_results'])) return refusedFor(parsed, request, 'prompt')
  return { kind: 'unreadable', problem: 'JSON without choices' }
}

/** What was read and written before the refusal is paid for, as far as the provider says so. */
function refusedFor(parsed: Record<string, unknown>, request: ChatRequest, reason: string): WireAnswer {
  return { kind: 'refused', reason, usage: readUsage(parsed['usage']) ?? estimateUsage(request, '', null) }
}

function toError(error: Record<string, unknown>): WireAnswer {
  const status = Number(error['code'] ?? error['status'])
  return {
    kind: 'error',
    status: Number.isInteger(status) && status >= 400 && status < 600 ? status : 500,
    text: JSON.stringify({ error }),
  }
}

function isFiltered(finishReason: string): boolean {
  return /^(?:content_?filter|safety|prohibited_content|blocklist|spii|recitation|refusal)/iu.test(finishReason)
}

/** Text, or the text parts of a list, joined; null content (a model that only reasoned) is an empty text. */
function readContent(content: unknown): string | null {
  if (typeof content === 'string') return content
  if (content === null || content === undefined) return ''
  if (!Array.isArray(content)) return null
  return content
    .map((part: unknown) => (typeof part === 'string' ? part : isRecord(part) && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('')
}

function firstText(...candidates: readonly unknown[]): string | null {
  for (const candidate of candidates) if (typeof candidate === 'string' && candidate !== '') return candidate
  return null
}
