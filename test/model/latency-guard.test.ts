import { describe, expect, it } from 'vitest'
import { LatencyGuard, type LatencyVerdict } from '../../src/model/latency-guard.ts'

/** Feeds `count` answers of a latency that may depend on the limit, and follows the verdicts. */
function simulate(guard: LatencyGuard, start: number, cap: number, count: number, latencyAt: (limit: number, index: number) => number) {
  let limit = start
  let lowest = limit
  const verdicts: LatencyVerdict[] = []
  for (let index = 0; index < count; index++) {
    const verdict = guard.observe(latencyAt(limit, index), false, limit, cap)
    if (verdict.kind === 'steady') continue
    verdicts.push(verdict)
    limit = verdict.limit
    lowest = Math.min(lowest, limit)
  }
  return { limit, lowest, verdicts }
}

describe('LatencyGuard', () => {
  it('leaves a steady 50 ms server at 64-way alone, jitter and rare slow answers included', () => {
    const { verdicts } = simulate(new LatencyGuard(), 64, 64, 20_000, (_, index) => (index % 50 === 0 ? 5000 : 40 + (index % 20)))
    expect(verdicts).toEqual([])
  })

  it('takes no notice of latencies that double', () => {
    const { verdicts } = simulate(new LatencyGuard(), 64, 64, 20_000, (_, index) => (index < 5000 ? 50 : 100))
    expect(verdicts).toEqual([])
  })

  it('steps down while a saturated server grows slow, and keeps what helps', () => {
    const guard = new LatencyGuard()
    const { limit } = simulate(guard, 64, 64, 6400, (at, index) => (index < 640 ? 200 : at * 25))
    expect(limit).toBeLessThan(32)
    expect(limit).toBeGreaterThanOrEqual(16)
  })

  it('goes back, and learns, when the load was not the cause', () => {
    const { limit, lowest, verdicts } = simulate(new LatencyGuard(), 64, 64, 20_000, (_, index) => (index < 640 ? 200 : 2000))
    expect(limit).toBe(64)
    expect(lowest).toBe(48)
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(['down', 'back'])
  })

  it('steps down when a tenth of the calls time out, as far as one', () => {
    const guard = new LatencyGuard()
    let limit = 8
    for (let index = 0; index < 1000; index++) {
      const verdict = guard.observe(60_000, index % 5 === 0, limit, 8)
      if (verdict.kind !== 'steady') limit = verdict.limit
    }
    expect(limit).toBe(1)
    expect(guard.congested).toBe(true)
  })

  it('does not stay congested for ever at its floor', () => {
    const guard = new LatencyGuard()
    simulate(guard, 64, 64, 40_000, (at, index) => (index < 640 ? 200 : 1000 + at * 40))
    expect(guard.congested).toBe(false)
  })
})
