import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, eventsOf, printedCommands, startEndpoint, textConfig } from './helpers.ts'
import type { Place } from './helpers.ts'

let place: Place

beforeAll(async () => {
  place = await createPlace()
}, 300_000)
afterAll(() => place.remove())

/** About a tenth of the rows fail at each try, whatever the refill number. */
const CONFIG = `
columns:
  - { name: n, column_type: sampler, sampler_type: category, params: { values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] } }
  - { name: share, column_type: expression, expr: '{{ 100 // (n | int) }}' }
parquetry: { seed: 7, refill_attempts: 0, buffer_size: 20 }
`

interface Facts {
  readonly state: string
  readonly totals: { readonly rowsWritten: number; readonly rowsDropped: number; readonly dropReasons?: readonly object[] }
  readonly retried?: { readonly rowsTried: number; readonly rowsFilled: number }
}

const resultOf = (events: readonly Record<string, unknown>[]): Facts => events.at(-1) as unknown as Facts

describe('retry-dropped', () => {
  it('fills dropped rows, says why they were dropped, and leaves a dataset that is complete and verifies', async () => {
    const created = await place.run(['create', place.write('drops.yaml', CONFIG), '-n', '60'])
    expect(created.code).toBe(3)
    expect(created.stdout).toMatch(/^Dropped {2}\d+ rows: TEMPLATE_FAILED \d+ \(column share\)$/m)
    const retry = printedCommands(created).find(([command]) => command === 'retry-dropped')
    expect(retry).toEqual(['retry-dropped', 'drops'])
    const sound = await place.run(['verify', 'drops'])
    expect(sound.code).toBe(3)
    expect(printedCommands(sound)).toEqual([retry])
    let ended = await place.run([...(retry ?? []), '--json'])
    const first = resultOf(eventsOf(ended))
    expect(first.retried?.rowsFilled).toBeGreaterThan(0)
    // The few that fail again are tried with the next refill number.
    for (let tries = 0; tries < 10 && ended.code === 3; tries += 1) ended = await place.run([...(retry ?? []), '--json'])
    expect(ended.code).toBe(0)
    expect(resultOf(eventsOf(ended))).toMatchObject({ state: 'complete', totals: { rowsWritten: 60, rowsDropped: 0 } })
    expect(await place.run(['verify', 'drops'])).toMatchObject({ code: 0, stderr: '' })
    const again = await place.run(['retry-dropped', 'drops'])
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to do') })
  }, 240_000)

  it('refuses what is no dataset, with 2', async () => {
    expect((await place.run(['retry-dropped', 'nothing'])).code).toBe(2)
  })
})

describe('verify --repair', () => {
  it('is refused while a run is open, and does nothing to its files', async () => {
    const endpoint = await startEndpoint(200)
    try {
      place.write('open.yaml', textConfig(endpoint.endpoint, { parallel: 2, settings: 'parquetry: { buffer_size: 5 }' }))
      const run = place.start(['create', 'open.yaml', '-n', '40', '--json'])
      const file = join(place.folder, 'artifacts', 'open', 'parquet-files', 'batch_00000.parquet')
      for (const deadline = Date.now() + 60_000; !place.exists('artifacts/open/parquet-files/batch_00000.parquet');) {
        if (Date.now() > deadline) throw new Error('no row group came')
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      writeFileSync(file, 'damaged')
      const refused = await place.run(['verify', 'open', '--repair'])
      expect(refused.code).toBe(2)
      expect(refused.stderr).toContain('DATASET_OPEN_ELSEWHERE')
      expect(readFileSync(file, 'utf8')).toBe('damaged')
      run.child.kill('SIGINT')
      await run.ended
      expect((await place.run(['verify', 'open', '--repair'])).code).toBe(3)
      expect((await place.run(['resume', 'open'])).code).toBe(0)
      expect((await place.run(['verify', 'open'])).code).toBe(0)
    } finally {
      await endpoint.close()
    }
  }, 240_000)
})
