/** Rules between the fields of samplers, and between samplers. Single fields are checked by the schema. */
import { parseDate } from '../plan/parse-date.ts'
import { MANAGED_LOCALES } from '../plan/people.ts'
import { scipyParamNames, scipyProblems } from '../plan/scipy.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { Placed } from './read-config.ts'
import type { ColumnConfig, SamplerColumnConfig } from './schema-columns.ts'
import { PERSON_LOCALES } from './schema-samplers.ts'
import { suggest } from './suggest.ts'

type Params = SamplerColumnConfig['params']
type ParamsOf<Type extends Params['sampler_type']> = Extract<Params, { sampler_type: Type }>

/** Base and conditional params of a sampler with their paths. */
export function allParams(column: SamplerColumnConfig, path: Path): readonly Placed<Params>[] {
  const conditional = Object.entries(column.conditional_params) as [string, Params][]
  return [
    { part: column.params, path: [...path, 'params'] },
    ...conditional.map(([condition, part]) => ({ part, path: [...path, 'conditional_params', condition] })),
  ]
}

/** Reports mistakes in samplers. `columns` are all columns that could be read, `names` those of all columns. */
export function checkSamplers(columns: readonly Placed<ColumnConfig>[], names: readonly string[], report: Report): void {
  const byName = new Map(columns.map(({ part }) => [part.name, part]))
  for (const { part: column, path } of columns) {
    if (column.column_type !== 'sampler') continue
    for (const { part: params, path: place } of allParams(column, path)) {
      checkParams(params, place, report)
      if (params.sampler_type === 'subcategory') checkSubcategory(params, place, byName, names, report)
      if (params.sampler_type === 'timedelta') checkReference(params, place, byName, names, report)
    }
    checkConvertTo(column, [...path, 'convert_to'], report)
  }
}

function checkParams(params: Params, path: Path, report: Report): void {
  switch (params.sampler_type) {
    case 'category':
      return checkWeights(params, path, report)
    case 'uniform':
      if (params.low > params.high) report.error([...path, 'low'], `expected low <= high, found ${params.low} and ${params.high}`)
      return
    case 'datetime':
      return checkDates(params, path, report)
    case 'timedelta':
      if (params.dt_min >= params.dt_max) {
        report.error([...path, 'dt_min'], `expected dt_min < dt_max, which is exclusive; found ${params.dt_min} and ${params.dt_max}`)
      }
      return
    case 'scipy':
    case 'bernoulli_mixture':
      return checkDistribution(params, path, report)
    case 'person':
      return checkPerson(params, MANAGED_LOCALES, path, report)
    case 'person_from_faker':
      return checkPerson(params, PERSON_LOCALES.split(' '), path, report)
    case 'uuid':
    case 'subcategory':
    case 'gaussian':
    case 'bernoulli':
    case 'binomial':
    case 'poisson':
  }
}

function checkPerson(params: ParamsOf<'person' | 'person_from_faker'>, known: readonly string[], path: Path, report: Report): void {
  const { age_range: ages, locale } = params
  const [from, to] = ages
  if (from >= to) report.error([...path, 'age_range'], `expected the lower age first, found ${from} and ${to}`)
  if (known.includes(locale)) return
  const example =
    params.sampler_type === 'person' ? `one of the locales with managed people, ${known.join(', ')}` : 'a locale such as en_US or de_DE'
  report.error([...path, 'locale'], `expected ${example}, found "${locale}".${suggest(locale, known)}`)
}

function checkDistribution(params: ParamsOf<'scipy' | 'bernoulli_mixture'>, path: Path, report: Report): void {
  const { dist_name: name, dist_params: given } = params
  const place = [...path, 'dist_params']
  const known = scipyParamNames(name)
  for (const param of Object.keys(given)) {
    if (known.includes(param)) continue
    const hint = suggest(param, known) || ` It takes ${known.join(', ')}.`
    report.error([...place, param], `${name} has no parameter "${param}".${hint}`)
  }
  for (const { param, message } of scipyProblems(name, given)) report.error(param === null ? place : [...place, param], message)
}

function checkWeights({ values, weights }: ParamsOf<'category'>, path: Path, report: Report): void {
  if (weights === null) return
  const place = [...path, 'weights']
  if (weights.length !== values.length) {
    report.error(place, `expected as many weights as values, ${values.length}, found ${weights.length}`)
  } else if (!(weights.reduce((sum, weight) => sum + weight, 0) > 0)) {
    report.error(place, 'expected at least one weight above 0, found a sum of 0')
  }
}

