import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { castExpression, compileExpression } from '../../src/columns/expression.ts'
import type { CellPorts, CellRow } from '../../src/columns/generator.ts'
import { NO_MEDIA } from '../../src/columns/media/cell-media.ts'
import type { ExpressionColumn } from '../../src/config/compiled.ts'
import { isParquetryError } from '../../src/errors.ts'
import type { Value, ValueType } from '../../src/values.ts'

const ports: CellPorts = {
  ask: () => Promise.reject(new Error('an expression asks no model')),
  signal: new AbortController().signal,
  media: NO_MEDIA,
}

function column(expr: string, dtype: ExpressionColumn['dtype'] = 'str'): ExpressionColumn {
  return { name: 'made', column_type: 'expression', expr, dtype, drop: false, skip: null, propagate_skip: true }
}

function row(values: Readonly<Record<string, Value>>, draws: readonly number[] = []): CellRow {
  const rest = [...draws]
  return {
    rowIndex: 0,
    setSideEffect: () => undefined,
    isSkipped: () => false,
    markSkipped: () => undefined,
    refill: 0,
    get: (name) => {
      if (!Object.hasOwn(values, name)) throw new Error(`${name} is no input`)
      return values[name] as Value
    },
    random: () => ({ next: () => rest.shift() ?? 0, nextUint32: () => 0 }),
  }
}

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return isParquetryError(error) ? error.code : String(error)
  }
  return 'nothing thrown'
}

describe('an expression column', () => {
  it('is made in place from the columns it names', () => {
    const types: Record<string, ValueType> = { score: { kind: 'double' } }
    const generator = compileExpression(column('{{ first }} {{ last | upper }}: {{ score }}'), types)
    expect(generator).toMatchObject({ column: 'made', inputs: ['first', 'last', 'score'], isSync: true })
    expect(generator.generate(row({ first: 'Ada', last: 'King', score: 29 }), ports)).toBe('Ada KING: 29.0')
  })

  it('draws from the row stream, one stream a cell', () => {
    const generator = compileExpression(column("{{ ['a', 'b'] | random }}{{ ['a', 'b'] | random }}"), {})
    expect(generator.generate(row({}, [0.9, 0.1]), ports)).toBe('ba')
  })

  it('tells what drops a row', () => {
    const generate = (expr: string, dtype: ExpressionColumn['dtype'], values: Readonly<Record<string, Value>>): string =>
      codeOf(() => compileExpression(column(expr, dtype), {}).generate(row(values), ports))
    expect(generate('{{ a }}', 'str', { a: '' })).toBe('EXPRESSION_EMPTY')
    expect(generate('{{ a }}', 'str', { a: ' \n' })).toBe('EXPRESSION_EMPTY')
    expect(generate('{{ a }}', 'int', { a: null })).toBe('EXPRESSION_EMPTY')
    expect(generate('{{ a }}', 'int', { a: 'many' })).toBe('EXPRESSION_CAST')
    expect(generate('{{ 1 / a }}', 'float', { a: 0 })).toBe('TEMPLATE_FAILED')
    expect(generate('{{ a.b }}', 'str', { a: {} })).toBe('TEMPLATE_FAILED')
    expect(codeOf(() => compileExpression(column('{{ a | tojson }}'), {}))).toBe('TEMPLATE_INVALID')
  })
})

describe('casting', () => {
  const cast = (dtype: ExpressionColumn['dtype'], text: string): Value => castExpression({ name: 'made', dtype }, text)

  it.each([
    ['42', 42],
    [' -7 ', -7],
    ['+5', 5],
    ['3.99', 3],
    ['-3.99', -3],
    ['1e3', 1000],
    ['29.0', 29],
    ['1_000', 1000],
    ['-0', 0],
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9007199254740993.0', 9007199254740993n],
    ['1e18', 1000000000000000000n],
  ])('int(%j) is %s', (text, expected) => {
    expect(cast('int', text)).toBe(expected)
  })

  it.each(['9223372036854775808', '1e300', 'nan', 'inf', '0x10', '1,000', 'True', '1 2', '9'.repeat(400)])('int(%j) is refused', (text) => {
    expect(codeOf(() => cast('int', text))).toBe('EXPRESSION_CAST')
  })

  it('keeps every 64-bit integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const made = cast('int', String(value))
        expect(BigInt(made as number | bigint)).toBe(value)
        expect(typeof made).toBe(Number.isSafeInteger(Number(value)) && BigInt(Number(value)) === value ? 'number' : 'bigint')
      }),
    )
  })

  it('reads back every finite float', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(cast('float', String(value))).toBe(Object.is(value, -0) ? 0 : value)
      }),
    )
    for (const text of ['nan', 'inf', '-Infinity', '1e999', 'x', '1.2.3']) expect(codeOf(() => cast('float', text))).toBe('EXPRESSION_CAST')
  })

  it.each([
    ['True', true],
    ['true', true],
    ['TRUE', true],
    ['False', false],
    ['yes', false],
    ['1', true],
    ['0', false],
    ['0.5', false],
    ['-1.0', true],
    ['1e400', 'EXPRESSION_CAST'],
  ])('bool(%j) is %s', (text, expected) => {
    if (typeof expected === 'string') expect(codeOf(() => cast('bool', text))).toBe(expected)
    else expect(cast('bool', text)).toBe(expected)
  })
})
