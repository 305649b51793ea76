import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dateOfDays, daysOfDate, formatIso, truncateSeconds } from '../../../src/plan/calendar.ts'
import { parseDate } from '../../../src/plan/parse-date.ts'
import { compileStrftime } from '../../../src/columns/sampler/strftime.ts'

const anySecond = fc.integer({ min: Date.UTC(100, 0, 1) / 1000, max: Date.UTC(9999, 11, 31) / 1000 })
const read = (text: string): string | null => {
  const seconds = parseDate(text)
  return seconds === null ? null : formatIso(seconds)
}
const write = (pattern: string, moment: string): string => {
  const format = compileStrftime(pattern)
  return typeof format === 'function' ? format(parseDate(moment)!) : `unknown ${format.directive}`
}

describe('the calendar', () => {
  it('agrees with the calendar of the machine on every second of ten thousand years', () => {
    fc.assert(
      fc.property(anySecond, (seconds) => {
        expect(formatIso(seconds)).toBe(new Date(seconds * 1000).toISOString().slice(0, 19))
        const { year, month, day } = dateOfDays(Math.floor(seconds / 86_400))
        expect(daysOfDate(year, month, day)).toBe(Math.floor(seconds / 86_400))
      }),
      { numRuns: 2000 },
    )
  })

  it('truncates to the start of a unit, never into the future', () => {
    fc.assert(
      fc.property(anySecond, (seconds) => {
        const text = formatIso(seconds)
        const starts = { Y: `${text.slice(0, 4)}-01-01T00:00:00`, M: `${text.slice(0, 7)}-01T00:00:00`, D: `${text.slice(0, 10)}T00:00:00` }
        expect(formatIso(truncateSeconds(seconds, 'Y'))).toBe(starts.Y)
        expect(formatIso(truncateSeconds(seconds, 'M'))).toBe(starts.M)
        expect(formatIso(truncateSeconds(seconds, 'D'))).toBe(starts.D)
        expect(formatIso(truncateSeconds(seconds, 'h'))).toBe(`${text.slice(0, 13)}:00:00`)
        expect(formatIso(truncateSeconds(seconds, 'm'))).toBe(`${text.slice(0, 16)}:00`)
        expect(truncateSeconds(seconds, 's')).toBe(seconds)
      }),
    )
  })
})

describe('date strings', () => {
  it('are read back from the form they are written in', () => {
    fc.assert(fc.property(anySecond, (seconds) => parseDate(formatIso(seconds)) === seconds))
  })

  for (const [text, expected] of [
    ['2024-01-31', '2024-01-31T00:00:00'],
    [' 2024-1-5 ', '2024-01-05T00:00:00'],
    ['2024/01/31', '2024-01-31T00:00:00'],
    ['20240131', '2024-01-31T00:00:00'],
    ['2024-02', '2024-02-01T00:00:00'],
    ['2024', '2024-01-01T00:00:00'],
    ['2024-01-31T10:20:30', '2024-01-31T10:20:30'],
    ['2024-01-31 10:20', '2024-01-31T10:20:00'],
    ['2024-01-31T10:20:30.987654', '2024-01-31T10:20:30'],
    ['20240131T102030Z', '2024-01-31T10:20:30'],
    ['2024-01-31T10:20:30Z', '2024-01-31T10:20:30'],
    ['2024-01-31T01:00:00+02:00', '2024-01-30T23:00:00'],
    ['2024-01-31 22:00 -0530', '2024-02-01T03:30:00'],
    ['2024-01-31 5:05 pm', '2024-01-31T17:05:00'],
    ['2024-01-31 12:00 AM', '2024-01-31T00:00:00'],
    ['2024-01-31 12 pm', '2024-01-31T12:00:00'],
    ['1/31/2024', '2024-01-31T00:00:00'],
    ['02/03/2024', '2024-02-03T00:00:00'],
    ['31/12/2024 23:59', '2024-12-31T23:59:00'],
    ['31.12.2024', '2024-12-31T00:00:00'],
    ['Jan 31, 2024', '2024-01-31T00:00:00'],
    ['Wednesday, January 31st, 2024', '2024-01-31T00:00:00'],
    ['31 January 2024 08:00', '2024-01-31T08:00:00'],
    ['31-Jan-2024', '2024-01-31T00:00:00'],
    ['February 2024', '2024-02-01T00:00:00'],
    ['0099-03-01', '0099-03-01T00:00:00'],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => expect(read(text)).toBe(expected))
  }

  for (const text of [
    '',
    'soon',
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-01-32',
    '31/31/2024',
    '0000-01-01',
    '2024-01-01 24:00',
    '2024-01-01 10:60',
    '2024-01-01 13:00 pm',
    '2024-01-01x',
    '12',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseDate(text)).toBeNull())
  }
})

describe('strftime', () => {
  // what Python 3.11 writes for these moments
  for (const [pattern, moment, expected] of [
    ['%Y-%m-%dT%H:%M:%S', '2024-03-05 07:08:09', '2024-03-05T07:08:09'],
    ['%d/%m/%y', '2024-03-05', '05/03/24'],
    ['%A, %B %d %Y', '2024-03-05', 'Tuesday, March 05 2024'],
    ['%a %b %e', '2024-03-05', 'Tue Mar  5'],
    ['%I:%M %p', '2024-03-05 00:30', '12:30 AM'],
    ['%I:%M %p', '2024-03-05 12:30', '12:30 PM'],
    ['%-d.%-m. %-H h', '2024-03-05 07:00', '5.3. 7 h'],
    ['%-H:%-M', '2024-03-05', '0:0'],
    ['%j %U %W %w %u', '2024-12-31', '366 52 53 2 2'],
    ['%j %U %W %w %u', '2023-01-01', '001 01 00 0 7'],
    ['%G-W%V-%u', '2021-01-03', '2020-W53-7'],
    ['%G-W%V-%u', '2024-12-30', '2025-W01-1'],
    ['%G-W%V-%u', '2026-12-31', '2026-W53-4'],
    ['%F %T.%f', '2024-03-05 07:08:09', '2024-03-05 07:08:09.000000'],
    ['%D %R', '2024-03-05 07:08', '03/05/24 07:08'],
    ['%c', '2024-03-05 07:08:09', 'Tue Mar  5 07:08:09 2024'],
    ['%x %X', '2024-03-05 07:08:09', '03/05/24 07:08:09'],
    ['100%% %z%Z', '2024-03-05', '100% '],
    ['no directive', '2024-03-05', 'no directive'],
  ] as const) {
    it(`writes ${moment} by ${pattern}`, () => expect(write(pattern, moment)).toBe(expected))
  }

  it('names what it does not know', () => {
    expect(write('%Y %Q', '2024-03-05')).toBe('unknown %Q')
    expect(write('%-', '2024-03-05')).toBe('unknown %-')
    expect(write('50%', '2024-03-05')).toBe('unknown %')
    expect(write('%constructor', '2024-03-05')).toBe('Tue Mar  5 00:00:00 2024onstructor')
  })
})
