import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ColumnGenerator, ColumnGenerators } from '../../src/columns/custom-generator.ts'
import type { CellGenerator } from '../../src/columns/generator.ts'
import { defineColumnGenerator, knownGenerators } from '../../src/config/column-generators.ts'
import { NO_USAGE } from '../../src/contract.ts'
import { compileProgram } from '../../src/dataset/open-dataset.ts'
import type { AnswerBook } from '../../src/dataset/row-group/answer-book.ts'
import { runRows } from '../../src/dataset/row-group/run-rows.ts'
import type { MadeRows, RunRowsOptions } from '../../src/dataset/row-group/run-rows.ts'
import { ParquetryError } from '../../src/errors.ts'
import { compile, configOf, sampler } from '../config/builders.ts'

type Asked = {
  readonly row: number
  readonly refill: number
  readonly step: number
  readonly user: string
  readonly system: string | undefined
}

const number = sampler('n', 'uniform', { low: 0, high: 1000, decimal_places: 0 }, { convert_to: 'int' })
const custom = (name: string, more: object = {}): Record<string, unknown> => ({
  name,
  column_type: 'custom',
  generator_function: name,
  ...more,
})

/** Rows made through everything but the folder; models answer with what `answer` says. */
async function make(
  columns: readonly Record<string, unknown>[],
  generators: ColumnGenerators,
  {
    rows = 10,
    toMake,
    answer = ({ user }: Asked) => `to ${user}`,
    ...changes
  }: Partial<Omit<RunRowsOptions, 'rows'>> & { rows?: number; toMake?: RunRowsOptions['rows']; answer?: (asked: Asked) => string } = {},
): Promise<MadeRows & { readonly asked: readonly Asked[]; readonly warnings: readonly string[] }> {
  const { compiled } = compile(configOf([number, ...columns]), { generators: knownGenerators(generators) })
  const warnings: string[] = []
  const code = { columnGenerators: generators, warn: (message: string) => void warnings.push(message) }
  const { samplers, generators: cells, random, checkRow } = await compileProgram(compiled, '1', '2026-01-01T00:00:00Z', undefined, code)
  const asked: Asked[] = []
  const answers: AnswerBook = {
    async ask(cell, _alias, { messages }, { step }) {
      const call = {
        row: cell.row,
        refill: cell.refill,
        step,
        user: messages.at(-1)!.content,
        system: messages.length > 1 ? messages[0]!.content : undefined,
      }
      asked.push(call)
      await nextTurn()
      return { content: answer(call), finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 1 } }
    },
    usage: () => NO_USAGE,
    callsInFlight: () => 0,
    callsMade: () => 0,
    isRehearsal: () => false,
  }
  const made = await runRows({
    rowGroup: { id: 0, start: 0, end: rows },
    samplers,
    generators: cells,
    random,
    answers,
    refillAttempts: 1,
    dropPolicy: { maxDropShare: 1 },
    signal: new AbortController().signal,
    checkRow,
    onFailure: () => undefined,
    onProgress: () => undefined,
    ...(toMake === undefined ? {} : { rows: toMake }),
    ...changes,
  })
  return { ...made, asked, warnings }
}

const valuesOf = ({ rows }: MadeRows, column: string): readonly unknown[] => rows.map(({ values }) => values[column])

