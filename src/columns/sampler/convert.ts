/** From raw values to cells: what `convert_to` makes of them, before the constraints (settle) and after (finish). */
import type { SamplerColumn } from '../../config/compiled.ts'
import { isDiscrete } from '../../plan/sampler-types.ts'
import type { Value } from '../../values.ts'
import { formatIso } from '../../plan/calendar.ts'
import { categoryValues, kindOfValues } from './category.ts'
import type { RawValue } from './draw.ts'
import { integerCell, pythonFloat, pythonInt, roundHalfToEven } from './numbers.ts'
import { compileStrftime } from './strftime.ts'

/** How the raw values of a column are used. */
export interface Conversion {
  /** What constraints can compare: numbers with numbers, date-times with date-times; null when they are neither. */
  readonly comparable: 'number' | 'datetime' | null
  /** Applied to every drawn value before constraints see it; null when nothing changes. */
  readonly settle: ((raw: RawValue) => RawValue) | null
  /** What conditions of other columns see. */
  readonly show: (raw: RawValue) => Value
  /** The cell. */
  readonly finish: (raw: RawValue) => Value
}

/** The conversion of a column, or the reason why `convert_to` cannot be used. */
export function compileConversion(column: SamplerColumn): Conversion | { readonly problem: string } {
  switch (column.sampler_type) {
    case 'uuid':
    case 'person':
    case 'person_from_faker':
      return { comparable: null, settle: null, show: asIs, finish: asIs }
    case 'datetime':
    case 'timedelta':
      return convertDatetime(column.convert_to)
    case 'category':
    case 'subcategory':
      return convertNumbers(column.convert_to, kindOfValues(categoryValues(column)))
    case 'uniform':
    case 'gaussian':
      return convertNumbers(column.convert_to, 'double')
    case 'scipy':
    case 'bernoulli_mixture':
      return convertNumbers(column.convert_to, isDiscrete(column) ? 'int' : 'double')
    case 'bernoulli':
    case 'binomial':
    case 'poisson':
      return convertNumbers(column.convert_to, 'int')
  }
}

const asIs = (raw: RawValue): Value => raw
const asInteger = (raw: RawValue): Value => (typeof raw === 'number' ? integerCell(raw) : raw)
const roundNumber = (raw: RawValue): RawValue => (typeof raw === 'number' ? roundHalfToEven(raw) : raw)

function convertDatetime(pattern: string | null): Conversion | { readonly problem: string } {
  const show = (raw: RawValue): Value => formatIso(raw as number)
  if (pattern === null) return { comparable: 'datetime', settle: null, show, finish: show }
  const format = compileStrftime(pattern)
  if (typeof format !== 'function') {
    return {
      problem: `Expected a strftime pattern; found ${JSON.stringify(pattern)}, in which ${JSON.stringify(format.directive)} is not known.`,
    }
  }
  return { comparable: 'datetime', settle: null, show, finish: (raw) => format(raw as number) }
}

function convertNumbers(convertTo: string | null, kind: 'int' | 'double' | 'text'): Conversion | { readonly problem: string } {
  const comparable = kind === 'text' && convertTo !== 'int' && convertTo !== 'float' ? null : 'number'
  switch (convertTo) {
    case null: {
      const finish = kind === 'int' ? asInteger : asIs
      return { comparable, settle: null, show: finish, finish }
    }
    case 'float':
      return { comparable, settle: null, show: asIs, finish: asIs }
    case 'int':
      return { comparable, settle: kind === 'int' ? null : roundNumber, show: asInteger, finish: asInteger }
    case 'str': {
      const write = kind === 'int' ? pythonInt : pythonFloat
      const finish = (raw: RawValue): Value => (typeof raw === 'number' ? write(raw) : raw)
      return { comparable, settle: null, show: finish, finish }
    }
    default:
      return { problem: `Expected convert_to to be float, int or str; found ${JSON.stringify(convertTo)}.` }
  }
}
