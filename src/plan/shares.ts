/**
 * How limits of a run are shared out to its open row groups, and so to the workers that have them (ruling 10). Each place of the window,
 * a slot, has a share; a worker pools those of its own.
 *
 * 1. The shares of calls sum up to the cap exactly; requests and tokens a minute are split as the calls are.
 * 2. While there are no more slots than calls, each has one at least. Else the first slots have one each: those of the oldest row groups.
 * 3. Where only the cap grows, or slots leave, no share falls: what others gain is free already.
 */

/** Limits of one model alias over all workers of a run. */
export interface RunLimits {
  /** Calls open at once, ≥ 1. */
  readonly parallel: number
  /** Above 0; null for no such limit. */
  readonly requestsPerMinute: number | null
  /** Input and output together, above 0; null for no such limit. */
  readonly tokensPerMinute: number | null
}

/** What a worker may do of it; `parallel` may be 0. */
export type PooledShare = RunLimits

/** Calls of the slot in place `index` of `count`. */
export function shareOf(cap: number, index: number, count: number): number {
  return index < 0 || index >= count ? 0 : Math.floor((cap - index + count - 1) / count)
}

/**
 * The pooled share of a worker that has `own` of the slots. While workers move from one order of slots to another (`before`), each slot has
 * the smaller of its two shares, so that nobody takes what another still uses.
 */
export function poolOf(limits: RunLimits, slots: readonly number[], own: ReadonlySet<number>, before?: readonly number[]): PooledShare {
  let parallel = 0
  for (const slot of own) {
    const share = shareOf(limits.parallel, slots.indexOf(slot), slots.length)
    parallel += before === undefined ? share : Math.min(share, shareOf(limits.parallel, before.indexOf(slot), before.length))
  }
  const part = (perMinute: number | null): number | null =>
    perMinute === null || parallel === 0 ? null : (perMinute * parallel) / limits.parallel
  return { parallel, requestsPerMinute: part(limits.requestsPerMinute), tokensPerMinute: part(limits.tokensPerMinute) }
}

/** True when slots only left since `before`: then no share has fallen. */
export function hasOnlyShrunk(slots: readonly number[], before: readonly number[]): boolean {
  let from = 0
  return slots.every((slot) => {
    const found = before.indexOf(slot, from)
    from = found + 1
    return found >= 0
  })
}

/** What is known of the window. */
export interface SlotFacts {
  /** Slots of open row groups, longest open first. */
  readonly occupied: readonly number[]
  /** Slots that may be open at once, those that are occupied included. */
  readonly count: number
}

/** All slots that take part: those that are open, longest open first, then those to be opened. */
export function slotOrder({ occupied, count }: SlotFacts): readonly number[] {
  const slots = [...occupied]
  for (let slot = 0; slots.length < count; slot += 1) if (!occupied.includes(slot)) slots.push(slot)
  return slots
}

/** The lowest slot that is free. */
export function freeSlot(occupied: readonly number[]): number {
  let slot = 0
  while (occupied.includes(slot)) slot += 1
  return slot
}
