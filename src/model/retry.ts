/** The one layer that repeats a model call. What may be repeated is decided in `errors.ts`; how often and when, here. */
import { sleep } from './abort-hub.ts'
import type { Clock } from './clock.ts'
import type { Failure } from './errors.ts'

/** Numbers of the retry layer. */
export interface RetryPolicy {
  /** Repetitions after a 5xx, a timeout or a connection error; default 5: a provider that fails one call in ten would else stop a run of thousands of calls now and then. */
  readonly maxRetries: number
  /** First pause in ms, doubled each time; default 500. */
  readonly baseDelayMs: number
  /** Longest pause in ms; default 30,000. */
  readonly maxDelayMs: number
  /** Total ms from a call's first 429 during which it is repeated; default 120,000. Beyond it the run waits, visibly. */
  readonly maxRateLimitWaitMs: number
}

/** The defaults. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { maxRetries: 5, baseDelayMs: 500, maxDelayMs: 30_000, maxRateLimitWaitMs: 120_000 }

/** What came of one request. */
export type Attempt<T> = { readonly value: T } | { readonly failure: Failure }

/** What came of a call: its value, or the last failure, after `attempts` requests. */
export type Outcome<T> = Attempt<T> & { readonly attempts: number }

/** What the loop needs of the outside. */
export interface RetryPorts {
  readonly policy: RetryPolicy
  readonly clock: Clock
  /** Uniform in [0, 1); spreads the pauses of calls that failed together. */
  readonly random: () => number
  readonly signal: AbortSignal
  /** Hears of every repetition before its pause; `delayMs` is 0 where the limiter does the waiting. */
  readonly onRetry: (failure: Failure, delayMs: number) => void
}

/**
 * Runs `attempt` until it succeeds or must not be repeated. Rejects only with what `attempt` throws (a signal's reason passes
 * through unchanged) or the signal's reason during a pause.
 */
export async function callWithRetries<T>(attempt: () => Promise<Attempt<T>>, ports: RetryPorts): Promise<Outcome<T>> {
  let retries = 0
  let firstLimitedAtMs: number | null = null
  for (let attempts = 1; ; attempts++) {
    const result = await attempt()
    if ('value' in result) return { value: result.value, attempts }
    const { failure } = result
    if (failure.retry === 'never') return { failure, attempts }
    if (failure.retry === 'rate-limit') {
      const nowMs = ports.clock.nowMs()
      firstLimitedAtMs ??= nowMs
      if (nowMs + (failure.retryAfterMs ?? 0) - firstLimitedAtMs > ports.policy.maxRateLimitWaitMs) return { failure, attempts }
      ports.onRetry(failure, 0)
      continue
    }
    if (retries >= ports.policy.maxRetries) return { failure, attempts }
    const delayMs = pauseBefore(retries++, failure.retryAfterMs, ports)
    if (delayMs === null) return { failure, attempts }
    ports.onRetry(failure, delayMs)
    await sleep(delayMs, ports.signal, ports.clock)
  }
}

/** Null when the provider asks for a longer pause than a call may take. */
function pauseBefore(retry: number, retryAfterMs: number | null, ports: RetryPorts): number | null {
  if (retryAfterMs !== null && retryAfterMs > ports.policy.maxRateLimitWaitMs) return null
  return Math.max(retryAfterMs ?? 0, backoffDelayMs(retry, ports.random, ports.policy))
}

/** Pause in ms before repetition `retry` (0, 1, 2 …): base × 2^retry up to the maximum, of which the upper half is random. */
export function backoffDelayMs(retry: number, random: () => number, policy: RetryPolicy = DEFAULT_RETRY_POLICY): number {
  const fullMs = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** Math.min(retry, 30))
  return fullMs / 2 + (fullMs / 2) * random()
}
