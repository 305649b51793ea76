/** A call's places in the limiters that hold it back: the share of its run, then the limit of its worker. */
import type { Limiter } from './limiter.ts'

/** Taken places; given back through exactly one of the last four, in all limiters alike. */
export interface Admission {
  /** Counts what the answered call used. */
  spent(tokens: number): void
  succeeded(latencyMs: number): void
  rateLimited(retryAfterMs: number | null): void
  timedOut(latencyMs: number): void
  failed(): void
}

/** Which call waits. */
export interface Place {
  readonly priority: number
  readonly ticket: number
  readonly signal: AbortSignal
}

/** Waits for a place in one limiter after the other. Rejects with the signal's reason, or `BlockedTooLong`; no place is taken then. */
export async function admit(limiters: readonly Limiter[], { priority, ticket, signal }: Place): Promise<Admission> {
  const places: { readonly limiter: Limiter; readonly epoch: number }[] = []
  try {
    for (const limiter of limiters) {
      const entered = limiter.enter(priority, ticket, signal)
      places.push({ limiter, epoch: typeof entered === 'number' ? entered : await entered })
    }
  } catch (error) {
    for (const { limiter } of places) limiter.failed()
    throw error
  }
  return {
    spent(tokens) {
      for (const { limiter } of places) limiter.spent(tokens)
    },
    succeeded(latencyMs) {
      for (const { limiter, epoch } of places) limiter.succeeded(epoch, latencyMs)
    },
    rateLimited(retryAfterMs) {
      for (const { limiter, epoch } of places) limiter.rateLimited(epoch, retryAfterMs)
    },
    timedOut(latencyMs) {
      for (const { limiter, epoch } of places) limiter.timedOut(epoch, latencyMs)
    },
    failed() {
      for (const { limiter } of places) limiter.failed()
    },
  }
}
