/**
 * Logarithms of Poisson and binomial probabilities after Loader ("Fast and Accurate Computation of Binomial Probabilities", 2000):
 * deviances instead of differences of huge factorials, so that they are exact to a few bits for any size of n or mean.
 */
import { log, log1p } from './math.ts'

const LOG_TWO_PI = 1.8378770664093453

/** log P(X = k) of a Poisson variable; mean > 0, k a non-negative integer. */
export function logPoisson(k: number, mean: number): number {
  if (k === 0) return -mean
  return -stirlingError(k) - deviance(k, mean) - 0.5 * (LOG_TWO_PI + log(k))
}

/** log P(X = k) of a binomial variable; 0 < p < 1, 0 ≤ k ≤ n. */
export function logBinomial(k: number, n: number, p: number): number {
  if (k === 0) return n * log1p(-p)
  if (k === n) return n * log(p)
  const correction = stirlingError(n) - stirlingError(k) - stirlingError(n - k) - deviance(k, n * p) - deviance(n - k, n * (1 - p))
  return correction - 0.5 * (LOG_TWO_PI + log(k) + log((n - k) / n))
}

/** log n! − log(√(2πn)·(n/e)^n): exact below 16, by its series above. */
function stirlingError(n: number): number {
  if (n < STIRLING_EXACT.length) return STIRLING_EXACT[n]!
  const square = n * n
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n
}

const STIRLING_EXACT: readonly number[] = Array.from({ length: 16 }, (_, n) => {
  let factorial = 1
  for (let factor = 2; factor <= n; factor++) factorial *= factor
  return n === 0 ? 0 : log(factorial) - (n + 0.5) * log(n) + n - LOG_TWO_PI / 2
})

/** x·log(x/m) + m − x, without cancellation where x is near m. */
function deviance(x: number, m: number): number {
  if (Math.abs(x - m) >= 0.1 * (x + m)) return x * log(x / m) + m - x
  const v = (x - m) / (x + m)
  const square = v * v
  let sum = (x - m) * v
  let term = 2 * x * v
  for (let odd = 3; ; odd += 2) {
    term *= square
    const next = sum + term / odd
    if (next === sum) return sum
    sum = next
  }
}
