import { describe, expect, it } from 'vitest'
import { costOf } from '../../src/plan/pricing.ts'

describe('costOf', () => {
  it('prices input and output tokens by the million', () => {
    const price = { inputPerMillion: 2, outputPerMillion: 8, currency: 'USD' }
    expect(costOf({ inputTokens: 500_000, outputTokens: 250_000 }, price)).toBe(3)
  })

  it('prices tokens of the cache apart, where their prices are given', () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 0, cacheReadTokens: 500_000, cacheWriteTokens: 100_000 }
    const price = { inputPerMillion: 10, outputPerMillion: 1, currency: 'USD' }
    expect(costOf(usage, price)).toBe(10)
    expect(costOf(usage, { ...price, cacheReadPerMillion: 1, cacheWritePerMillion: 20 })).toBe(6.5)
  })

  it('is nothing without a price', () => {
    expect(costOf({ inputTokens: 5, outputTokens: 5 }, null)).toBe(0)
  })
})
