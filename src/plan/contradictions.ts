/**
 * Constraints that no row can satisfy, found from the parameters alone (ruling 11), so that they are config errors and not a
 * run that stops at its first row. What is reported is certain; what is not reported may still be rare.
 */
import type { Constraint, SamplerColumn, SamplerParams } from '../config/compiled.ts'
import type { Problem } from '../errors.ts'
import { scipyRange } from './scipy.ts'
import type { ScipyName } from './scipy.ts'

/** Problems under `constraints[i]`, at most one for each constraint. Columns that are not in `samplers` are passed over. */
export function findContradictions(samplers: readonly SamplerColumn[], constraints: readonly Constraint[]): Problem[] {
  const byName = new Map(samplers.map((column) => [column.name, column]))
  const domains = new Map(samplers.map((column) => [column.name, domainOf(column, byName, new Set())]))
  const found = new Map<number, string>()
  const open = [...constraints.entries()].filter(([index, constraint]) => {
    const message = findMismatch(constraint, domains)
    if (message !== null && message !== '') found.set(index, message)
    return message === null
  })
  for (const [index, message] of findCircles(samplers, open, domains)) found.set(index, message)
  narrowAll(
    open.filter(([index]) => !found.has(index)),
    domains,
    found,
  )
  return [...found]
    .toSorted(([left], [right]) => left - right)
    .map(([index, message]) => ({ path: `constraints[${index}]`, message, level: 'error' }))
}

/** All values a column may take, or a superset of them. `values` is set when they can be listed. */
interface Domain {
  readonly kind: 'number' | 'datetime' | null
  readonly low: number
  readonly high: number
  readonly isLowOpen: boolean
  readonly isHighOpen: boolean
  readonly isInteger: boolean
  /** A single point of it is drawn with probability 0. */
  readonly isContinuous: boolean
  readonly values: readonly number[] | null
}

const ANYTHING: Domain = {
  kind: 'number',
  low: -Infinity,
  high: Infinity,
  isLowOpen: true,
  isHighOpen: true,
  isInteger: false,
  isContinuous: false,
  values: null,
}

function domainOf(column: SamplerColumn, byName: ReadonlyMap<string, SamplerColumn>, seen: ReadonlySet<string>): Domain {
  const all = [column.params, ...Object.values(column.conditional_params)]
  return all.map((params) => domainOfParams(column, params, byName, new Set([...seen, column.name]))).reduce(uniteDomains)
}

function domainOfParams(
  column: SamplerColumn,
  params: SamplerParams,
  byName: ReadonlyMap<string, SamplerColumn>,
  seen: ReadonlySet<string>,
): Domain {
  switch (params.sampler_type) {
    case 'uuid':
    case 'person':
    case 'person_from_faker':
      return { ...ANYTHING, kind: null }
    case 'category':
      return domainOfValues(
        column,
        params.values.filter((_, index) => params.weights === null || params.weights[index] !== 0),
      )
    case 'subcategory':
      return domainOfValues(column, Object.values(params.values).flat())
    case 'uniform':
      return roundDomain({ ...ANYTHING, low: params.low, high: params.high, isLowOpen: false, isContinuous: true }, column, params)
    case 'gaussian':
      if (params.stddev === 0) return roundDomain({ ...ANYTHING, low: params.mean, high: params.mean }, column, params)
      return roundDomain({ ...ANYTHING, isContinuous: true }, column, params)
    case 'bernoulli':
      return listed(params.p === 0 ? [0] : params.p === 1 ? [1] : [0, 1])
    case 'binomial':
      return integers('number', params.p === 1 ? params.n : 0, params.p === 0 ? 0 : params.n)
    case 'poisson':
      return integers('number', 0, params.mean === 0 ? 0 : Infinity)
    case 'scipy':
      return domainOfScipy(column, params)
    case 'bernoulli_mixture': {
      const parts = [...(params.p < 1 ? [listed([0])] : []), ...(params.p > 0 ? [domainOfScipy(column, params)] : [])]
      return parts.reduce(uniteDomains)
    }
    case 'datetime': {
      const start = isoSeconds(params.start)
      const end = isoSeconds(params.end)
      if (start === null || end === null) return integers('datetime', -Infinity, Infinity)
      return integers('datetime', start - LONGEST_UNIT_SECONDS[params.unit] + 1, end - 1)
    }
    case 'timedelta': {
      const reference = byName.get(params.reference_column_name)
      const length = LONGEST_UNIT_SECONDS[params.unit]
      if (reference === undefined || seen.has(reference.name)) return integers('datetime', -Infinity, Infinity)
      const from = domainOf(reference, byName, seen)
      return integers('datetime', from.low + params.dt_min * length, from.high + (params.dt_max - 1) * length)
    }
  }
}

