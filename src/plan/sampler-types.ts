/** The declared type of a sampler column: a pure function of its config, never of rows (ruling 12). */
import type { SamplerColumn, SamplerParams } from '../config/compiled.ts'
import type { ValueType } from '../values.ts'
import { FAKER_FIELDS, fieldsOfPeople } from './people.ts'
import type { People } from './people.ts'
import { isDiscreteScipy } from './scipy.ts'

/**
 * The type of a column's cells. Categories of integers only are int64, of numbers only double, all others string (numbers then
 * stand as Python writes them); `convert_to` decides where it is given and applies. `people` decides what a `person` is.
 */
export function samplerValueType(column: SamplerColumn, people: People = {}): ValueType {
  switch (column.sampler_type) {
    case 'person_from_faker':
      return { kind: 'group', fields: FAKER_FIELDS }
    case 'person':
      return { kind: 'group', fields: fieldsOfPeople(column, people) }
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
