/**
 * The distributions of scipy.stats as draws from a row's own stream: by inversion where there is a closed form, else by exact
 * methods of rejection. Parameters are scipy's and have been checked (src/plan/scipy.ts).
 */
import { completeScipyParams, isDiscreteScipy } from '../../plan/scipy.ts'
import type { Params, ScipyName } from '../../plan/scipy.ts'
import { createBinomial, createPoisson } from '../../random/counts.ts'
import { createGamma, createLogGamma } from '../../random/gamma.ts'
import { exp, log, log1p } from '../../random/math.ts'
import { drawNormal } from '../../random/normal.ts'
import type { RowStream } from '../../random/random.ts'
import { createTruncatedNormal } from '../../random/truncated-normal.ts'

type NumberDraw = (stream: RowStream) => number

/** The draw of a distribution, `loc` and `scale` applied: integers for discrete ones, cut off towards 0 where `loc` is none, as scipy does. */
export function createScipyDraw(name: ScipyName, given: Params): NumberDraw {
  const params = completeScipyParams(name, given)
  const { loc, scale = 1 } = params as { readonly loc: number; readonly scale?: number }
  const draw = DRAWS[name](params)
  if (isDiscreteScipy(name)) return (stream) => clampInt64(Math.trunc(draw(stream) + loc))
  if (scale === 0) return () => loc
  return (stream) => loc + scale * draw(stream)
}

/** 0 with probability 1 − p, else a value of the distribution. */
export function createMixtureDraw(p: number, name: ScipyName, params: Params): NumberDraw {
  const draw = createScipyDraw(name, params)
  return (stream) => (stream.next() < p ? draw(stream) : 0)
}

/** Largest double below 2^63; a count beyond it could not be stored. */
const MAX_INT64 = 2 ** 63 - 1024

function clampInt64(x: number): number {
  return Math.min(Math.max(x, -MAX_INT64), MAX_INT64) + 0
}

/** A draw in (0, 1): half the smallest draw stands for 0. */
function inside(stream: RowStream): number {
  return stream.next() || 2 ** -54
}

/** A draw of the exponential distribution, ≥ 0. */
function exponential(stream: RowStream): number {
  return -log(1 - stream.next())
}

/** x^y for x ≥ 0. */
function power(x: number, y: number): number {
  return exp(y * log(x))
}

/** Shape name → its value; every shape is there, for the parameters have been checked. */
const DRAWS: Readonly<Record<ScipyName, (shapes: Params) => NumberDraw>> = {
  bernoulli:
    ({ p }) =>
    (stream) =>
      stream.next() < p! ? 1 : 0,
  beta: ({ a, b }) => createBeta(a!, b!),
  betabinom: ({ n, a, b }) => {
    const share = createBeta(a!, b!)
    return (stream) => createBinomial(n!, share(stream))(stream)
  },
  binom: ({ n, p }) => createBinomial(n!, p!),
  // the ratio of two normal values, for there is no tangent here
  cauchy: () => (stream) => drawNormal(stream) / drawNormal(stream),
  chi2: ({ df }) => createChi2(df!),
  erlang: ({ a }) => createGamma(a!),
  expon: () => exponential,
  exponnorm:
    ({ K: k }) =>
    (stream) =>
      drawNormal(stream) + k! * exponential(stream),
  f: ({ dfn, dfd }) => {
    const above = createChi2(dfn!)
    const below = createChi2(dfd!)
    return (stream) => above(stream) / dfn! / (below(stream) / dfd!)
  },
  gamma: ({ a }) => createGamma(a!),
  geom: ({ p }) => createGeometric(p!),
  gumbel_l: () => (stream) => log(-log(inside(stream))),
  gumbel_r: () => (stream) => -log(-log(inside(stream))),
  halfnorm: () => (stream) => Math.abs(drawNormal(stream)),
  invgamma: ({ a }) => {
    const draw = createLogGamma(a!)
    return (stream) => exp(-draw(stream))
  },
  laplace: () => (stream) => {
    const u = inside(stream)
    return u < 0.5 ? log(2 * u) : -log(2 * (1 - u))
  },
  logistic: () => (stream) => {
    const u = inside(stream)
    return log(u / (1 - u))
  },
  lognorm:
    ({ s }) =>
    (stream) =>
      exp(s! * drawNormal(stream)),
  loguniform: ({ a, b }) => createLogUniform(a!, b!),
  lomax:
    ({ c }) =>
    (stream) =>
      exp(exponential(stream) / c!) - 1,
  nbinom: ({ n, p }) => createNegativeBinomial(n!, p!),
  norm: () => drawNormal,
  pareto:
    ({ b }) =>
    (stream) =>
      exp(exponential(stream) / b!),
  poisson: ({ mu }) => createPoisson(mu!),
  powerlaw:
    ({ a }) =>
    (stream) =>
      exp(-exponential(stream) / a!),
  randint:
    ({ low, high }) =>
    (stream) =>
      low! + Math.floor(stream.next() * (high! - low!)),
  rayleigh: () => (stream) => Math.sqrt(2 * exponential(stream)),
  reciprocal: ({ a, b }) => createLogUniform(a!, b!),
  skewnorm: ({ a }) => {
    const delta = a! / Math.sqrt(1 + a! * a!)
    const rest = Math.sqrt(1 - delta * delta)
    return (stream) => delta * Math.abs(drawNormal(stream)) + rest * drawNormal(stream)
  },
  t: ({ df }) => {
    const chi2 = createChi2(df!)
    return (stream) => drawNormal(stream) / Math.sqrt(chi2(stream) / df!)
  },
  triang: ({ c }) => createTriangular(c!),
  truncnorm: ({ a, b }) => createTruncatedNormal(a!, b!),
  uniform: () => (stream) => stream.next(),
  weibull_max:
    ({ c }) =>
    (stream) =>
      -power(exponential(stream), 1 / c!),
  weibull_min:
    ({ c }) =>
    (stream) =>
      power(exponential(stream), 1 / c!),
}

function createChi2(df: number): NumberDraw {
  const gamma = createGamma(df / 2)
  return (stream) => 2 * gamma(stream)
}

/** From two gamma values, compared as logarithms where small shapes would make both of them 0. */
function createBeta(a: number, b: number): NumberDraw {
  if (a >= 1 && b >= 1) {
    const left = createGamma(a)
    const right = createGamma(b)
    return (stream) => {
      const x = left(stream)
      return x / (x + right(stream))
    }
  }
  const left = createLogGamma(a)
  const right = createLogGamma(b)
  return (stream) => {
    const x = left(stream)
    return 1 / (1 + exp(right(stream) - x))
  }
}

/** Trials up to the first success: 1, 2, … */
function createGeometric(p: number): NumberDraw {
  if (p === 1) return () => 1
  const rate = -log1p(-p)
  return (stream) => Math.floor(exponential(stream) / rate) + 1
}

function createNegativeBinomial(n: number, p: number): NumberDraw {
  if (p === 1) return () => 0
  const gamma = createGamma(n)
  const odds = (1 - p) / p
  return (stream) => createPoisson(Math.min(gamma(stream) * odds, 2 ** 52))(stream)
}

function createLogUniform(a: number, b: number): NumberDraw {
  const low = log(a)
  const span = log(b) - low
  return (stream) => Math.min(Math.max(exp(low + span * stream.next()), a), b)
}

function createTriangular(c: number): NumberDraw {
  return (stream) => {
    const u = stream.next()
    return u < c ? Math.sqrt(c * u) : 1 - Math.sqrt((1 - c) * (1 - u))
  }
}
