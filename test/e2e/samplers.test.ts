import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'

let workshop: Workshop
beforeAll(async () => {
  workshop = await openWorkshop()
})
afterAll(async () => {
  await workshop?.close()
})

const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

describe('person columns', () => {
  const assets = fileURLToPath(new URL('../fixtures/managed-assets', import.meta.url))
  const config = {
    columns: [
      {
        name: 'buyer',
        column_type: 'sampler',
        sampler_type: 'person',
        params: { age_range: [18, 60], select_field_values: { state: ['NY', 'CA'] }, with_synthetic_personas: true },
      },
      { name: 'greeting', column_type: 'expression', expr: '{{ buyer.first_name }} of {{ buyer.state }}: {{ buyer.persona }}' },
    ],
  }

  it('read managed people in place, the same at two sizes of row group', { timeout: 120_000 }, async () => {
    const env = { ...process.env, DATA_DESIGNER_MANAGED_ASSETS_PATH: assets }
    const made = []
    for (const bufferSize of [50, 17]) {
      const options = {
        datasetName: `people-${bufferSize}`,
        numRecords: 100,
        seed: 7,
        bufferSize,
        sources: { env, now: () => 1_750_000_000_000 },
      }
      const result = await workshop.make(config, options, { env })
      expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 100 } })
      made.push(await rowsOf(result.location))
    }
    expect(made[1]).toEqual(made[0])
    expect(made[0]![0]).toMatchObject({
      buyer: { locale: 'en_US', country: 'USA' },
      greeting: expect.stringMatching(/ of (NY|CA): A person who /),
    })
  })

  it('wait where a worker does not see the people of the dataset, and go on where one does', { timeout: 120_000 }, async () => {
    const env = { ...process.env, DATA_DESIGNER_MANAGED_ASSETS_PATH: assets }
    const run = await workshop.start(config, { datasetName: 'unseen', numRecords: 20, seed: 7, sources: { env } })
    const blind = { env: { ...env, DATA_DESIGNER_MANAGED_ASSETS_PATH: join(workshop.artifactPath, 'none') } }
    await workshop.withWorker(
      run,
      () =>
        until(async () => {
          const progress = await run.readProgress().catch(() => null)
          return progress?.state === 'waiting' && progress.blocked?.code === 'STORAGE_FAILED'
        }),
      blind,
    )
    const result = await workshop.withWorker(run, () => run.result(), { env })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 20 } })
  })

  it('are refused without them, and made by faker on demand', { timeout: 120_000 }, async () => {
    const plain = example('customer-directory.yaml')
    const env = { ...process.env, DATA_DESIGNER_MANAGED_ASSETS_PATH: join(workshop.artifactPath, 'none') }
    const options = { datasetName: 'faked', numRecords: 20, seed: 7, sources: { env } }
    await expect(workshop.make(plain, options, { env })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('--person-fallback faker'),
    })
    const result = await workshop.make(plain, { ...options, sources: { env, personFallback: 'faker' } }, { env })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 20 } })
    const [row] = await rowsOf(result.location)
    expect(row).toMatchObject({ name: expect.stringMatching(/\w \w/), age: expect.any(Number), yearly_spend_eur: expect.any(Number) })
    expect(row).not.toHaveProperty('customer')
  })
})

describe('scipy and bernoulli_mixture columns', () => {
  it(
    'have the same rows at two sizes of row group, within their constraints, and statistics of numbers',
    { timeout: 120_000 },
    async () => {
      const made = []
      for (const bufferSize of [500, 130]) {
        const result = await workshop.make(example('insurance-claims.yaml'), {
          datasetName: `claims-${bufferSize}`,
          numRecords: 1_000,
          seed: 7,
          bufferSize,
        })
        expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 1_000, rowsDropped: 0 } })
        made.push({ location: result.location, rows: await rowsOf(result.location) })
      }
      const [{ rows, location }, other] = made as [(typeof made)[0], (typeof made)[0]]
      expect(other.rows).toEqual(rows)
      for (const row of rows) {
        expect(Number(row['loss_eur'])).toBeGreaterThan(Number(row['deductible_eur']))
        expect(Number(row['days_to_report'])).toBeLessThanOrEqual(60)
      }
      const withLawyers = rows.filter((row) => row['legal_costs_eur'] !== 0)
      expect(withLawyers.length).toBeGreaterThan(40)
      expect(withLawyers.length).toBeLessThan(130)
      expect(withLawyers.every((row) => (row['legal_costs_eur'] as number) >= 250)).toBe(true)

      const metadata = JSON.parse(await readFile(join(location, 'metadata.json'), 'utf8')) as {
        column_statistics: readonly { readonly column_name: string }[]
      }
      const statisticsOf = (name: string): unknown => metadata.column_statistics.find(({ column_name: column }) => column === name)
      expect(statisticsOf('loss_eur')).toMatchObject({
        sampler_type: 'scipy',
        simple_dtype: 'float',
        distribution_type: 'numerical',
        distribution: { min: expect.any(Number), median: expect.any(Number) },
      })
      expect(statisticsOf('days_to_report')).toMatchObject({
        simple_dtype: 'int',
        distribution_type: 'numerical',
        distribution: { min: 0 },
      })
      expect(statisticsOf('legal_costs_eur')).toMatchObject({
        sampler_type: 'bernoulli_mixture',
        simple_dtype: 'float',
        distribution_type: 'numerical',
        distribution: { min: 0, median: 0 },
      })
    },
  )
})