/** Not called with parameters that are wrong: the config reports those, and looks for contradictions only without them. */
function domainOfScipy(column: SamplerColumn, params: ScipyParams): Domain {
  const { low, high, isInteger, isAtomless } = scipyRange(params.dist_name, params.dist_params)
  const places = params.decimal_places ?? null
  if (isInteger && (places === null || places >= 0)) return integers('number', low, high)
  const closed = { isLowOpen: low === -Infinity, isHighOpen: high === Infinity }
  return roundDomain({ ...ANYTHING, ...closed, low, high, isContinuous: isAtomless }, column, { decimal_places: places })
}

interface ScipyParams {
  readonly dist_name: ScipyName
  readonly dist_params: Readonly<Record<string, number>>
  readonly decimal_places?: number | null
}

const LONGEST_UNIT_SECONDS = { Y: 366 * 86_400, M: 31 * 86_400, D: 86_400, h: 3_600, m: 60, s: 1 } as const

function domainOfValues(column: SamplerColumn, values: readonly (string | number)[]): Domain {
  const isConverted = column.convert_to === 'int' || column.convert_to === 'float'
  const numbers = values.map((value) => (isConverted ? Number(value) : value))
  if (!numbers.every((value) => typeof value === 'number')) return { ...ANYTHING, kind: null }
  return column.convert_to === 'int' ? listed([...numbers, ...numbers.map(Math.floor), ...numbers.map(Math.ceil)]) : listed(numbers)
}

/** `decimal_places` and `convert_to: int` move a bound by up to half a step, and leave no continuum. */
function roundDomain(domain: Domain, column: SamplerColumn, params: { readonly decimal_places: number | null }): Domain {
  const places = params.decimal_places
  if (places === null && column.convert_to !== 'int')
    return domain.low === domain.high ? { ...domain, ...CLOSED, isContinuous: false } : domain
  const margin = Math.max(places === null ? 0 : Number(`5e${-places - 1}`), column.convert_to === 'int' ? 0.5 : 0) * (1 + 1e-9)
  return {
    ...domain,
    ...CLOSED,
    low: domain.low - margin,
    high: domain.high + margin,
    isInteger: column.convert_to === 'int',
    isContinuous: false,
  }
}

const CLOSED = { isLowOpen: false, isHighOpen: false } as const

function listed(values: readonly number[]): Domain {
  return { ...ANYTHING, ...CLOSED, ...rangeOf(values), values }
}

function integers(kind: 'number' | 'datetime', low: number, high: number): Domain {
  return { ...ANYTHING, ...CLOSED, kind, low, high, isInteger: true }
}

function uniteDomains(left: Domain, right: Domain): Domain {
  const low = Math.min(left.low, right.low)
  const high = Math.max(left.high, right.high)
  return {
    kind: left.kind === right.kind ? left.kind : null,
    low,
    high,
    isLowOpen: (left.low > low || left.isLowOpen) && (right.low > low || right.isLowOpen),
    isHighOpen: (left.high < high || left.isHighOpen) && (right.high < high || right.isHighOpen),
    isInteger: left.isInteger && right.isInteger,
    isContinuous: left.isContinuous && right.isContinuous,
    values: left.values === null || right.values === null ? null : [...left.values, ...right.values],
  }
}

