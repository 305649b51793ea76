/**
 * The distributions of scipy.stats that the samplers `scipy` and `bernoulli_mixture` know, with scipy's own parameter names: which
 * parameters they take, what these may be, and which values can come of them. How they are drawn stands in src/columns/sampler/scipy.ts.
 */

/** What one parameter may be. */
interface Rule {
  readonly text: string
  isMet(value: number): boolean
}

interface Distribution {
  /** Shape parameters in scipy's order; all are required. `loc` (0) and, of continuous ones, `scale` (1) come on top. */
  readonly shapes: Readonly<Record<string, Rule>>
  /** Integers only; then there is no `scale`. */
  readonly isDiscrete?: true
  /** Every single value has probability 0, in doubles too: small shapes make others end up at their bounds. */
  readonly isAtomless?: true
  /** What is wrong between the shapes, or null. */
  readonly check?: (shapes: Params) => string | null
  /** Lowest and highest value before `loc` and `scale`. */
  readonly support: (shapes: Params) => readonly [number, number]
}

/** Parameters of a distribution by name. */
export type Params = Readonly<Record<string, number>>

const above0: Rule = { text: 'a number above 0', isMet: (value) => value > 0 }
const from0: Rule = { text: 'a number of at least 0', isMet: (value) => value >= 0 }
const any: Rule = { text: 'a number', isMet: () => true }
const share: Rule = { text: 'a number from 0 to 1', isMet: (value) => value >= 0 && value <= 1 }
const shareAbove0: Rule = { text: 'a number above 0, at most 1', isMet: (value) => value > 0 && value <= 1 }
const whole: Rule = { text: 'a whole number between -2^53 and 2^53', isMet: Number.isSafeInteger }
const wholeFrom0: Rule = { text: 'a whole number of at least 0, below 2^53', isMet: (value) => Number.isSafeInteger(value) && value >= 0 }
const poissonMean: Rule = { text: 'a number from 0 to 2^52', isMet: (value) => value >= 0 && value <= 0x10000000000000 }

const real = (): readonly [number, number] => [-Infinity, Infinity]
const positive = (): readonly [number, number] => [0, Infinity]
const negative = (): readonly [number, number] => [-Infinity, 0]
const unit = (): readonly [number, number] => [0, 1]
const from1 = (): readonly [number, number] => [1, Infinity]
const between = (low: string, high: string) => (shapes: Params) => [shapes[low]!, shapes[high]!] as const
const ordered = (low: string, high: string) => (shapes: Params) =>
  shapes[low]! < shapes[high]! ? null : `expected ${low} < ${high}, found ${shapes[low]} and ${shapes[high]}`
const logUniform: Distribution = {
  shapes: { a: above0, b: above0 },
  isAtomless: true,
  check: ordered('a', 'b'),
  support: between('a', 'b'),
}

const DISTRIBUTIONS = {
  bernoulli: { shapes: { p: share }, isDiscrete: true, support: ({ p }) => [p === 1 ? 1 : 0, p === 0 ? 0 : 1] },
  beta: { shapes: { a: above0, b: above0 }, support: unit },
  betabinom: { shapes: { n: wholeFrom0, a: above0, b: above0 }, isDiscrete: true, support: ({ n }) => [0, n!] },
  binom: { shapes: { n: wholeFrom0, p: share }, isDiscrete: true, support: ({ n, p }) => [p === 1 ? n! : 0, p === 0 ? 0 : n!] },
  cauchy: { shapes: {}, isAtomless: true, support: real },
  chi2: { shapes: { df: above0 }, support: positive },
  erlang: { shapes: { a: above0 }, support: positive },
  expon: { shapes: {}, isAtomless: true, support: positive },
  exponnorm: { shapes: { K: above0 }, isAtomless: true, support: real },
  f: { shapes: { dfn: above0, dfd: above0 }, support: positive },
  gamma: { shapes: { a: above0 }, support: positive },
  geom: { shapes: { p: shareAbove0 }, isDiscrete: true, support: ({ p }) => [1, p === 1 ? 1 : Infinity] },
  gumbel_l: { shapes: {}, isAtomless: true, support: real },
  gumbel_r: { shapes: {}, isAtomless: true, support: real },
  halfnorm: { shapes: {}, isAtomless: true, support: positive },
  invgamma: { shapes: { a: above0 }, support: positive },
  laplace: { shapes: {}, isAtomless: true, support: real },
  logistic: { shapes: {}, isAtomless: true, support: real },
  lognorm: { shapes: { s: above0 }, support: positive },
  loguniform: logUniform,
  lomax: { shapes: { c: above0 }, support: positive },
  nbinom: { shapes: { n: above0, p: shareAbove0 }, isDiscrete: true, support: ({ p }) => [0, p === 1 ? 0 : Infinity] },
  norm: { shapes: {}, isAtomless: true, support: real },
  pareto: { shapes: { b: above0 }, support: from1 },
  poisson: { shapes: { mu: poissonMean }, isDiscrete: true, support: ({ mu }) => [0, mu === 0 ? 0 : Infinity] },
  powerlaw: { shapes: { a: above0 }, support: unit },
  randint: {
    shapes: { low: whole, high: whole },
    isDiscrete: true,
    check: ordered('low', 'high'),
    support: ({ low, high }) => [low!, high! - 1],
  },
  rayleigh: { shapes: {}, isAtomless: true, support: positive },
  reciprocal: logUniform,
  skewnorm: { shapes: { a: any }, isAtomless: true, support: real },
  t: { shapes: { df: above0 }, support: real },
  triang: { shapes: { c: share }, isAtomless: true, support: unit },
  truncnorm: { shapes: { a: any, b: any }, isAtomless: true, check: ordered('a', 'b'), support: between('a', 'b') },
  uniform: { shapes: {}, isAtomless: true, support: unit },
  weibull_max: { shapes: { c: above0 }, support: negative },
  weibull_min: { shapes: { c: above0 }, support: positive },
} as const satisfies Readonly<Record<string, Distribution>>

