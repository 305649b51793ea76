/** What all wire formats read bodies with. Pure. */
import type { ChatRequest, TokenUsage } from './client.ts'
import type { WireAnswer } from './wire-format.ts'

/** The body as an object, or what it is instead, without quoting it. */
export function parseBody(text: string): { readonly body: Record<string, unknown> } | { readonly unreadable: WireAnswer } {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { unreadable: { kind: 'unreadable', problem: describeNonJson(text) } }
  }
  return isRecord(parsed) ? { body: parsed } : { unreadable: { kind: 'unreadable', problem: 'JSON that is not an object' } }
}

function describeNonJson(text: string): string {
  if (text.trim() === '') return 'an empty body'
  if (/^\s*</u.test(text)) return 'an HTML or XML page'
  if (/^(?:data|event):/u.test(text)) return 'an event stream'
  return `${text.length} characters that are not JSON (cut off or damaged)`
}

/** Tokens of a text when the provider reports none: ceil(characters / 4). */
export function estimateTokens(characterCount: number): number {
  return Math.ceil(characterCount / 4)
}

/** The estimated use of a call whose provider reports none. */
export function estimateUsage(request: ChatRequest, content: string, reasoning: string | null): TokenUsage {
  const texts = request.wants?.kind === 'embeddings' ? request.wants.texts : request.messages.map((message) => message.content)
  const inputCharacters = texts.reduce((sum, text) => sum + text.length, 0)
  return {
    inputTokens: estimateTokens(inputCharacters),
    outputTokens: estimateTokens(content.length + (reasoning?.length ?? 0)),
    estimated: true,
  }
}

/** Input tokens read from, and written to, a provider's prompt cache, where there were any. */
export function cacheUsage(read: unknown, written: unknown): Pick<TokenUsage, 'cacheReadTokens' | 'cacheWriteTokens'> {
  return {
    ...(isCount(read) && read > 0 ? { cacheReadTokens: read } : {}),
    ...(isCount(written) && written > 0 ? { cacheWriteTokens: written } : {}),
  }
}

/** True for a whole number of things. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** True for a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
