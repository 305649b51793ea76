/**
 * What each run may do of a worker's models (ruling 10): a limiter for each run and alias, before the one that all calls of the worker to
 * that model pass. One without a share counts its calls and holds none back.
 */
import type { PooledShare } from '../plan/shares.ts'
import type { Clock } from './clock.ts'
import { Limiter } from './limiter.ts'

interface Shared {
  readonly limiter: Limiter
  share: PooledShare | null
}

/** The shares of all runs that a worker serves; `owner` names a run. */
export class RunShares {
  readonly #clock: Clock
  readonly #maxBlockedMs: number
  readonly #owners = new Map<string, Map<string, Shared>>()

  /** `maxBlockedMs` as the limiters'. */
  constructor(clock: Clock, maxBlockedMs: number) {
    this.#clock = clock
    this.#maxBlockedMs = maxBlockedMs
  }

  /** The limiter that calls of the run to this alias pass. */
  limiterOf(owner: string, alias: string): Limiter {
    return this.#sharedOf(owner, alias).limiter
  }

  /** Lets the share hold from now on; null for none. Calls that are open beyond it finish. */
  set(owner: string, alias: string, share: PooledShare | null): void {
    const shared = this.#sharedOf(owner, alias)
    const { limiter, share: before } = shared
    shared.share = share
    // The limiter begins a burst anew whenever it is told a rate: it is told of changes only.
    if ((before?.requestsPerMinute ?? null) !== (share?.requestsPerMinute ?? null)) {
      limiter.setRequestsPerMinute(share?.requestsPerMinute ?? null)
    }
    if ((before?.tokensPerMinute ?? null) !== (share?.tokensPerMinute ?? null)) limiter.setTokensPerMinute(share?.tokensPerMinute ?? null)
    limiter.setCap(share?.parallel ?? Number.POSITIVE_INFINITY)
  }

  /** Resolves once the run has no more calls open than its shares allow. */
  async drained(owner: string): Promise<void> {
    await Promise.all([...(this.#owners.get(owner)?.values() ?? [])].map(({ limiter }) => limiter.drained()))
  }

  /** Forgets the run; calls of its that are still open end as they began. */
  release(owner: string): void {
    this.#owners.delete(owner)
  }

  /** Refuses all calls that wait, and all that come later. */
  close(reason: unknown): void {
    for (const owned of this.#owners.values()) for (const { limiter } of owned.values()) limiter.close(reason)
  }

  #sharedOf(owner: string, alias: string): Shared {
    let owned = this.#owners.get(owner)
    if (owned === undefined) this.#owners.set(owner, (owned = new Map()))
    let shared = owned.get(alias)
    if (shared === undefined) {
      const limiter = new Limiter({ clock: this.#clock, cap: Number.POSITIVE_INFINITY, maxBlockedMs: this.#maxBlockedMs })
      owned.set(alias, (shared = { limiter, share: null }))
    }
    return shared
  }
}