describe('a generator of single cells', () => {
  it('gets its inputs, its parameters and a random stream of its own, and asks its models under places of their own', async () => {
    const seen: object[] = []
    const a = defineColumnGenerator<{ least: number }>({
      inputs: ['n'],
      output: z.object({ text: z.string(), note: z.string().optional() }),
      models: ['m'],
      params: z.object({ least: z.number().default(5) }),
      async generate(row, { column, params }) {
        seen.push({ keys: Object.keys(row.values), params })
        const first = await row.ask('m', `n is ${Number(row.values['n'])}`)
        const second = await row.ask('m', { prompt: first.content, system: 's' })
        return { [column]: { text: `${second.content} ${row.random.next()}` } }
      },
    })
    const made = await make([custom('a')], { a }, { rows: 3 })
    expect(seen[0]).toEqual({ keys: ['n'], params: { least: 5 } })
    expect(made.asked.filter(({ row }) => row === 1)).toEqual([
      { row: 1, refill: 0, step: 0, user: `n is ${Number(made.rows[1]!.values['n'])}`, system: undefined },
      { row: 1, refill: 0, step: 1, user: `to n is ${Number(made.rows[1]!.values['n'])}`, system: 's' },
    ])
    const again = await make([custom('a')], { a }, { rows: 3 })
    expect(valuesOf(again, 'a')).toEqual(valuesOf(made, 'a'))
    expect(new Set(valuesOf(made, 'a').map((value) => JSON.stringify(value))).size).toBe(3)
  })

  it('drops just the rows that it fails, for a mistake of its code no less, and each with what was wrong', async () => {
    const bad: Record<number, () => unknown> = {
      0: () => {
        throw new Error('no luck')
      },
      1: () => (undefined as unknown as { field: string }).field,
      2: () => ({ other: 1 }),
      3: () => 'text',
      4: () => ({ a: 'not a number' }),
      5: () => {
        throw new ParquetryError('ANSWER_INVALID', 'as a model column')
      },
      6: () => ({ a: Number.NaN }),
      7: () => ({ a: -1 }),
    }
    const a = defineColumnGenerator({
      output: 'double',
      generate: ({ rowIndex }) => (bad[rowIndex]?.() ?? { a: rowIndex }) as Record<string, unknown>,
    })
    const b = defineColumnGenerator({ output: z.number().min(8), generate: ({ rowIndex }) => ({ b: rowIndex === 7 ? 7 : 9 }) })
    const { rows, dropped } = await make([custom('a'), custom('b')], { a, b })
    expect(rows.map(({ row }) => row)).toEqual([8, 9])
    expect(dropped.map(({ code, column, reason, refill }) => `${code} ${column} ${refill} ${reason}`)).toEqual([
      'CUSTOM_CELL_FAILED a 1 Column "a": the generator "a" failed: no luck',
      expect.stringMatching(/^CUSTOM_CELL_FAILED a 1 .*TypeError: .*undefined/),
      expect.stringMatching(/declared column "a", found nothing/),
      expect.stringMatching(/expected an object with the column "a", found a string/),
      expect.stringMatching(/^VALUE_NOT_REPRESENTABLE a 1 .*expected a number/),
      'ANSWER_INVALID a 1 as a model column',
      expect.stringMatching(/^VALUE_NOT_REPRESENTABLE a 1/),
      expect.stringMatching(/^CUSTOM_CELL_FAILED b 1 .*"b" does not fit its output type: .*8/),
    ])
  })

  it('may return its row with the columns added; what it did not declare, or changed, is left out and said once', async () => {
    const a = defineColumnGenerator({
      inputs: ['n'],
      output: 'int64',
      sideEffects: { half: 'double', when: 'timestamp', parts: { kind: 'list', element: { kind: 'int64' } } },
      generate: (row) => ({ ...row.values, n: 5, a: 10n ** 18n, half: 0.5, when: new Date(0), parts: [1, null], extra: 1 }),
    })
    const read = { name: 'read', column_type: 'expression', expr: '{{ half }} {{ a }}' }
    const { rows, warnings } = await make([custom('a'), read], { a }, { rows: 3 })
    expect(rows[2]!.values).toMatchObject({
      a: 10n ** 18n,
      half: 0.5,
      when: new Date(0),
      parts: [1, null],
      read: '0.5 1000000000000000000',
    })
    expect(rows[2]!.values['n']).not.toBe(5)
    expect(rows[2]!.values).not.toHaveProperty('extra')
    expect(warnings.toSorted()).toEqual([
      expect.stringContaining('changed its input "n"'),
      expect.stringContaining('made the column "extra" too'),
    ])
  })

  it('cannot change the values of other columns, nor ask a model that it does not declare', async () => {
    const person = sampler('who', 'person_from_faker', {})
    const a = defineColumnGenerator({
      inputs: ['who'],
      output: 'string',
      models: ['m'],
      generate(row) {
        if (row.rowIndex === 0) (row.values['who'] as { age: number }).age = 200
        if (row.rowIndex === 1) return row.ask('x', 'hello').then(({ content }) => ({ a: content }))
        return { a: 'fine' }
      },
    })
    const { dropped } = await make([person, custom('a')], { a }, { rows: 3 })
    expect(dropped.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/TypeError: .*read only/i),
      expect.stringContaining('expected an alias that the generator "a" declares (m), found "x"'),
    ])
  })

  it('gives the event loop its turn between cells, however many are ready at once', async () => {
    let turns = 0
    let isDone = false
    const count = (): void => {
      turns += 1
      if (!isDone) setImmediate(count)
    }
    const a = defineColumnGenerator({
      output: 'int64',
      generate(row) {
        const end = performance.now() + 5
        while (performance.now() < end);
        return { a: row.rowIndex }
      },
    })
    setImmediate(count)
    await make([custom('a')], { a }, { rows: 40 })
    isDone = true
    expect(turns).toBeGreaterThan(10)
  })

  it('is told when the row group is given up, whose reason then counts, whatever it throws', async () => {
    const stop = new AbortController()
    const a = defineColumnGenerator({
      output: 'int64',
      async generate(_row, { signal }) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        throw new Error('gave up')
      },
    })
    const making = make([custom('a')], { a }, { rows: 2, signal: stop.signal })
    setTimeout(() => stop.abort(new Error('stopped')), 20)
    await expect(making).rejects.toThrow('stopped')
  })

  it('ends the row group when what it throws is no fault of the row', async () => {
    const a = defineColumnGenerator({
      output: 'int64',
      generate() {
        throw new ParquetryError('MODEL_UNREACHABLE', 'no network')
      },
    })
    await expect(make([custom('a')], { a })).rejects.toMatchObject({ code: 'MODEL_UNREACHABLE' })
  })
})

