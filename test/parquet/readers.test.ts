import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import fc from 'fast-check'

import { encodeTable } from '../../src/parquet/encode-table.ts'
import { readTable } from '../../src/parquet/read-table.ts'
import { anySchemaAndTable, column, columnsOf, group, HARD_TEXTS, list, tableOf } from './builders.ts'
import { askPython, makeFolder, tagged } from './python.ts'

import type { Schema, Table, Value, ValueType } from '../../src/values.ts'
import type { PythonAnswer } from './python.ts'

const schema: Schema = [
  column('text', 'string'),
  column('integer', 'int64'),
  column('number', 'double'),
  column('flag', 'boolean'),
  column('time', 'timestamp'),
  column('free', 'json'),
  column('person', group(column('name', 'string'), column('age', 'int64'), column('tags', list({ kind: 'string' })))),
  column('tags', list({ kind: 'string' })),
  column('turns', list(group(column('role', 'string'), column('tokens', 'int64')))),
  column('matrix', list(list({ kind: 'double' }))),
]

const table: Table = tableOf({
  text: ['plain', '', '😀 hi', '漢字', null],
  integer: [2 ** 53 - 1, -(2 ** 53 - 1), 2n ** 53n + 1n, -(2n ** 63n), null],
  number: [1.5, -0, Infinity, 5e-324, null],
  flag: [true, false, true, false, null],
  time: [new Date(0), new Date('1950-06-01T12:00:00.001Z'), new Date('2026-11-24T03:00:00.999Z'), new Date(1), null],
  free: [{ a: [1, { b: null }] }, 'text', [], 12.5, null],
  person: [
    { name: 'Ada', age: 36, tags: ['x'] },
    { name: '', age: null, tags: [] },
    { name: null, age: null, tags: null },
    { name: '😀', age: 1, tags: [null, 'y'] },
    null,
  ],
  tags: [['a', 'b'], [], [null], ['', null, '😀'], null],
  turns: [
    [{ role: 'user', tokens: 3 }],
    [],
    [null],
    [
      { role: null, tokens: null },
      { role: 'assistant', tokens: 2n ** 60n },
    ],
    null,
  ],
  matrix: [[[1, 2], [3]], [[]], [null, []], [[null]], null],
})

