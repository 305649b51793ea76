import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  maxWaitOf,
  parseAllowedDrops,
  parseAmount,
  parseBudget,
  parseCount,
  parseLimit,
  parseDuration,
  parseIndex,
  parseResume,
  parseWindow,
} from '../../src/cli/options.ts'

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['0s', 0],
    ['2d', 172_800_000],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it.each(['', '10', 'm', '10 m', '-3s', '10min', '1h-5m', 'ten'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(/90s, 10m or 1h30m/)
  })

  it('any number of hours, minutes and seconds adds up', () => {
    const part = fc.nat(10_000)
    fc.assert(
      fc.property(part, part, part, (h, m, s) => {
        expect(parseDuration(`${h}h${m}m${s}s`)).toBe(((h * 60 + m) * 60 + s) * 1_000)
      }),
    )
  })
})

describe('counts', () => {
  it('may be written in groups', () => expect(['7', '1_000', '1,000,000'].map(parseCount)).toEqual([7, 1_000, 1_000_000]))
  it.each(['0', '-1', '1.5', '1e3', '', ' 1', 'x', '99999999999999999999', '_1'])('refuse %j', (text) =>
    expect(() => parseCount(text)).toThrow(/whole number/),
  )
  it('an index may be 0', () => expect(parseIndex('0')).toBe(0))
  it('amounts of money are above 0, and limits may be taken away', () => {
    expect(['5', '$5.00', '0.25'].map(parseAmount)).toEqual([5, 5, 0.25])
    for (const wrong of ['0', '-1', '5 USD', '1e3', '']) expect(() => parseAmount(wrong)).toThrow(/above 0/)
    expect([parseBudget('none'), parseBudget('7.5'), parseLimit('none'), parseLimit('600')]).toEqual(['none', 7.5, 'none', 600])
  })
  it('row groups at once end at 256', () => {
    expect(parseWindow('256')).toBe(256)
    expect(() => parseWindow('257')).toThrow(/1 to 256/)
  })
})

describe('allowed drops', () => {
  it.each([
    ['12', { rows: 12 }],
    ['0', { rows: 0 }],
    ['1%', { share: 0.01 }],
    ['0.5%', { share: 0.005 }],
  ])('%s', (text, drops) => expect(parseAllowedDrops(text)).toEqual(drops))
  it.each(['100%', '-1', '0.5', 'all', '%'])('refuse %j', (text) => expect(() => parseAllowedDrops(text)).toThrow(/1%/))
})

describe('how long a blocked run is waited for', () => {
  it('for ever on a terminal, ten minutes without one', () =>
    expect([true, false].map((isTerminal) => maxWaitOf({}, isTerminal))).toEqual([null, 600_000]))
  it('for ever when asked', () => expect(maxWaitOf({ onBlocked: 'wait' }, false)).toBeNull())
  it('not at all when asked', () => expect(maxWaitOf({ onBlocked: 'exit', maxWait: 5_000 }, true)).toBe(0))
  it('as long as given', () =>
    expect([true, false].map((isTerminal) => maxWaitOf({ onBlocked: 'wait', maxWait: 5_000 }, isTerminal))).toEqual([5_000, 5_000]))
})

describe('whether to resume', () => {
  it.each([
    ['never', 'never'],
    ['always', 'always'],
    ['if_possible', 'if_possible'],
    ['true', 'always'],
    ['false', 'never'],
  ])('%s', (text, mode) => expect(parseResume(text)).toBe(mode))

  it.each(['', 'yes', 'True', 'constructor'])('refuses %j', (text) => expect(() => parseResume(text)).toThrow(/never, always, if_possible/))
})
