/**
 * How many calls of one model may be open at once, and which goes next.
 *
 * 1. `inFlight ≤ limit ≤ cap` at every admission; a lowered limit drains, it cuts nothing off.
 * 2. Waiting calls go by priority (lower first), then by ticket: a call that comes back keeps its place.
 * 3. 429 → floor(limit × 0.75), at least 1, once per burst: only when the call was admitted in the current epoch, and every
 *    decrease begins a new epoch. Nothing is admitted for Retry-After, or 2 s.
 * 4. 25 successes without a 429 → limit + 1, up to the cap, unless latency says otherwise (`latency-guard.ts`).
 * 5. Requests and tokens a minute are spread evenly, with bursts of one second's worth. What a call will use is known only when it is
 *    answered: until then it counts as the average of those before, and what it used beyond that is waited for afterwards.
 * 6. Nobody waits for a block longer than `maxBlockedMs`: such calls fail at once, so that the run waits visibly.
 */
import { onAbort } from './abort-hub.ts'
import type { Clock } from './clock.ts'
import { LatencyGuard, type LatencyVerdict } from './latency-guard.ts'
import { PriorityQueue, type Queued } from './priority-queue.ts'

const DECREASE_FACTOR = 0.75
const SUCCESSES_UNTIL_INCREASE = 25
const DEFAULT_BLOCK_MS = 2000
/** Tokens that a call counts as before any was answered. */
const FIRST_GUESS_TOKENS = 500
/** Weight of the newest call in the average. */
const NEWEST_SHARE = 0.1
/** A provider that asks for more is asked again after an hour: one call, so that a wrong date cannot block for ever. */
const LONGEST_BLOCK_MS = 3_600_000

/** Settings of a limiter. */
export interface LimiterOptions {
  readonly clock: Clock
  /** Calls open at once at most, ≥ 1. */
  readonly cap: number
  /** Longest block in ms that a call waits for; default 120,000. */
  readonly maxBlockedMs?: number
  /** Hears of every change of the limit. */
  readonly onChange?: (change: LimitChange) => void
}

/** Why the limit changed. */
export interface LimitChange {
  readonly reason: 'rate-limited' | 'latency' | 'latency-recovered' | 'success' | 'cap'
  readonly limit: number
  readonly cap: number
}

/** A limiter as it stands. */
export interface LimiterState {
  readonly cap: number
  readonly limit: number
  readonly inFlight: number
  readonly waiting: number
  /** Milliseconds until calls are admitted again after a 429; 0 when none is blocked. */
  readonly blockedForMs: number
}

/** Thrown to calls that would have to wait longer than `maxBlockedMs`. */
export class BlockedTooLong extends Error {
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super(`blocked for another ${Math.ceil(retryAfterMs)} ms`)
    this.name = 'BlockedTooLong'
    this.retryAfterMs = retryAfterMs
  }
}

interface Waiter extends Queued {
  gone: boolean
  readonly admit: (epoch: number) => void
  readonly refuse: (reason: unknown) => void
}

/** See the invariants at the head of the file. */
export class Limiter {
  readonly #clock: Clock
  readonly #maxBlockedMs: number
  readonly #onChange: ((change: LimitChange) => void) | undefined
  readonly #queue = new PriorityQueue<Waiter>()
  readonly #guard = new LatencyGuard()
  #cap: number
  #limit: number
  #inFlight = 0
  #waiting = 0
  #epoch = 0
  #successes = 0
  #lastTicket = 0
  #blockedUntilMs: number | null = null
  #cancelWakeUp: (() => void) | null = null
  #minuteBudget: { readonly perMinute: number; tokens: number; atMs: number } | null = null
  #tokenBudget: { readonly perMinute: number; level: number; reserved: number; atMs: number } | null = null
  #averageTokens: number | null = null
  readonly #drains: (() => void)[] = []
  #closedWith: { readonly reason: unknown } | null = null

  constructor(options: LimiterOptions) {
    this.#clock = options.clock
    this.#maxBlockedMs = options.maxBlockedMs ?? 120_000
    this.#onChange = options.onChange
    this.#cap = Math.max(1, Math.floor(options.cap))
    this.#limit = this.#cap
  }

  /** A call's place among those of equal priority; taken once per call and kept over its retries. */
  takeTicket(): number {
    return ++this.#lastTicket
  }

