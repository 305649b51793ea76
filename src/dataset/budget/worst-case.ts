/** The most that a call may cost, before it is made. */
import type { CompiledModel } from '../../config/compiled.ts'
import type { ChatRequest, TokenUsage } from '../../model/client.ts'
import type { Spend } from '../../plan/budget.ts'
import { costOf } from '../../plan/pricing.ts'

/** Bytes of text that are one token at least; English has four, Chinese two. */
const BYTES_PER_TOKEN = 2
/** Tokens around each message, and around a request. */
const FRAME_TOKENS = 16
/** Tokens of a part of a message that is no text, such as an image. */
const PART_TOKENS = 2_000
/** Output tokens that are counted on before any answer was seen, where the config names no `max_tokens`. */
const FIRST_GUESS_TOKENS = 1_024
const FEWEST_TOKENS = 256

/** Knows what calls may cost. */
export interface WorstCase {
  /** For the dearest of the models that may answer. With `max_tokens` that is the most; else twice the longest answer of the alias so far. */
  of(models: readonly CompiledModel[], request: ChatRequest): Spend
  /** An answer was seen. */
  learn(alias: string, usage: TokenUsage): void
}

/** Has seen nothing yet. */
export function createWorstCase(): WorstCase {
  const longest = new Map<string, number>()
  return {
    of(models, request) {
      const inputTokens = inputTokensOf(request)
      const spends = models.map(({ target: { alias }, maxTokens, price }) => {
        const seen = longest.get(alias)
        const outputTokens = maxTokens ?? request.maxTokens ?? (seen === undefined ? FIRST_GUESS_TOKENS : Math.max(FEWEST_TOKENS, 2 * seen))
        return { money: costOf({ inputTokens, outputTokens }, price), tokens: inputTokens + outputTokens }
      })
      return { money: Math.max(...spends.map(({ money }) => money)), tokens: Math.max(...spends.map(({ tokens }) => tokens)) }
    },
    learn(alias, { outputTokens }) {
      longest.set(alias, Math.max(longest.get(alias) ?? 0, outputTokens))
    },
  }
}

function inputTokensOf({ messages, responseSchema }: ChatRequest): number {
  const schemaBytes = responseSchema === undefined ? 0 : Buffer.byteLength(JSON.stringify(responseSchema))
  const texts = messages.map(({ content }) => tokensIn(content))
  return FRAME_TOKENS + Math.ceil(schemaBytes / BYTES_PER_TOKEN) + texts.reduce((total, tokens) => total + FRAME_TOKENS + tokens, 0)
}

function tokensIn(content: unknown): number {
  if (typeof content === 'string') return Math.ceil(Buffer.byteLength(content) / BYTES_PER_TOKEN)
  if (!Array.isArray(content)) return PART_TOKENS
  return content.reduce((total: number, part: unknown) => {
    const { text } = (part ?? {}) as { readonly text?: unknown }
    return total + (typeof text === 'string' ? tokensIn(text) : PART_TOKENS)
  }, 0)
}
