import { describe, expect, it } from 'vitest'
import { city, compile, configOf, expression, structured, text } from './builders.ts'
import type { Mapping } from './builders.ts'

const valueIn = (column: Mapping, value: unknown): unknown => {
  const { compiled } = compile(configOf([city, { ...column, skip: { when: '{{ city }}', value } }]))
  const made = compiled.columns[1]
  return made === undefined || !('skip' in made) ? undefined : made.skip?.value
}

describe('the value of a skipped cell', () => {
  it.each<[string, Mapping, unknown, unknown]>([
    ['text', text('a', '{{ city }}'), 'none', 'none'],
    ['text', text('a', '{{ city }}'), 0, '0'],
    ['text', text('a', '{{ city }}'), false, 'False'],
    ['int', expression('a', '{{ city }}', { dtype: 'int' }), '-7', -7],
    ['int', expression('a', '{{ city }}', { dtype: 'int' }), 2.9, 2],
    ['int', expression('a', '{{ city }}', { dtype: 'int' }), true, 1],
    ['float', expression('a', '{{ city }}', { dtype: 'float' }), '1e3', 1000],
    ['bool', expression('a', '{{ city }}', { dtype: 'bool' }), 'True', true],
    ['bool', expression('a', '{{ city }}', { dtype: 'bool' }), 0, false],
    ['free JSON', structured('a', '{{ city }}', { type: 'object' }), 'none', 'none'],
    ['anything', structured('a', '{{ city }}', { type: 'object', properties: { x: {} } }), null, null],
  ])('of a column of %s is stored in its type: %#', (_, column, given, stored) => {
    expect(valueIn(column, given)).toBe(stored)
  })
})