  /**
   * Waits for a slot; answers at once, without a promise, when one is free. The number is to be given back through exactly one
   * of `succeeded`, `rateLimited`, `timedOut` and `failed`. Rejects with the signal's reason, or `BlockedTooLong`.
   */
  enter(priority: number, ticket: number, signal: AbortSignal): number | Promise<number> {
    if (this.#waiting === 0 && this.#inFlight < this.#limit && this.#closedWith === null && this.#delayMs() === 0) return this.#admit()
    return this.#wait(priority, ticket, signal)
  }

  /** Gives a slot back after an answer; `latencyMs` is that of the HTTP request alone. */
  succeeded(epoch: number, latencyMs: number): void {
    this.#leave()
    this.#watch(epoch, latencyMs, false)
    if (this.#limit >= this.#cap || this.#guard.congested) this.#successes = 0
    else if (++this.#successes >= SUCCESSES_UNTIL_INCREASE) {
      this.#successes = 0
      this.#setLimit(this.#limit + 1, 'success')
    }
    this.#pump()
  }

  /** Gives a slot back after a 429, or a 503 with Retry-After. Null means that the provider did not say how long. */
  rateLimited(epoch: number, retryAfterMs: number | null): void {
    this.#leave()
    this.#successes = 0
    if (epoch === this.#epoch) {
      this.#epoch++
      this.#guard.interrupt()
      this.#setLimit(Math.max(1, Math.floor(this.#limit * DECREASE_FACTOR)), 'rate-limited')
    }
    const blockMs = Math.min(LONGEST_BLOCK_MS, Math.max(0, retryAfterMs ?? DEFAULT_BLOCK_MS))
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs ?? 0, this.#clock.nowMs() + blockMs)
    this.#refuseIfBlockedTooLong()
    this.#pump()
  }

  /** Gives a slot back after a timeout: counts as slowness. */
  timedOut(epoch: number, latencyMs: number): void {
    this.#leave()
    this.#watch(epoch, latencyMs, true)
    this.#pump()
  }

  /** Gives a slot back after anything else; says nothing about load. */
  failed(): void {
    this.#leave()
    this.#pump()
  }

  /** Resolves once no more calls are open than the cap allows. */
  drained(): Promise<void> {
    return this.#inFlight <= this.#cap ? Promise.resolve() : new Promise((resolve) => this.#drains.push(resolve))
  }

  /** Changes the cap while calls run; 0 holds all of them back. A limit that stood at the old cap follows a higher one at once. */
  setCap(cap: number): void {
    const next = Math.max(0, Math.floor(cap))
    if (next === this.#cap) return
    const followsCap = this.#limit === this.#cap || this.#limit > next
    this.#cap = next
    if (followsCap) this.#setLimit(next, 'cap')
    this.#pump()
    this.#tellDrained()
  }

  /** At most so many calls a minute, evenly spread with bursts of one second's worth; null for no such limit. */
  setRequestsPerMinute(perMinute: number | null): void {
    this.#minuteBudget = perMinute === null ? null : { perMinute, tokens: Math.max(1, perMinute / 60), atMs: this.#clock.nowMs() }
    this.#pump()
  }

  /** At most so many tokens a minute, input and output together; null for no such limit. */
  setTokensPerMinute(perMinute: number | null): void {
    this.#tokenBudget = perMinute === null ? null : { perMinute, level: perMinute / 60, reserved: 0, atMs: this.#clock.nowMs() }
    this.#pump()
  }

  /** Counts what an answered call used; called while it still holds its slot. */
  spent(tokens: number): void {
    this.#averageTokens = this.#averageTokens === null ? tokens : this.#averageTokens + NEWEST_SHARE * (tokens - this.#averageTokens)
    if (this.#tokenBudget !== null) this.#tokenBudget.level -= tokens
  }

  /** The limiter as it stands. */
  state(): LimiterState {
    const blockedForMs = this.#blockedUntilMs === null ? 0 : Math.max(0, this.#blockedUntilMs - this.#clock.nowMs())
    return { cap: this.#cap, limit: this.#limit, inFlight: this.#inFlight, waiting: this.#waiting, blockedForMs }
  }

  /** Refuses all waiting calls and all that come later. */
  close(reason: unknown): void {
    this.#closedWith = { reason }
    this.#cancelWakeUp?.()
    this.#cancelWakeUp = null
    this.#refuseAll(reason)
  }

  #wait(priority: number, ticket: number, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      if (this.#closedWith !== null) return reject(this.#closedWith.reason as Error)
      const blockedForMs = this.#blockedUntilMs === null ? 0 : this.#blockedUntilMs - this.#clock.nowMs()
      if (blockedForMs > this.#maxBlockedMs) return reject(new BlockedTooLong(blockedForMs))
      const leave = (): void => {
        waiter.gone = true
        this.#waiting--
        forget()
      }
      const waiter: Waiter = {
        priority,
        ticket,
        gone: false,
        admit: (epoch) => {
          leave()
          resolve(epoch)
        },
        refuse: (reason) => {
          leave()
          reject(reason as Error)
        },
      }
      const forget = onAbort(signal, () => {
        waiter.refuse(signal.reason)
        this.#sweep()
      })
      this.#waiting++
      this.#queue.push(waiter)
      this.#pump()
    })
  }

  /** Aborted calls stay in the heap until popped; it is swept when they are the larger part. */
  #sweep(): void {
    if (this.#queue.size > 64 && this.#queue.size > 2 * this.#waiting) this.#queue.retain((waiter) => !waiter.gone)
  }

  #admit(): number {
    this.#inFlight++
    if (this.#minuteBudget !== null) this.#minuteBudget.tokens -= 1
    if (this.#tokenBudget !== null) {
      const perCall = this.#tokensPerCall()
      this.#tokenBudget.level -= perCall
      this.#tokenBudget.reserved += perCall
    }
    return this.#epoch
  }

  /** Takes a call out of those in flight, with its share of what is reserved for them. */
  #leave(): void {
    if (this.#tokenBudget !== null) {
      const share = this.#tokenBudget.reserved / this.#inFlight
      this.#tokenBudget.level += share
      this.#tokenBudget.reserved -= share
    }
    this.#inFlight--
    this.#tellDrained()
  }

  #tellDrained(): void {
    if (this.#drains.length === 0 || this.#inFlight > this.#cap) return
    for (const tell of this.#drains.splice(0)) tell()
  }

  #tokensPerCall(): number {
    return Math.max(1, this.#averageTokens ?? FIRST_GUESS_TOKENS)
  }

  #pump(): void {
    while (this.#waiting > 0 && this.#inFlight < this.#limit) {
      const delayMs = this.#delayMs()
      if (delayMs > 0) {
        this.#wakeUpIn(delayMs)
        return
      }
      const next = this.#queue.pop()
      if (next === undefined) return
      if (!next.gone) next.admit(this.#admit())
    }
  }

  /** Milliseconds until another call may start, slots aside. */
  #delayMs(): number {
    if (this.#blockedUntilMs === null && this.#minuteBudget === null && this.#tokenBudget === null) return 0
    const nowMs = this.#clock.nowMs()
    if (this.#blockedUntilMs !== null) {
      if (this.#blockedUntilMs > nowMs) return this.#blockedUntilMs - nowMs
      this.#blockedUntilMs = null
    }
    return Math.max(this.#requestDelayMs(nowMs), this.#tokenDelayMs(nowMs))
  }

  #tokenDelayMs(nowMs: number): number {
    const budget = this.#tokenBudget
    if (budget === null) return 0
    const perCall = this.#tokensPerCall()
    const perMs = budget.perMinute / 60_000
    budget.level = Math.min(Math.max(perCall, budget.perMinute / 60), budget.level + (nowMs - budget.atMs) * perMs)
    budget.atMs = nowMs
    const missing = perCall - budget.level
    return missing <= 1e-6 ? 0 : missing / perMs
  }

  #requestDelayMs(nowMs: number): number {
    const budget = this.#minuteBudget
    if (budget === null) return 0
    const perMs = budget.perMinute / 60_000
    budget.tokens = Math.min(Math.max(1, budget.perMinute / 60), budget.tokens + (nowMs - budget.atMs) * perMs)
    budget.atMs = nowMs
    // A hair below one still counts: otherwise rounding could ask for a wait of 0 ms for ever.
    return budget.tokens >= 1 - 1e-9 ? 0 : (1 - budget.tokens) / perMs
  }

  #wakeUpIn(delayMs: number): void {
    this.#cancelWakeUp?.()
    this.#cancelWakeUp = this.#clock.after(Math.ceil(delayMs), () => {
      this.#cancelWakeUp = null
      this.#pump()
    })
  }

  #watch(epoch: number, latencyMs: number, timedOut: boolean): void {
    if (epoch !== this.#epoch) return
    const verdict: LatencyVerdict = this.#guard.observe(latencyMs, timedOut, this.#limit, this.#cap)
    if (verdict.kind === 'steady') return
    this.#epoch++
    this.#successes = 0
    this.#setLimit(verdict.limit, verdict.kind === 'down' ? 'latency' : 'latency-recovered')
  }

  #refuseIfBlockedTooLong(): void {
    const blockedForMs = (this.#blockedUntilMs ?? 0) - this.#clock.nowMs()
    if (blockedForMs > this.#maxBlockedMs) this.#refuseAll(new BlockedTooLong(blockedForMs))
  }

  #refuseAll(reason: unknown): void {
    for (const waiter of this.#queue.clear()) if (!waiter.gone) waiter.refuse(reason)
  }

  #setLimit(limit: number, reason: LimitChange['reason']): void {
    const next = Math.min(limit, this.#cap)
    if (next === this.#limit && reason !== 'cap') return
    this.#limit = next
    this.#onChange?.({ reason, limit: next, cap: this.#cap })
  }
}
