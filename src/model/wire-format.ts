import type { ChatAnswer, ChatRequest, ModelProviderTarget, TokenUsage } from './client.ts'

/** One provider's way to say a request and an answer. Pure. */
export interface WireFormat {
  /** Appended to the endpoint's path. */
  readonly path: string
  /** Headers that carry the key, names and values in turn; none when there is no key. */
  keyHeaders(key: string | null): readonly string[]
  /** The request's body as JSON text. */
  body(request: ChatRequest, provider: Pick<ModelProviderTarget, 'extraBody'>): string
  /** Reads the body of a 2xx reply. */
  answer(text: string, request: ChatRequest): WireAnswer
}

/** What a 2xx body turned out to be. */
export type WireAnswer =
  | { readonly kind: 'answer'; readonly answer: ChatAnswer }
  /** The model, or a filter before or after it, would not answer. `reason` is the provider's word; `usage` what it cost all the same. */
  | { readonly kind: 'refused'; readonly reason: string; readonly usage: TokenUsage }
  /** An error inside a 200, as routers send it; `status` is the one it names, or 500. */
  | { readonly kind: 'error'; readonly status: number; readonly text: string }
  /** Not an answer at all: no JSON, or JSON of another shape. `problem` says what was found, without quoting it. */
  | { readonly kind: 'unreadable'; readonly problem: string }

/** Tokens of a text when the provider reports none: ceil(characters / 4). */
export function estimateTokens(characterCount: number): number {
  return Math.ceil(characterCount / 4)
}
