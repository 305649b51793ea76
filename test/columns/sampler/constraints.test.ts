import { describe, expect, it } from 'vitest'
import { kolmogorovSmirnov } from '../../random/statistics.ts'
import type { ParquetryError } from '../../../src/errors.ts'
import { column, constraint, params, program, rowsOf } from './samplers.ts'

describe('constraints', () => {
  it('hold in every row, for scalars, columns, integers and date-times', async () => {
    const columns = [
      column('low', 'uniform', { low: 0, high: 10 }, { convert_to: 'int' }),
      column('high', 'poisson', { mean: 5 }),
      column('end', 'datetime'),
      column('start', 'datetime'),
    ]
    const constraints = ['high > low', 'low >= 2', 'low < 7', 'start <= end'].map(constraint)
    for (const row of rowsOf(await program(columns, { constraints }), 2000)) {
      expect(row['high'] as number).toBeGreaterThan(row['low'] as number)
      expect(row['low']).toBeGreaterThanOrEqual(2)
      expect(row['low']).toBeLessThan(7)
      expect((row['start'] as string) <= (row['end'] as string)).toBe(true)
    }
  })

  it('are checked after rounding', async () => {
    const columns = [column('x', 'uniform', { low: 0, high: 1, decimal_places: 1 })]
    const values = rowsOf(await program(columns, { constraints: [constraint('x < 0.2')] }), 500).map((row) => row['x'])
    expect(new Set(values)).toEqual(new Set([0, 0.1]))
  })

  it('compare numbers, also where these become text', async () => {
    const columns = [column('x', 'uniform', { low: 0, high: 20 }, { convert_to: 'str' })]
    const values = rowsOf(await program(columns, { constraints: [constraint('x >= 9')] }), 200).map((row) => row['x'] as string)
    expect(values.every((value) => Number(value) >= 9)).toBe(true)
    expect(values.some((value) => value.startsWith('1'))).toBe(true)
  })

  it('leave the distribution as it is where they hold', async () => {
    const columns = [column('x', 'uniform', { low: 0, high: 10 })]
    const rows = rowsOf(await program(columns, { constraints: [constraint('x < 4')] }), 20_000)
    const sample = rows.map((row) => row['x'] as number)
    expect(kolmogorovSmirnov(sample, (x) => x / 4)).toBeLessThan(1.95)
  })

  it('change nothing in rows that satisfy them at the first trial', async () => {
    const columns = [column('x', 'uniform')]
    const free = rowsOf(await program(columns), 200)
    const bound = rowsOf(await program(columns, { constraints: [constraint('x < 0.5')] }), 200)
    const kept = free.filter((row) => (row['x'] as number) < 0.5)
    expect(kept.length).toBeGreaterThan(50)
    for (const [index, row] of free.entries()) if ((row['x'] as number) < 0.5) expect(bound[index]).toEqual(row)
  })

  it('redraw the connected columns together when a row is stuck, and only those', async () => {
    const columns = [
      column('ceiling', 'category', { values: [0, 10], weights: [9, 1] }),
      column('value', 'uniform', { low: 5, high: 20 }),
      column('apart', 'uniform'),
    ]
    const bound = rowsOf(await program(columns, { constraints: [constraint('value < ceiling')] }), 100)
    const free = rowsOf(await program(columns), 100)
    expect(bound.every((row) => row['ceiling'] === 10 && (row['value'] as number) < 10)).toBe(true)
    expect(bound.map((row) => row['apart'])).toEqual(free.map((row) => row['apart']))
  })

  it('redraw what hangs on a redrawn column by a condition too', async () => {
    const columns = [
      column('kind', 'category', { values: ['bad', 'good'] }),
      column('value', 'category', { values: [0] }, { conditional_params: { 'kind == good': params('category', { values: [1] }) } }),
    ]
    const rows = rowsOf(await program(columns, { constraints: [constraint('value > 0')] }), 50)
    expect(rows.every((row) => row['kind'] === 'good' && row['value'] === 1)).toBe(true)
  })

  it('stop the run after 100 redraws, naming constraint, row and observed acceptance', async () => {
    const columns = [column('a', 'uniform', { low: 0, high: 1 }), column('b', 'gaussian', { mean: 100, stddev: 1 })]
    const compiled = await program(columns, { constraints: [constraint('a >= 0'), constraint('b < a')] })
    let error: ParquetryError | null = null
    try {
      compiled.sampleRow(17, 2, {})
    } catch (thrown) {
      error = thrown as ParquetryError
    }
    expect(error?.code).toBe('CONSTRAINT_UNSATISFIABLE')
    expect(error?.message).toBe(
      'Expected a value of column "b" with b < a (constraints[1]) in row 17; found 0 of 101000 drawn (observed acceptance 0.00 %).',
    )
    expect(error?.details).toMatchObject({ constraint: 1, row: 17, refill: 2, column: 'b', drawn: 101_000, satisfied: 0 })
    expect(error?.details.wayOut).toContain('"b"')
  })

  it('tell of two constraints that only together cannot be satisfied', async () => {
    const columns = [column('a', 'uniform', { low: 0, high: 10 })]
    const compiled = await program(columns, { constraints: [constraint('a > 6'), constraint('a < 5')] })
    expect(() => compiled.sampleRow(0, 0, {})).toThrow(
      /observed acceptance (39|40|41)\.\d %\), and the last 1000 none that also satisfied constraints\[1\] \(a < 5\)/,
    )
  })

  it('go on with other rows after one that failed', async () => {
    const columns = [column('a', 'category', { values: [0, 1], weights: [999_999, 1] })]
    const compiled = await program(columns, { constraints: [constraint('a > 2')] })
    expect(() => compiled.sampleRow(0, 0, {})).toThrow('row 0')
    expect(() => compiled.sampleRow(1, 0, {})).toThrow('row 1')
  })
})
