import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { askPython } from '../parquet/python.ts'

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

const NO_TOOLS = { reasoning_content: null, tool_calls: null, tool_call_id: null }
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

  it('have traces and thoughts beside them, which pyarrow and duckdb read as lists of groups and as texts', async () => {
    const traced = {
      ...config,
      columns: [
        columns[0],
        columns[1],
        { ...columns[2], with_trace: 'all_messages', extract_reasoning_content: true },
        { ...columns[3], with_trace: 'last_message' },
        { name: 'said', column_type: 'expression', expr: '{{ code__trace[-1].role }}: {{ code__reasoning_content }}' },
      ],
      processors: [{ processor_type: 'drop_columns', name: 'd', column_names: ['verdict__*'] }],
    }
    const result = await workshop.make(traced, { datasetName: 'traced', numRecords: 12, bufferSize: 12, seed: 7 })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 12 } })
    const rows = await rowsOf(result.location)
    expect(Object.keys(rows[0] ?? {})).toEqual(['size', 'id', 'code', 'code__trace', 'code__reasoning_content', 'verdict', 'said'])
    for (const row of ofSize(rows, true)) expect(row).toMatchObject({ code__trace: null, code__reasoning_content: null, said: null })
    for (const row of ofSize(rows, false)) {
      expect(row['said']).toMatch(/^assistant: \[rehearsal\] /)
      expect(row['code__trace']).toEqual([
        { role: 'user', content: [{ type: 'text', text: expect.stringContaining(`Program ${row['id'] as string}`) }], ...NO_TOOLS },
        {
          role: 'assistant',
          content: [{ type: 'text', text: expect.stringContaining('```python') }],
          ...NO_TOOLS,
          reasoning_content: row['code__reasoning_content'],
        },
      ])
    }
    const file = (folder: string): string => join(result.location, folder, 'batch_00000.parquet')
    const [pyarrow, duckdb, dropped] = await askPython([
      { reader: 'pyarrow', file: file('parquet-files') },
      {
        reader: 'duckdb',
        file: file('parquet-files'),
        sql: "select count(*)::int as found from file where code__trace[2].content[1].text like '%print(%'",
      },
      { reader: 'pyarrow', file: file('dropped-columns-parquet-files') },
    ])
    expect(pyarrow?.columns['code__trace']).toEqual(rows.map((row) => row['code__trace']))
    expect(duckdb?.columns['found']).toEqual([ofSize(rows, false).length])
    expect(dropped?.columns['verdict__trace']).toEqual(
      rows.map(({ size }) => (size === 1 ? null : [expect.objectContaining({ role: 'assistant' })])),
    )
  })

  it('are the same in a run that was stopped and resumed as in one that was not, and no question is asked twice', async () => {
    const stub = await startModelStub(60)
    try {
      const asked = {
        columns: [
          columns[0],
          columns[1],
          {
            name: 'text',
            column_type: 'llm-text',
            prompt: 'Write about {{ id }}',
            with_trace: 'all_messages',
            extract_reasoning_content: true,
            skip: { when: '{{ size == 1 }}', value: '-' },
            ...ask,
          },
        ],
        model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: 4 } }],
        model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
      }
      const options = { numRecords: 120, bufferSize: 60, seed: 7 }
      const run = await workshop.start(asked, { ...options, datasetName: 'stopped' })
      await workshop.withWorker(run, async () => {
        await until(async () => (await stub.stats()).requests > 20)
        await run.stop({ now: true })
        expect((await run.result()).state).toBe('stopped')
      })
      const resumed = await workshop.make(asked, { ...options, datasetName: 'stopped', resume: 'always' })
      const { requests, distinct } = await stub.stats()
      const whole = await workshop.make(asked, { ...options, datasetName: 'whole' })
      const rows = await rowsOf(resumed.location)
      expect(rows).toEqual(await rowsOf(whole.location))
      expect(ofSize(rows, true)[0]).toMatchObject({ text: '-', text__trace: null })
      expect(ofSize(rows, false)[0]).toMatchObject({ text__trace: [{ role: 'user' }, { role: 'assistant' }] })
      expect([requests, distinct]).toEqual([ofSize(rows, false).length, requests])
    } finally {
      await stub.stop()
    }
  })

  it('are the same at another size of row group', async () => {
    const [one, other] = [
      await workshop.make(config, { datasetName: 'by-3', numRecords: 20, bufferSize: 3, seed: 7 }),
      await workshop.make(config, { datasetName: 'by-100', numRecords: 20, bufferSize: 100, seed: 7 }),
    ]
    expect(await rowsOf(other.location)).toEqual(await rowsOf(one.location))
  })
})
