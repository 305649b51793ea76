/** From the params of one sampler to the function that draws from them. */
import type { SamplerColumn, SamplerParams } from '../../config/compiled.ts'
import { createBinomial, createPoisson } from '../../random/counts.ts'
import { drawNormal } from '../../random/normal.ts'
import { fieldsOfPeople } from '../../plan/people.ts'
import type { People } from '../../plan/people.ts'
import { scipyProblems } from '../../plan/scipy.ts'
import { createPermutation32 } from '../../random/permutation.ts'
import type { Random } from '../../random/random.ts'
import type { Value } from '../../values.ts'
import { SECONDS_PER_UNIT, truncateSeconds } from '../../plan/calendar.ts'
import { categoryValues, drawCategory, drawSubcategory, keysOfParentValue, kindOfValues, settleCategoryValue } from './category.ts'
import { drawInteger } from './draw.ts'
import type { Draw } from './draw.ts'
import type { ToAscii } from './email-address.ts'
import { drawManagedPerson } from './managed-person.ts'
import { createRounder } from './numbers.ts'
import { parseDate } from '../../plan/parse-date.ts'
import type { PeoplePool } from './people.ts'
import { drawPerson } from './person.ts'
import type { PersonSource } from './person.ts'
import { createMixtureDraw, createScipyDraw } from './scipy.ts'
import { drawUuid } from './uuid.ts'

/** People found in a managed file, and what their addresses are written with. */
export interface ManagedPeople {
  readonly pool: PeoplePool
  readonly toAscii: ToAscii
}

/** What a draw is compiled from, besides its params. */
export interface DrawContext {
  readonly columns: ReadonlyMap<string, { readonly column: SamplerColumn; readonly slot: number }>
  readonly random: Random
  /** Days since 1970-01-01. */
  readonly referenceDay: number
  readonly people: People
  /** Params of `person` columns → people of the managed file; params that are missing here are faker's, or have been reported. */
  readonly managed: ReadonlyMap<SamplerParams, ManagedPeople>
  /** Locale → people; a locale that is missing here has been reported. */
  readonly persons: ReadonlyMap<string, PersonSource>
  report(path: string, message: string): void
}

/** The draw of one params object; null after a problem has been reported. */
export function compileDraw(column: SamplerColumn, params: SamplerParams, path: string, context: DrawContext): Draw | null {
  const fail = (where: string, message: string): null => {
    context.report(`${path}${where}`, message)
    return null
  }
  switch (params.sampler_type) {
    case 'uuid':
      return drawUuid(params, createPermutation32(context.random.stream(column.name, 0, 0, 0, 'short-uuid')))
    case 'category':
      return compileCategory(column, params, fail)
    case 'subcategory':
      return compileSubcategory(column, params, context, fail)
    case 'uniform': {
      const { low, high } = params
      if (!(low <= high)) return fail('', `Expected low <= high; found ${low} and ${high}.`)
      return rounded((stream) => low + (high - low) * stream.next(), params.decimal_places)
    }
    case 'gaussian': {
      const { mean, stddev } = params
      if (!(stddev >= 0)) return fail('.stddev', `Expected a standard deviation >= 0; found ${stddev}.`)
      return rounded((stream) => mean + stddev * drawNormal(stream), params.decimal_places)
    }
    case 'bernoulli': {
      const { p } = params
      if (!(p >= 0 && p <= 1)) return fail('.p', `Expected a probability from 0 to 1; found ${p}.`)
      return (stream) => (stream.next() < p ? 1 : 0)
    }
    case 'binomial': {
      const { n, p } = params
      if (!(p >= 0 && p <= 1)) return fail('.p', `Expected a probability from 0 to 1; found ${p}.`)
      if (!(Number.isSafeInteger(n) && n >= 0)) return fail('.n', `Expected an integer from 0 to 2^53 - 1; found ${n}.`)
      return createBinomial(n, p)
    }
    case 'poisson': {
      const { mean } = params
      if (!(mean >= 0 && mean <= MAX_POISSON_MEAN)) return fail('.mean', `Expected a mean from 0 to 2^52; found ${mean}.`)
      return createPoisson(mean)
    }
    case 'scipy':
    case 'bernoulli_mixture':
      return compileDistribution(params, fail)
    case 'datetime':
      return compileDatetime(params, fail)
    case 'timedelta':
      return compileTimedelta(params, context, fail)
    case 'person':
      return compilePerson(column, params, context)
    case 'person_from_faker': {
      const [from, to] = params.age_range
      if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to)) {
        return fail('.age_range', `Expected two ages, the lower one first; found ${from} and ${to}.`)
      }
      const source = context.persons.get(params.locale)
      return source === undefined ? null : drawPerson(params, source, context.referenceDay)
    }
  }
}

type Fail = (where: string, message: string) => null
type ParamsOf<Type extends SamplerParams['sampler_type']> = Extract<SamplerParams, { sampler_type: Type }>

const MAX_POISSON_MEAN = 0x10000000000000

/** Conditional params round as they say themselves, whatever the column's own params say, as in DataDesigner. */
function rounded(draw: (stream: Parameters<Draw>[0]) => number, places: number | null): Draw {
  if (places === null) return draw
  const round = createRounder(places)
  return (stream) => round(draw(stream))
}

