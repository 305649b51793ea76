/** Asking a hub again when it fails for a moment. */

/** How often, and how long between two attempts. */
export interface RetryPolicy {
  readonly attempts: number
  /** Doubles with every attempt. */
  readonly firstDelayMs: number
}

/** Longest that a hub is waited for because it asks so, in ms. */
const LONGEST_MS = 300_000

/** What came of it: an answer, which may still say that the hub fails, or no connection. */
export type Retried<T> = { readonly kind: 'answer'; readonly answer: T } | { readonly kind: 'unreachable'; readonly cause: unknown }

/** True for a status that another attempt may cure. */
export function isMomentary(status: number): boolean {
  return status >= 500 || status === 429
}

/** Asks until there is an answer that another attempt would not change, or the attempts are used up. `discard` frees an answer that is not used. */
export async function retried<T>(
  ask: () => Promise<T>,
  {
    statusOf,
    discard,
    retryAfterOf,
    policy,
  }: {
    readonly statusOf: (answer: T) => number
    readonly discard: (answer: T) => Promise<void>
    /** How long the hub asks to wait, in seconds, as its `retry-after` says; null where it says nothing. */
    readonly retryAfterOf?: (answer: T) => string | null
    readonly policy: RetryPolicy
  },
): Promise<Retried<T>> {
  for (let attempt = 1; ; attempt += 1) {
    const asked: Retried<T> = await ask().then(
      (answer) => ({ kind: 'answer', answer }),
      (cause: unknown) => ({ kind: 'unreachable', cause }),
    )
    const isCurable = asked.kind === 'unreachable' || isMomentary(statusOf(asked.answer))
    if (!isCurable || attempt >= policy.attempts) return asked
    const wished = asked.kind === 'answer' ? Number(retryAfterOf?.(asked.answer) ?? 0) * 1_000 : 0
    if (asked.kind === 'answer') await discard(asked.answer)
    const delayMs = Math.max(policy.firstDelayMs * 2 ** (attempt - 1), wished > 0 ? Math.min(wished, LONGEST_MS) : 0)
    await new Promise((resolve) => setTimeout(resolve, delayMs))
  }
}
