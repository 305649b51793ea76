/** Tokens as OpenAI-compatible endpoints report them. Pure. */
import type { TokenUsage } from './client.ts'
import { cacheUsage, isCount, isRecord } from './wire-body.ts'

/** The tokens of an answer, or null when the provider reports none. `outputTokens`: what stands for output that is not reported. */
export function readUsage(usage: unknown, outputTokens?: number): TokenUsage | null {
  if (!isRecord(usage)) return null
  const input = usage['prompt_tokens'] ?? usage['input_tokens']
  const output = usage['completion_tokens'] ?? usage['output_tokens'] ?? outputTokens
  if (!isCount(input) || !isCount(output)) return null
  const details = usage['prompt_tokens_details']
  return { inputTokens: input, outputTokens: output, ...(isRecord(details) ? cacheUsage(details['cached_tokens'], null) : {}) }
}
