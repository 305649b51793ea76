import { describe, expect, it } from 'vitest'
import type { ValueType } from '../../src/values.ts'
import { samplerValueType } from '../../src/plan/sampler-types.ts'
import { column, params, rowsOf, program, WIDE } from '../columns/sampler/samplers.ts'

const kindOf = (...given: Parameters<typeof column>): ValueType['kind'] => samplerValueType(column(...given)).kind

describe('the type of a sampler column', () => {
  it('follows its values', () => {
    expect(kindOf('x', 'category', { values: [1, 2] })).toBe('int64')
    expect(kindOf('x', 'category', { values: [1, 2.5] })).toBe('double')
    expect(kindOf('x', 'category', { values: [1e20] })).toBe('double')
    expect(kindOf('x', 'category', { values: [1, 'a'] })).toBe('string')
    expect(kindOf('x', 'subcategory', { values: { a: [1], b: [2] } })).toBe('int64')
    expect(kindOf('x', 'subcategory', { values: { a: [1], b: ['2'] } })).toBe('string')
    expect(kindOf('x', 'uniform')).toBe('double')
    expect(kindOf('x', 'poisson')).toBe('int64')
    expect(kindOf('x', 'scipy')).toBe('double')
    expect(kindOf('x', 'scipy', { dist_name: 'poisson', dist_params: { mu: 3 } })).toBe('int64')
    expect(kindOf('x', 'bernoulli_mixture')).toBe('double')
    expect(kindOf('x', 'bernoulli_mixture', { dist_name: 'geom', dist_params: { p: 0.5 } })).toBe('int64')
    expect(kindOf('x', 'timedelta')).toBe('string')
    expect(kindOf('x', 'person_from_faker')).toBe('group')
  })

  it('follows its conditions and its conversion', () => {
    const mixed = { conditional_params: { 'a == 1': params('category', { values: ['text'] }) } }
    expect(kindOf('x', 'category', { values: [1] }, mixed)).toBe('string')
    const discrete = { dist_name: 'poisson', dist_params: { mu: 3 } } as const
    expect(kindOf('x', 'scipy', discrete, { conditional_params: { 'a == 1': params('scipy') } })).toBe('double')
    expect(kindOf('x', 'gaussian', {}, { convert_to: 'int' })).toBe('int64')
    expect(kindOf('x', 'bernoulli', {}, { convert_to: 'str' })).toBe('string')
    expect(kindOf('x', 'category', { values: ['1'] }, { convert_to: 'float' })).toBe('double')
    expect(kindOf('x', 'uuid', {}, { convert_to: 'int' })).toBe('string')
  })

  it('is the type of the values that are drawn', async () => {
    const columns = [
      ...WIDE,
      column('mixed', 'category', { values: ['a', 1, 2.5] }),
      column('whole', 'category', { values: [1, 2] }),
      column('parts', 'category', { values: [1, 2.5] }),
      column('read', 'category', { values: ['1', '2'] }, { convert_to: 'int' }),
      column('text', 'uniform', {}, { convert_to: 'str' }),
      column('float', 'bernoulli', {}, { convert_to: 'float' }),
      column('rounded', 'scipy', { dist_name: 'expon' }, { convert_to: 'int' }),
      column('count', 'scipy', { dist_name: 'binom', dist_params: { n: 9, p: 0.5 } }),
      column('zeros', 'bernoulli_mixture', { dist_name: 'poisson', dist_params: { mu: 3 } }),
    ]
    for (const row of rowsOf(await program(columns), 100)) {
      for (const sampler of columns) {
        const type = samplerValueType(sampler)
        const value = row[sampler.name]!
        if (type.kind === 'group') expect(Object.keys(value)).toEqual(type.fields.map((field) => field.name))
        else if (type.kind === 'int64') expect(Number.isInteger(value)).toBe(true)
        else expect(typeof value).toBe(type.kind === 'double' ? 'number' : 'string')
      }
    }
  })
})
