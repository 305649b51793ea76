/** The faults the rehearsal can be told to make, and the bounds of their settings. */
import { createHash } from 'node:crypto'
import { ParquetryError } from '../errors.ts'

/** Settings of a rehearsal server. */
export interface RehearsalOptions {
  /** TCP port on loopback; 0, the default, takes a free one. */
  readonly port?: number
  /** Milliseconds before every 200 and 500 answer, at least; default 0. A 429 comes at once. */
  readonly latencyMs?: number
  /** Share of requests answered with HTTP 500, 0–1; default 0. */
  readonly errorRate?: number
  /** Requests a second before HTTP 429 with Retry-After, averaged with a burst of one second's worth; default 0, no limit. */
  readonly rateLimitPerSecond?: number
  /** Share of answers that are unusable: cut or no JSON for JSON, empty for text, 0–1; default 0. */
  readonly malformedRate?: number
  /** Decides which requests meet a fault; answers do not depend on it. Default 1. */
  readonly seed?: number
}

/** All settings, defaults filled in. */
export type RehearsalSettings = Required<RehearsalOptions>

/** Fills in defaults. Throws `USAGE` for a setting out of its range. */
export function checkSettings(options: RehearsalOptions): RehearsalSettings {
  const settings = { port: 0, latencyMs: 0, errorRate: 0, rateLimitPerSecond: 0, malformedRate: 0, seed: 1, ...options }
  within('port', settings.port, 0, 65_535, true)
  within('latencyMs', settings.latencyMs, 0, 3_600_000, false)
  within('errorRate', settings.errorRate, 0, 1, false)
  within('rateLimitPerSecond', settings.rateLimitPerSecond, 0, 1_000_000, false)
  within('malformedRate', settings.malformedRate, 0, 1, false)
  within('seed', settings.seed, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, true)
  return settings
}

function within(name: string, value: number, low: number, high: number, isInteger: boolean): void {
  if (value >= low && value <= high && (!isInteger || Number.isInteger(value))) return
  const expected = `${isInteger ? 'an integer' : 'a number'} from ${low} to ${high}`
  throw new ParquetryError('USAGE', `Rehearsal setting ${name}: expected ${expected}, found ${String(value)}.`)
}

/** What befalls one arrival of a request. */
export interface Fault {
  readonly isError: boolean
  readonly isMalformed: boolean
  /** A draw in [0, 1) that picks the way of being malformed. */
  readonly way: number
}

/** Keyed by (seed, request, how often this request came before): the same run meets the same faults, and a retry may succeed. */
export function drawFault(settings: RehearsalSettings, digest: Uint8Array, arrival: number): Fault {
  if (settings.errorRate === 0 && settings.malformedRate === 0) return { isError: false, isMalformed: false, way: 0 }
  const hash = createHash('sha256').update(`${settings.seed}/${arrival}/`).update(digest).digest()
  const share = (offset: number): number => hash.readUInt32BE(offset) / 4294967296
  return { isError: share(0) < settings.errorRate, isMalformed: share(4) < settings.malformedRate, way: share(8) }
}

/** A token bucket; `nowMs` is a monotonic clock. Returns 0 when a request may pass, otherwise the milliseconds until one may. */
export function createRateLimit(perSecond: number, nowMs: () => number): () => number {
  if (perSecond === 0) return () => 0
  const capacity = Math.max(1, perSecond)
  let tokens = capacity
  let at = nowMs()
  return () => {
    const now = nowMs()
    tokens = Math.min(capacity, tokens + ((now - at) / 1000) * perSecond)
    at = now
    if (tokens < 1) return ((1 - tokens) / perSecond) * 1000
    tokens -= 1
    return 0
  }
}

/** How many requests are remembered for counting arrivals; the oldest is forgotten first. */
const MAX_REMEMBERED = 200_000

/** Counts how often each request came. */
export interface Arrivals {
  /** 0 for a request not seen before (or forgotten since), then 1, 2 … */
  next(digest: Buffer): number
  /** Requests seen for the first time. */
  distinct(): number
}

/** Remembers the 200,000 newest requests, so that memory stays bounded however long the server runs. */
export function createArrivals(): Arrivals {
  const counts = new Map<string, number>()
  let distinct = 0
  return {
    next: (digest) => {
      const key = digest.toString('latin1', 0, 16)
      const arrival = counts.get(key) ?? 0
      if (arrival === 0) {
        distinct += 1
        if (counts.size >= MAX_REMEMBERED) counts.delete(counts.keys().next().value ?? '')
      }
      counts.set(key, arrival + 1)
      return arrival
    },
    distinct: () => distinct,
  }
}