/** Name of a distribution, as in scipy.stats. */
export type ScipyName = keyof typeof DISTRIBUTIONS

/** All names, sorted. */
export const SCIPY_NAMES = Object.keys(DISTRIBUTIONS) as readonly ScipyName[]

const distributionOf = (name: ScipyName): Distribution => DISTRIBUTIONS[name]

/** True for distributions over the integers, whose cells are int64. */
export function isDiscreteScipy(name: ScipyName): boolean {
  return distributionOf(name).isDiscrete === true
}

/** Names of the parameters of a distribution, shapes first. */
export function scipyParamNames(name: ScipyName): readonly string[] {
  return [...Object.keys(distributionOf(name).shapes), 'loc', ...(isDiscreteScipy(name) ? [] : ['scale'])]
}

/** The parameters with `loc` and `scale` where they were left out. */
export function completeScipyParams(name: ScipyName, params: Params): Params {
  return isDiscreteScipy(name) ? { loc: 0, ...params } : { loc: 0, scale: 1, ...params }
}

/** Mistakes in the parameters: the parameter (null when it is about several), and expected and found. Unknown names are not looked for. */
export function scipyProblems(name: ScipyName, params: Params): readonly { readonly param: string | null; readonly message: string }[] {
  const { shapes, check } = distributionOf(name)
  const rules: Readonly<Record<string, Rule>> = { ...shapes, ...(isDiscreteScipy(name) ? {} : { scale: from0 }) }
  const found = Object.entries(rules).flatMap(([param, rule]) => {
    const value = params[param]
    if (value === undefined) {
      if (param === 'scale') return []
      return [{ param, message: `expected ${rule.text}, which ${name} needs, found nothing` }]
    }
    return rule.isMet(value) ? [] : [{ param, message: `expected ${rule.text}, found ${value}` }]
  })
  if (found.length > 0) return found
  const message = check?.(params) ?? null
  return message === null ? [] : [{ param: null, message }]
}

/** Values that can come of a distribution whose parameters are right: a superset, bounds included. */
export interface ScipyRange {
  readonly low: number
  readonly high: number
  readonly isInteger: boolean
  /** Every single value has probability 0. */
  readonly isAtomless: boolean
}

/** The range of a distribution. */
export function scipyRange(name: ScipyName, given: Params): ScipyRange {
  const { isAtomless, support } = distributionOf(name)
  const params = completeScipyParams(name, given)
  const { loc, scale = 1 } = params as { readonly loc: number; readonly scale?: number }
  const [low, high] = support(params)
  if (isDiscreteScipy(name)) return { low: Math.trunc(low + loc), high: Math.trunc(high + loc), isInteger: true, isAtomless: false }
  if (scale === 0) return { low: loc, high: loc, isInteger: false, isAtomless: false }
  return { low: loc + scale * low, high: loc + scale * high, isInteger: false, isAtomless: isAtomless === true }
}
