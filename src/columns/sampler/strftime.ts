/** Python's `strftime` for date-times without a time zone, in the C locale: the `convert_to` of datetime and timedelta columns. */
import { dateOfDays, daysOfDate, isLeapYear, padNumber, SECONDS_PER_UNIT } from '../../plan/calendar.ts'
import type { CivilDate } from '../../plan/calendar.ts'

/** A pattern that cannot be used; `directive` is the part that is not known. */
export interface UnknownDirective {
  readonly directive: string
}

/** Formats seconds since 1970-01-01T00:00:00 UTC by a compiled pattern. */
export type DateFormatter = (seconds: number) => string

/** Compiles a pattern once, so that a row only joins its parts. Never throws. */
export function compileStrftime(pattern: string): DateFormatter | UnknownDirective {
  const parts: (string | ((moment: Moment) => string))[] = []
  let position = 0
  while (position < pattern.length) {
    const percent = pattern.indexOf('%', position)
    if (percent < 0) {
      parts.push(pattern.slice(position))
      break
    }
    if (percent > position) parts.push(pattern.slice(position, percent))
    const isUnpadded = pattern[percent + 1] === '-'
    const letter = pattern[percent + (isUnpadded ? 2 : 1)] ?? ''
    const directive = Object.hasOwn(DIRECTIVES, letter) ? DIRECTIVES[letter]! : undefined
    if (directive === undefined) return { directive: pattern.slice(percent, percent + (isUnpadded ? 3 : 2)) }
    parts.push(isUnpadded ? (moment) => directive(moment).replace(/^[0 ]+(?=\d)/, '') : directive)
    position = percent + (isUnpadded ? 3 : 2)
  }
  return (seconds) => {
    const moment = momentOf(seconds)
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(moment)
    return text
  }
}

interface Moment extends CivilDate {
  readonly seconds: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** 1 … 366. */
  readonly dayOfYear: number
  /** 0 is Sunday. */
  readonly weekday: number
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

const two = (value: number): string => padNumber(value, 2)
const spaced = (value: number): string => String(value).padStart(2, ' ')
const hour12 = (moment: Moment): number => ((moment.hour + 11) % 12) + 1
const weekdayName = (moment: Moment): string => WEEKDAYS[moment.weekday]!
const monthName = (moment: Moment): string => MONTHS[moment.month - 1]!
const date = (moment: Moment): string => `${two(moment.month)}/${two(moment.day)}/${two(moment.year % 100)}`
const time = (moment: Moment): string => `${two(moment.hour)}:${two(moment.minute)}:${two(moment.second)}`
const half = (moment: Moment): string => (moment.hour < 12 ? 'AM' : 'PM')

const DIRECTIVES: Readonly<Record<string, (moment: Moment) => string>> = {
  Y: (moment) => padNumber(moment.year, 4),
  C: (moment) => two(Math.floor(moment.year / 100)),
  y: (moment) => two(moment.year % 100),
  m: (moment) => two(moment.month),
  d: (moment) => two(moment.day),
  e: (moment) => spaced(moment.day),
  H: (moment) => two(moment.hour),
  I: (moment) => two(hour12(moment)),
  k: (moment) => spaced(moment.hour),
  l: (moment) => spaced(hour12(moment)),
  M: (moment) => two(moment.minute),
  S: (moment) => two(moment.second),
  f: () => '000000',
  p: half,
  P: (moment) => half(moment).toLowerCase(),
  A: weekdayName,
  a: (moment) => weekdayName(moment).slice(0, 3),
  B: monthName,
  b: (moment) => monthName(moment).slice(0, 3),
  h: (moment) => monthName(moment).slice(0, 3),
  j: (moment) => padNumber(moment.dayOfYear, 3),
  w: (moment) => String(moment.weekday),
  u: (moment) => String(moment.weekday === 0 ? 7 : moment.weekday),
  U: (moment) => two(Math.floor((moment.dayOfYear + 6 - moment.weekday) / 7)),
  W: (moment) => two(Math.floor((moment.dayOfYear + 6 - ((moment.weekday + 6) % 7)) / 7)),
  V: (moment) => two(isoWeek(moment).week),
  G: (moment) => padNumber(isoWeek(moment).year, 4),
  g: (moment) => two(isoWeek(moment).year % 100),
  D: date,
  x: date,
  F: (moment) => `${padNumber(moment.year, 4)}-${two(moment.month)}-${two(moment.day)}`,
  T: time,
  X: time,
  R: (moment) => `${two(moment.hour)}:${two(moment.minute)}`,
  r: (moment) => `${two(hour12(moment))}:${two(moment.minute)}:${two(moment.second)} ${half(moment)}`,
  c: (moment) =>
    `${weekdayName(moment).slice(0, 3)} ${monthName(moment).slice(0, 3)} ${spaced(moment.day)} ${time(moment)} ${padNumber(moment.year, 4)}`,
  s: (moment) => String(moment.seconds),
  // a date-time without a time zone has neither offset nor name
  z: () => '',
  Z: () => '',
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
}

function momentOf(seconds: number): Moment {
  const days = Math.floor(seconds / SECONDS_PER_UNIT.D)
  const rest = seconds - days * SECONDS_PER_UNIT.D
  const civil = dateOfDays(days)
  return {
    year: civil.year,
    month: civil.month,
    day: civil.day,
    seconds,
    hour: Math.floor(rest / 3_600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    dayOfYear: days - daysOfDate(civil.year, 1, 1) + 1,
    weekday: (((days + 4) % 7) + 7) % 7,
  }
}

/** The ISO 8601 week: weeks begin on Monday, and belong to the year of their Thursday. */
function isoWeek(moment: Moment): { readonly year: number; readonly week: number } {
  const week = Math.floor((moment.dayOfYear - ((moment.weekday + 6) % 7) + 9) / 7)
  if (week < 1) return { year: moment.year - 1, week: weeksInYear(moment.year - 1) }
  return week > weeksInYear(moment.year) ? { year: moment.year + 1, week: 1 } : { year: moment.year, week }
}

function weeksInYear(year: number): number {
  const firstWeekday = (((daysOfDate(year, 1, 1) + 4) % 7) + 7) % 7
  return firstWeekday === 4 || (firstWeekday === 3 && isLeapYear(year)) ? 53 : 52
}
