/**
 * The median of a stream: from all values up to a limit, beyond it from a hierarchy of compactors (Manku, Rajagopalan and Lindsay;
 * KLL without its coin): a full level is sorted, every second value moves up with twice the weight. It is deterministic, and unlike
 * a t-digest it knows a bound of its own error that always holds.
 */

/** Collects numbers. */
export interface Quantiles {
  add(value: number): void
  /** The middle value, or the mean of the middle two; null when there are none. */
  median(): number | null
  /** What is kept: values in no order, each with how many it stands for. */
  weighted(): Iterable<readonly [value: number, weight: number]>
  /** The rank of `median` is off by at most this share of the values; 0 while it is exact. */
  rankError(): number
}

/** Values kept a level; 64 KiB. The bound is about log2(n / 8192) / 8192: 0.1 % at 10 million values. */
const LEVEL_SIZE = 8_192

/** Exact for the first `exactValues` values. */
export function createQuantiles(exactValues: number, levelSize = LEVEL_SIZE): Quantiles {
  let exact: GrowingNumbers | null = new GrowingNumbers()
  let sketch: Compactors | null = null
  return {
    add(value): void {
      if (exact !== null && exact.length >= exactValues) {
        sketch = new Compactors(levelSize)
        for (const known of exact.values()) sketch.add(known)
        exact = null
      }
      if (exact === null) sketch?.add(value)
      else exact.push(value)
    },
    median: () => (exact === null ? (sketch?.median() ?? null) : medianOf(exact.values().toSorted())),
    *weighted() {
      if (exact === null) yield* sketch?.weighted() ?? []
      else for (const value of exact.values()) yield [value, 1] as const
    },
    rankError: () => sketch?.rankError() ?? 0,
  }
}

function medianOf(sorted: Float64Array): number | null {
  if (sorted.length === 0) return null
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

class GrowingNumbers {
  #numbers = new Float64Array(64)
  length = 0

  push(value: number): void {
    if (this.length === this.#numbers.length) {
      const grown = new Float64Array(2 * this.length)
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    this.#numbers[this.length] = value
    this.length += 1
  }

  values(): Float64Array {
    return this.#numbers.subarray(0, this.length)
  }
}

interface Level {
  readonly values: Float64Array
  length: number
  /** Which of each pair moves up next time; alternating, so that errors cancel. */
  takesSecond: boolean
}

/** Level h holds values of weight 2^h. */
class Compactors {
  readonly #levels: Level[] = []
  readonly #levelSize: number
  #count = 0
  #error = 0

  constructor(levelSize: number) {
    this.#levelSize = levelSize
  }

  add(value: number): void {
    this.#count += 1
    this.#push(0, value)
  }

  *weighted(): Generator<readonly [value: number, weight: number]> {
    for (const [height, { values, length }] of this.#levels.entries()) {
      for (const value of values.subarray(0, length)) yield [value, 2 ** height]
    }
  }

  median(): number | null {
    const sorted = [...this.weighted()].sort(([a], [b]) => a - b)
    let before = 0
    for (const [value, weight] of sorted) {
      before += weight
      if (before >= this.#count / 2) return value
    }
    return null
  }

  rankError(): number {
    return this.#count === 0 ? 0 : this.#error / this.#count
  }

  #push(height: number, value: number): void {
    const level = (this.#levels[height] ??= { values: new Float64Array(this.#levelSize), length: 0, takesSecond: false })
    level.values[level.length] = value
    level.length += 1
    if (level.length < this.#levelSize) return
    level.values.sort()
    level.length = 0
    // Whatever is asked, its rank changes by at most the weight of one value.
    this.#error += 2 ** height
    for (let i = level.takesSecond ? 1 : 0; i < this.#levelSize; i += 2) this.#push(height + 1, level.values[i] as number)
    level.takesSecond = !level.takesSecond
  }
}
