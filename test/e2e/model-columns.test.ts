import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf } from '../helpers/datasets.ts'

let workshop: Workshop
beforeAll(async () => {
  workshop = await openWorkshop()
})
afterAll(async () => {
  await workshop?.close()
})

const ask = { model_alias: 'm' }
const columns = [
  { name: 'size', column_type: 'sampler', sampler_type: 'category', params: { values: [1, 2, 3] } },
  { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
  {
    name: 'code',
    column_type: 'llm-code',
    code_lang: 'python',
    prompt: 'Program {{ id }} of {{ size }} lines',
    skip: { when: '{{ size == 1 }}' },
    ...ask,
  },
  {
    name: 'verdict',
    column_type: 'llm-judge',
    prompt: 'Judge {{ code }}',
    scores: [
      { name: 'truth', description: 'Is it right?', options: { 0: 'no', 1: 'yes' } },
      { name: 'style', description: 'Is it beautiful?', options: { plain: 'no', fine: 'yes' } },
    ],
    ...ask,
  },
  {
    name: 'is_right',
    column_type: 'expression',
    dtype: 'bool',
    expr: '{{ verdict.truth.score == 1 }}',
    skip: { when: '{{ false and size }}', value: false },
  },
  { name: 'note', column_type: 'expression', expr: '{{ size }}: {{ code is none }}', propagate_skip: false },
] as const
const config = { columns, model_configs: [{ alias: 'm', model: 'any', provider: 'rehearsal' }] }

type Row = Readonly<Record<string, unknown>>
const ofSize = (rows: readonly Row[], isOne: boolean): Row[] => rows.filter(({ size }) => (size === 1) === isOne)

describe('code, judges and skipped cells in a dataset', () => {
  it('are stored as text, groups and nulls, and nobody is asked for a skipped cell or for what needs it', async () => {
    const result = await workshop.make(config, { datasetName: 'skipping', numRecords: 30, bufferSize: 7, seed: 7 })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 30, rowsDropped: 0 } })
    const rows = await rowsOf(result.location)
    const [skipped, made] = [ofSize(rows, true), ofSize(rows, false)]
    expect([skipped.length, made.length].every((count) => count > 3)).toBe(true)
    for (const row of skipped) expect(row).toMatchObject({ code: null, verdict: null, is_right: false, note: '1: True' })
    for (const row of made) {
      expect(row['code']).toMatch(/^# \[rehearsal\] Program .*\nprint\(/)
      expect(row['verdict']).toEqual({
        truth: { reasoning: expect.stringContaining('[rehearsal]'), score: expect.any(Number) },
        style: { reasoning: expect.stringContaining('[rehearsal]'), score: expect.stringMatching(/^(?:plain|fine)$/) },
      })
      expect(row['is_right']).toBe((row['verdict'] as { truth: { score: number } }).truth.score === 1)
    }
    expect(result.totals.usage.calls).toBe(2 * made.length)
  })

  it('are the same at another size of row group', async () => {
    const [one, other] = [
      await workshop.make(config, { datasetName: 'by-3', numRecords: 20, bufferSize: 3, seed: 7 }),
      await workshop.make(config, { datasetName: 'by-100', numRecords: 20, bufferSize: 100, seed: 7 }),
    ]
    expect(await rowsOf(other.location)).toEqual(await rowsOf(one.location))
  })
})
