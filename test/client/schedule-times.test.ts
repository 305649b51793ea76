import { describe, expect, it } from 'vitest'
import { problemOfCron, specOf } from '../../src/client/schedule-times.ts'

describe('times of a schedule', () => {
  it('an interval is counted from the moment at which it is made', () => {
    expect(specOf({ everyMs: 86_400_000 }, 3 * 86_400_000 + 5_250)).toEqual({ intervals: [{ every: 86_400_000, offset: 5_000 }] })
  })
  it.each([{}, { everyMs: 1_000, cron: '@daily' }, { everyMs: 500 }, { everyMs: 1_500 }, { everyMs: 0 }, { cron: 'noon' }])(
    'refuses %j before anything is begun',
    (times) => expect(() => specOf(times, 0)).toThrow(expect.objectContaining({ code: 'USAGE' })),
  )
  it.each(['0 6 * * *', '*/15 0-6,22 1 JAN-mar mon', '@daily', 'CRON_TZ=Europe/Berlin 30 5 * * 1-5', '0 0 * * 7'])(
    '%j is understood',
    (cron) => expect(problemOfCron(cron)).toBeNull(),
  )
  it.each([
    ['60 * * * *', /minute/],
    ['0 24 * * *', /hour/],
    ['0 0 0 * *', /day of month/],
    ['0 0 1 13 *', /month/],
    ['0 0 * * FUN', /day of week/],
    ['0 5-3 * * *', /hour/],
    ['*/0 * * * *', /minute/],
    ['1-2-3 * * * *', /minute/],
    ['0 6 * *', /5 fields, found 4/],
    ['', /5 fields, found 0/],
    ['CRON_TZ=Mars/Base 0 6 * * *', /no time zone/],
    ['@every 1h', /5 fields/],
  ])('of %j it is said what is wrong', (cron, problem) => expect(problemOfCron(cron)).toMatch(problem))
})
