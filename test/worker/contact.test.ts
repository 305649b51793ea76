import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Contact } from '../../src/worker/contact.ts'
import { createContact } from '../../src/worker/contact.ts'

let contact: Contact | null = null
afterEach(() => contact?.stop())

/** A server that answers or does not, and a clock that is set by hand. */
function world() {
  const state = { nowMs: 0, isAnswering: true }
  contact = createContact({
    ping: async () => {
      if (!state.isAnswering) throw new Error('silent')
    },
    nowMs: () => state.nowMs,
    everyMs: 1,
  })
  return {
    isInTouch: (since: { startedAt: number; limitMs: number }) => contact?.isInTouch(since),
    pass: async (ms: number, isAnswering: boolean) => {
      state.isAnswering = isAnswering
      for (let passed = 0; passed < ms; passed += 500) {
        state.nowMs += Math.min(500, ms - passed)
        await delay(4)
      }
    },
  }
}

describe('contact with the server', () => {
  it('is there while it answers', async () => {
    const { isInTouch, pass } = world()
    await pass(20_000, true)
    expect(isInTouch({ startedAt: 0, limitMs: 2_000 })).toBe(true)
  })

  it('is lost after a silence of one heartbeat timeout, not before', async () => {
    const { isInTouch, pass } = world()
    await pass(1_000, true)
    await pass(1_500, false)
    expect(isInTouch({ startedAt: 0, limitMs: 2_000 })).toBe(true)
    await pass(1_000, false)
    expect(isInTouch({ startedAt: 0, limitMs: 2_000 })).toBe(false)
    expect(isInTouch({ startedAt: 0, limitMs: 10_000 })).toBe(true)
  })

  it('counts again only after the time it takes to hear that an activity was lost', async () => {
    const { isInTouch, pass } = world()
    await pass(1_000, true)
    await pass(5_000, false)
    await pass(1_000, true)
    expect(isInTouch({ startedAt: 0, limitMs: 2_000 })).toBe(false)
    // An attempt that began after the silence comes from the server itself.
    expect(isInTouch({ startedAt: 6_900, limitMs: 2_000 })).toBe(true)
    await pass(3_500, true)
    expect(isInTouch({ startedAt: 0, limitMs: 2_000 })).toBe(true)
  })
})