describe('a file in the hands of other readers', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let pyarrow: PythonAnswer
  let duckdb: PythonAnswer
  let pandas: PythonAnswer

  beforeAll(async () => {
    folder = await makeFolder()
    const file = await folder.write('all-types.parquet', await encodeTable(schema, table, '{"note":"😀"}'))
    const answers = await askPython([
      { reader: 'pyarrow', file },
      { reader: 'duckdb', file },
      { reader: 'pandas', file },
    ])
    ;[pyarrow, duckdb, pandas] = answers as [PythonAnswer, PythonAnswer, PythonAnswer]
  })
  afterAll(() => folder.remove())

  it('has the same values in pyarrow and in duckdb', () => {
    expect(pyarrow.columns).toEqual(expectedColumns(schema, table))
    expect(duckdb.columns).toEqual(expectedColumns(schema, table))
  })

  it('has the types of the schema in pyarrow', () => {
    expect(pyarrow.types).toEqual({
      text: 'string',
      integer: 'int64',
      number: 'double',
      flag: 'bool',
      time: 'timestamp[ms, tz=UTC]',
      free: 'extension<arrow.json>',
      person: 'struct<name: string, age: int64, tags: list<element: string>>',
      tags: 'list<element: string>',
      turns: 'list<element: struct<role: string, tokens: int64>>',
      matrix: 'list<element: list<element: double>>',
    })
  })

  it('has the types of the schema in duckdb', () => {
    expect(duckdb.types).toMatchObject({
      text: 'VARCHAR',
      integer: 'BIGINT',
      number: 'DOUBLE',
      flag: 'BOOLEAN',
      free: 'JSON',
      person: 'STRUCT("name" VARCHAR, age BIGINT, tags VARCHAR[])',
      tags: 'VARCHAR[]',
      turns: 'STRUCT("role" VARCHAR, tokens BIGINT)[]',
      matrix: 'DOUBLE[][]',
    })
    expect(duckdb.types['time']).toMatch(/^TIMESTAMP/)
  })

  it('opens in pandas, and shows the receipt to anybody', () => {
    expect(pandas.rowCount).toBe(5)
    expect(pyarrow.metadata?.['parquetry.receipt']).toBe('{"note":"😀"}')
  })

  it('is read by pyarrow and duckdb as it was written, whatever the schema', async () => {
    const samples = fc
      .sample(anySchemaAndTable, { numRuns: 40, seed: 526 })
      .filter((sample) => sample.schema.every((field) => hasNoTimes(field.type)))
    expect(samples.length).toBeGreaterThan(15)
    const files = await Promise.all(
      samples.map(async (sample, index) => folder.write(`sample-${index}.parquet`, await encodeTable(sample.schema, sample.table))),
    )
    const answers = await askPython(files.flatMap((file) => [{ reader: 'pyarrow', file } as const, { reader: 'duckdb', file } as const]))
    for (const [index, sample] of samples.entries()) {
      const expected = expectedColumns(sample.schema, sample.table)
      expect(answers[2 * index]?.columns, `sample ${index} in pyarrow`).toEqual(expected)
      expect(answers[2 * index + 1]?.columns, `sample ${index} in duckdb`).toEqual(expected)
    }
  })

  it('of zero rows has its columns', async () => {
    const file = await folder.write(
      'empty.parquet',
      await encodeTable(schema, tableOf(Object.fromEntries(schema.map(({ name }) => [name, []])))),
    )
    const [inPyarrow, inDuckdb, inPandas] = await askPython([
      { reader: 'pyarrow', file },
      { reader: 'duckdb', file },
      { reader: 'pandas', file },
    ])
    expect(inPyarrow?.types).toEqual(pyarrow.types)
    expect(inDuckdb?.types).toEqual(duckdb.types)
    expect(inPandas?.rowCount).toBe(0)
  })

  it('has as many pages as it needs', async () => {
    const rowCount = 20_000
    const many = tableOf({
      tags: Array.from({ length: rowCount }, (_, row) =>
        row % 5 === 0 ? null : Array.from({ length: row % 4 }, (_item, index) => `${row}.${index}`),
      ),
      n: Array.from({ length: rowCount }, (_, row) => (row < 9000 ? null : row)),
    })
    const manySchema = [column('tags', list({ kind: 'string' })), column('n', 'int64')]
    const file = await folder.write('many.parquet', await encodeTable(manySchema, many))
    const [inPyarrow, inDuckdb] = await askPython([
      { reader: 'pyarrow', file },
      { reader: 'duckdb', file, sql: 'select count(*) as c, sum(n)::double as s, sum(len(tags))::bigint as t from file where n >= 10000' },
    ])
    expect(inPyarrow?.columns).toEqual(columnsOf(many))
    const wanted = Array.from({ length: 10_000 }, (_, index) => index + 10_000)
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
    const tagCount = sum(wanted.map((row) => (row % 5 === 0 ? 0 : row % 4)))
    expect(inDuckdb?.columns).toEqual({ c: [10_000], s: [sum(wanted)], t: [tagCount] })
  })
})

