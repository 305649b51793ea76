/** What the samplers of one dataset are compiled to, piece by piece. */
import type { RowStream } from '../../random/random.ts'
import type { Value } from '../../values.ts'

/**
 * A column's value before conversion: number of a numeric column, text, seconds since 1970 of a date-time, group of a person.
 * Constraints, subcategories and time differences work on these.
 */
export type RawValue = number | string | { readonly [field: string]: Value }

/** Draws one raw value. `raws` holds, by slot, the raw values of the columns this one depends on. */
export type Draw = (stream: RowStream, raws: readonly RawValue[], rowIndex: number) => RawValue

/** An integer uniform in [start, end), from one draw; exact to 2^−53 × (end − start). */
export function drawInteger(stream: RowStream, start: number, end: number): number {
  return start + Math.floor(stream.next() * (end - start))
}

/** One of the items, all equally likely, from one draw. */
export function drawItem<Item>(stream: RowStream, items: readonly Item[]): Item {
  return items[Math.floor(stream.next() * items.length)]!
}