/** Null when the two sides can be compared, '' when a column is not known, else what is wrong. */
function findMismatch(constraint: Constraint, domains: ReadonlyMap<string, Domain>): string | null {
  const target = domains.get(constraint.target_column)
  const isScalar = constraint.constraint_type === 'scalar_inequality'
  const rhs = isScalar ? 'number' : domains.get(constraint.rhs)?.kind
  if (target === undefined || rhs === undefined) return ''
  if (target.kind !== null && target.kind === rhs) return null
  const name = (kind: Domain['kind']): string =>
    kind === null ? 'neither numbers nor date-times' : kind === 'number' ? 'numbers' : 'date-times'
  const right = isScalar ? 'a number' : `"${constraint.rhs}" (${name(rhs)})`
  return `Expected two numbers or two date-times to compare; found "${constraint.target_column}" (${name(target.kind)}) and ${right}.`
}

/** `from` ≤ `to` in every row; `constraint` is null for what holds by construction. */
interface Edge {
  readonly from: string
  readonly to: string
  readonly isStrict: boolean
  readonly constraint: number | null
}

/** Circles of inequalities: a < b ≤ c < a, or equality demanded of a value from a continuum. */
function findCircles(
  samplers: readonly SamplerColumn[],
  constraints: readonly (readonly [number, Constraint])[],
  domains: ReadonlyMap<string, Domain>,
): ReadonlyMap<number, string> {
  const all = [...samplers.flatMap(edgeOfTimedelta), ...constraints.flatMap(([index, constraint]) => edgeOfConstraint(index, constraint))]
  const edges = all.filter((edge) => domains.has(edge.from) && domains.has(edge.to))
  const found = new Map<number, string>()
  for (const edge of edges) {
    const hasNoEqual = domains.get(edge.from)!.isContinuous || domains.get(edge.to)!.isContinuous
    if (!edge.isStrict && (!hasNoEqual || edge.from === edge.to)) continue
    const back = findPath(edge.to, edge.from, edges)
    if (back === null) continue
    const circle = [edge, ...back]
    const last = Math.max(...circle.map((part) => part.constraint ?? -1))
    if (last < 0 || found.has(last)) continue
    const chain = circle.map((part) => `${part.from} ${part.isStrict ? '<' : '<='} `).join('') + edge.from
    found.set(last, `Expected constraints that some row satisfies; found ${chain}, which holds for no values. Remove one of them.`)
  }
  return found
}

function edgeOfConstraint(index: number, constraint: Constraint): readonly Edge[] {
  if (constraint.constraint_type === 'scalar_inequality') return []
  const { target_column: target, rhs, operator } = constraint
  const isStrict = operator === 'lt' || operator === 'gt'
  const isBelow = operator === 'lt' || operator === 'le'
  return [{ from: isBelow ? target : rhs, to: isBelow ? rhs : target, isStrict, constraint: index }]
}

/** A time difference is never negative, so a timedelta column is never before its reference. */
function edgeOfTimedelta(column: SamplerColumn): readonly Edge[] {
  const all = [column.params, ...Object.values(column.conditional_params)].filter((params) => params.sampler_type === 'timedelta')
  const from = all[0]?.reference_column_name
  if (from === undefined || !all.every((params) => params.reference_column_name === from && params.dt_min >= 0)) return []
  return [{ from, to: column.name, isStrict: all.every((params) => params.dt_min > 0), constraint: null }]
}

function findPath(from: string, to: string, edges: readonly Edge[]): readonly Edge[] | null {
  const reached = new Map<string, readonly Edge[]>([[from, []]])
  for (const [name, path] of reached) {
    if (name === to) return path
    for (const edge of edges) if (edge.from === name && !reached.has(edge.to)) reached.set(edge.to, [...path, edge])
  }
  return null
}

