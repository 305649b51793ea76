import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isParquetryError, type ParquetryError } from '../../src/errors.ts'
import { compileSchemaTransform } from '../../src/processors/index.ts'
import type { Value } from '../../src/values.ts'

function failure(act: () => unknown): ParquetryError {
  try {
    act()
  } catch (error) {
    if (isParquetryError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const chat = {
  messages: [
    { role: 'user', content: '{{ question }}' },
    { role: 'assistant', content: '{{ answer.text | trim }}', weight: 1 },
  ],
  meta: { city: 'In {{ city }}', tags: ['{{ a }}', 'fixed'] },
  version: 2,
  ratio: 0.5,
  final: true,
  nothing: null,
}

describe('schema_transform', () => {
  const transform = compileSchemaTransform(chat, { score: { kind: 'double' } })

  it('makes a record in the shape of the template', () => {
    expect(transform.transform({ question: 'Who?', answer: { text: ' me ' }, city: 'Rome', a: 1 })).toEqual({
      messages: [
        { role: 'user', content: 'Who?', weight: null },
        { role: 'assistant', content: 'me', weight: 1 },
      ],
      meta: { city: 'In Rome', tags: ['1', 'fixed'] },
      version: 2,
      ratio: 0.5,
      final: true,
      nothing: null,
    })
  })

  it('knows its columns and its schema without any row', () => {
    const text = { kind: 'string' }
    expect(transform.references).toEqual(['a', 'answer', 'city', 'question'])
    expect(transform.schema).toEqual([
      {
        name: 'messages',
        type: {
          kind: 'list',
          element: {
            kind: 'group',
            fields: [
              { name: 'role', type: text },
              { name: 'content', type: text },
              { name: 'weight', type: { kind: 'int64' } },
            ],
          },
        },
      },
      {
        name: 'meta',
        type: {
          kind: 'group',
          fields: [
            { name: 'city', type: text },
            { name: 'tags', type: { kind: 'list', element: text } },
          ],
        },
      },
      { name: 'version', type: { kind: 'int64' } },
      { name: 'ratio', type: { kind: 'double' } },
      { name: 'final', type: { kind: 'boolean' } },
      { name: 'nothing', type: text },
    ])
  })

  it('lets every text through unharmed', () => {
    const copier = compileSchemaTransform({ a: '{{ x }}', b: ['<{{ x }}>'] }, {})
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (x) => {
        fc.pre(!/^\s*[[{]/.test(x))
        expect(copier.transform({ x })).toEqual({ a: x, b: [`<${x}>`] })
      }),
    )
    expect(copier.transform({ x: 'say "hi"\n\\ {{ x }}' })).toEqual({ a: 'say "hi"\n\\ {{ x }}', b: ['<say "hi"\n\\ {{ x }}>'] })
  })

  it.each<[Value, string]>([
    [true, 'true'],
    [null, 'null'],
    [29, '29'],
    [0.1, '0.1'],
    [[1, 'é', null, true], '[1, "\\u00e9", null, true]'],
    [{ k: [1.5, { n: false }] }, '{"k": [1.5, {"n": false}]}'],
    ['{"k":[29.0]}', '{"k": [29.0]}'],
    ['[not json', '[not json'],
  ])('prints %j as JSON where Python would not: %s', (x, expected) => {
    expect(compileSchemaTransform({ a: '{{ x }}' }, {}).transform({ x })).toEqual({ a: expected })
  })

  it('prints doubles as doubles, keeps a newline at the end, and draws from the given stream', () => {
    const made = compileSchemaTransform({ a: '{{ score }}\n', b: "{{ ['x', 'y'] | random }}" }, { score: { kind: 'double' } })
    expect(made.transform({ score: 29 }, { random: () => 0.9 })).toEqual({ a: '29.0\n', b: 'y' })
  })

  it('gives items of one list one type', () => {
    const made = compileSchemaTransform({ mixed: [1, '{{ a }}', { x: 1 }], numbers: [1, 0.5], empty: [], lists: [['{{ a }}'], [2]] }, {})
    expect(made.schema.map((field) => field.type)).toEqual([
      { kind: 'list', element: { kind: 'string' } },
      { kind: 'list', element: { kind: 'double' } },
      { kind: 'list', element: { kind: 'string' } },
      { kind: 'list', element: { kind: 'list', element: { kind: 'string' } } },
    ])
    expect(made.transform({ a: 'z' })).toEqual({ mixed: ['1', 'z', '{"x":1}'], numbers: [1, 0.5], empty: [], lists: [['z'], ['2']] })
  })

  it('names the place of a mistake', () => {
    expect(failure(() => compileSchemaTransform({ a: [{ b: 'x' }, { b: '{{ y | tojson }}' }] }, {}))).toMatchObject({
      code: 'TEMPLATE_INVALID',
      details: { templatePath: 'a[1].b', line: 1, column: 8 },
    })
    expect(failure(() => compileSchemaTransform({ 'k{{ a }}': 'x' }, {})).code).toBe('TEMPLATE_INVALID')
    expect(failure(() => compileSchemaTransform({ a: {} }, {})).code).toBe('TEMPLATE_INVALID')
    expect(failure(() => compileSchemaTransform({ a: '{{ b }}' }, {}).transform({})).code).toBe('TEMPLATE_FAILED')
  })

  it('keeps fields with the names of JavaScript own members as plain data', () => {
    const template = JSON.parse('{"__proto__": "{{ a }}", "constructor": "c"}') as Record<string, unknown>
    const record = compileSchemaTransform(template, {}).transform({ a: 'x' })
    expect(Object.keys(record)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype)
  })
})
