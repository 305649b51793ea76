/**
 * Sets of whole numbers ≥ 0 as sorted, disjoint, half-open ranges: 10,000 row groups without holes cost one pair.
 *
 * Every function gives canonical sets (ranges sorted, none empty, none touching its neighbour) when it is given canonical ones,
 * so that equal sets are equal JSON. `normalize` makes any list of ranges canonical.
 */
import type { RangeSet } from '../contract.ts'

type Range = readonly [start: number, end: number]

/** The set of the given ids, in any order, repeated or not. Ids that are not whole numbers ≥ 0 throw a `RangeError`. */
export function fromIds(ids: Iterable<number>): RangeSet {
  return fromSorted([...ids].sort((a, b) => a - b))
}

/** The set of ids that already rise (repeats allowed). Throws a `RangeError` where they fall or are no whole numbers ≥ 0. */
export function fromSorted(ids: Iterable<number>): RangeSet {
  const ranges: [number, number][] = []
  let last: [number, number] | undefined
  for (const id of ids) {
    requireWhole(id)
    if (last !== undefined && id < last[1] - 1) throw new RangeError(`Expected rising ids, found ${id} after ${last[1] - 1}.`)
    if (last !== undefined && id <= last[1]) last[1] = id + 1
    else ranges.push((last = [id, id + 1]))
  }
  return ranges
}

/** Makes a list of ranges canonical: sorted, merged, empty ones left out. Throws a `RangeError` on bounds that are no whole numbers ≥ 0. */
export function normalize(ranges: Iterable<Range>): RangeSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0])
  const merged: [number, number][] = []
  let last: [number, number] | undefined
  for (const [start, end] of sorted) {
    requireWhole(start)
    requireWhole(end)
    if (end <= start) continue
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end)
    else merged.push((last = [start, end]))
  }
  return merged
}

/** Ids in either set. */
export function union(a: RangeSet, b: RangeSet): RangeSet {
  if (a.length === 0) return b
  return b.length === 0 ? a : normalize([...a, ...b])
}

/** Ids in both sets. */
export function intersect(a: RangeSet, b: RangeSet): RangeSet {
  const shared: Range[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [aStart, aEnd] = a[i]!
    const [bStart, bEnd] = b[j]!
    const start = Math.max(aStart, bStart)
    const end = Math.min(aEnd, bEnd)
    if (start < end) shared.push([start, end])
    if (aEnd <= bEnd) i += 1
    else j += 1
  }
  return shared
}

/** Ids of `a` that are not in `b`. */
export function subtract(a: RangeSet, b: RangeSet): RangeSet {
  const rest: Range[] = []
  let j = 0
  for (const [start, end] of a) {
    let from = start
    while (j < b.length && b[j]![1] <= from) j += 1
    for (let k = j; k < b.length && b[k]![0] < end; k += 1) {
      const [holeStart, holeEnd] = b[k]!
      if (holeStart > from) rest.push([from, holeStart])
      from = Math.max(from, holeEnd)
    }
    if (from < end) rest.push([from, end])
  }
  return rest
}

/** Whether an id is in the set; binary search. */
export function contains(set: RangeSet, id: number): boolean {
  let low = 0
  let high = set.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (set[middle]![1] <= id) low = middle + 1
    else high = middle
  }
  const range = set[low]
  return range !== undefined && range[0] <= id && Number.isInteger(id)
}

/** How many ids the set has. */
export function count(set: RangeSet): number {
  let total = 0
  for (const [start, end] of set) total += end - start
  return total
}

/** The ids, rising. */
export function* iterate(set: RangeSet): Generator<number, void, undefined> {
  for (const [start, end] of set) for (let id = start; id < end; id += 1) yield id
}

/** The set of the `n` lowest ids; all of them when there are fewer. */
export function take(set: RangeSet, n: number): RangeSet {
  const taken: Range[] = []
  let left = n
  for (const [start, end] of set) {
    if (left <= 0) break
    taken.push([start, Math.min(end, start + left)])
    left -= end - start
  }
  return taken
}

function requireWhole(value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0)) throw new RangeError(`Expected a whole number of 0 or more, found ${value}.`)
}
