/** The media of a request: loaded right before it is sent, so that calls that wait for a slot hold none in memory. */
import { ParquetryError } from '../errors.ts'
import type { ChatMessage, ChatRequest, MediaPart } from './client.ts'

/** True when a message of the request has media. */
export function hasMedia({ messages }: ChatRequest): boolean {
  return messages.some(({ media }) => media !== undefined && media.length > 0)
}

/** The request with the content of all its media in it. Rejects with what loading throws. */
export async function withLoadedMedia(request: ChatRequest): Promise<ChatRequest> {
  return { ...request, messages: await Promise.all(request.messages.map(load)) }
}

async function load(message: ChatMessage): Promise<ChatMessage> {
  if (message.media === undefined) return message
  return { ...message, media: await Promise.all(message.media.map(loadPart)) }
}

async function loadPart(part: MediaPart): Promise<MediaPart> {
  const { source } = part
  if (source.type === 'url' || typeof source.data === 'string') return part
  return { ...part, source: { ...source, data: await source.data() } }
}

/** The content of a loaded part as base64. */
export function loadedData({ source }: MediaPart): string {
  if (source.type === 'base64' && typeof source.data === 'string') return source.data
  throw new ParquetryError('INTERNAL', 'expected the content of a media part to be loaded before its request is written')
}
