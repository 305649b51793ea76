import { describe, expect, it } from 'vitest'
import { costOf } from '../../src/model/pricing.ts'

describe('costOf', () => {
  it('prices input and output tokens by the million', () => {
    const price = { inputPerMillion: 2, outputPerMillion: 8, currency: 'USD' }
    expect(costOf({ inputTokens: 500_000, outputTokens: 250_000 }, price)).toBe(3)
  })

  it('is nothing without a price', () => {
    expect(costOf({ inputTokens: 5, outputTokens: 5 }, null)).toBe(0)
  })
})
