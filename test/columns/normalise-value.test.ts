import { describe, expect, it } from 'vitest'
import { normaliseValue } from '../../src/columns/normalise-value.ts'
import type { ValueType } from '../../src/values.ts'

const string: ValueType = { kind: 'string' }
const int64: ValueType = { kind: 'int64' }

describe('JSON as a value of its declared type', () => {
  it.each([
    ['whole numbers written with decimals', JSON.parse('3.0'), int64, 3],
    ['null anywhere', null, int64, null],
    ['a number in a string field', 5, string, '5'],
    ['an object in a string field', { a: 1 }, string, '{"a":1}'],
    ['a list of lists', [[1], []], { kind: 'list', element: { kind: 'list', element: int64 } }, [[1], []]],
    ['a date-time', '2025-01-31T12:00:00Z', { kind: 'timestamp' }, new Date('2025-01-31T12:00:00Z')],
    ['free-form JSON', { a: [1, 'x', null] }, { kind: 'json' }, { a: [1, 'x', null] }],
    [
      'a group: absent fields null, unknown ones left out',
      { b: 'x', c: 1 },
      {
        kind: 'group',
        fields: [
          { name: 'a', type: int64 },
          { name: 'b', type: string },
        ],
      },
      { a: null, b: 'x' },
    ],
  ] as [string, unknown, ValueType, unknown][])('holds %s', (_name, json, type, expected) =>
    expect(normaliseValue(json, type)).toEqual({ isHeld: true, value: expected }),
  )

  it('has no negative zero among integers', () => expect(normaliseValue(-0, int64)).toStrictEqual({ isHeld: true, value: 0 }))

  it.each([
    ['an integer beyond 2^53', 2 ** 53, int64],
    ['a fraction as an integer', 1.5, int64],
    ['a string as a number', '5', { kind: 'double' }],
    ['a number as a boolean', 1, { kind: 'boolean' }],
    ['an object as a list', {}, { kind: 'list', element: string }],
    ['a list as a group', [], { kind: 'group', fields: [] }],
    ['a day that is none', 'soon', { kind: 'timestamp' }],
  ] as [string, unknown, ValueType][])('refuses %s', (_name, json, type) =>
    expect(normaliseValue(json, type)).toMatchObject({ isHeld: false }),
  )

  it('names the place of what it refuses', () => {
    const type: ValueType = { kind: 'group', fields: [{ name: 'items', type: { kind: 'list', element: int64 } }] }
    expect(normaliseValue({ items: [1, 2.5] }, type)).toMatchObject({ message: expect.stringContaining('/items/1') as unknown })
  })
})
