/** Time as the model layer sees it, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds on a clock that never jumps. */
  nowMs(): number
  /** Milliseconds since the epoch; only to read dates that a provider sends. */
  dateMs(): number
  /** Calls back once after `delayMs`; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void
}

/** Node times out at once beyond this delay. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  dateMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
}
