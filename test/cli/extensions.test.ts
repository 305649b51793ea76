import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, eventsOf } from './helpers.ts'
import type { Place } from './helpers.ts'

const shouting = fileURLToPath(new URL('../fixtures/extensions/shouting.mjs', import.meta.url))
const CONFIG = `
columns:
  - { name: city, column_type: sampler, sampler_type: category, params: { values: [oslo] } }
  - { name: loud, column_type: custom, generator_function: shout }
parquetry:
  processors: [{ processor_type: custom, name: counted, processor: count }]
`

let place: Place

beforeAll(async () => {
  place = await createPlace()
}, 300_000)
afterAll(() => place.remove())

describe('code of the user’s, with --extensions', () => {
  it('makes custom columns and runs custom processors', async () => {
    const config = place.write('loud.yaml', CONFIG)
    const previewed = await place.run(['preview', config, '-n', '1', '--json', '--extensions', shouting])
    expect(eventsOf(previewed)).toContainEqual(expect.objectContaining({ values: { city: 'oslo', loud: 'OSLO!' } }))
    const created = await place.run(['create', config, '-n', '4', '--extensions', shouting])
    expect({ code: created.code, stderr: created.stderr }).toEqual({ code: 0, stderr: '' })
    expect(place.exists('artifacts/loud/processors-files/counted/count.txt')).toBe(true)
  })

  it('is asked for where a config needs it, and must be a module that has some', async () => {
    const config = place.write('loud.yaml', CONFIG)
    expect(await place.run(['validate', config])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/columns\[1\]\.generator_function: .*"shout".*--extensions/),
    })
    const empty = place.write('empty.mjs', 'export const nothing = 1\n')
    expect(await place.run(['validate', config, '--extensions', empty])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/USAGE: .*columnGenerators or datasetProcessors, found neither/),
    })
    expect(await place.run(['validate', config, '--extensions', 'gone.mjs'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/USAGE: .*gone\.mjs.*cannot be loaded/),
    })
  })
})
