import type { TokenUsage } from './client.ts'

/** Money per million tokens; `currency` is a label, e.g. `USD`. */
export interface Price {
  readonly inputPerMillion: number
  readonly outputPerMillion: number
  readonly currency: string
}

/** Money in the price's currency; 0 when no price is known. */
export function costOf(usage: TokenUsage, price: Price | null): number {
  if (price === null) return 0
  return (usage.inputTokens * price.inputPerMillion + usage.outputTokens * price.outputPerMillion) / 1_000_000
}