describe('a generator of full columns', () => {
  const rank = (calls: string[][]): ColumnGenerator<null> =>
    defineColumnGenerator({
      strategy: 'full_column',
      inputs: ['text'],
      output: 'int64',
      generate(rows) {
        calls.push(rows.map(({ rowIndex, refill, values }) => `${rowIndex}.${refill} ${values['text'] as string}`))
        return rows.map(({ rowIndex }, place) => (rowIndex === 4 ? new Error('not four') : { rank: place }))
      },
    })
  const text = (more: object = {}): Record<string, unknown> => ({
    name: 'text',
    column_type: 'llm-text',
    model_alias: 'm',
    prompt: 'hi {{ n }}',
    ...more,
  })
  /** Row 1 gets no usable answer at its first try, row 2 at none. */
  const answer = ({ row, refill }: Asked): string => (row === 2 || (row === 1 && refill === 0) ? '' : `t${row}`)

  it('gets all rows that have their inputs, in one call, and those that are made again in a call of their own', async () => {
    const calls: string[][] = []
    const made = await make([text(), custom('rank')], { rank: rank(calls) }, { rows: 6, answer })
    expect(calls).toEqual([
      ['0.0 t0', '3.0 t3', '4.0 t4', '5.0 t5'],
      ['1.1 t1', '4.1 t4'],
    ])
    expect(made.rows.map(({ row, values }) => [row, values['rank']])).toEqual([
      [0, 0],
      [1, 0],
      [3, 1],
      [5, 3],
    ])
    expect(made.dropped.map(({ row, code }) => [row, code])).toEqual([
      [2, 'ANSWER_INVALID'],
      [4, 'CUSTOM_CELL_FAILED'],
    ])
  })

  it('gets dropped rows that are made again in a call of their own, each with the refill it has come to', async () => {
    const calls: string[][] = []
    const toMake = [
      { row: 1, firstRefill: 3 },
      { row: 2, firstRefill: 1 },
      { row: 5, firstRefill: 1 },
    ]
    const made = await make(
      [text(), custom('rank')],
      { rank: rank(calls) },
      { toMake, answer: ({ row, refill }) => (row === 5 && refill === 1 ? '' : 't') },
    )
    expect(calls).toEqual([['1.3 t', '2.1 t'], ['5.2 t']])
    expect(valuesOf(made, 'rank')).toEqual([0, 1, 0])
  })

  it('is not given rows whose cell is skipped, and holds up no other column', async () => {
    const calls: string[][] = []
    const order: string[] = []
    const other = defineColumnGenerator({
      inputs: ['text'],
      output: 'string',
      generate(row) {
        order.push(`other ${row.rowIndex}`)
        return { other: 'o' }
      },
    })
    const slow = defineColumnGenerator({
      output: 'string',
      async generate(row) {
        if (row.rowIndex === 0) await new Promise((resolve) => setTimeout(resolve, 60))
        order.push(`slow ${row.rowIndex}`)
        return { slow: 's' }
      },
    })
    const skipped = custom('rank', { skip: { when: '{{ slow and text == "t3" }}', value: -1 } })
    const made = await make(
      [text(), custom('slow'), skipped, custom('other')],
      { rank: rank(calls), other, slow },
      {
        rows: 4,
        answer: ({ row }) => `t${row}`,
      },
    )
    expect(calls).toEqual([['0.0 t0', '1.0 t1', '2.0 t2']])
    expect(valuesOf(made, 'rank')).toEqual([0, 1, 2, -1])
    expect(order.at(-1)).toBe('slow 0')
  })

  it('may stand behind another one, and serves row groups larger than the rows that are open at once', async () => {
    const first = defineColumnGenerator({
      strategy: 'full_column',
      output: 'int64',
      generate: (rows) => rows.map((_row, place) => ({ first: place })),
    })
    const second = defineColumnGenerator({
      strategy: 'full_column',
      inputs: ['first'],
      output: 'int64',
      generate: (rows) => rows.map(({ values }) => ({ second: rows.length - Number(values['first']) })),
    })
    const made = await make([custom('first'), custom('second')], { first, second }, { rows: 5_000 })
    expect([made.rows[0]!.values['second'], made.rows[4_999]!.values['second']]).toEqual([5_000, 1])
  })

  it.each([
    [
      'throws',
      (): never => {
        throw new TypeError('a mistake')
      },
      'failed: TypeError: a mistake',
    ],
    [
      'throws what is about one row only',
      (): never => {
        throw new ParquetryError('ANSWER_INVALID', 'bad answer')
      },
      'failed: bad answer',
    ],
    ['answers too few', () => [{}], 'expected 3 results, one a row, found 1'],
  ])('lets the row group wait when it %s, rather than dropping all its rows', async (_what, generate, message) => {
    let calls = 0
    const a = defineColumnGenerator({
      strategy: 'full_column',
      output: 'int64',
      generate() {
        calls += 1
        return generate() as never
      },
    })
    const making = make([custom('a')], { a }, { rows: 3 })
    await expect(making).rejects.toMatchObject({ code: 'CUSTOM_COLUMN_FAILED', kind: 'blocked', message: expect.stringContaining(message) })
    expect(calls).toBe(1)
  })

  it('leaves nobody waiting when another cell ends the row group', async () => {
    const calls: string[][] = []
    const broken = defineColumnGenerator({
      output: 'int64',
      generate(row) {
        if (row.rowIndex === 2) throw new ParquetryError('DISK_FULL', 'full')
        return { broken: 1 }
      },
    })
    const waits = custom('rank', { skip: { when: '{{ broken == 2 }}' } })
    await expect(make([text(), custom('broken'), waits], { rank: rank(calls), broken }, { rows: 4 })).rejects.toMatchObject({
      code: 'DISK_FULL',
    })
    expect(calls).toEqual([])
  })
})

