/** Asking a hub again when it fails for a moment. */

/** How often, and how long between two attempts. */
export interface RetryPolicy {
  readonly attempts: number
  /** Doubles with every attempt. */
  readonly firstDelayMs: number
}

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
    policy,
  }: {
    readonly statusOf: (answer: T) => number
    readonly discard: (answer: T) => Promise<void>
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
    if (asked.kind === 'answer') await discard(asked.answer)
    await new Promise((resolve) => setTimeout(resolve, policy.firstDelayMs * 2 ** (attempt - 1)))
  }
}
