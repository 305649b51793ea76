/**
 * Poisson and binomial counts, exact for small and for large parameters: inversion where the mean is below 10, Hörmann's
 * transformed rejection with squeeze (PTRS, BTRS; 1993) above. Both take a bounded expected number of draws.
 */
import { exp, log, log1p } from './math.ts'
import { logBinomial, logPoisson } from './probability.ts'
import type { RowStream } from './random.ts'

/** Means from which transformed rejection is valid, and cheaper than inversion. */
const REJECTION_FROM_MEAN = 10

/** A function that draws one count from a stream. */
export type CountDraw = (stream: RowStream) => number

/** Poisson counts. `mean` ≥ 0 and at most 2^52, where neighbouring integers can still be told apart. */
export function createPoisson(mean: number): CountDraw {
  return mean < REJECTION_FROM_MEAN ? invertPoisson(mean) : rejectPoisson(mean)
}

/** Binomial counts: successes in `n` trials (an integer from 0 to 2^53 − 1) with probability `p` in [0, 1]. */
export function createBinomial(n: number, p: number): CountDraw {
  if (p > 0.5) {
    const failures = createBinomial(n, 1 - p)
    return (stream) => n - failures(stream)
  }
  return n * p < REJECTION_FROM_MEAN ? invertBinomial(n, p) : rejectBinomial(n, p)
}

function invertPoisson(mean: number): CountDraw {
  const first = exp(-mean)
  return (stream) => {
    let rest = stream.next()
    let probability = first
    let count = 0
    while (rest >= probability && probability > 0) {
      rest -= probability
      count++
      probability *= mean / count
    }
    return count
  }
}

function invertBinomial(n: number, p: number): CountDraw {
  const first = exp(n * log1p(-p))
  const odds = p / (1 - p)
  return (stream) => {
    let rest = stream.next()
    let probability = first
    let count = 0
    while (rest >= probability && count < n && probability > 0) {
      rest -= probability
      probability *= (odds * (n - count)) / (count + 1)
      count++
    }
    return count
  }
}

function rejectPoisson(mean: number): CountDraw {
  const b = 0.931 + 2.53 * Math.sqrt(mean)
  const a = -0.059 + 0.02483 * b
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
  const squeeze = 0.9277 - 3.6224 / (b - 2)
  return (stream) => {
    for (;;) {
      const u = stream.next() - 0.5
      const v = stream.next()
      const distance = 0.5 - Math.abs(u)
      const count = Math.floor(((2 * a) / distance + b) * u + mean + 0.43)
      if (distance >= 0.07 && v <= squeeze) return count
      if (count < 0 || (distance < 0.013 && v > distance)) continue
      if (log((v * inverseAlpha) / (a / (distance * distance) + b)) <= logPoisson(count, mean)) return count
    }
  }
}

function rejectBinomial(n: number, p: number): CountDraw {
  const spread = Math.sqrt(n * p * (1 - p))
  const b = 1.15 + 2.53 * spread
  const a = -0.0873 + 0.0248 * b + 0.01 * p
  const centre = n * p + 0.5
  const squeeze = 0.92 - 4.2 / b
  const alpha = (2.83 + 5.1 / b) * spread
  const mode = logBinomial(Math.floor((n + 1) * p), n, p)
  return (stream) => {
    for (;;) {
      const u = stream.next() - 0.5
      const v = stream.next()
      const distance = 0.5 - Math.abs(u)
      const count = Math.floor(((2 * a) / distance + b) * u + centre)
      if (count < 0 || count > n) continue
      if (distance >= 0.07 && v <= squeeze) return count
      if (log((v * alpha) / (a / (distance * distance) + b)) <= logBinomial(count, n, p) - mode) return count
    }
  }
}
