/**
 * Reads the date strings people write into configs, as pandas' `to_datetime` does: ISO 8601 and its shorter forms, American
 * month-first slashes (day first where the first number cannot be a month), and English month names. Without an offset a
 * string is in UTC; the time zone of the machine plays no part.
 */
import { daysInMonth, daysOfDate, SECONDS_PER_UNIT } from './calendar.ts'

/** Whole seconds since 1970-01-01T00:00:00 UTC (a fraction is cut off), or null when the string is no date that exists. */
export function parseDate(text: string): number | null {
  const trimmed = text.trim()
  for (const shape of SHAPES) {
    const match = shape.exec(trimmed)
    if (match?.groups !== undefined) return assemble(match.groups)
  }
  return null
}

const TIME =
  String.raw`(?:(?:T|\s+)(?<hour>\d{1,2})(?::?(?<minute>\d{2})(?::?(?<second>\d{2})(?:[.,]\d+)?)?)?\s*(?<half>[AaPp]\.?[Mm]\.?)?` +
  String.raw`\s*(?<offset>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?$`
const MONTH_NAME = String.raw`(?<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?`
const WEEKDAY = String.raw`^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?`

const SHAPES: readonly RegExp[] = [
  // 2024-01-31, 2024/1/31, 2024.01.31, 2024-01, 2024
  new RegExp(String.raw`^(?<year>\d{4})(?:[-/.](?<month>\d{1,2})(?:[-/.](?<day>\d{1,2}))?)?` + TIME),
  // 20240131
  new RegExp(String.raw`^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})` + TIME),
  // 1/31/2024; 31.1.2024 by the rule of the number that cannot be a month
  new RegExp(String.raw`^(?<first>\d{1,2})[-/.](?<second2>\d{1,2})[-/.](?<year>\d{4})` + TIME),
  // Jan 31, 2024; January 2024
  new RegExp(WEEKDAY + MONTH_NAME + String.raw`(?:[\s-]+(?<day>\d{1,2})(?:st|nd|rd|th)?)?,?[\s-]+(?<year>\d{4})` + TIME, 'i'),
  // 31 January 2024, 31-Jan-2024
  new RegExp(
    WEEKDAY + String.raw`(?<day>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?:of\s+)?` + MONTH_NAME + String.raw`,?[\s-]+(?<year>\d{4})` + TIME,
    'i',
  ),
]

const MONTH_NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

function assemble(part: Readonly<Record<string, string | undefined>>): number | null {
  const year = Number(part['year'])
  const [month, day] = monthAndDay(part)
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null
  const time = secondsOfTime(part)
  if (time === null) return null
  return daysOfDate(year, month, day) * SECONDS_PER_UNIT.D + time
}

function monthAndDay(part: Readonly<Record<string, string | undefined>>): readonly [number, number] {
  if (part['name'] !== undefined) return [MONTH_NAMES.indexOf(part['name'].slice(0, 3).toLowerCase()) + 1, Number(part['day'] ?? 1)]
  if (part['first'] === undefined) return [Number(part['month'] ?? 1), Number(part['day'] ?? 1)]
  const first = Number(part['first'])
  const second = Number(part['second2'])
  return first > 12 ? [second, first] : [first, second]
}

function secondsOfTime(part: Readonly<Record<string, string | undefined>>): number | null {
  let hour = Number(part['hour'] ?? 0)
  const minute = Number(part['minute'] ?? 0)
  const second = Number(part['second'] ?? 0)
  if (part['half'] !== undefined) {
    if (hour < 1 || hour > 12) return null
    hour = (hour % 12) + (/^p/i.test(part['half']) ? 12 : 0)
  } else if (part['hour'] !== undefined && part['minute'] === undefined && part['hour'].length < 2) {
    return null
  }
  if (hour > 23 || minute > 59 || second > 59) return null
  return hour * 3_600 + minute * 60 + second - offsetSeconds(part['offset'])
}

function offsetSeconds(offset: string | undefined): number {
  if (offset === undefined || !/^[+-]/.test(offset)) return 0
  const digits = offset.slice(1).replace(':', '')
  const seconds = Number(digits.slice(0, 2)) * 3_600 + Number(digits.slice(2, 4)) * 60
  return offset.startsWith('-') ? -seconds : seconds
}
