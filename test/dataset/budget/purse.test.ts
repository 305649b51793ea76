import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CompiledModel } from '../../../src/config/compiled.ts'
import { readSpent, readSpentInPage } from '../../../src/dataset/budget/journal-spend.ts'
import { createPurse } from '../../../src/dataset/budget/purse.ts'
import type { Reservation } from '../../../src/dataset/budget/purse.ts'
import { createWorstCase } from '../../../src/dataset/budget/worst-case.ts'
import { openJournal } from '../../../src/dataset/journal/journal.ts'
import { NO_SPEND } from '../../../src/plan/budget.ts'
import type { Budget, Spend } from '../../../src/plan/budget.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'

const tokens = (count: number): Spend => ({ money: 0, tokens: count })

function purseOf(limit: number | null, before = 0) {
  const stop = new AbortController()
  let ceiling: Budget | null = limit === null ? null : { money: null, tokens: limit }
  const purse = createPurse({ ceiling: () => ceiling, readSpent: async () => tokens(before), stop: stop.signal })
  return { purse, stop, setCeiling: (next: number | null) => (ceiling = next === null ? null : { money: null, tokens: next }) }
}

describe('a purse', () => {
  it('lets calls out while the most that they may cost fits, and others as those turn out cheaper', async () => {
    const { purse } = purseOf(100)
    const first = await purse.reserve(tokens(60))
    let second: Reservation | null = null
    const waiting = purse.reserve(tokens(60)).then((reservation) => (second = reservation))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(second).toBeNull()
    first.settle(tokens(40))
    await waiting
    await expect(purse.report()).resolves.toEqual({ spent: tokens(40) })
  })

  it('ends with BUDGET_REACHED when nothing is out and the next call does not fit, and says what it needs', async () => {
    const { purse } = purseOf(100, 70)
    const first = await purse.reserve(tokens(20))
    const refused = purse.reserve(tokens(15))
    first.settle(tokens(20))
    await expect(refused).rejects.toMatchObject({ code: 'BUDGET_REACHED', kind: 'blocked' })
    expect(await purse.report()).toEqual({ spent: tokens(90), needed: tokens(15) })
  })

  it('counts a call that failed as nothing, and one that ended twice once', async () => {
    const { purse } = purseOf(100)
    const first = await purse.reserve(tokens(100))
    first.release()
    const second = await purse.reserve(tokens(100))
    second.settle(tokens(10))
    second.release()
    second.settle(tokens(10))
    expect(await purse.report()).toEqual({ spent: tokens(10) })
  })

  it('holds nothing back without a budget, and knows what was spent when one is set', async () => {
    const { purse, setCeiling } = purseOf(null, 50)
    const first = await purse.reserve(tokens(1_000))
    first.settle(tokens(0))
    expect(await purse.report()).toBeNull()
    setCeiling(55)
    await expect(purse.reserve(tokens(10))).rejects.toMatchObject({ code: 'BUDGET_REACHED' })
    setCeiling(60)
    await purse.reserve(tokens(10))
  })

  it('ends calls that wait when the row group is stopped', async () => {
    const { purse, stop } = purseOf(100)
    await purse.reserve(tokens(90))
    const waiting = purse.reserve(tokens(90))
    stop.abort(new Error('stopped'))
    await expect(waiting).rejects.toThrow('stopped')
    await expect(purse.reserve(tokens(1))).rejects.toThrow('stopped')
  })

  it('never spends more than its ceiling, whatever calls cost of what was reserved for them', async () => {
    const calls = fc.array(fc.record({ most: fc.integer({ min: 1, max: 30 }), share: fc.double({ min: 0, max: 1, noNaN: true }) }), {
      minLength: 1,
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 200 }), calls, async (limit, each) => {
        const { purse } = purseOf(limit)
        const ends = each.map(async ({ most, share }) => {
          const reservation = await purse.reserve(tokens(most))
          await Promise.resolve()
          reservation.settle(tokens(Math.floor(most * share)))
        })
        await Promise.allSettled(ends)
        expect((await purse.report())?.spent.tokens).toBeLessThanOrEqual(limit)
      }),
      { numRuns: 60 },
    )
  })
})

