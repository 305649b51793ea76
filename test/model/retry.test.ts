import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/model/clock.ts'
import type { Failure } from '../../src/model/errors.ts'
import { type Attempt, backoffDelayMs, callWithRetries, DEFAULT_RETRY_POLICY, type RetryPolicy } from '../../src/model/retry.ts'
import { heldClock } from './builders.ts'

const failure = (overrides: Partial<Failure>): Failure => ({
  code: 'MODEL_UNAVAILABLE',
  retry: 'backoff',
  message: 'x',
  status: 500,
  retryAfterMs: null,
  ...overrides,
})

/** A clock whose pauses take no time, but count. */
function quickClock() {
  const held = heldClock()
  const pauses: number[] = []
  return {
    pauses,
    held,
    nowMs: () => held.nowMs(),
    dateMs: () => held.dateMs(),
    after: (delayMs: number, callback: () => void) => {
      pauses.push(delayMs)
      held.advance(delayMs)
      queueMicrotask(callback)
      return () => {}
    },
  }
}

async function run(script: (index: number) => Attempt<string>, policy: Partial<RetryPolicy> = {}) {
  const clock = quickClock()
  let index = 0
  const outcome = await callWithRetries(
    async () => {
      const attempt = script(index++)
      if ('failure' in attempt && attempt.failure.retry === 'rate-limit') clock.held.advance(attempt.failure.retryAfterMs ?? 2000)
      return attempt
    },
    {
      policy: { ...DEFAULT_RETRY_POLICY, ...policy },
      clock,
      random: () => 0.5,
      signal: new AbortController().signal,
      onRetry: () => {},
    },
  )
  return { outcome, pauses: clock.pauses, requests: index }
}

describe('callWithRetries', () => {
  it('repeats a failing request five times, with growing pauses, and then gives up', async () => {
    const { outcome, pauses } = await run(() => ({ failure: failure({}) }))
    expect(outcome).toMatchObject({ attempts: 6, failure: { code: 'MODEL_UNAVAILABLE' } })
    expect(pauses).toEqual([375, 750, 1500, 3000, 6000])
  })

  it('stops at the first answer', async () => {
    const { outcome } = await run((index) => (index < 2 ? { failure: failure({}) } : { value: 'ok' }))
    expect(outcome).toEqual({ value: 'ok', attempts: 3 })
  })

  it('does not repeat what cannot succeed', async () => {
    const { requests } = await run(() => ({ failure: failure({ code: 'MODEL_AUTH', retry: 'never' }) }))
    expect(requests).toBe(1)
  })

  it('pauses at least as long as the provider asks', async () => {
    const { pauses } = await run((index) => (index < 1 ? { failure: failure({ retryAfterMs: 5000 }) } : { value: 'ok' }))
    expect(pauses).toEqual([5000])
  })

  it('waits out any number of 429s while they last less than two minutes', async () => {
    const limited = { failure: failure({ code: 'MODEL_RATE_LIMITED', retry: 'rate-limit', retryAfterMs: 1000 }) }
    expect((await run((index) => (index < 100 ? limited : { value: 'ok' }))).outcome).toEqual({ value: 'ok', attempts: 101 })
    expect((await run(() => limited)).outcome).toMatchObject({ attempts: 121, failure: { code: 'MODEL_RATE_LIMITED' } })
  })

  it('gives up at once when the provider asks for more time than a call may take', async () => {
    for (const retry of ['rate-limit', 'backoff'] as const) {
      const { requests, pauses } = await run(() => ({ failure: failure({ retry, retryAfterMs: 600_000 }) }))
      expect([requests, pauses]).toEqual([1, []])
    }
  })

  it('does not count a 429 as one of the three', async () => {
    const kinds = ['backoff', 'rate-limit', 'backoff', 'rate-limit', 'backoff', 'rate-limit'] as const
    const { outcome } = await run((index) => {
      const retry = kinds[index]
      return retry === undefined ? { value: 'ok' } : { failure: failure({ retry }) }
    })
    expect(outcome).toEqual({ value: 'ok', attempts: 7 })
  })

  it('ends a pause with the signal’s reason, unchanged', async () => {
    const abort = new AbortController()
    const reason = { any: 'value' }
    const running = callWithRetries(async () => ({ failure: failure({}) }), {
      policy: { ...DEFAULT_RETRY_POLICY, baseDelayMs: 60_000, maxDelayMs: 60_000 },
      clock: systemClock,
      random: () => 0.5,
      signal: abort.signal,
      onRetry: () => setImmediate(() => abort.abort(reason)),
    })
    await expect(running).rejects.toBe(reason)
  })
})

describe('backoffDelayMs', () => {
  it('doubles from half a second to thirty, of which the upper half is random', () => {
    expect([0, 1, 2, 5, 6, 7, 1000].map((retry) => backoffDelayMs(retry, () => 1))).toEqual([
      500, 1000, 2000, 16_000, 30_000, 30_000, 30_000,
    ])
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (retry, random) => {
        const full = Math.min(30_000, 500 * 2 ** retry)
        const delay = backoffDelayMs(retry, () => random)
        expect(delay).toBeGreaterThanOrEqual(full / 2)
        expect(delay).toBeLessThan(full + 1e-9)
      }),
    )
  })
})
