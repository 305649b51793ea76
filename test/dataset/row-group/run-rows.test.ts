import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { CellGenerator, SamplerProgram } from '../../../src/columns/generator.ts'
import { NO_USAGE } from '../../../src/contract.ts'
import type { AnswerBook } from '../../../src/dataset/row-group/answer-book.ts'
import { runRows } from '../../../src/dataset/row-group/run-rows.ts'
import type { MadeRows, RunRowsOptions } from '../../../src/dataset/row-group/run-rows.ts'
import { ParquetryError } from '../../../src/errors.ts'
import { createRandom } from '../../../src/random/random.ts'

const samplers: SamplerProgram = {
  columns: ['number'],
  sampleRow(row, refill, into) {
    into['number'] = row * 10 + refill
  },
}

function syncColumn(
  column: string,
  inputs: string[],
  make: (get: (name: string) => unknown, row: number, refill: number) => unknown,
): CellGenerator {
  return { column, inputs, isSync: true, generate: (row) => make((input) => row.get(input), row.rowIndex, row.refill) as never }
}

function modelColumn(
  column: string,
  inputs: string[],
  make: (prompt: string, row: number, refill: number) => Promise<string>,
): CellGenerator {
  return {
    column,
    inputs,
    isSync: false,
    generate: async (row) =>
      make(inputs.map((input) => JSON.stringify(row.get(input)).replaceAll('"', '')).join('+'), row.rowIndex, row.refill),
  }
}

const answers: AnswerBook = {
  ask: async () => {
    throw new Error('not asked here')
  },
  usage: () => NO_USAGE,
  callsInFlight: () => 0,
  callsMade: () => 0,
  isRehearsal: () => false,
}

async function make(generators: CellGenerator[], changes: Partial<RunRowsOptions> = {}): Promise<MadeRows> {
  return await runRows({
    rowGroup: { id: 0, start: 0, end: 10 },
    samplers,
    generators,
    random: createRandom('seed'),
    answers,
    refillAttempts: 2,
    dropPolicy: { maxDropShare: 1 },
    signal: new AbortController().signal,
    checkRow: () => undefined,
    onFailure: () => undefined,
    onProgress: () => undefined,
    ...changes,
  })
}

const content = (message: string): ParquetryError => new ParquetryError('ANSWER_INVALID', message)

