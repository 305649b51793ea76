import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytes, count, duration, money } from '../../src/cli/format.ts'
import { abridge } from '../../src/cli/abridge.ts'
import { recordLines } from '../../src/cli/record-text.ts'
import { commandLine, datasetArgument, quote, shownPath } from '../../src/cli/shell.ts'
import { displayWidth, fit, printable, wrapText } from '../../src/cli/text.ts'
import { waitedFor } from '../../src/cli/waiting.ts'
import { withoutKeys } from '../../src/cli/without-keys.ts'

const anyText = fc.string({ unit: 'binary', maxLength: 300 })

describe('text for a terminal', () => {
  it('counts full-width characters twice and combining marks not at all', () => {
    expect(['abc', '数据', '😀', 'e\u0301', 'ﬁ'].map(displayWidth)).toEqual([3, 4, 2, 1, 1])
  })

  it('cuts what does not fit', () => {
    expect([fit('0123456789', 10), fit('0123456789x', 10), fit('数据数据', 7), fit('abc', 2)]).toEqual([
      '0123456789',
      '0123456...',
      '数据...',
      '..',
    ])
  })

  it('breaks between words, and within a word only where it must', () => {
    expect(wrapText('the quick brown fox', 9)).toEqual(['the quick', 'brown fox'])
    expect(wrapText('a verylongword b', 6)).toEqual(['a', 'verylo', 'ngword', 'b'])
    expect(wrapText('one\n\ntwo', 9)).toEqual(['one', '', 'two'])
  })

  it('is never wider than asked for, and loses nothing but blanks', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 120 }), (text, width) => {
        const lines = wrapText(text, width)
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width)
        expect(lines.join('').replaceAll(' ', '')).toBe(printable(text).replaceAll(/[ \n]/g, ''))
        expect(displayWidth(fit(text, width))).toBeLessThanOrEqual(width)
      }),
    )
  })

  it('does not steer the terminal', () => {
    expect(printable('\u001b[2Jgone\u0007\u202e')).toBe('\ufffd[2Jgone\ufffd\ufffd')
    fc.assert(
      fc.property(anyText, (text) => {
        expect(printable(text)).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e]/u)
      }),
    )
  })
})

describe('a record', () => {
  const record = {
    name: 'Ada',
    n: 12,
    big: 2n ** 60n,
    at: new Date('2026-01-02T03:04:05Z'),
    none: null,
    empty: '',
    pair: { a: 1, b: [true] },
  }

  it('has its names aligned and every kind of value readable', () => {
    expect(recordLines(record, 80)).toEqual([
      'name   Ada',
      'n      12',
      'big    1152921504606846976',
      'at     2026-01-02T03:04:05.000Z',
      'none   (null)',
      'empty  (empty)',
      'pair   {"a":1,"b":[true]}',
    ])
  })

  it('wraps long texts under their beginning, and spreads large objects', () => {
    expect(
      recordLines(
        { text: 'one two three four five six', deep: { first: 'a long value that fills the line', second: 'another such value' } },
        30,
      ),
    ).toEqual([
      'text  one two three four five',
      '      six',
      'deep  {',
      '        "first": "a long',
      '          value that fills the',
      '          line",',
      '        "second": "another',
      '          such value"',
      '      }',
    ])
  })

  it('is never wider than the terminal', () => {
    const value = fc.oneof(
      anyText,
      fc.integer(),
      fc.constant(null),
      fc.array(anyText, { maxLength: 3 }),
      fc.dictionary(fc.string({ maxLength: 20 }), anyText, { maxKeys: 3 }),
    )
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), value, { maxKeys: 5 }),
        fc.integer({ min: 60, max: 160 }),
        (values, width) => {
          for (const line of recordLines(values, width)) expect(displayWidth(line)).toBeLessThanOrEqual(width)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('commands that are printed', () => {
  it('are words that a shell takes as they were', () => {
    const words = fc.array(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((word) => !word.includes('\0')),
      { minLength: 1, maxLength: 4 },
    )
    fc.assert(
      fc.property(words, (list) => {
        const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${list.map(quote).join(' ')}`]).toString()
        expect(printed.split('\0').slice(0, -1)).toEqual(list)
      }),
      { numRuns: 50 },
    )
    expect(commandLine('show', "it's mine", '0')).toBe(`npx parquetry show 'it'\\''s mine' 0`)
  })

  it('name a dataset as briefly as show and resume understand it', () => {
    expect(datasetArgument('/home/ada/artifacts/reviews', '/home/ada')).toBe('reviews')
    expect(datasetArgument('/home/ada/data/reviews', '/home/ada')).toBe('data/reviews')
    expect(datasetArgument('/home/ada/reviews', '/home/ada')).toBe('./reviews')
    expect(datasetArgument('/data/reviews', '/home/ada')).toBe('/data/reviews')
    expect(shownPath(join('/home/ada', 'artifacts', 'x'), '/home/ada')).toBe('artifacts/x')
  })
})

describe('numbers', () => {
  it('as people read them', () => {
    expect([0, 999, 12_345.4].map(count)).toEqual(['0', '999', '12,345'])
    expect([0, 7_400, 750_000, 11_045_000].map(duration)).toEqual(['0:00', '0:07', '12:30', '3:04:05'])
    expect([0, 999, 1_000, 61_400, 1_234_567_890].map(bytes)).toEqual(['0 B', '999 B', '1.0 KB', '61 KB', '1.2 GB'])
    expect([money(0, 'USD'), money(0.0042, 'EUR'), money(1.355, 'USD'), money(1, null)]).toEqual([
      '$0.00',
      'EUR 0.0042',
      '$1.35',
      'no price given',
    ])
    expect([4_000, 252_000, 11_220_000].map(waitedFor)).toEqual(['4s', '4m12s', '3h07m'])
  })
})

describe('an environment for the rehearsal model', () => {
  it('holds no key of a model provider, and all else', () => {
    const env = {
      OPENAI_API_KEY: 'a',
      NVIDIA_API_KEY: 'b',
      HF_TOKEN: 'c',
      openrouter_apikey: 'd',
      OPENAI_BASE_URL: 'e',
      MY_SECRET: 'f',
      PATH: '/bin',
      HOME: '/h',
      TEMPORAL_API_KEY: 't',
    }
    expect(withoutKeys(env)).toEqual({ PATH: '/bin', HOME: '/h', TEMPORAL_API_KEY: 't' })
  })
})

describe('what people are shown of vectors and pictures', () => {
  it('is their beginning and their size; texts of words, short lists and other values stay whole', () => {
    const vector = Array.from({ length: 1_536 }, (_, at) => at)
    const cell = { embeddings: [vector, [1, 2]], dimension: 1_536 }
    expect(abridge(cell)).toEqual({
      embeddings: [
        [0, 1, 2, 3, '… 1,532 more'],
        [1, 2],
      ],
      dimension: 1_536,
    })
    expect(abridge(['A'.repeat(2_000_000)])).toEqual([`${'A'.repeat(32)}… (2,000,000 characters)`])
    for (const whole of ['many words '.repeat(100), ['images/p/1.png'], null, 5, new Date(0), Array.from({ length: 20 }, () => 'x')]) {
      expect(abridge(whole)).toEqual(whole)
    }
  })
})
