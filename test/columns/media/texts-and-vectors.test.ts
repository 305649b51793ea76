import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textsOfCell } from '../../../src/columns/media/texts-of-cell.ts'
import { packVectors, unpackVectors } from '../../../src/columns/media/vectors.ts'
import type { Value } from '../../../src/values.ts'

describe('the texts of a cell', () => {
  it.each<[string, Value, readonly string[]]>([
    ['a text', ' one text ', ['one text']],
    ['a list', ['a ', 2, null], ['a', '2', '']],
    ['a list as JSON', '["a", " b "]', ['a', 'b']],
    ['JSON with a comma too many', '["a", "b", ]', ['a', 'b']],
    ['a list as Python writes it', `['it\\'s', "a \\"b\\"", 'é\\n', None, 3, True]`, ["it's", 'a "b"', 'é', '', '3', 'True']],
    ['an empty list', '[]', []],
    ['a text that only begins like a list', '[draft] a text', ['[draft] a text']],
    ['a list of lists in Python', "[['a']]", ["[['a']]"]],
    ['a JSON object', '{"a": 1}', ['{"a": 1}']],
    ['a number', 5, ['5']],
    ['a text of digits', '123', ['123']],
    ['a group', { a: 1n, b: 'x' }, ['{"a":"1","b":"x"}']],
    ['nothing', null, ['']],
  ])('%s', (_name, cell, texts) => {
    expect(textsOfCell(cell)).toEqual(texts)
  })
})

describe('packed vectors', () => {
  it('are unpacked number for number, in half the place where 32 bits hold them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.boolean(), (dimension, isSmall) => {
        const number = isSmall ? fc.float({ noNaN: true, noDefaultInfinity: true }) : fc.double({ noNaN: true, noDefaultInfinity: true })
        for (const vectors of fc.sample(fc.array(fc.array(number, { minLength: dimension, maxLength: dimension }), { maxLength: 3 }), 5)) {
          const packed = packVectors(vectors)
          expect(unpackVectors(packed)).toEqual(vectors)
          if (isSmall) expect(packed.bits).toBe(32)
        }
      }),
      { numRuns: 20 },
    )
    expect(unpackVectors({ ...packVectors([[1, 2]]), count: 2 })).toBeNull()
  })
})