function model(alias: string, changes: Partial<CompiledModel> = {}): CompiledModel {
  return {
    target: {
      alias,
      model: alias,
      provider: { name: 'p', endpoint: 'http://127.0.0.1:9/v1', type: 'openai', apiKeyEnv: null, extraHeaders: {}, extraBody: {} },
      maxParallelRequests: 4,
      timeoutMs: 1_000,
    },
    temperature: null,
    topP: null,
    maxTokens: null,
    extraBody: {},
    price: { inputPerMillion: 1_000_000, outputPerMillion: 2_000_000, currency: 'USD' },
    skipHealthCheck: false,
    nativeStructuredOutput: false,
    ...changes,
  }
}

describe('the most that a call may cost', () => {
  const request = { model: 'm', messages: [{ role: 'user' as const, content: 'x'.repeat(100) }] }

  it('is what max_tokens allows, else twice the longest answer seen', () => {
    const worst = createWorstCase()
    // 100 bytes are at most 50 tokens, and 16 each stand around the message and the request.
    expect(worst.of([model('m', { maxTokens: 10 })], request)).toEqual({ money: 82 + 20, tokens: 92 })
    expect(worst.of([model('m')], request).tokens).toBe(82 + 1_024)
    worst.learn('m', { inputTokens: 1, outputTokens: 300 })
    worst.learn('m', { inputTokens: 1, outputTokens: 20 })
    expect(worst.of([model('m')], request).tokens).toBe(82 + 600)
  })

  it('is that of the dearest model that may answer, and counts the bytes of any script', () => {
    const worst = createWorstCase()
    const dear = model('d', { maxTokens: 10, price: { inputPerMillion: 9_000_000, outputPerMillion: 0, currency: 'USD' } })
    expect(worst.of([model('m', { maxTokens: 10 }), dear], request).money).toBe(9 * 82)
    const chinese = { model: 'm', messages: [{ role: 'user' as const, content: '数'.repeat(100) }] }
    expect(worst.of([model('m', { maxTokens: 0 })], chinese).tokens).toBe(32 + 150)
  })
})

describe('what lies in journals', () => {
  const compiled = {
    columns: [{ name: 'text', column_type: 'llm-text', model_alias: 'm' }] as never,
    models: { m: model('m'), d: model('d', { price: { inputPerMillion: 5_000_000, outputPerMillion: 0, currency: 'USD' } }) },
    fingerprint: { hash: 'sha256:abc', parts: {} },
  }

  it('counts with the price of the model that answered, of row groups that are not committed, in all attempts', async () => {
    const storage = createMemoryStorage()
    const place = { row: 0, column: 'text', refill: 0, restart: 0, step: 0 }
    const answer = { content: 'x', finishReason: 'stop', usage: { inputTokens: 3, outputTokens: 2 } }
    for (const [id, attempt, key] of [
      [4, 1, 'a'],
      [4, 2, 'b'],
      [5, 1, 'c'],
    ] as const) {
      const journal = await openJournal(storage, id, { runId: 'run', attempt, fingerprint: 'sha256:abc' })
      await journal.record(key, place, key === 'b' ? { ...answer, answeredBy: { alias: 'd', model: 'd' } } : answer)
      await journal.close()
    }
    expect(await readSpent(storage, 4, compiled)).toEqual({ money: 3 + 4 + 15, tokens: 10 })
    expect(await readSpent(storage, 9, compiled)).toEqual(NO_SPEND)
    expect(await readSpentInPage(storage, { firstId: 0, endId: 9, committed: [[5, 6]] }, compiled)).toEqual([[4, 22, 10]])
    // A column that may ask several models: the dearest counts.
    expect((await readSpent(storage, 5, { ...compiled, columns: [] })).money).toBe(15)
  })
})
