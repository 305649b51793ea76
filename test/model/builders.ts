import type { Clock } from '../../src/model/clock.ts'
import type { ChatRequest, ModelProviderTarget, ModelTarget } from '../../src/model/client.ts'

export function provider(overrides: Partial<ModelProviderTarget> = {}): ModelProviderTarget {
  return {
    name: 'acme',
    endpoint: 'http://127.0.0.1:1/v1',
    type: 'openai',
    apiKeyEnv: 'ACME_API_KEY',
    extraHeaders: {},
    extraBody: {},
    ...overrides,
  }
}

export function target(endpoint: string, overrides: Partial<ModelTarget> = {}, ofProvider: Partial<ModelProviderTarget> = {}): ModelTarget {
  return {
    alias: 'writer',
    model: 'acme-1',
    maxParallelRequests: 4,
    timeoutMs: 20_000,
    provider: provider({ endpoint, ...ofProvider }),
    ...overrides,
  }
}

export function ask(content = 'hi', overrides: Partial<ChatRequest> = {}): ChatRequest {
  return { model: 'acme-1', messages: [{ role: 'user', content }], ...overrides }
}

/** A clock that stands still until told. */
export interface HeldClock extends Clock {
  /** Moves time on, running what falls due, in order. */
  advance(ms: number): void
}

export function heldClock(): HeldClock {
  let nowMs = 1000
  let timers: { readonly atMs: number; readonly callback: () => void }[] = []
  return {
    nowMs: () => nowMs,
    dateMs: () => Date.UTC(2030, 0, 1) + nowMs,
    after: (delayMs, callback) => {
      const timer = { atMs: nowMs + delayMs, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance: (ms) => {
      const endMs = nowMs + ms
      for (;;) {
        const due = timers.filter((timer) => timer.atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0]
        if (due === undefined) break
        timers = timers.filter((timer) => timer !== due)
        nowMs = Math.max(nowMs, due.atMs)
        due.callback()
      }
      nowMs = endMs
    },
  }
}
