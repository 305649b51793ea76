/** The port to wire formats: how a request is said to a provider, and how its answer is read. */
import type { ChatAnswer, ChatRequest, ModelProviderTarget, TokenUsage } from './client.ts'

/** One provider's way to say a request and an answer. Pure. */
export interface WireFormat {
  /** The path that a request goes to; `base` is the endpoint's own, without a slash at its end. */
  pathAt(base: string, request: ChatRequest): string
  /** Headers of every request, as names in lower case and values; a provider's extra headers replace them. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Names, in lower case, of headers by which a provider's extra headers bring credentials of their own: then no key is read. */
  readonly authHeaders: readonly string[]
  /** Headers that carry the key, names and values in turn; none when there is no key. */
  keyHeaders(key: string | null): readonly string[]
  /** The request's body as JSON text. Its media are loaded (`withLoadedMedia`). */
  body(request: ChatRequest, provider: Pick<ModelProviderTarget, 'extraBody' | 'type'>): string
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