describe('a worker without the generator', () => {
  it('says so before anything is asked', async () => {
    const a = defineColumnGenerator({ output: 'string', generate: () => ({ a: 'x' }) }) as ColumnGenerator
    const { compiled } = compile(configOf([number, custom('a')]), { generators: knownGenerators({ a }) })
    const generatorOf = async (columnGenerators: Record<string, ColumnGenerator>): Promise<CellGenerator> =>
      (await compileProgram(compiled, '1', '2026-01-01T00:00:00Z', undefined, { columnGenerators, warn: () => undefined })).generators[0]!
    for (const [registered, found] of [
      [{}, 'to have the column generator "a", found none'],
      [{ b: a }, 'found b'],
      [{ a: { ...a, params: z.object({ most: z.number() }) } }, '"a" has generator_params that it refuses at most: '],
      [{ a: { ...a, output: 'int64' } }, 'its output type {"kind":"string"}, found {"kind":"int64"}'],
    ] as const) {
      const generator = await generatorOf(registered as never)
      expect(() => generator.requireReady?.()).toThrow(
        expect.objectContaining({ code: 'CUSTOM_GENERATOR_MISSING', message: expect.stringContaining(found) }),
      )
    }
    const ready = await generatorOf({ a })
    expect(() => ready.requireReady?.()).not.toThrow()
  })
})
