/** Calendar arithmetic on seconds since 1970-01-01T00:00:00 UTC (proleptic Gregorian). No time zone of the machine enters. */

/** Unit a date-time may be truncated to: year, month, day, hour, minute, second. */
export type DateUnit = 'Y' | 'M' | 'D' | 'h' | 'm' | 's'

/** Seconds of the units of fixed length. */
export const SECONDS_PER_UNIT = { D: 86_400, h: 3_600, m: 60, s: 1 } as const

/** A day of the calendar; `month` and `day` count from 1. */
export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Days from 1970-01-01 to a date; the date must exist. */
export function daysOfDate(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The date that lies `days` after 1970-01-01. */
export function dateOfDays(days: number): CivilDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

/** Number of days of a month, 28 … 31. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** True for years of 366 days. */
export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** The start of the unit that `seconds` lies in. */
export function truncateSeconds(seconds: number, unit: DateUnit): number {
  if (unit === 's') return seconds
  if (unit === 'Y' || unit === 'M') {
    const date = dateOfDays(Math.floor(seconds / SECONDS_PER_UNIT.D))
    return daysOfDate(date.year, unit === 'Y' ? 1 : date.month, 1) * SECONDS_PER_UNIT.D
  }
  const length = SECONDS_PER_UNIT[unit]
  return Math.floor(seconds / length) * length
}

/** `YYYY-MM-DDTHH:MM:SS`, the form in which date-times stand in a dataset. */
export function formatIso(seconds: number): string {
  const days = Math.floor(seconds / SECONDS_PER_UNIT.D)
  const rest = seconds - days * SECONDS_PER_UNIT.D
  const hour = Math.floor(rest / 3_600)
  const minute = Math.floor((rest - hour * 3_600) / 60)
  return `${formatIsoDate(days)}T${TWO_DIGITS[hour]}:${TWO_DIGITS[minute]}:${TWO_DIGITS[rest - hour * 3_600 - minute * 60]}`
}

/** `YYYY-MM-DD` of a number of days since 1970-01-01. */
export function formatIsoDate(days: number): string {
  const { year, month, day } = dateOfDays(days)
  return `${padNumber(year, 4)}-${TWO_DIGITS[month]}-${TWO_DIGITS[day]}`
}

/** A non-negative integer with leading zeros up to `width` digits. */
export function padNumber(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

const TWO_DIGITS: readonly string[] = Array.from({ length: 100 }, (_, value) => padNumber(value, 2))
