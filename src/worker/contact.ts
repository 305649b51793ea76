/**
 * Whether the Temporal server answers this worker. An activity is not told when its heartbeats go nowhere, so a worker that is cut off
 * (or that slept, or was stopped by a signal) would go on making calls for a row group that the server has given to another long ago.
 * The clock is monotonic: one that is set back or forward changes nothing.
 */

/** Settings of a contact. */
export interface ContactOptions {
  /** Asks the server anything; rejects when it does not answer. */
  readonly ping: () => Promise<unknown>
  /** Milliseconds of any monotonic origin. Default `performance.now`. */
  readonly nowMs?: () => number
  /** Milliseconds between two pings. Default 1,000. */
  readonly everyMs?: number
}

/** See the head of the file. */
export interface Contact {
  /** See `ActivityDependencies.isInTouch`. */
  isInTouch(since: { readonly startedAt: number; readonly limitMs: number }): boolean
  stop(): void
}

/** After a silence the answer to the next heartbeat says whether an activity is still ours; heartbeats are at most 2 s apart, in ms. */
const HEARD_AFTER_MS = 3_000
/** A pause of the pings that is worth remembering, in ms. */
const SILENCE_MS = 1_500

/** Begins to ping; stop it when done. */
export function createContact({ ping, nowMs = () => performance.now(), everyMs = 1_000 }: ContactOptions): Contact {
  let answeredAt = nowMs()
  let silence = { lengthMs: 0, endedAt: Number.NEGATIVE_INFINITY }
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  function answered(): void {
    const now = nowMs()
    const lengthMs = now - answeredAt
    answeredAt = now
    // A short silence does not hide a long one that has just ended.
    const isHidden = lengthMs < silence.lengthMs && now - silence.endedAt < HEARD_AFTER_MS
    if (lengthMs >= SILENCE_MS && !isHidden) silence = { lengthMs, endedAt: now }
  }

  async function beat(): Promise<void> {
    await ping().then(answered, () => undefined)
    if (!isStopped) timer = setTimeout(() => void beat(), everyMs).unref()
  }
  void beat()

  return {
    isInTouch({ startedAt, limitMs }): boolean {
      const now = nowMs()
      if (now - Math.max(answeredAt, startedAt) > limitMs) return false
      const wasLong = silence.lengthMs > limitMs && silence.endedAt > startedAt
      return !wasLong || now - silence.endedAt > HEARD_AFTER_MS
    },
    stop(): void {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
