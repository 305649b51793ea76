import { describe, expect, it } from 'vitest'
import { outputValueType } from '../../src/config/output-types.ts'
import { city, compile, configOf, judge } from './builders.ts'
import type { Mapping } from './builders.ts'

const compiledScore = (options: Mapping): unknown =>
  compile(configOf([city, judge('j', '{{ city }}', [{ name: 's', description: 'd', options }])])).compiled.types['j']

describe('the type of a judge', () => {
  const group = (score: string): unknown => ({
    kind: 'group',
    fields: [
      {
        name: 's',
        type: {
          kind: 'group',
          fields: [
            { name: 'reasoning', type: { kind: 'string' } },
            { name: 'score', type: { kind: score } },
          ],
        },
      },
    ],
  })
  it.each<[string, Mapping, string]>([
    ['whole numbers', { 1: 'a', 2: 'b' }, 'int64'],
    ['negative ones too', { '-1': 'a', 0: 'b' }, 'int64'],
    ['texts', { low: 'a', high: 'b' }, 'string'],
    ['both', { 1: 'a', 'N/A': 'b' }, 'string'],
    ['texts that look like numbers', { '01': 'a', '1.5': 'b' }, 'string'],
  ])('with options that are %s', (_, options, kind) => {
    expect(compiledScore(options)).toEqual(group(kind))
  })
})

const object = (properties: Mapping, more: Mapping = {}): Mapping => ({ type: 'object', properties, ...more })
const fieldType = (schema: Mapping, more: Mapping = {}): unknown => {
  const type = outputValueType(object({ f: schema }, more))
  return type.kind === 'group' ? type.fields[0]?.type : type
}
const string = { kind: 'string' }
const json = { kind: 'json' }

describe('the type of a structured answer', () => {
  it('is a group with its properties in order, whether or not further ones are forbidden', () => {
    const properties = { z: { type: 'string' }, a: { type: 'integer' }, m: { type: 'number' }, b: { type: 'boolean' } }
    const group = {
      kind: 'group',
      fields: [
        { name: 'z', type: string },
        { name: 'a', type: { kind: 'int64' } },
        { name: 'm', type: { kind: 'double' } },
        { name: 'b', type: { kind: 'boolean' } },
      ],
    }
    expect(outputValueType(object(properties))).toEqual(group)
    expect(outputValueType(object(properties, { additionalProperties: false, required: ['z'] }))).toEqual(group)
    expect(outputValueType({ properties })).toEqual(group)
  })

  it.each<[string, Mapping, unknown]>([
    ['a list', { type: 'array', items: { type: 'string' } }, { kind: 'list', element: string }],
    [
      'a list of objects',
      { type: 'array', items: object({ x: { type: 'number' } }) },
      { kind: 'list', element: { kind: 'group', fields: [{ name: 'x', type: { kind: 'double' } }] } },
    ],
    ['a list of anything', { type: 'array' }, json],
    ['an enum of texts', { enum: ['a', 'b'] }, string],
    ['an enum of integers', { enum: [1, 2] }, { kind: 'int64' }],
    ['an enum of numbers', { enum: [1, 2.5] }, { kind: 'double' }],
    ['a mixed enum', { enum: [1, 'a'] }, json],
    ['an enum with null', { enum: ['a', null] }, string],
    ['a constant', { const: 'a' }, string],
    ['text or null, as a list of types', { type: ['string', 'null'] }, string],
    ['text or null, as pydantic writes it', { anyOf: [{ type: 'string' }, { type: 'null' }], default: null }, string],
    ['integer or number', { type: ['integer', 'number'] }, { kind: 'double' }],
    ['text or integer', { type: ['string', 'integer'] }, json],
    ['a union', { anyOf: [{ type: 'string' }, { type: 'integer' }] }, json],
    ['one schema in allOf', { allOf: [{ type: 'string' }] }, string],
    ['an object without properties', { type: 'object' }, json],
    ['a map', { type: 'object', additionalProperties: { type: 'string' } }, json],
    ['an open object', object({ x: { type: 'string' } }, { additionalProperties: true }), json],
    ['patterns of names', object({ x: { type: 'string' } }, { patternProperties: { '^y': {} } }), json],
    ['anything', {}, json],
  ])('of a field: %s', (_, schema, expected) => {
    expect(fieldType(schema)).toEqual(expected)
  })

  it('follows references within the schema, and stops at recursion', () => {
    const $defs = { Node: object({ name: { type: 'string' }, next: { $ref: '#/$defs/Node' } }), 'a/b': { type: 'integer' } }
    expect(fieldType({ $ref: '#/$defs/Node' }, { $defs })).toEqual({
      kind: 'group',
      fields: [
        { name: 'name', type: string },
        { name: 'next', type: json },
      ],
    })
    expect(fieldType({ $ref: '#/$defs/a~1b' }, { $defs })).toEqual({ kind: 'int64' })
    expect(fieldType({ $ref: '#/$defs/toString' }, { $defs })).toEqual(json)
  })

  it('is JSON where the whole answer is free in form', () => {
    expect(outputValueType({ type: 'object' })).toEqual(json)
    expect(outputValueType({ type: 'array', items: { type: 'string' } })).toEqual({ kind: 'list', element: string })
  })
})
