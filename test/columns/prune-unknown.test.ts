import { describe, expect, it } from 'vitest'
import { pruneUnknown } from '../../src/columns/prune-unknown.ts'

const named = (properties: object): object => ({ type: 'object', properties })

describe('what a model added beyond the schema', () => {
  it.each([
    ['a property', named({ a: {} }), { a: 1, b: 2 }, { a: 1 }],
    ['a property of an item', { type: 'array', items: named({ a: {} }) }, [{ a: 1, b: 2 }], [{ a: 1 }]],
    [
      'a property of a tuple item',
      { prefixItems: [named({ a: {} })], items: named({ b: {} }) },
      [
        { a: 1, b: 2 },
        { a: 1, b: 2 },
      ],
      [{ a: 1 }, { b: 2 }],
    ],
    ['a property behind a reference', { $ref: '#/$defs/A', $defs: { A: named({ a: {} }) } }, { a: 1, b: 2 }, { a: 1 }],
    ['a property of a recursive schema', { properties: { next: { $ref: '#' } } }, { next: { next: {}, b: 2 } }, { next: { next: {} } }],
    ['what closed objects forbid', { type: 'object', additionalProperties: false }, { a: 1 }, {}],
  ])('loses %s', (_name, schema, value, expected) => expect(pruneUnknown(value, schema)).toEqual(expected))

  it.each([
    ['a free-form object', { type: 'object' }, { a: { b: 1 } }],
    ['a map', { type: 'object', additionalProperties: { type: 'integer' } }, { a: 1, b: 2 }],
    ['a map beside named properties', { ...named({ a: {} }), additionalProperties: true }, { a: 1, b: 2 }],
    [
      'keys that match a pattern',
      { ...named({ a: {} }), patternProperties: { '^x-': {} }, additionalProperties: false },
      { a: 1, 'x-b': 2 },
    ],
    ['what any alternative names', { anyOf: [named({ a: {} }), named({ b: {} })] }, { a: 1, b: 2 }],
    ['what parts of allOf name', { allOf: [named({ a: {} })], properties: { b: {} } }, { a: 1, b: 2 }],
    ['what a condition names', { ...named({ a: {} }), if: named({ b: {} }) }, { a: 1, b: 2 }],
    [
      'a property called __proto__ that is named',
      JSON.parse('{"properties":{"__proto__":{}}}') as object,
      JSON.parse('{"__proto__":1}') as object,
    ],
  ])('keeps %s', (_name, schema, value) => expect(pruneUnknown(value, schema)).toEqual(value))

  it('drops __proto__ where it is not named, and leaves the prototype alone', () => {
    const pruned = pruneUnknown(JSON.parse('{"a":1,"__proto__":{"polluted":true}}'), named({ a: {} })) as Record<string, unknown>
    expect(pruned['polluted']).toBeUndefined()
    expect(Object.keys(pruned)).toEqual(['a'])
  })

  it('leaves the value that was passed in as it was', () => {
    const value = { a: { x: 1 }, b: 2 }
    pruneUnknown(value, named({ a: named({}) }))
    expect(value).toEqual({ a: { x: 1 }, b: 2 })
  })
})
