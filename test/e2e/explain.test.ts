/** Where a row came from: replayed from the answers on record, through a real run and a real HTTP stub. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explainRow } from '../../src/client/explain-row.ts'
import { isTraced } from '../../src/dataset/explain/traces.ts'
import { openWorkshop, QUICK_RUN, rowsOf, until } from '../helpers/datasets.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import type { ModelStub } from '../helpers/model-stub.ts'

let workshop: Workshop
let stub: ModelStub

beforeAll(async () => {
  workshop = await openWorkshop()
  stub = await startModelStub()
}, 120_000)
afterAll(async () => {
  await stub?.stop()
  await workshop?.close()
})

function config(settings: object = {}, columns: readonly object[] = []): object {
  return {
    columns: [
      ...columns,
      { name: 'topic', column_type: 'sampler', sampler_type: 'uuid', params: { short_form: true } },
      { name: 'secret', column_type: 'sampler', sampler_type: 'category', params: { values: ['a', 'b', 'c'] }, drop: true },
      {
        name: 'text',
        column_type: 'llm-text',
        model_alias: 'writer',
        system_prompt: 'Be {{ secret }}.',
        prompt: 'Write about {{ topic }}.',
      },
      {
        name: 'facts',
        column_type: 'llm-structured',
        model_alias: 'writer',
        prompt: 'Facts of {{ text }}',
        output_format: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
      },
    ],
    model_configs: [
      {
        alias: 'writer',
        model: 'stub-1',
        provider: 'stub',
        inference_parameters: {
          max_parallel_requests: 8,
          max_tokens: 500,
          temperature: { distribution_type: 'uniform', params: { low: 0.2, high: 0.9 } },
        },
      },
    ],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
    parquetry: {
      seed: 7,
      buffer_size: 10,
      max_conversation_correction_steps: 2,
      prices: { writer: { input_per_million: 1_000, output_per_million: 2_000, currency: 'USD' } },
      ...settings,
    },
  }
}

describe('a row of a dataset that keeps all traces', () => {
  it('shows its prompts, each request with its correction, what it cost and who wrote it', async () => {
    await stub.reset({ malformedRate: 0.4 })
    const { location, totals } = await workshop.make(config({ traces: 'all' }), { numRecords: 20, datasetName: 'traced' })
    const rows = await rowsOf(location)
    const explained = await Promise.all(rows.map((_row, index) => explainRow(location, index)))
    // Nothing that was paid for is missing.
    expect(explained.reduce((sum, { usage }) => sum + usage.calls, 0)).toBe(totals.usage.calls)
    expect(explained.reduce((sum, { usage }) => sum + usage.cost, 0)).toBeCloseTo(totals.usage.cost, 6)
    for (const [index, { columns, given, made, answersFrom, writtenBy }] of explained.entries()) {
      expect(answersFrom).toBe('traces')
      expect(writtenBy?.runId).toMatch(/^[0-9a-f-]{36}$/)
      expect(made).toEqual({ text: rows[index]?.['text'], facts: rows[index]?.['facts'] })
      expect(given['topic']).toBe(rows[index]?.['topic'])
      const [text, facts] = columns
      expect(text?.calls[0]?.messages).toEqual([
        { role: 'system', content: `Be ${given['secret'] as string}.` },
        { role: 'user', content: `Write about ${given['topic'] as string}.` },
      ])
      expect(text?.calls[0]).toMatchObject({ model: 'stub-1', provider: 'stub', maxTokens: 500 })
      expect(text?.calls[0]?.temperature).toBeGreaterThan(0.2)
      expect(text?.calls.at(-1)?.entry?.answer.content.trim()).toBe(rows[index]?.['text'])
      expect(facts?.calls.every(({ entry, cost }) => entry !== null && (cost ?? 0) > 0)).toBe(true)
    }
    const corrected = explained.flatMap(({ columns }) => columns).find(({ calls }) => calls.some(({ step }) => step === 1))
    expect(
      corrected?.calls
        .find(({ step }) => step === 1)
        ?.messages.map(({ role }) => role)
        .slice(-2),
    ).toEqual(['assistant', 'user'])
  })
})

describe('a row of a dataset that keeps no traces', () => {
  it('shows samples and prompts all the same, and that no answer is on record', async () => {
    await stub.reset({})
    const skipped = {
      name: 'a',
      column_type: 'llm-text',
      model_alias: 'writer',
      prompt: 'A {{ topic }}',
      skip: { when: '{{ true or topic }}' },
    }
    const inheriting = { name: 'b', column_type: 'llm-text', model_alias: 'writer', prompt: 'B {{ a }}' }
    const { location } = await workshop.make(config({ preserve_dropped_columns: false }, [skipped, inheriting]), {
      numRecords: 10,
      datasetName: 'untraced',
    })
    const explained = await explainRow(location, 3)
    // Skipped cells asked nobody.
    expect(explained.columns.filter(({ column }) => column === 'a' || column === 'b').flatMap(({ calls }) => calls)).toEqual([])
    const columns = explained.columns.filter(({ column }) => column === 'text' || column === 'facts')
    const { given, answersFrom, state } = explained
    // A dropped sampler that was kept nowhere is drawn again.
    expect(columns[0]?.calls[0]?.messages[0]?.content).toMatch(/^Be [abc]\.$/)
    expect({ state, answersFrom }).toEqual({ state: 'written', answersFrom: null })
    expect(columns.map(({ column, calls }) => [column, calls.length, calls[0]?.entry])).toEqual([
      ['text', 1, null],
      ['facts', 1, null],
    ])
    expect(columns[0]?.calls[0]?.messages[1]?.content).toBe(`Write about ${given['topic'] as string}.`)
    expect(await readdir(location)).not.toContain('traces')
    await expect(explainRow(location, 10)).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('a row whose row group is open', () => {
  it('shows the answers of the journal; the others are not on record yet', async () => {
    await stub.reset({ latencyMs: 700 })
    const run = await workshop.start(config(), { numRecords: 10, datasetName: 'open', run: { ...QUICK_RUN, maxConcurrentRowGroups: 1 } })
    await workshop.withWorker(run, async () => {
      await until(async () => (await stub.stats()).requests >= 10)
      await run.stop({ now: true })
      await run.result()
    })
    const explained = await Promise.all(Array.from({ length: 10 }, (_row, index) => explainRow(run.location, index)))
    const open = explained.filter(({ state }) => state === 'open')
    expect(open.length).toBeGreaterThan(0)
    expect(open[0]).toMatchObject({ answersFrom: 'journal', writtenBy: null })
    expect(open[0]?.columns[0]?.calls[0]?.entry?.answer.content).toBe(open[0]?.made['text'])
  })
})

describe('the sample of rows whose answers are kept', () => {
  it('is the first few and about one in a hundred, the same for a seed whatever the row groups are', async () => {
    const rows = Array.from({ length: 10_000 }, (_row, index) => index)
    const sample = rows.filter((row) => isTraced('sampled', '7', row))
    expect(sample.slice(0, 5)).toEqual([0, 1, 2, 3, 4])
    expect(sample.length).toBeGreaterThan(60)
    expect(sample.length).toBeLessThan(150)
    expect(rows.filter((row) => isTraced('sampled', '8', row))).not.toEqual(sample)
    await stub.reset({})
    const { location } = await workshop.make(config({ traces: 'sampled', buffer_size: 3 }), { numRecords: 12, datasetName: 'sampled' })
    await writeFile(join(location, 'traces', 'batch_00000.jsonl.gz'), 'damaged')
    await expect(explainRow(location, 0)).rejects.toMatchObject({ code: 'DATASET_DAMAGED' })
    const from = await Promise.all([4, 7].map(async (row) => (await explainRow(location, row)).answersFrom))
    expect(from).toEqual(['traces', isTraced('sampled', '7', 7) ? 'traces' : null])
    expect(await readdir(join(location, 'traces'))).toContain('batch_00001.jsonl.gz')
  })
})
