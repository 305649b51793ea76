/** When a schedule fires: checked here, since the server would say so only once the dataset has been begun. Pure. */
import type { ScheduleSpec } from '@temporalio/client'
import { ParquetryError } from '../errors.ts'

/** Shortest interval, in ms. */
const LEAST_EVERY_MS = 1_000

/** Either an interval or calendar times. */
export interface ScheduleTimes {
  /** Milliseconds between two firings, ≥ 1,000; the first one is so long after the schedule was made. */
  readonly everyMs?: number
  /** Five fields as in crontab, or `@daily` and the like; UTC, unless `CRON_TZ=Europe/Berlin` stands before them. */
  readonly cron?: string
}

/** What Temporal is told. Throws `USAGE`. */
export function specOf({ everyMs, cron }: ScheduleTimes, now: number): ScheduleSpec {
  if ((everyMs === undefined) === (cron === undefined)) {
    throw new ParquetryError(
      'USAGE',
      `expected either an interval or a cron expression, found ${cron === undefined ? 'neither' : 'both'}`,
      {
        wayOut: 'give --every 1d, or --cron "0 6 * * *"',
      },
    )
  }
  if (cron !== undefined) {
    const problem = problemOfCron(cron)
    if (problem === null) return { cronExpressions: [cron] }
    throw new ParquetryError('USAGE', `expected a cron expression, found "${cron}": ${problem}`, {
      wayOut: 'give minute, hour, day of month, month and day of week, e.g. "0 6 * * *" or "CRON_TZ=Europe/Berlin 30 5 * * MON-FRI"',
    })
  }
  if (everyMs === undefined || !Number.isSafeInteger(everyMs) || everyMs < LEAST_EVERY_MS || everyMs % 1_000 !== 0) {
    throw new ParquetryError('USAGE', `expected an interval of whole seconds, at least one, found ${String(everyMs)} ms`)
  }
  // Intervals are counted from the beginning of 1970: without an offset a day would end at midnight, maybe a minute from now.
  return { intervals: [{ every: everyMs, offset: (Math.floor(now / 1_000) * 1_000) % everyMs }] }
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

const FIELDS = [
  { name: 'minute', least: 0, most: 59, words: [] },
  { name: 'hour', least: 0, most: 23, words: [] },
  { name: 'day of month', least: 1, most: 31, words: [] },
  { name: 'month', least: 1, most: 12, words: MONTHS },
  { name: 'day of week', least: 0, most: 7, words: DAYS },
] as const

const NAMED = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/u

/** What is wrong with a cron expression, or null. */
export function problemOfCron(text: string): string | null {
  const { zone, times = '' } = /^(?:CRON_TZ=(?<zone>\S+)\s+)?(?<times>.*)$/u.exec(text.trim())?.groups ?? {}
  if (zone !== undefined && !isTimeZone(zone)) return `${zone} is no time zone`
  if (NAMED.test(times)) return null
  const fields = times.split(/\s+/u)
  if (fields.length !== FIELDS.length) return `expected 5 fields, found ${times === '' ? 0 : fields.length}`
  const wrong = FIELDS.find((field, index) => !(fields[index] ?? '').split(',').every((part) => isPart(part, field)))
  return wrong === undefined ? null : `its ${wrong.name} is not one`
}

function isPart(part: string, { least, most, words }: (typeof FIELDS)[number]): boolean {
  const { range = '', step } = /^(?<range>[^/]+)(?:\/(?<step>\d+))?$/u.exec(part)?.groups ?? {}
  if (step !== undefined && Number(step) < 1) return false
  if (range === '*') return true
  const ends = range.split('-').map((end) => {
    const word = (words as readonly string[]).indexOf(end.toUpperCase())
    return word >= 0 ? word + least : /^\d+$/u.test(end) ? Number(end) : Number.NaN
  })
  const [first = Number.NaN, last = first] = ends
  return ends.length <= 2 && first >= least && last <= most && first <= last
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
