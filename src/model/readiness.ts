/** One tiny call before a run spends anything: does the endpoint answer, with this key, for this model? */
import { isParquetryError } from '../errors.ts'
import type { ChatAnswer, ChatRequest, ModelClient, ModelTarget, TokenUsage, Wanted } from './client.ts'

/** A model that answered. */
export interface Readiness {
  readonly latencyMs: number
  /** Tokens of the call, to be counted with the rest; null when the model refused, which shows as well that it is there. */
  readonly usage: TokenUsage | null
}

/**
 * Asks the model for one word, for the vector of one word, or for a simple picture (which costs what a picture costs). Meant to be used once per model. Throws the `ParquetryError` a real call would throw; the signal's
 * reason unchanged.
 */
export async function checkModel(
  client: ModelClient,
  target: ModelTarget,
  signal: AbortSignal = new AbortController().signal,
  wants?: Wanted,
): Promise<Readiness> {
  const startedMs = performance.now()
  const usage = await askBriefly(client, target, signal, wants)
  return { latencyMs: performance.now() - startedMs, usage }
}

/** Some models refuse max_tokens (they know max_completion_tokens only): then without. */
async function askBriefly(
  client: ModelClient,
  target: ModelTarget,
  signal: AbortSignal,
  wants: Wanted | undefined,
): Promise<TokenUsage | null> {
  const content = wants?.kind === 'images' ? 'A simple drawing of a thumbs up sign.' : 'Answer with the word OK.'
  const request: ChatRequest = { model: target.model, messages: [{ role: 'user', content }] }
  try {
    if (wants?.kind === 'embeddings') {
      return (await client.complete({ ...request, messages: [], wants: { ...wants, texts: ['Hello!'] } }, { signal })).usage
    }
    if (wants !== undefined) return (await client.complete({ ...request, wants }, { signal })).usage
    const answer: ChatAnswer = await client.complete({ ...request, maxTokens: 16 }, { signal }).catch((error: unknown) => {
      if (isParquetryError(error) && error.code === 'MODEL_BAD_REQUEST') return client.complete(request, { signal })
      throw error
    })
    return answer.usage
  } catch (error) {
    if (isParquetryError(error) && error.code === 'MODEL_CONTENT_FILTERED') return null
    throw error
  }
}
