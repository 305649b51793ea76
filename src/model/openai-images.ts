/**
 * Pictures as OpenAI-compatible endpoints give them: by the API for images, or in the answer of a chat, where each provider puts them
 * somewhere else. Pure: addresses are found here and fetched elsewhere.
 */
import type { ChatRequest, Picture } from './client.ts'
import { readUsage } from './openai-usage.ts'
import { estimateUsage, isRecord, parseBody } from './wire-body.ts'
import type { WireAnswer } from './wire-format.ts'

/** The body for the API for images; precedence as in a chat. The prompt is the last message. */
export function toImagesBody(
  { model, extraBody, messages }: ChatRequest,
  providerBody: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const body: Record<string, unknown> = { ...extraBody, model, prompt: messages.at(-1)?.content ?? '', ...providerBody }
  delete body['stream']
  return body
}

/** Reads a 2xx body of the API for images. */
export function readImages(text: string, request: ChatRequest): WireAnswer {
  const read = parseBody(text)
  if ('unreadable' in read) return read.unreadable
  const { body } = read
  const error = body['error']
  if (isRecord(error)) return { kind: 'error', status: 500, text: JSON.stringify({ error }) }
  const data = body['data']
  if (!Array.isArray(data)) return { kind: 'unreadable', problem: 'JSON without a list of data' }
  const usage = readUsage(body['usage'], 0) ?? estimateUsage(request, '', null)
  return { kind: 'answer', answer: { content: '', finishReason: 'stop', usage, pictures: data.flatMap(pictureOf) } }
}

/**
 * The pictures of a chat's answer: its `images`, else the parts of its content, else what its text holds (a data URI, base64, an address,
 * Markdown with either).
 */
export function picturesOfMessage(message: Readonly<Record<string, unknown>>): readonly Picture[] {
  const { images, content } = message
  const listed = Array.isArray(images) ? images.flatMap(pictureOf) : []
  if (listed.length > 0) return listed
  if (!Array.isArray(content)) return typeof content === 'string' ? picturesInText(content) : []
  const parts = content.flatMap((part: unknown) => (isRecord(part) && part['type'] !== 'text' ? pictureOf(part) : []))
  if (parts.length > 0) return parts
  return content.flatMap((part: unknown) => (isRecord(part) && typeof part['text'] === 'string' ? picturesInText(part['text']) : []))
}

/** Characters of text that are kept beside pictures: enough for a model's excuse, too little for a picture. */
const LONGEST_TEXT = 500

/** What an answer says beside its pictures. */
export function textBeside(content: string): string {
  return content.replace(/data:image\/[^\s)"']+/g, 'data:image/…').slice(0, LONGEST_TEXT)
}

/** A picture in any of the shapes that are in use; none for anything else. */
function pictureOf(raw: unknown): readonly Picture[] {
  if (typeof raw === 'string') return pictureIn(raw)
  if (!isRecord(raw)) return []
  if (typeof raw['b64_json'] === 'string') return [{ base64: raw['b64_json'] }]
  for (const field of ['image_url', 'url', 'image', 'source', 'inline_data', 'data']) {
    if (raw[field] !== undefined && raw[field] !== null) return pictureOf(raw[field])
  }
  return []
}

const DATA_URI = /^data:image\/[\w.+-]+;base64,/
/** Base64 that is long enough to be no word. */
const BASE64 = /^[A-Za-z0-9+/\r\n]{100,}={0,2}$/

function pictureIn(text: string): readonly Picture[] {
  const whole = text.trim()
  const prefix = DATA_URI.exec(whole)?.[0]
  if (prefix !== undefined) return [{ base64: whole.slice(prefix.length) }]
  if (/^https?:\/\/\S+$/.test(whole)) return [{ url: whole }]
  return BASE64.test(whole) ? [{ base64: whole }] : []
}

function picturesInText(text: string): readonly Picture[] {
  const whole = pictureIn(text)
  if (whole.length > 0) return whole
  const markdown = [...text.matchAll(/!\[[^\]]*\]\(\s*<?([^\s)>]+)>?[^)]*\)/g)].flatMap((match) => pictureIn(match[1] ?? ''))
  if (markdown.length > 0) return markdown
  return [...text.matchAll(/data:image\/[\w.+-]+;base64,[A-Za-z0-9+/]+={0,2}/g)].flatMap((match) => pictureIn(match[0]))
}
