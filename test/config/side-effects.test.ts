import { describe, expect, it } from 'vitest'
import { city, compile, configOf, errorsOf, expression, text, warningsOf } from './builders.ts'
import type { Mapping } from './builders.ts'

const traced = text('a', '{{ city }}', { with_trace: 'all_messages', extract_reasoning_content: true })
const config = (others: readonly Mapping[] = [], more: Mapping = {}): Mapping => configOf([...others, traced, city], more)
const dropping = (...column_names: string[]): Mapping => ({ processors: [{ processor_type: 'drop_columns', name: 'd', column_names }] })
const namesOf = (fields: readonly { readonly name: string }[]): readonly string[] => fields.map(({ name }) => name)

describe('side-effect columns of a config', () => {
  it('follow their column in the files, with their types', () => {
    const { schema, types } = compile(config()).compiled
    expect(namesOf(schema)).toEqual(['a', 'a__trace', 'a__reasoning_content', 'city'])
    expect(types['a__trace']).toMatchObject({ kind: 'list', element: { kind: 'group' } })
    expect(types['a__reasoning_content']).toEqual({ kind: 'string' })
  })

  it('can be used like any column; what uses them comes after the column that makes them', () => {
    const { compiled } = compile(config([expression('b', '{{ a__reasoning_content }}')]))
    expect(compiled.order).toEqual(['a', 'b'])
    expect(compiled.inputs['b']).toEqual(['a'])
  })

  it('stay when their column is dropped, and are dropped by name or pattern', () => {
    expect(namesOf(compile(config([], dropping('a'))).compiled.schema)).toEqual(['a__trace', 'a__reasoning_content', 'city'])
    const { schema, droppedSchema } = compile(config([], dropping('*__trace', 'a__reasoning_content'))).compiled
    expect(namesOf(schema)).toEqual(['a', 'city'])
    expect(namesOf(droppedSchema)).toEqual(['a__trace', 'a__reasoning_content'])
  })

  it('change the fingerprint when they are made, and when they are dropped', () => {
    const hashes = [
      configOf([text('a', '{{ city }}'), city]),
      configOf([text('a', '{{ city }}', { with_trace: 'last_message' }), city]),
      config(),
      config([], dropping('a__trace')),
      config([], dropping('*__*')),
    ].map((one) => compile(one).compiled.fingerprint.hash)
    expect(new Set(hashes).size).toBe(5)
  })

  it('that are not made are named with what makes them', () => {
    expect(errorsOf(configOf([city, text('a', '{{ city }}'), expression('b', '{{ a__trace }}{{ a__reasoning_content }}')]))).toEqual([
      'columns[2].expr: no column has the name "a__reasoning_content". Give "a" extract_reasoning_content: true if it asks a model.',
      'columns[2].expr: no column has the name "a__trace". Give "a" with_trace: last_message or all_messages if it asks a model.',
    ])
    const unread = { name: 'a', column_type: 'llm-text' }
    expect(errorsOf(configOf([city, unread, expression('b', '{{ a__trace }}')])).filter((line) => line.includes('__trace'))).toEqual([])
  })

  it('have names of their own', () => {
    expect(errorsOf(config([expression('a__trace', 'x')]))).toEqual([
      'columns[0].name: expected unique column names, found "a__trace", which "a" makes too',
    ])
  })

  it('of the column itself cannot be its input, nor decide that it is skipped', () => {
    expect(errorsOf(configOf([city, { ...traced, prompt: '{{ a__trace }}' }]))).toEqual([
      'columns[1]: the column needs itself: "a" needs "a"',
    ])
    expect(errorsOf(configOf([city, { ...traced, skip: { when: '{{ a__trace }}' } }]))[0]).toMatch(/^columns\[1\]\.skip\.when: /)
  })

  it('are no reason for a warning, and an unknown kind of trace is a mistake', () => {
    expect(warningsOf(config())).toEqual([])
    expect(errorsOf(configOf([city, text('a', '{{ city }}', { with_trace: 'all' })]))[0]).toMatch(
      /^columns\[1\]\.with_trace: expected one of "none", "last_message", "all_messages", found "all"/,
    )
  })
})
