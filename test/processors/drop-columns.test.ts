import { describe, expect, it } from 'vitest'
import { dropColumns, unmatchedNames } from '../../src/processors/index.ts'

const available = ['id', 'name', 'name__trace', 'a.b', 'axb', 'tmp_1', 'tmp_22']

describe('drop_columns', () => {
  it.each([
    [['name'], ['name']],
    [
      ['tmp_*', 'id'],
      ['id', 'tmp_1', 'tmp_22'],
    ],
    [['*__trace'], ['name__trace']],
    [['*'], available],
    [['a.b'], ['a.b']],
    [['a*b'], ['a.b', 'axb']],
    [['t*_*2'], ['tmp_22']],
    [['name*'], ['name', 'name__trace']],
    [['n*me*me'], []],
    [['nobody'], []],
    [[], []],
    [['tmp_?', '[a-z]*'], []],
  ])('%j drops %j', (patterns, dropped) => {
    expect(dropColumns(patterns, available)).toEqual(dropped)
  })

  it('names entries that match nothing', () => {
    expect(unmatchedNames(['id', 'x*', 'nobody', '*'], available)).toEqual(['x*', 'nobody'])
  })

  it('is not slowed down by many stars', () => {
    const started = performance.now()
    expect(dropColumns([`${'*a'.repeat(2000)}b`], ['a'.repeat(20_000)])).toEqual([])
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
