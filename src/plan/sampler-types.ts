/** The declared type of a sampler column: a pure function of its config, never of rows (ruling 12). */
import type { SamplerColumn, SamplerParams } from '../config/compiled.ts'
import type { Field, ValueType } from '../values.ts'
import { isDiscreteScipy } from './scipy.ts'

/**
 * The type of a column's cells. Categories of integers only are int64, of numbers only double, all others string (numbers then
 * stand as Python writes them); `convert_to` decides where it is given and applies.
 */
export function samplerValueType(column: SamplerColumn): ValueType {
  switch (column.sampler_type) {
    case 'person_from_faker':
      return { kind: 'group', fields: PERSON_FIELDS }
    case 'uuid':
    case 'datetime':
    case 'timedelta':
      return { kind: 'string' }
    case 'category':
    case 'subcategory':
      return convertedType(column, typeOfValues(column))
    case 'uniform':
    case 'gaussian':
      return convertedType(column, 'double')
    case 'scipy':
    case 'bernoulli_mixture':
      return convertedType(column, isDiscrete(column) ? 'int64' : 'double')
    case 'bernoulli':
    case 'binomial':
    case 'poisson':
      return convertedType(column, 'int64')
  }
}

/** Fields of a `person_from_faker` value, in order; every one may be null where faker's locale has no such thing. */
export const PERSON_FIELDS: readonly Field[] = [
  'uuid',
  'locale',
  'first_name',
  'last_name',
  'middle_name',
  'sex',
  'street_number',
  'street_name',
  'city',
  'state',
  'postcode',
  'age',
  'birth_date',
  'country',
  'marital_status',
  'education_level',
  'unit',
  'occupation',
  'phone_number',
  'bachelors_field',
].map((name) => ({ name, type: { kind: name === 'age' ? 'int64' : 'string' } }))

/** True when a scipy or mixture column draws integers only, whatever condition holds. */
export function isDiscrete(column: SamplerColumn): boolean {
  const all = [column.params, ...Object.values(column.conditional_params)]
  return all.every((params) => 'dist_name' in params && isDiscreteScipy(params.dist_name))
}

function convertedType(column: SamplerColumn, own: 'int64' | 'double' | 'string'): ValueType {
  if (column.convert_to === 'int') return { kind: 'int64' }
  if (column.convert_to === 'float') return { kind: 'double' }
  return { kind: column.convert_to === 'str' ? 'string' : own }
}

function typeOfValues(column: SamplerColumn): 'int64' | 'double' | 'string' {
  const values = [column.params, ...Object.values(column.conditional_params)].flatMap(valuesOf)
  if (!values.every((value) => typeof value === 'number')) return 'string'
  return values.every((value) => Number.isSafeInteger(value)) ? 'int64' : 'double'
}

function valuesOf(params: SamplerParams): readonly (string | number)[] {
  if (params.sampler_type === 'category') return params.values
  return params.sampler_type === 'subcategory' ? Object.values(params.values).flat() : []
}