describe('the rows of a row group', () => {
  it('come in row order with every column filled from its inputs, however long each cell takes', async () => {
    const made = await make([
      syncColumn('doubled', ['number'], (get) => Number(get('number')) * 2),
      modelColumn('text', ['doubled'], async (prompt, row) => {
        await delay((10 - row) * 3)
        return `text ${prompt}`
      }),
      syncColumn('length', ['text'], (get) => String(get('text')).length),
    ])
    expect(made.dropped).toEqual([])
    expect(made.rows.map(({ row }) => row)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(made.rows[3]?.values).toEqual({ number: 30, doubled: 60, text: 'text 60', length: 7 })
  })

  it('start a cell as soon as its own row is ready, without waiting for other rows or columns', async () => {
    const order: string[] = []
    await make(
      [
        modelColumn('a', ['number'], async (_prompt, row) => {
          await delay(row === 0 ? 120 : 5)
          order.push(`a${row}`)
          return 'a'
        }),
        modelColumn('b', ['a'], async (_prompt, row) => {
          order.push(`b${row}`)
          return 'b'
        }),
      ],
      { rowGroup: { id: 0, start: 0, end: 3 } },
    )
    expect(order.indexOf('b1')).toBeLessThan(order.indexOf('a0'))
    expect(order.at(-1)).toBe('b0')
  })

  it('are drawn anew at the same index when their content fails, and are dropped with the reason once the refills are used up', async () => {
    const made = await make([
      modelColumn('text', ['number'], async (prompt, row, refill) => {
        if (row === 4 && refill < 2) throw content('no JSON')
        if (row === 7) throw content('never any JSON')
        return prompt
      }),
    ])
    expect(made.rows.find(({ row }) => row === 4)).toMatchObject({ refill: 2, values: { number: 42, text: '42' } })
    expect(made.dropped).toEqual([{ row: 7, code: 'ANSWER_INVALID', column: 'text', refill: 2, reason: 'never any JSON' }])
    expect(made.rows.length + made.dropped.length).toBe(10)
  })

  it('refill after a failing expression too, alone and behind a model column', async () => {
    const failing = syncColumn('checked', ['number'], (get, row, refill) => {
      if (row % 2 === 0 && refill === 0) throw new ParquetryError('EXPRESSION_CAST', 'no number')
      return get('number') as number
    })
    const alone = await make([failing])
    const behind = await make([failing, modelColumn('text', ['checked'], async (prompt) => prompt)])
    expect(alone.rows.map(({ refill }) => refill)).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
    expect(behind.rows.map(({ refill }) => refill)).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
    expect(behind.rows[2]?.values['text']).toBe('21')
  })

  it('know in each row which cells were skipped there, at once and later', async () => {
    const skips = (isSync: boolean): CellGenerator => ({
      column: 'odd',
      inputs: ['number'],
      isSync,
      generate(row) {
        if (row.rowIndex % 2 === 0) row.markSkipped(['odd'])
        return 'odd'
      },
    })
    const sees: CellGenerator = { column: 'sees', inputs: ['odd'], isSync: true, generate: (row) => row.isSkipped('odd') }
    for (const isSync of [true, false]) {
      const made = await make([skips(isSync), sees], { rowGroup: { id: 0, start: 0, end: 4 } })
      expect(made.rows.map(({ values }) => values['sees'])).toEqual([true, false, true, false])
    }
  })

  it('have the side-effect columns of a cell with it, for whoever waits for them', async () => {
    const thinks: CellGenerator = {
      column: 'text',
      inputs: ['number'],
      sideEffects: ['text__trace'],
      isSync: false,
      async generate(row) {
        await delay(5)
        row.setSideEffect('text__trace', `trace ${row.rowIndex}`)
        return 'text'
      },
    }
    const reads: CellGenerator = { column: 'reads', inputs: ['text__trace'], isSync: true, generate: (row) => row.get('text__trace') }
    const made = await make([thinks, reads], { rowGroup: { id: 0, start: 0, end: 2 } })
    expect(made.rows[1]?.values).toEqual({ number: 10, text: 'text', text__trace: 'trace 1', reads: 'trace 1' })
  })

  it('drop when no file can hold a value, naming its column', async () => {
    const made = await make([], {
      refillAttempts: 0,
      checkRow: (values, row) => {
        if (row === 3)
          throw new ParquetryError('VALUE_NOT_REPRESENTABLE', `cannot hold ${JSON.stringify(values['number'])}`, { column: 'number' })
      },
    })
    expect(made.dropped).toEqual([{ row: 3, code: 'VALUE_NOT_REPRESENTABLE', column: 'number', refill: 0, reason: 'cannot hold 30' }])
  })

  it('never drop for an error that is not the content of the row: the row group ends with it, and nothing is left running', async () => {
    let running = 0
    const failures: unknown[] = []
    const making = make(
      [
        modelColumn('text', ['number'], async (_prompt, row) => {
          running += 1
          try {
            await delay(row === 2 ? 5 : 30)
            if (row === 2) throw new ParquetryError('MODEL_AUTH', 'key refused')
            return 'text'
          } finally {
            running -= 1
          }
        }),
      ],
      { onFailure: (error) => failures.push(error) },
    )
    await expect(making).rejects.toMatchObject({ code: 'MODEL_AUTH' })
    expect(running).toBe(0)
    expect(failures).toHaveLength(1)
  })

  it('end the row group, uncommitted, when too many would drop', async () => {
    const failing = modelColumn('text', ['number'], async (prompt, row) => {
      if (row % 3 !== 0) throw content('nonsense')
      return prompt
    })
    const group = { rowGroup: { id: 0, start: 0, end: 60 }, refillAttempts: 0, dropPolicy: { maxDropShare: 0.5 } }
    await expect(make([failing], group)).rejects.toMatchObject({ code: 'TOO_MANY_DROPPED' })
    const allowed = await make([failing], { ...group, dropPolicy: { maxDropShare: 1 } })
    expect(allowed.dropped.length).toBe(40)
  })

  it('give the event loop its turn during long stretches of sampling', async () => {
    let longest = 0
    let last = performance.now()
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 1)
    const busy = syncColumn('busy', ['number'], () => {
      const end = performance.now() + 0.5
      while (performance.now() < end);
      return 1
    })
    await make([busy], { rowGroup: { id: 0, start: 0, end: 1_000 } })
    clearInterval(timer)
    expect(longest).toBeLessThan(400)
  })

  it('stop when asked to', async () => {
    const stop = new AbortController()
    const making = make([modelColumn('text', ['number'], async () => delay(10, 'text'))], {
      rowGroup: { id: 0, start: 0, end: 20_000 },
      signal: stop.signal,
    })
    setTimeout(() => stop.abort(new Error('stop asked')), 30)
    await expect(making).rejects.toThrow('stop asked')
  })
})
