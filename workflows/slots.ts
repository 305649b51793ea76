/** Places in the window of a run, by which limits are shared out to its open row groups (`src/plan/shares.ts`). */
import { freeSlot, slotOrder } from '../src/plan/shares.ts'
import type { ControlPublisher } from './control-publisher.ts'
import type { Run } from './run.ts'

/** A new order that only lets older row groups go first is published this seldom, in ms: it costs an event, and nobody stands still for it. */
const REORDER_MS = 15_000

/** Takes the lowest free slot. */
export function takeSlot(run: Run): number {
  const slot = freeSlot(run.slots)
  run.slots.push(slot)
  return slot
}

/** The row group of the slot has ended. */
export function releaseSlot(run: Run, slot: number): void {
  run.slots = run.slots.filter((taken) => taken !== slot)
}

/** Says how many row groups are open or may be opened beside them; the workers are told when that changes anything for them. */
export function noteSlots(run: Run, control: ControlPublisher, count: number): void {
  run.slotCount = count
  if (Object.keys(run.limits).length === 0 || !isNewOrder(run, orderOf(run))) return
  shareOut(run, control)
}

/** Tells the workers the limits and how they are shared out now. */
export function shareOut(run: Run, control: ControlPublisher): void {
  run.shared = { order: orderOf(run), at: Date.now() }
  control.request()
}

function orderOf(run: Run): readonly number[] {
  return slotOrder({ occupied: run.slots, count: run.slotCount })
}

function isNewOrder({ shared, limits }: Run, order: readonly number[]): boolean {
  if (order.length === 0) return false
  if (shared === null) return true
  if (order.length !== shared.order.length || order.some((slot) => !shared.order.includes(slot))) return true
  const fewest = Math.min(...Object.values(limits).map(({ parallel }) => parallel))
  const isOther = order.some((slot, index) => slot !== shared.order[index])
  return fewest < order.length && isOther && Date.now() - shared.at >= REORDER_MS
}
