/**
 * Back-off for self-hosted servers that never send 429: when too much is sent at once, they only grow slow.
 *
 * It looks at one window of answers at a time and at the window's median, so that a few slow answers mean nothing:
 * 1. The baseline is the lowest median seen, drifting slowly up (5 % of the way a window).
 * 2. A window is congested when its median is above 3 × the baseline and 100 ms above it, or when 10 % of its calls timed out.
 * 3. Congested: the limit steps down by a quarter, not below a quarter of the cap (timeouts: not below 1), and does not grow.
 * 4. A step down is a trial. If the next median is not at least 10 % lower, load was not the cause (longer prompts, a slower
 *    model): the limit goes back and the new median becomes the baseline. So a wrong guess costs one window, not the run.
 */
export type LatencyVerdict =
  | { readonly kind: 'steady' }
  /** Step down to `limit`. */
  | { readonly kind: 'down'; readonly limit: number; readonly medianMs: number }
  /** The step down did not help: go back to `limit`. */
  | { readonly kind: 'back'; readonly limit: number; readonly medianMs: number }

const SMALLEST_WINDOW = 25
const LARGEST_WINDOW = 512
const CONGESTED_FACTOR = 3
const CONGESTED_MARGIN_MS = 100
const TIMEOUT_SHARE = 0.1
const STEP_DOWN = 0.75
const HELPED_FACTOR = 0.9
const DRIFT = 0.05
const LOWEST_SHARE_OF_CAP = 0.25

const STEADY: LatencyVerdict = { kind: 'steady' }

/** Watches the latencies of one limiter. Pure: no clock, no effects. */
export class LatencyGuard {
  readonly #samples = new Float64Array(LARGEST_WINDOW)
  #count = 0
  #timeouts = 0
  #baselineMs: number | null = null
  #trial: { readonly limit: number; readonly medianMs: number } | null = null
  #congested = false

  /** True while the last window was congested: the limit must not grow. */
  get congested(): boolean {
    return this.#congested
  }

  /** Lowest median in ms, drifted; null before the first full window. */
  get baselineMs(): number | null {
    return this.#baselineMs
  }

  /** Takes one finished call; a verdict other than `steady` comes at the end of a window only. */
  observe(latencyMs: number, timedOut: boolean, limit: number, cap: number): LatencyVerdict {
    this.#samples[this.#count++] = latencyMs
    if (timedOut) this.#timeouts++
    if (this.#count < Math.min(LARGEST_WINDOW, Math.max(SMALLEST_WINDOW, limit))) return STEADY
    const medianMs = this.#samples.slice(0, this.#count).sort()[this.#count >> 1] as number
    const timeoutShare = this.#timeouts / this.#count
    this.#startWindow()
    return this.#judge(medianMs, timeoutShare, limit, cap)
  }

  /** Forgets the open window and a pending trial: the limit was changed for another reason. */
  interrupt(): void {
    this.#startWindow()
    this.#trial = null
  }

  #startWindow(): void {
    this.#count = 0
    this.#timeouts = 0
  }

  #judge(medianMs: number, timeoutShare: number, limit: number, cap: number): LatencyVerdict {
    const trial = this.#trial
    this.#trial = null
    if (timeoutShare >= TIMEOUT_SHARE) {
      this.#congested = true
      const lower = Math.max(1, Math.floor(limit * STEP_DOWN))
      return lower < limit ? { kind: 'down', limit: lower, medianMs } : STEADY
    }
    if (trial !== null && medianMs > trial.medianMs * HELPED_FACTOR) {
      this.#baselineMs = medianMs
      this.#congested = false
      return { kind: 'back', limit: Math.min(cap, trial.limit), medianMs }
    }
    const baselineMs = this.#baselineMs ?? medianMs
    this.#congested = medianMs > baselineMs * CONGESTED_FACTOR && medianMs > baselineMs + CONGESTED_MARGIN_MS
    const lower = Math.max(1, Math.ceil(cap * LOWEST_SHARE_OF_CAP), Math.floor(limit * STEP_DOWN))
    if (!this.#congested || lower >= limit) {
      this.#baselineMs = medianMs < baselineMs ? medianMs : baselineMs + (medianMs - baselineMs) * DRIFT
      return STEADY
    }
    this.#trial = { limit, medianMs }
    return { kind: 'down', limit: lower, medianMs }
  }
}
