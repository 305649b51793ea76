import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import { sendJson, startServer } from '../model/scripted-server.ts'
import type { ScriptedServer } from '../model/scripted-server.ts'
import { askPython } from '../parquet/python.ts'

let workshop: Workshop
let validator: ScriptedServer
/** How the validator is: it answers, fails every fifth time, or always. */
let mood: 'well' | 'shaky' | 'away'
/** Every record that it answered for. */
const judged: string[] = []

beforeAll(async () => {
  workshop = await openWorkshop()
  validator = await startServer((response, { body }, index) => {
    const records = body['data'] as readonly { readonly kind: string; readonly n: number }[]
    if (mood === 'away' || (mood === 'shaky' && index % 5 === 0)) return sendJson(response, 503, { error: 'overloaded' })
    if (records.some(({ n }) => n === 13)) return sendJson(response, 422, { detail: '13 is refused' })
    judged.push(...records.map(({ kind, n }) => `${kind} ${n}`))
    sendJson(response, 200, {
      data: records.map(({ kind, n }) => ({ is_valid: n % 2 === 0, reason: `${kind} ${n}`, seen: records.length })),
    })
  })
})
afterAll(async () => {
  await workshop?.close()
  await validator?.close()
})

const snippets = {
  good: ['def f(x):\n    return x\n', 'SELECT a FROM t;'],
  bad: ['def f(:\n', 'SELEC a FROM t;'],
  odd: ['import os, sys\nprint(os, sys)\n', 'CREATE TABLE t (p DECIMAL(10));'],
}
const choose = (at: 0 | 1): string =>
  Object.entries(snippets)
    .map(([kind, texts], index) => `{% ${index === 0 ? 'if' : 'elif'} kind == '${kind}' %}${texts[at]}`)
    .join('') + '{% endif %}'

function configFor(url: string) {
  return {
    columns: [
      { name: 'kind', column_type: 'sampler', sampler_type: 'category', params: { values: Object.keys(snippets) } },
      { name: 'n', column_type: 'sampler', sampler_type: 'uniform', params: { low: 0, high: 40 }, convert_to: 'int' },
      { name: 'other', column_type: 'sampler', sampler_type: 'category', params: { values: ['x = 1', 'print(nothing)'] } },
      { name: 'python', column_type: 'expression', expr: choose(0) },
      { name: 'sql', column_type: 'expression', expr: choose(1), skip: { when: '{{ n < 5 }}' } },
      {
        name: 'python_check',
        column_type: 'validation',
        target_columns: ['python', 'other'],
        validator_type: 'code',
        validator_params: { code_lang: 'python' },
      },
      {
        name: 'sql_check',
        column_type: 'validation',
        target_columns: ['sql'],
        validator_type: 'code',
        validator_params: { code_lang: 'sql:ansi' },
      },
      {
        name: 'remote_check',
        column_type: 'validation',
        target_columns: ['kind', 'n'],
        validator_type: 'remote',
        validator_params: {
          endpoint_url: url,
          max_retries: 1,
          retry_backoff: 1.01,
          max_parallel_requests: 2,
          output_schema: {
            type: 'object',
            properties: {
              data: {
                type: 'array',
                items: {
                  type: 'object',
                  properties: { is_valid: { type: 'boolean' }, reason: { type: 'string' } },
                  required: ['is_valid', 'reason'],
                },
              },
            },
          },
        },
        batch_size: 5,
      },
      { name: 'verdict', column_type: 'expression', expr: '{{ python_check.python.is_valid and remote_check.is_valid }}' },
    ],
    model_configs: [],
  } as const
}

type Statistics = readonly { readonly column_name: string; readonly num_valid_records?: number }[]

interface Row {
  readonly kind: keyof typeof snippets
  readonly n: number
  readonly other: string
  readonly sql: string | null
  readonly python_check: Readonly<Record<'python' | 'other', { readonly is_valid: boolean; readonly python_linter_severity: string }>>
  readonly sql_check: { readonly is_valid: boolean; readonly error_messages: string } | null
  readonly remote_check: { readonly is_valid: boolean; readonly reason: string }
  readonly verdict: string
}

describe('validation columns', () => {
  it('judge every row by itself, wait for a validator that is away, and ask it nothing twice', { timeout: 90_000 }, async () => {
    mood = 'shaky'
    const run = await workshop.start(configFor(validator.endpoint), { datasetName: 'judged', numRecords: 60, bufferSize: 20, seed: 7 })
    const result = await workshop.withWorker(run, async () => {
      await until(() => judged.length >= 20)
      mood = 'away'
      await until(async () => {
        const { state, blocked } = await run.readProgress()
        return state === 'waiting' && blocked?.code === 'VALIDATOR_UNAVAILABLE'
      })
      expect((await run.readProgress()).totals.rowsDropped).toBe(0)
      mood = 'well'
      return await run.result()
    })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 60, rowsDropped: 0, usage: { calls: 0 } } })

    const rows = (await rowsOf(result.location)) as unknown as Row[]
    // Rows with 13 were refused and drawn anew; all others were judged once, five at a time.
    expect(judged.toSorted()).toEqual(rows.map(({ kind, n }) => `${kind} ${n}`).toSorted())
    expect(Math.max(...validator.asked.map(({ body }) => (body['data'] as unknown[]).length))).toBe(5)
    for (const row of rows) {
      const { is_valid: isValid, python_linter_severity: severity } = row.python_check.python
      expect([isValid, severity]).toEqual({ good: [true, 'none'], bad: [false, 'fatal'], odd: [true, 'refactor'] }[row.kind])
      expect(row.python_check.other.is_valid).toBe(row.other === 'x = 1')
      expect(row.sql_check?.is_valid ?? null).toBe(row.n < 5 ? null : row.kind === 'good')
      expect(row.remote_check).toEqual({ is_valid: row.n % 2 === 0, reason: `${row.kind} ${row.n}` })
      expect(row.verdict).toBe(isValid && row.n % 2 === 0 ? 'True' : 'False')
    }
    expect(rows.filter(({ sql_check: check }) => check === null).length).toBeGreaterThan(0)

    const metadata = JSON.parse(await readFile(join(result.location, 'metadata.json'), 'utf8')) as { column_statistics: Statistics }
    const valid = Object.fromEntries(metadata.column_statistics.map((column) => [column.column_name, column.num_valid_records]))
    expect(valid).toMatchObject({
      python_check: rows.filter(({ kind, other }) => kind !== 'bad' && other === 'x = 1').length,
      sql_check: rows.filter(({ kind, n }) => n >= 5 && kind === 'good').length,
      remote_check: rows.filter(({ n }) => n % 2 === 0).length,
    })

    const file = join(result.location, 'parquet-files', 'batch_00001.parquet')
    const [pyarrow, duckdb] = await askPython([
      { reader: 'pyarrow', file },
      {
        reader: 'duckdb',
        file,
        sql: 'select count(*)::int as found from file where python_check.python.python_linter_messages[1].line = 1',
      },
    ])
    const group = rows.slice(20, 40)
    expect(pyarrow?.columns['python_check']).toEqual(group.map((row) => row.python_check))
    expect(pyarrow?.columns['sql_check']).toEqual(group.map((row) => row.sql_check))
    expect(duckdb?.columns['found']).toEqual([group.filter(({ kind }) => kind !== 'good').length])
  })
})