/** Narrows every column by every constraint until nothing changes; a column without values left is a contradiction. */
function narrowAll(
  constraints: readonly (readonly [number, Constraint])[],
  domains: Map<string, Domain>,
  found: Map<number, string>,
): void {
  const spoilt = new Set<string>()
  for (let round = 0; round <= constraints.length; round++) {
    for (const [index, constraint] of constraints) {
      const names =
        constraint.constraint_type === 'scalar_inequality' ? [constraint.target_column] : [constraint.target_column, constraint.rhs]
      if (names.some((name) => spoilt.has(name))) continue
      const before = names.map((name) => domains.get(name)!)
      const after = narrow(constraint, before)
      if (after.some(isEmpty)) {
        for (const name of names) spoilt.add(name)
        found.set(index, describeEmpty(constraint, names, before))
      } else {
        for (const [place, name] of names.entries()) domains.set(name, after[place]!)
      }
    }
  }
}

function narrow(constraint: Constraint, domains: readonly Domain[]): readonly Domain[] {
  const isBelow = constraint.operator === 'lt' || constraint.operator === 'le'
  const isStrict = constraint.operator === 'lt' || constraint.operator === 'gt'
  const target = domains[0]!
  if (constraint.constraint_type === 'scalar_inequality') {
    return [isBelow ? keepBelow(target, constraint.rhs, isStrict) : keepAbove(target, constraint.rhs, isStrict)]
  }
  const rhs = domains[1]!
  return isBelow
    ? [keepBelow(target, rhs.high, isStrict || rhs.isHighOpen), keepAbove(rhs, target.low, isStrict || target.isLowOpen)]
    : [keepAbove(target, rhs.low, isStrict || rhs.isLowOpen), keepBelow(rhs, target.high, isStrict || target.isHighOpen)]
}

function keepBelow(domain: Domain, bound: number, isStrict: boolean): Domain {
  if (domain.values !== null) return relist(domain, (value) => (isStrict ? value < bound : value <= bound))
  if (bound > domain.high || (bound === domain.high && (!isStrict || domain.isHighOpen))) return domain
  if (!domain.isInteger) return { ...domain, high: bound, isHighOpen: isStrict }
  return { ...domain, high: isStrict ? Math.ceil(bound) - 1 : Math.floor(bound), isHighOpen: false }
}

function keepAbove(domain: Domain, bound: number, isStrict: boolean): Domain {
  if (domain.values !== null) return relist(domain, (value) => (isStrict ? value > bound : value >= bound))
  if (bound < domain.low || (bound === domain.low && (!isStrict || domain.isLowOpen))) return domain
  if (!domain.isInteger) return { ...domain, low: bound, isLowOpen: isStrict }
  return { ...domain, low: isStrict ? Math.floor(bound) + 1 : Math.ceil(bound), isLowOpen: false }
}

function relist(domain: Domain, keep: (value: number) => boolean): Domain {
  const values = domain.values!.filter(keep)
  return { ...domain, values, ...rangeOf(values) }
}

function rangeOf(values: readonly number[]): { readonly low: number; readonly high: number } {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return { low, high }
}

function isEmpty(domain: Domain): boolean {
  if (domain.low > domain.high) return true
  return domain.low === domain.high && (domain.isLowOpen || domain.isHighOpen || domain.isContinuous)
}

function describeEmpty(constraint: Constraint, names: readonly string[], domains: readonly Domain[]): string {
  const symbol = { lt: '<', le: '<=', gt: '>', ge: '>=' }[constraint.operator]
  const ranges = names.map((name, place) => `"${name}" can only be ${describeRange(domains[place]!)}`).join(' and ')
  return (
    `Expected a constraint that some row satisfies; found ${constraint.target_column} ${symbol} ${constraint.rhs}, while ${ranges} ` +
    '(other constraints included). Change the parameters or the constraint.'
  )
}

function describeRange(domain: Domain): string {
  const show = (value: number): string =>
    domain.kind === 'datetime' && Math.abs(value) < 8e12 ? new Date(value * 1000).toISOString().slice(0, 19) : String(value)
  if (domain.low === domain.high) return show(domain.low)
  return `from ${show(domain.low)} to ${show(domain.high)}`
}

/** Seconds since 1970 of an ISO 8601 date or date-time in UTC; null for other spellings, whose range is then left open. */
function isoSeconds(text: string): number | null {
  const match = /^\s*(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?Z?\s*$/.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0))
  return Math.floor(Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) / 1000)
}
