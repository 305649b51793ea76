import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Place } from './helpers.ts'
import { createPlace, eventsOf, SAMPLERS } from './helpers.ts'

let place: Place
beforeAll(async () => {
  place = await createPlace({ namespace: `schedules-${randomUUID().slice(0, 8)}` })
}, 180_000)
afterAll(() => place?.remove())

describe('schedule', () => {
  it(
    'makes a schedule, warns when no worker serves it, and is looked at, paused and ended by the name of the dataset',
    { timeout: 120_000 },
    async () => {
      place.write('reviews.yaml', SAMPLERS)
      // It is used while the first command still looks for a worker.
      const making = place.start(['schedule', 'reviews.yaml', '--every', '1d', '--extend', '1000', '--first', '20'])
      await making.waitFor(/^look/m)
      const paused = await place.run(['schedule', 'reviews', '--pause', '--json'])
      expect(eventsOf(paused)).toEqual([
        expect.objectContaining({
          event: 'schedule',
          dataset: 'reviews',
          extendBy: 1000,
          everyMs: 86_400_000,
          isPaused: true,
          nextAt: null,
        }),
      ])

      const list = await place.run(['schedule', '--list'])
      expect(list.stdout).toMatch(
        /^reviews {3}1,000 rows more, every 1d\nnext {5}PAUSED \(paused by a person\)\nlast {5}none yet\nso far {3}0 firings$/m,
      )
      expect(await place.run(['schedule', 'reviews', '--delete'])).toMatchObject({ code: 0, stdout: expect.stringContaining('ended') })

      const made = await making.ended
      expect(made.code).toBe(0)
      expect(made.stdout).toMatch(
        /^Schedule reviews: 1,000 rows more, every 1d; next \d{4}-\d\d-\d\d \d\d:\d\d UTC, in (23h59m|24h00m|1d)/m,
      )
      expect(made.stdout).toMatch(/^First {4}npx parquetry watch reviews$/m)
      expect(made.stdout).toMatch(/^Worker {3}npx parquetry worker {3}must run/m)
      expect(made.stdout).toMatch(/^UI {7}http.*\/schedules\/reviews-[0-9a-f]{8}$/m)
      expect(made.stderr).toMatch(/no worker serves the task queue parquetry: .*npx parquetry worker/)
    },
  )
})