/** Each of them is a date, as the schema has seen to. */
function checkDates({ start, end }: ParamsOf<'datetime'>, path: Path, report: Report): void {
  const [first, last] = [parseDate(start), parseDate(end)]
  if (first !== null && last !== null && first >= last) {
    report.error([...path, 'start'], `expected start before end, which is exclusive; found ${start} and ${end}`)
  }
}

type ByName = ReadonlyMap<string, ColumnConfig>

function checkSubcategory(params: ParamsOf<'subcategory'>, path: Path, byName: ByName, names: readonly string[], report: Report): void {
  const parent = byName.get(params.category)
  const place = [...path, 'category']
  if (parent === undefined) {
    if (!names.includes(params.category))
      report.error(place, `no column has the name "${params.category}".${suggest(params.category, names)}`)
    return
  }
  if (parent.column_type !== 'sampler' || parent.sampler_type !== 'category') {
    report.error(place, `expected the name of a category column, found "${parent.name}", ${kindOf(parent)}`)
    return
  }
  const all = [parent.params, ...Object.values(parent.conditional_params)]
  const wanted = [...new Set(all.flatMap((parentParams) => parentParams.values.map(String)))]
  const given = Object.keys(params.values)
  const missing = wanted.filter((value) => !given.includes(value))
  const extra = given.filter((value) => !wanted.includes(value))
  if (missing.length > 0)
    report.error([...path, 'values'], `expected a list for every value of "${parent.name}", found none for ${quote(missing)}`)
  for (const value of extra) {
    report.error(
      [...path, 'values', value],
      `"${value}" is no value of "${parent.name}".${suggest(value, missing.length > 0 ? missing : wanted)}`,
    )
  }
}

function quote(values: readonly string[]): string {
  const shown = values.slice(0, 5).map((value) => JSON.stringify(value))
  return shown.join(', ') + (values.length > 5 ? ` and ${values.length - 5} more` : '')
}

/** A timedelta column holds date-times too, so it may be a reference itself. */
function checkReference(params: ParamsOf<'timedelta'>, path: Path, byName: ByName, names: readonly string[], report: Report): void {
  const reference = byName.get(params.reference_column_name)
  const place = [...path, 'reference_column_name']
  if (reference === undefined) {
    if (!names.includes(params.reference_column_name)) {
      report.error(place, `no column has the name "${params.reference_column_name}".${suggest(params.reference_column_name, names)}`)
    }
  } else if (reference.column_type !== 'sampler' || (reference.sampler_type !== 'datetime' && reference.sampler_type !== 'timedelta')) {
    report.error(place, `expected the name of a datetime column, found "${reference.name}", ${kindOf(reference)}`)
  }
}

/** What a column is, for messages. */
export function kindOf(column: ColumnConfig): string {
  return column.column_type === 'sampler' ? `a ${column.sampler_type} sampler` : `a column of type ${column.column_type}`
}

function checkConvertTo(column: SamplerColumnConfig, path: Path, report: Report): void {
  const { convert_to: target } = column
  if (target === null) return
  switch (column.sampler_type) {
    case 'uuid':
    case 'person':
    case 'person_from_faker':
      report.warn(path, `convert_to has no effect on a ${column.sampler_type} sampler`)
      return
    case 'datetime':
    case 'timedelta':
      if (!target.includes('%')) report.error(path, `expected a strftime pattern such as %Y-%m-%d, found ${JSON.stringify(target)}`)
      return
    case 'category':
    case 'subcategory':
    case 'uniform':
    case 'gaussian':
    case 'bernoulli':
    case 'binomial':
    case 'poisson':
    case 'scipy':
    case 'bernoulli_mixture':
      if (!['float', 'int', 'str'].includes(target)) {
        report.error(path, `expected float, int or str, found ${JSON.stringify(target)}.${suggest(target, ['float', 'int', 'str'])}`)
      } else if (target !== 'str') checkNumeric(column, target, path, report)
  }
}

function checkNumeric(column: SamplerColumnConfig, target: string, path: Path, report: Report): void {
  if (column.sampler_type !== 'category' && column.sampler_type !== 'subcategory') return
  const all: readonly Params[] = [column.params, ...Object.values(column.conditional_params)]
  const values = all.flatMap((params): readonly (string | number)[] =>
    params.sampler_type === 'category' ? params.values : params.sampler_type === 'subcategory' ? Object.values(params.values).flat() : [],
  )
  const first = values.find((value) => typeof value === 'string' && (value.trim() === '' || !Number.isFinite(Number(value))))
  if (first !== undefined) report.error(path, `expected values that convert to ${target}, found ${JSON.stringify(first)}`)
}