describe('a filtered read in duckdb', () => {
  it('finds every text that an unfiltered one finds, also beyond the BMP', async () => {
    const folder = await makeFolder()
    try {
      const texts = HARD_TEXTS.filter((text) => !text.includes('\u0000'))
      const nested = [column('text', 'string'), column('g', group(column('text', 'string'), column('n', 'int64')))]
      const file = await folder.write(
        'texts.parquet',
        await encodeTable(nested, tableOf({ text: texts, g: texts.map((text, n) => ({ text, n })) })),
      )
      const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`
      const answers = await askPython(
        texts.flatMap((text, index) => [
          { reader: 'duckdb', file, sql: `select text from file where text = ${quote(text)}` } as const,
          { reader: 'duckdb', file, sql: `select text from file where text >= ${quote(text)} and text <= ${quote(text)}` } as const,
          { reader: 'duckdb', file, sql: `select text from file where g.text = ${quote(text)} and g.n = ${index}` } as const,
        ]),
      )
      for (const [index, text] of texts.entries()) {
        for (const answer of answers.slice(3 * index, 3 * index + 3)) expect(answer.columns['text']).toEqual([text])
      }
    } finally {
      await folder.remove()
    }
  })

  it('finds numbers by their statistics, also the largest, the smallest and the infinite', async () => {
    const folder = await makeFolder()
    try {
      const numbers = tableOf({ i: [null, -(2n ** 63n), -1, 2n ** 53n + 1n, 2n ** 63n - 1n], d: [-Infinity, -0.5, 0, null, Infinity] })
      const file = await folder.write('numbers.parquet', await encodeTable([column('i', 'int64'), column('d', 'double')], numbers))
      const count = (where: string) => ({ reader: 'duckdb', file, sql: `select count(*)::int as c from file where ${where}` }) as const
      const answers = await askPython([
        count('i = 9007199254740993'),
        count('i = 9007199254740992'),
        count('i = 9223372036854775807'),
        count('i < -9223372036854775807'),
        count("d = 'infinity'::double"),
        count('d <= 0'),
        count('d is null'),
      ])
      expect(answers.map((answer) => answer.columns['c']?.[0])).toEqual([1, 0, 1, 1, 1, 3, 1])
    } finally {
      await folder.remove()
    }
  })
})

describe('a file that pandas wrote, as DataDesigner does', () => {
  it('is read with its rows and its nearest types', async () => {
    const folder = await makeFolder()
    try {
      const file = folder.path('foreign.parquet')
      await askPython([{ reader: 'write-foreign', file }])
      const { schema: foreign, table: rows } = await readTable(new Uint8Array(await readFile(file)))
      expect(foreign).toEqual([
        column('name', 'string'),
        column('count', 'int64'),
        column('score', 'double'),
        column('when', 'timestamp'),
        column('judge', group(column('score', 'int64'), column('why', 'string'))),
        column('tags', list({ kind: 'string' })),
      ])
      expect(rows.rowCount).toBe(1200)
      const last = Object.fromEntries([...rows.columns].map(([name, values]) => [name, values.slice(-3)]))
      expect(last).toEqual({
        name: ['a', null, '😀'],
        count: [1, 2, 2n ** 60n],
        score: [0.5, null, 2],
        when: [new Date('2026-01-01T00:00:00.123Z'), null, new Date('1950-06-01T00:00:00Z')],
        judge: [{ score: 1, why: 'x' }, null, { score: null, why: 'y' }],
        tags: [['a', 'b'], [], null],
      })
    } finally {
      await folder.remove()
    }
  })
})

/** The columns as the Python script prints them: JSON is text there. */
function expectedColumns(of: Schema, { columns }: Table): Record<string, unknown[]> {
  return Object.fromEntries(of.map(({ name, type }) => [name, (columns.get(name) ?? []).map((value) => tagged(withJsonText(value, type)))]))
}

function withJsonText(value: Value, type: ValueType): Value {
  if (value === null) return null
  if (type.kind === 'json') return JSON.stringify(value)
  if (type.kind === 'list') return (value as readonly Value[]).map((item) => withJsonText(item, type.element))
  if (type.kind !== 'group') return value
  const object = value as Readonly<Record<string, Value>>
  return Object.fromEntries(type.fields.map((field) => [field.name, withJsonText(object[field.name] ?? null, field.type)]))
}

/** Python's datetime ends at the years 1 and 9999; ours do not. */
function hasNoTimes(type: ValueType): boolean {
  if (type.kind === 'list') return hasNoTimes(type.element)
  return type.kind === 'group' ? type.fields.every((field) => hasNoTimes(field.type)) : type.kind !== 'timestamp'
}
