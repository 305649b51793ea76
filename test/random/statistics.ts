/** Goodness of fit for tests with fixed seeds. Results are standard scores: beyond 4 means a chance of about 1 in 30,000. */

/** Standard score of Pearson's chi-square by Wilson and Hilferty; bins with little expectation are merged into their neighbours. */
export function chiSquareScore(observed: readonly number[], expected: readonly number[]): number {
  let statistic = 0
  let bins = 0
  let seen = 0
  let wanted = 0
  for (const [index, value] of observed.entries()) {
    seen += value
    wanted += expected[index]!
    const rest = expected.slice(index + 1).reduce((sum, one) => sum + one, 0)
    if (wanted < 10 || (rest > 0 && rest < 10)) continue
    statistic += (seen - wanted) ** 2 / wanted
    bins++
    seen = 0
    wanted = 0
  }
  const freedom = bins - 1
  const variance = 2 / (9 * freedom)
  return (Math.cbrt(statistic / freedom) - (1 - variance)) / Math.sqrt(variance)
}

/** Kolmogorov and Smirnov's greatest distance, times √n: above 1.95 has a chance of 1 in 1,000. */
export function kolmogorovSmirnov(sample: readonly number[], distribution: (x: number) => number): number {
  const sorted = sample.toSorted((left, right) => left - right)
  let distance = 0
  for (const [index, x] of sorted.entries()) {
    const probability = distribution(x)
    distance = Math.max(distance, probability - index / sorted.length, (index + 1) / sorted.length - probability)
  }
  return distance * Math.sqrt(sorted.length)
}

/** Mean and variance. */
export function moments(sample: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length
  return { mean, variance: sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (sample.length - 1) }
}

/** Correlation of two equally long samples; under independence its standard deviation is 1/√n. */
export function correlation(left: readonly number[], right: readonly number[]): number {
  const a = moments(left)
  const b = moments(right)
  const covariance = left.reduce((sum, x, index) => sum + (x - a.mean) * (right[index]! - b.mean), 0) / (left.length - 1)
  return covariance / Math.sqrt(a.variance * b.variance)
}

/** Standard normal distribution function (Abramowitz and Stegun 7.1.26, error below 2e-7). */
export function normalDistribution(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2)
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const upper = 1 - 0.5 * series * Math.exp((-x * x) / 2)
  return x >= 0 ? upper : 1 - upper
}
