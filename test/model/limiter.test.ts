import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlockedTooLong, type LimitChange, Limiter } from '../../src/model/limiter.ts'
import { heldClock } from './builders.ts'

const never = new AbortController().signal
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

function limiterOf(cap: number, maxBlockedMs?: number) {
  const clock = heldClock()
  const changes: LimitChange[] = []
  const limiter = new Limiter({
    clock,
    cap,
    onChange: (change) => changes.push(change),
    ...(maxBlockedMs === undefined ? {} : { maxBlockedMs }),
  })
  const enter = (priority = 0, signal = never) => limiter.enter(priority, limiter.takeTicket(), signal)
  return { clock, changes, limiter, enter }
}

/** Enters when a slot must be free. */
function enterNow(enter: () => number | Promise<number>): number {
  const entered = enter()
  if (typeof entered !== 'number') throw new Error('expected a free slot')
  return entered
}

describe('Limiter: slots and order', () => {
  it('admits up to the cap at once and makes the rest wait', async () => {
    const { limiter, enter } = limiterOf(2)
    const epoch = enterNow(enter)
    enterNow(enter)
    const third = enter()
    expect(limiter.state()).toMatchObject({ inFlight: 2, waiting: 1 })
    limiter.succeeded(epoch, 50)
    await third
    expect(limiter.state()).toMatchObject({ inFlight: 2, waiting: 0 })
  })

  it('lets lower priority numbers go first, and equal ones in order of arrival', async () => {
    const { limiter, enter } = limiterOf(1)
    enterNow(enter)
    const order: string[] = []
    const names = ['5a', '1a', '5b', '0a', '1b']
    const waits = names.map((name) =>
      Promise.resolve(enter(Number(name[0]))).then(() => {
        order.push(name)
        limiter.failed()
      }),
    )
    limiter.failed()
    await Promise.all(waits)
    expect(order).toEqual(['0a', '1a', '1b', '5a', '5b'])
  })

  it('gives a call that comes back its old place', async () => {
    const { limiter, enter } = limiterOf(1)
    const early = limiter.takeTicket()
    enterNow(enter)
    const order: string[] = []
    const late = Promise.resolve(enter()).then(() => order.push('late'))
    const returned = Promise.resolve(limiter.enter(0, early, never)).then(() => order.push('early'))
    limiter.failed()
    await returned
    limiter.failed()
    await late
    expect(order).toEqual(['early', 'late'])
  })

  it('lets a waiting call leave with its signal’s reason, unchanged, and gives its turn to the next', async () => {
    const { limiter, enter } = limiterOf(1)
    enterNow(enter)
    const abort = new AbortController()
    const reason = new Error('stop')
    const waiting = Promise.resolve(enter(0, abort.signal))
    const next = enter(1)
    abort.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(limiter.state().waiting).toBe(1)
    limiter.failed()
    await next
  })

  it('holds at 10,000 waiting calls on one signal: all leave together, or go in order, within seconds', async () => {
    const { limiter, enter } = limiterOf(1)
    enterNow(enter)
    const abort = new AbortController()
    const startedMs = performance.now()
    const leaving = Array.from({ length: 10_000 }, () => Promise.resolve(enter(1, abort.signal)).catch(() => 'left'))
    const order: number[] = []
    const staying = Array.from({ length: 10_000 }, (_, index) => {
      const priority = (index * 7919) % 10_000
      return Promise.resolve(enter(priority)).then(() => {
        order.push(priority)
        limiter.failed()
      })
    })
    abort.abort()
    expect(await Promise.all(leaving)).toEqual(Array.from({ length: 10_000 }, () => 'left'))
    limiter.failed()
    await Promise.all(staying)
    expect(order).toEqual(Array.from({ length: 10_000 }, (_, index) => index))
    // Some tens of milliseconds when every step is O(log n); a list in place of heap or hub takes minutes.
    expect(performance.now() - startedMs).toBeLessThan(5000)
  })

  it('never has more calls open than its limit, whatever happens', async () => {
    const step = fc.record({
      what: fc.constantFrom('enter', 'ok', '429', 'timeout', 'fail', 'cap', 'time'),
      value: fc.integer({ min: 1, max: 9 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { limiter, clock } = limiterOf(4)
        const open: number[] = []
        for (const { what, value } of steps) {
          const before = limiter.state()
          if (what === 'enter') void Promise.resolve(limiter.enter(value, limiter.takeTicket(), never)).then((epoch) => open.push(epoch))
          else if (what === 'cap') limiter.setCap(value)
          else if (what === 'time') clock.advance(value * 1000)
          else if (open.length > 0) {
            const epoch = open.shift() as number
            if (what === 'ok') limiter.succeeded(epoch, value)
            else if (what === '429') limiter.rateLimited(epoch, value * 100)
            else if (what === 'timeout') limiter.timedOut(epoch, 1000)
            else limiter.failed()
          }
          await settle()
          const after = limiter.state()
          expect(after.inFlight).toBe(open.length)
          expect(after.limit).toBeGreaterThanOrEqual(1)
          expect(after.limit).toBeLessThanOrEqual(after.cap)
          // More than the limit only while a lowered limit drains: nothing was admitted beyond it.
          expect(after.inFlight).toBeLessThanOrEqual(Math.max(after.limit, before.inFlight))
          // Nobody waits while a slot is free and nothing is blocked.
          if (after.waiting > 0 && after.blockedForMs === 0) expect(after.inFlight).toBeGreaterThanOrEqual(after.limit)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('Limiter: 429', () => {
  it('takes a quarter off once for a whole burst', () => {
    const { limiter, enter, changes } = limiterOf(64)
    const epochs = Array.from({ length: 64 }, () => enterNow(enter))
    for (const epoch of epochs) limiter.rateLimited(epoch, 1000)
    expect(changes).toEqual([{ reason: 'rate-limited', limit: 48, cap: 64 }])
  })

  it('follows 64, 48, 36, 27, 20, 15, 11, 8, 6, 4, 3, 2, 1, 1', () => {
    const { limiter, enter, clock } = limiterOf(64)
    const seen = [limiter.state().limit]
    for (let burst = 0; burst < 13; burst++) {
      limiter.rateLimited(enterNow(enter), 100)
      clock.advance(100)
      seen.push(limiter.state().limit)
    }
    expect(seen).toEqual([64, 48, 36, 27, 20, 15, 11, 8, 6, 4, 3, 2, 1, 1])
  })

  it('admits nothing until Retry-After is over', async () => {
    const { limiter, enter, clock } = limiterOf(4)
    limiter.rateLimited(enterNow(enter), 3000)
    let isIn = false
    const waiting = Promise.resolve(enter()).then(() => (isIn = true))
    clock.advance(2999)
    await settle()
    expect(isIn).toBe(false)
    clock.advance(1)
    await waiting
  })

  it('blocks for 2 s when the provider does not say', () => {
    const { limiter, enter } = limiterOf(4)
    limiter.rateLimited(enterNow(enter), null)
    expect(limiter.state().blockedForMs).toBe(2000)
  })

  it('keeps the longer of two blocks', () => {
    const { limiter, enter } = limiterOf(4)
    const [first, second] = [enterNow(enter), enterNow(enter)]
    limiter.rateLimited(first, 9000)
    limiter.rateLimited(second, 10)
    expect(limiter.state().blockedForMs).toBe(9000)
  })

  it('refuses at once those who would wait longer than allowed, waiting or new', async () => {
    const { limiter, enter, clock } = limiterOf(1, 120_000)
    const epoch = enterNow(enter)
    const waiting = Promise.resolve(enter())
    limiter.rateLimited(epoch, 600_000)
    await expect(waiting).rejects.toBeInstanceOf(BlockedTooLong)
    await expect(Promise.resolve(enter())).rejects.toMatchObject({ retryAfterMs: 600_000 })
    clock.advance(500_000)
    const patient = enter()
    clock.advance(100_000)
    await patient
  })

  it('blocks for an hour at most', () => {
    const { limiter, enter } = limiterOf(1)
    limiter.rateLimited(enterNow(enter), 1e12)
    expect(limiter.state().blockedForMs).toBe(3_600_000)
  })

  it('grows by one after 25 successes, up to the cap', () => {
    const { limiter, enter, clock } = limiterOf(4)
    limiter.rateLimited(enterNow(enter), 0)
    clock.advance(1)
    expect(limiter.state().limit).toBe(3)
    for (let index = 0; index < 24; index++) limiter.succeeded(enterNow(enter), 50)
    expect(limiter.state().limit).toBe(3)
    limiter.succeeded(enterNow(enter), 50)
    expect(limiter.state().limit).toBe(4)
    for (let index = 0; index < 100; index++) limiter.succeeded(enterNow(enter), 50)
    expect(limiter.state().limit).toBe(4)
  })

  it('counts the successes anew after a 429', () => {
    const { limiter, enter, clock } = limiterOf(8)
    limiter.rateLimited(enterNow(enter), 0)
    clock.advance(1)
    for (let index = 0; index < 20; index++) limiter.succeeded(enterNow(enter), 50)
    limiter.rateLimited(enterNow(enter), 0)
    clock.advance(1)
    const { limit } = limiter.state()
    for (let index = 0; index < 24; index++) limiter.succeeded(enterNow(enter), 50)
    expect(limiter.state().limit).toBe(limit)
  })
})

describe('Limiter: latency', () => {
  it('does not move for a steady server at 64-way', () => {
    const { limiter, enter, changes } = limiterOf(64)
    for (let round = 0; round < 500; round++) {
      const epochs = Array.from({ length: 64 }, () => enterNow(enter))
      epochs.forEach((epoch, index) => limiter.succeeded(epoch, 50 + (index % 10)))
    }
    expect(changes).toEqual([])
  })

  it('steps down when the server grows slow under load, and up again when it recovers', () => {
    const { limiter, enter, changes } = limiterOf(64)
    const round = (latencyAt: (limit: number) => number) => {
      const { limit } = limiter.state()
      const epochs = Array.from({ length: limit }, () => enterNow(enter))
      for (const epoch of epochs) limiter.succeeded(epoch, latencyAt(limit))
    }
    for (let index = 0; index < 10; index++) round(() => 200)
    for (let index = 0; index < 6; index++) round((limit) => limit * 25)
    expect(limiter.state().limit).toBeLessThan(40)
    expect(changes[0]).toMatchObject({ reason: 'latency', limit: 48 })
    for (let index = 0; index < 200; index++) round(() => 200)
    expect(limiter.state().limit).toBe(64)
  })
})

describe('Limiter: control', () => {
  it('follows a raised cap at once and lets waiting calls in', async () => {
    const { limiter, enter } = limiterOf(1)
    enterNow(enter)
    const waiting = [Promise.resolve(enter()), Promise.resolve(enter())]
    limiter.setCap(3)
    await Promise.all(waiting)
    expect(limiter.state()).toMatchObject({ cap: 3, limit: 3, inFlight: 3 })
  })

  it('drains to a lowered cap without cutting anything off', async () => {
    const { limiter, enter } = limiterOf(3)
    const epochs = [enterNow(enter), enterNow(enter), enterNow(enter)]
    limiter.setCap(1)
    expect(limiter.state()).toMatchObject({ limit: 1, inFlight: 3 })
    let isIn = false
    const waiting = Promise.resolve(enter()).then(() => (isIn = true))
    limiter.succeeded(epochs[0] as number, 1)
    limiter.succeeded(epochs[1] as number, 1)
    await settle()
    expect(isIn).toBe(false)
    limiter.succeeded(epochs[2] as number, 1)
    await waiting
  })

  it('does not undo a 429 when the cap is raised', () => {
    const { limiter, enter } = limiterOf(8)
    limiter.rateLimited(enterNow(enter), 0)
    limiter.setCap(16)
    expect(limiter.state()).toMatchObject({ cap: 16, limit: 6 })
  })

  it('spreads requests over the minute', async () => {
    const { limiter, enter, clock } = limiterOf(1000)
    limiter.setRequestsPerMinute(120)
    let admitted = 0
    for (let index = 0; index < 200; index++) void Promise.resolve(enter()).then(() => admitted++)
    await settle()
    expect(admitted).toBe(2)
    for (let second = 0; second < 60; second++) {
      clock.advance(1000)
      await settle()
    }
    expect(admitted).toBeGreaterThanOrEqual(119)
    expect(admitted).toBeLessThanOrEqual(122)
    limiter.setRequestsPerMinute(null)
    await settle()
    expect(admitted).toBe(200)
  })

  it('spreads tokens over the minute, however many calls are open at once, once it knows what they use', async () => {
    const { limiter, enter, clock } = limiterOf(1000)
    limiter.setTokensPerMinute(60_000)
    let used = 0
    const call = async (): Promise<void> => {
      const epoch = await enter()
      // Each takes ten seconds and 1,000 tokens: ten are open at once to use 1,000 a second.
      clock.after(10_000, () => {
        used += 1000
        limiter.spent(1000)
        limiter.succeeded(epoch, 10_000)
      })
    }
    for (let index = 0; index < 400; index++) void call()
    for (let second = 0; second < 180; second++) {
      clock.advance(1000)
      await settle()
      if (second === 59) used = 0
    }
    expect(used).toBeGreaterThan(114_000)
    expect(used).toBeLessThan(124_000)
  })

  it('gives back what a failed call had reserved', async () => {
    const { limiter, enter, clock } = limiterOf(10)
    limiter.setTokensPerMinute(30_000)
    enterNow(enter)
    const waiting = Promise.resolve(enter())
    limiter.failed()
    await waiting
    clock.advance(0)
    expect(limiter.state()).toMatchObject({ inFlight: 1, waiting: 0 })
  })

  it('refuses everyone after it is closed', async () => {
    const { limiter, enter } = limiterOf(1)
    enterNow(enter)
    const waiting = Promise.resolve(enter())
    const reason = new Error('closed')
    limiter.close(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(Promise.resolve(enter())).rejects.toBe(reason)
  })
})
