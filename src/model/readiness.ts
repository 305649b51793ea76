/** One tiny call before a run spends anything: does the endpoint answer, with this key, for this model? */
import { isParquetryError } from '../errors.ts'
import type { ChatAnswer, ModelClient, ModelTarget, TokenUsage } from './client.ts'

/** A model that answered. */
export interface Readiness {
  readonly latencyMs: number
  /** Tokens of the call, to be counted with the rest; null when the model refused, which shows as well that it is there. */
  readonly usage: TokenUsage | null
}

/**
 * Asks the model for one word. Meant to be used once per model. Throws the `ParquetryError` a real call would throw; the signal's
 * reason unchanged.
 */
export async function checkModel(
  client: ModelClient,
  target: ModelTarget,
  signal: AbortSignal = new AbortController().signal,
): Promise<Readiness> {
  const startedMs = performance.now()
  const usage = await askBriefly(client, target, signal)
  return { latencyMs: performance.now() - startedMs, usage }
}

/** Some models refuse max_tokens (they know max_completion_tokens only): then without. */
async function askBriefly(client: ModelClient, target: ModelTarget, signal: AbortSignal): Promise<TokenUsage | null> {
  const request = { model: target.model, messages: [{ role: 'user', content: 'Answer with the word OK.' } as const] }
  try {
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
