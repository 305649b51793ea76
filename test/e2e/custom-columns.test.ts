import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createProducts } from '../../examples/create-dataset-with-custom-columns.ts'
import { defineColumnGenerator } from '../../src/index.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'

let workshop: Workshop

beforeAll(async () => {
  workshop = await openWorkshop()
}, 300_000)
afterAll(async () => {
  await workshop?.close()
})

type Product = {
  readonly product: string
  readonly price: number
  readonly rank: number
  readonly slogan: string
  readonly other_slogan: string | null
}

describe('custom columns', () => {
  it('are made by the generators of the example: by cells with a model of their own, and by row groups, with cells that are skipped', async () => {
    const env = { ...process.env, TEMPORAL_ADDRESS: inject('temporalAddress') }
    const rows = (await createProducts(workshop.artifactPath, env)) as readonly Product[]
    expect(rows.length).toBe(20)
    for (const group of [rows.slice(0, 10), rows.slice(10)]) {
      const prices = group.map(({ price }) => price).toSorted((one, two) => two - one)
      expect(group.map(({ rank }) => rank)).toEqual(group.map(({ price }) => 1 + prices.indexOf(price)))
    }
    for (const { rank, slogan, other_slogan: other } of rows) {
      if (rank > 5) expect([slogan, other]).toEqual(['no slogan for the cheap ones', null])
      else expect([slogan.includes('[rehearsal]'), slogan.length <= other!.length]).toEqual([true, true])
    }
    const location = join(workshop.artifactPath, 'products')
    const { generators } = JSON.parse(readFileSync(join(location, 'parquetry.json'), 'utf8')) as { generators: object }
    expect(generators).toMatchObject({ priceRank: { strategy: 'full_column', output: { kind: 'int64' }, version: '1' } })
    const { data_designer: theirs } = JSON.parse(readFileSync(join(location, 'builder_config.json'), 'utf8')) as {
      data_designer: { columns: object[] }
    }
    expect(theirs.columns[3]).toMatchObject({
      column_type: 'custom',
      generator_function: 'shorterSlogan',
      generation_strategy: 'cell_by_cell',
      generator_params: { most: 60 },
    })
  })

  it('wait for a worker that has their generator in the version they were begun with, and drop the rows that it fails', async () => {
    const columns = [
      { name: 'n', column_type: 'sampler', sampler_type: 'uniform', params: { low: 0, high: 1 } },
      { name: 'id', column_type: 'custom', generator_function: 'numbered' },
    ]
    const numbered = (version: string): ReturnType<typeof defineColumnGenerator<unknown>> =>
      defineColumnGenerator<unknown>({
        output: 'int64',
        version,
        generate({ rowIndex }) {
          if (rowIndex === 3) throw new Error('three is refused')
          return { id: rowIndex, also: 'undeclared' }
        },
      })
    const options = { datasetName: 'numbered', numRecords: 5, columnGenerators: { numbered: numbered('2') } }
    const run = await workshop.start({ columns, parquetry: { seed: 1, refill_attempts: 0, max_dropped: 1 } }, options)
    await workshop.withWorker(
      run,
      async () => {
        await until(async () => (await run.readProgress()).blocked !== null)
        expect((await run.readProgress()).blocked).toMatchObject({
          code: 'CUSTOM_GENERATOR_MISSING',
          message: expect.stringContaining('its version "2", found "1"'),
        })
      },
      { columnGenerators: { numbered: numbered('1') } },
    )
    const said: string[] = []
    const result = await workshop.withWorker(run, () => run.result(), { ...options, log: (line) => void said.push(line) })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 4, rowsDropped: 1 } })
    expect((await rowsOf(run.location)).map((row) => row['id'])).toEqual([0, 1, 2, 4])
    expect(Object.keys((await rowsOf(run.location))[0]!)).toEqual(['n', 'id'])
    expect(said).toEqual([expect.stringContaining('made the column "also" too')])
  })
})