/** People of a managed file, or of faker where that stands in for it. */
function compilePerson(column: SamplerColumn, params: ParamsOf<'person'>, context: DrawContext): Draw | null {
  const fields = fieldsOfPeople(column, context.people).map(({ name }) => name)
  const managed = context.managed.get(params)
  if (managed !== undefined) return drawManagedPerson(params, managed.pool, fields, context.referenceDay, managed.toAscii)
  const source = context.persons.get(params.locale)
  if (source === undefined) return null
  const draw = drawPerson(params, source, context.referenceDay)
  return (stream, raws, rowIndex) => {
    const person = draw(stream, raws, rowIndex) as Readonly<Record<string, Value>>
    return Object.fromEntries(fields.map((field) => [field, person[field] ?? null]))
  }
}

function compileDistribution(params: ParamsOf<'scipy' | 'bernoulli_mixture'>, fail: Fail): Draw | null {
  const { dist_name: name, dist_params: given } = params
  const problem = scipyProblems(name, given)[0]
  if (problem !== undefined) return fail(`.dist_params${problem.param === null ? '' : `.${problem.param}`}`, `${problem.message}.`)
  if (params.sampler_type === 'scipy') return rounded(createScipyDraw(name, given), params.decimal_places)
  if (!(params.p >= 0 && params.p <= 1)) return fail('.p', `Expected a probability from 0 to 1; found ${params.p}.`)
  return createMixtureDraw(params.p, name, given)
}

function compileCategory(column: SamplerColumn, params: ParamsOf<'category'>, fail: Fail): Draw | null {
  if (params.values.length === 0) return fail('.values', 'Expected at least one value; found none.')
  const settled = settleAll(column, params.values, '.values', fail)
  const { weights } = params
  if (weights === null) return settled === null ? null : drawCategory(settled, null)
  if (weights.length !== params.values.length) {
    return fail('.weights', `Expected as many weights as values, ${params.values.length}; found ${weights.length}.`)
  }
  const isUsable = weights.every((weight) => weight >= 0 && Number.isFinite(weight)) && weights.some((weight) => weight > 0)
  if (!isUsable) return fail('.weights', `Expected weights >= 0, at least one above 0; found ${weights.join(', ')}.`)
  return settled === null ? null : drawCategory(settled, weights)
}

function compileSubcategory(column: SamplerColumn, params: ParamsOf<'subcategory'>, context: DrawContext, fail: Fail): Draw | null {
  const parent = context.columns.get(params.category)
  if (parent === undefined) return null
  if (parent.column.sampler_type !== 'category') {
    return fail('.category', `Expected the name of a category column; found "${params.category}", a ${parent.column.sampler_type} column.`)
  }
  const lists = new Map<string | number, readonly (string | number)[]>()
  const parentValues = categoryValues(parent.column)
  const parentKind = kindOfValues(parentValues)
  for (const value of parentValues) {
    const settled = settleCategoryValue(value, parentKind, parent.column.convert_to)
    if (settled === null || lists.has(settled)) continue
    const key = keysOfParentValue(value, settled).find((candidate) => Object.hasOwn(params.values, candidate))
    const list = key === undefined ? [] : params.values[key]!
    if (list.length === 0) return fail('.values', `Expected values for "${value}" of column "${params.category}"; found none.`)
    const settledList = settleAll(column, list, `.values.${key}`, fail)
    if (settledList === null) return null
    lists.set(settled, settledList)
  }
  return drawSubcategory(parent.slot, lists)
}

function settleAll(
  column: SamplerColumn,
  values: readonly (string | number)[],
  where: string,
  fail: Fail,
): readonly (string | number)[] | null {
  const kind = kindOfValues(categoryValues(column))
  const settled: (string | number)[] = []
  for (const value of values) {
    const one = settleCategoryValue(value, kind, column.convert_to)
    if (one === null) return fail(where, `Expected values that convert to ${column.convert_to}; found ${JSON.stringify(value)}.`)
    settled.push(one)
  }
  return settled
}

function compileDatetime(params: ParamsOf<'datetime'>, fail: Fail): Draw | null {
  const start = parseDate(params.start)
  const end = parseDate(params.end)
  if (start === null) return fail('.start', `Expected a date that exists, such as 2024-01-31; found ${JSON.stringify(params.start)}.`)
  if (end === null) return fail('.end', `Expected a date that exists, such as 2024-01-31; found ${JSON.stringify(params.end)}.`)
  if (start >= end) return fail('', `Expected start before end, which is exclusive; found ${params.start} and ${params.end}.`)
  const { unit } = params
  return (stream) => truncateSeconds(drawInteger(stream, start, end), unit)
}

function compileTimedelta(params: ParamsOf<'timedelta'>, context: DrawContext, fail: Fail): Draw | null {
  const reference = context.columns.get(params.reference_column_name)
  if (reference === undefined) return null
  const type = reference.column.sampler_type
  if (type !== 'datetime' && type !== 'timedelta') {
    return fail('.reference_column_name', `Expected the name of a datetime column; found "${reference.column.name}", a ${type} column.`)
  }
  const { dt_min: start, dt_max: end } = params
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start < end)) {
    return fail('', `Expected integers dt_min < dt_max, which is exclusive; found ${start} and ${end}.`)
  }
  const slot = reference.slot
  const length = SECONDS_PER_UNIT[params.unit]
  return (stream, raws) => (raws[slot] as number) + drawInteger(stream, start, end) * length
}
