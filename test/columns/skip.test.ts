import { describe, expect, it } from 'vitest'
import { compileExpression } from '../../src/columns/expression.ts'
import type { CellGenerator } from '../../src/columns/generator.ts'
import { compileLlmText } from '../../src/columns/llm-text.ts'
import { isTruthyText, withSkip } from '../../src/columns/skip.ts'
import type { ExpressionColumn, Skip } from '../../src/config/compiled.ts'
import { compileTemplate } from '../../src/template/index.ts'
import type { Value } from '../../src/values.ts'
import { options, row, scripted, textColumn } from './llm-builders.ts'

const skipOptions = (...skippable: string[]) => ({ types: {}, compileTemplate, skippable: new Set(skippable) })

function label(skip: Skip | null, propagate_skip = true, ...skippable: string[]): CellGenerator {
  const column: ExpressionColumn = {
    column_type: 'expression',
    name: 'label',
    drop: false,
    expr: '{{ a }}!',
    dtype: 'str',
    skip,
    propagate_skip,
  }
  return withSkip(compileExpression(column, {}), column, skipOptions(...skippable))
}

const { ports } = scripted()
const made = (generator: CellGenerator, values: Readonly<Record<string, Value>>): unknown => generator.generate(row(values), ports)

describe('a column with a condition to skip', () => {
  it('makes its cell where the condition is false, and has the given value where it is true', () => {
    const generator = label({ when: '{{ stock == 0 }}', value: 'sold out' })
    expect(made(generator, { a: 'x', stock: 3 })).toBe('x!')
    expect(made(generator, { a: 'x', stock: 0 })).toBe('sold out')
  })

  it('waits for the columns of its condition too, and notes that it was skipped', () => {
    const generator = label({ when: '{{ stock == 0 }}', value: null })
    expect(generator.inputs).toEqual(['a', 'stock'])
    expect(generator).toMatchObject({ isSync: true, canSkip: true })
    const cells = row({ a: 'x', stock: 0 })
    expect(generator.generate(cells, ports)).toBeNull()
    expect([cells.isSkipped('label'), cells.isSkipped('stock')]).toEqual([true, false])
  })

  it('is skipped where the condition cannot be evaluated', () => {
    const generator = label({ when: '{{ person.age > 3 }}', value: 'unknown' })
    expect(made(generator, { a: 'x', person: { name: 'Ann' } })).toBe('unknown')
    expect(made(generator, { a: 'x', person: { age: 'old' } })).toBe('unknown')
    expect(made(generator, { a: 'x', person: { age: 3 } })).toBe('x!')
  })

  it('reads the JSON that a text holds: numbers, true, false, null, lists and objects', () => {
    const skips = (when: string, stock: Value): boolean => made(label({ when, value: 'skipped' }), { a: 'x', stock }) === 'skipped'
    expect(skips('{{ stock == 0 }}', '0')).toBe(true)
    expect(skips('{{ stock and true }}', 'false')).toBe(false)
    expect(skips('{{ stock is none }}', 'null')).toBe(true)
    expect(skips('{{ stock.left < 3 }}', { left: '2' })).toBe(true)
    expect(skips('{{ stock.left < 3 }}', '{"left": 4}')).toBe(false)
    expect(skips("{{ stock == '7 left' }}", '7 left')).toBe(true)
  })

  it('draws by chance from a stream of its own, the same whenever the row is made again', () => {
    const asked: unknown[] = []
    const generator = label({ when: '{% if stock %}{{ [true, false] | random }}{% endif %}', value: 'skipped' })
    const cells = {
      ...row({ a: 'x', stock: 1 }),
      random: (purpose?: string) => {
        asked.push(purpose)
        return { next: () => 0, nextUint32: () => 0 }
      },
    }
    expect(generator.generate(cells, ports)).toBe('skipped')
    expect(asked).toEqual(['skip'])
  })

  it('asks no model for a skipped cell', async () => {
    const column = textColumn({ skip: { when: '{{ stock == 0 }}', value: 'none' } })
    const generator = withSkip(compileLlmText(column, options()), column, skipOptions())
    const { ports: model, asked } = scripted('A fine hose.')
    expect(await generator.generate(row({ product: 'hose', stock: 0 }), model)).toBe('none')
    expect(asked).toEqual([])
    expect(await generator.generate(row({ product: 'hose', stock: 1 }), model)).toBe('A fine hose.')
  })
})

describe('a column that needs a skipped one', () => {
  const cells = (): ReturnType<typeof row> => {
    const one = row({ a: null, stock: 1 })
    one.markSkipped(['a'])
    return one
  }

  it('is skipped too, with null or its own value, without looking at its own condition', () => {
    expect(label(null, true, 'a').generate(cells(), ports)).toBeNull()
    const other = label({ when: '{{ stock == 0 }}', value: 'other' }, true, 'a')
    expect(other.generate(cells(), ports)).toBe('other')
    expect(made(other, { a: 'x', stock: 1 })).toBe('x!')
  })

  it('is made all the same when it does not propagate', () => {
    expect(label(null, false, 'a').generate(cells(), ports)).toBe('None!')
  })

  it('only in its condition, is made when that is false', () => {
    const one = row({ a: 'x', stock: 1 })
    one.markSkipped(['stock'])
    expect(label({ when: '{{ stock == 0 }}', value: 'other' }, true, 'stock').generate(one, ports)).toBe('x!')
  })

  it('costs nothing where no column can be skipped: its generator is left as it is', () => {
    expect(label(null)).not.toHaveProperty('canSkip')
  })
})

describe('a rendered condition', () => {
  it.each([
    '',
    'False',
    'None',
    '0',
    '0.0',
    '-0',
    '00',
    '0e5',
    '.0',
    '[]',
    '[ ]',
    '{}',
    '()',
    'set()',
    "''",
    '""',
    ' False',
    'False\n',
    'false',
    'null',
  ])('%j is false', (text) => {
    expect(isTruthyText(text)).toBe(false)
  })
  it.each(['True', '1', '-0.5', '[0]', '{"a": 0}', 'no', ' ', 'nan', 'FalseFalse', '0 0', 'FALSE', '.'])('%j is true', (text) => {
    expect(isTruthyText(text)).toBe(true)
  })
})
