/** Count, least, greatest, mean and spread of a stream of numbers, exact but for rounding, in constant memory (Welford). */

/** Collects numbers. */
export interface Moments {
  add(value: number): void
  readonly count: number
  /** Null when there are no numbers. */
  readonly min: number | null
  readonly max: number | null
  readonly mean: number | null
  /** Of the sample (n − 1), as pandas'; null below two numbers. */
  readonly stddev: number | null
}

/** Moments of nothing. */
export function createMoments(): Moments {
  let count = 0
  let mean = 0
  let squares = 0
  let min = Infinity
  let max = -Infinity
  return {
    add(value): void {
      count += 1
      const step = value - mean
      mean += step / count
      squares += step * (value - mean)
      if (value < min) min = value
      if (value > max) max = value
    },
    get count() {
      return count
    },
    get min() {
      return count === 0 ? null : min
    },
    get max() {
      return count === 0 ? null : max
    },
    get mean() {
      return count === 0 ? null : mean
    },
    get stddev() {
      return count < 2 ? null : Math.sqrt(squares / (count - 1))
    },
  }
}
