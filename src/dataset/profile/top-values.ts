/**
 * How often each value occurs. Exact for the first values and as long as there are few different ones; beyond that the rare values
 * are given up and the counts of all others are too low by at most `countError` (Misra and Gries, in batches; the same guarantee
 * as SpaceSaving's).
 */

/** A value that can be a category. */
export type Category = string | number | boolean

/** Counts categories. */
export interface TopValues {
  add(value: Category): void
  /** By count, highest first; equal counts by first appearance. */
  ranked(): readonly (readonly [value: Category, count: number])[]
  /** No count is too low by more than this, and no value given up occurred more often; 0 while all counts are exact. */
  countError(): number
}

/** Different values kept once not all are. */
const CAPACITY = 16_384

/** Exact for the first `exactValues` values, and beyond them until `2 × capacity` different ones have come. */
export function createTopValues(exactValues: number, capacity = CAPACITY): TopValues {
  const counts = new Map<Category, number>()
  let added = 0
  let error = 0

  function giveUpRare(): void {
    const threshold = [...counts.values()].sort((a, b) => b - a)[capacity] ?? 0
    error += threshold
    for (const [value, count] of counts) {
      if (count <= threshold) counts.delete(value)
      else counts.set(value, count - threshold)
    }
  }

  return {
    add(value): void {
      added += 1
      counts.set(value, (counts.get(value) ?? 0) + 1)
      if (added > exactValues && counts.size > 2 * capacity) giveUpRare()
    },
    ranked: () => [...counts].sort(([, a], [, b]) => b - a),
    countError: () => error,
  }
}
