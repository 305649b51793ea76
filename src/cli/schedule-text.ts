/** Schedules in words. Pure. */
import type { DatasetSchedule } from '../client/describe-schedule.ts'
import { count } from './format.ts'
import { ageText } from './summary-text.ts'

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const

/** `every 1d`, `every 1h30m`, `cron 0 6 * * *`. */
export function timesText({ everyMs, cron }: Pick<DatasetSchedule, 'everyMs' | 'cron'>): string {
  if (everyMs === null) return `cron ${cron ?? ''}`
  let rest = Math.round(everyMs / 1_000)
  let text = ''
  for (const [unit, seconds] of UNITS) {
    if (rest >= seconds) text += `${Math.floor(rest / seconds)}${unit}`
    rest %= seconds
  }
  return `every ${text}`
}

/** `2026-11-26 06:00 UTC, in 3h07m`, or `paused`. */
export function nextText({ isPaused, nextAt }: Pick<DatasetSchedule, 'isPaused' | 'nextAt'>, now: number): string {
  if (isPaused) return 'PAUSED'
  if (nextAt === null) return 'never again'
  return `${new Date(nextAt).toISOString().slice(0, 16).replace('T', ' ')} UTC, in ${ageText(0, Math.max(0, nextAt - now))}`
}

/** `extended 3h07m ago: 1000 rows added: 3000 in all`, `open for 42s`, or `none yet`. */
export function lastText({ last }: Pick<DatasetSchedule, 'last'>, now: number): string {
  if (last === null) return 'none yet'
  if (last.outcome === 'open') return `open for ${ageText(last.at, now)}`
  const outcome = last.outcome === 'failed' ? 'FAILED' : last.outcome
  return `${outcome} ${ageText(last.at, now)} ago${last.reason === null ? '' : `: ${last.reason}`}`
}

/** `3 firings`, with those that were left out. */
export function firingsText({ firings, skipped, missed }: DatasetSchedule): string {
  const leftOut = [
    skipped === 0 ? '' : `, ${count(skipped)} left out while one was open`,
    missed === 0 ? '' : `, ${count(missed)} missed while the server was away`,
  ]
  return `${count(firings)} ${firings === 1 ? 'firing' : 'firings'}${leftOut.join('')}`
}
