import type { TokenUsage } from '../model/client.ts'

/** Money per million tokens; `currency` is a label, e.g. `USD`. */
export interface Price {
  readonly inputPerMillion: number
  readonly outputPerMillion: number
  /** Input tokens from the provider's cache; default `inputPerMillion`. */
  readonly cacheReadPerMillion?: number
  /** Input tokens into the provider's cache; default `inputPerMillion`. */
  readonly cacheWritePerMillion?: number
  readonly currency: string
}

/** Money in the price's currency; 0 when no price is known. */
export function costOf(usage: TokenUsage, price: Price | null): number {
  if (price === null) return 0
  const { inputPerMillion, outputPerMillion, cacheReadPerMillion = inputPerMillion, cacheWritePerMillion = inputPerMillion } = price
  const { cacheReadTokens: read = 0, cacheWriteTokens: written = 0 } = usage
  const input = (usage.inputTokens - read - written) * inputPerMillion + read * cacheReadPerMillion + written * cacheWritePerMillion
  return (input + usage.outputTokens * outputPerMillion) / 1_000_000
}
