import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isParquetryError, type ParquetryError } from '../../src/errors.ts'
import { compileCondition, compileTemplate, isBlank, templateReferences, type TemplateOptions } from '../../src/template/index.ts'
import type { Value, ValueType } from '../../src/values.ts'

function render(source: string, values: Readonly<Record<string, Value>> = {}, options: TemplateOptions = {}): string {
  return compileTemplate(source, options).render(values)
}

function failure(act: () => unknown): ParquetryError {
  try {
    act()
  } catch (error) {
    if (isParquetryError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const invalid = (source: string): ParquetryError => {
  const error = failure(() => compileTemplate(source))
  expect(error.code).toBe('TEMPLATE_INVALID')
  return error
}

const failed = (source: string, values: Readonly<Record<string, Value>> = {}): ParquetryError => {
  const template = compileTemplate(source)
  const error = failure(() => template.render(values))
  expect(error.code).toBe('TEMPLATE_FAILED')
  return error
}

describe('references', () => {
  it('are the names read from the row, sorted, without loop variables and loop', () => {
    const source =
      '{% for t, u in tags if t != skip %}{{ loop.index }}{{ t }}{{ u }}{{ b.x["y z"] }}{% else %}{{ t }}{% endfor %}{{ a | replace(c, "d") }}'
    expect(templateReferences(source)).toEqual(['a', 'b', 'c', 'skip', 't', 'tags'])
    expect(compileTemplate('{{ p.city.name }}{{ p["age"] }}{{ q[0].z }}').fieldReferences).toEqual(['p', 'p.city', 'p.city.name', 'q'])
  })

  it('do not hold range, constants, methods, filters, tests or argument names', () => {
    expect(templateReferences('{{ range(3) | list | sort(reverse=true) }}{{ "x".upper() is string }}{{ none }}{{ True }}')).toEqual([])
  })
})

describe('mistakes in a template', () => {
  it.each([
    ['{{ a }', 1, 6],
    ['a\nb {{ x | upper( }}', 2, 17],
    ['{% if a %}', 1, 4],
    ['{% endif %}', 1, 4],
    ['x\n{% else %}', 2, 4],
    ['{% for a in b %}{% endif %}{% endfor %}', 1, 20],
    ['{{ a b }}', 1, 6],
    ['{{ [1 2] }}', 1, 7],
    ['{{ a | nosuch }}', 1, 8],
    ['{{ a is nosuch }}', 1, 9],
    ['{{ "a }}', 1, 4],
    ['{{ a ? b }}', 1, 6],
    ['{# a', 1, 1],
    ['{% raw %} a', 1, 1],
    ['{{ (a }}', 1, 7],
    ['{{ a) }}', 1, 5],
    ['{{ }}', 1, 4],
    ['{{ a.  }}', 1, 8],
    ['{{ a | }}', 1, 8],
  ])('are refused with line and column: %s', (source, line, column) => {
    expect(invalid(source).details).toMatchObject({ line, column })
  })

  it.each([
    'import "x" as y',
    'from "x" import y',
    'include "x"',
    'macro m()',
    'call m()',
    'set a = 1',
    'extends "x"',
    'block b',
    'filter upper',
    'with',
    'do a',
    'break',
  ])('the statement {%% %s %%} is refused', (statement) => {
    expect(invalid(`text {% ${statement} %}`).message).toContain('not allowed')
  })

  it('refuses recursive loops, loops in loops and self', () => {
    expect(invalid('{% for a in b recursive %}{% endfor %}').message).toContain('recursive')
    expect(invalid('{% for a in b %}{% if a %}{% for c in a %}{% endfor %}{% endif %}{% endfor %}').message).toContain('loop inside a loop')
    expect(invalid('{{ self }}').message).toContain('self')
    expect(invalid('{{ self._TemplateReference__context }}').message).toContain('self')
    expect(render('{% for a in b %}{{ a }}{% endfor %}{% for a in b %}{{ a }}{% endfor %}', { b: [1, 2] })).toBe('1212')
  })

  it.each([
    'default("x")',
    'join(",")',
    'tojson',
    'safe',
    'map(attribute="x")',
    'attr("x")',
    'format',
    'select',
    'batch(2)',
    'xmlattr',
    'pprint',
    'wordcount',
  ])('the filter %s is refused', (filter) => {
    expect(invalid(`{{ a | ${filter} }}`).message).toContain('not allowed')
  })

  it.each([
    '{{ a.format(b) }}',
    '{{ a.pop() }}',
    '{{ a.append(1) }}',
    '{{ cycler(1) }}',
    '{{ lipsum() }}',
    '{{ a() }}',
    '{{ a[0]() }}',
    '{{ a.upper()() }}',
    '{{ range(*a) }}',
  ])('the call %s is refused', (source) => {
    invalid(source)
  })

  it.each([
    '{{ "a" | truncate(1, 2, 3, 4, 5) }}',
    '{{ a | replace("x") }}',
    '{{ a | sort(revers=true) }}',
    '{{ a | int(1, default=2) }}',
    '{{ a | upper(1) }}',
    '{{ a is divisibleby }}',
  ])('wrong arguments are refused when compiling: %s', (source) => {
    invalid(source)
  })

  it('refuses more than 600 nodes and a depth of more than 10, counted as Jinja2 counts', () => {
    expect(render('{{ a }}'.repeat(599), { a: 'x' })).toBe('x'.repeat(599))
    expect(invalid('{{ a }}'.repeat(600)).message).toContain('601')
    // Template, Output, seven Getattr and a Name make ten.
    expect(failed('{{ a.b.c.d.e.f.g.h }}').code).toBe('TEMPLATE_FAILED')
    invalid('{{ a.b.c.d.e.f.g.h.i }}')
  })

  it.each([
    '{{ ' + '('.repeat(5000) + '1' + ')'.repeat(5000) + ' }}',
    '{{ ' + 'not '.repeat(9000) + 'a }}',
    '{{ ' + '-'.repeat(9000) + '1 }}',
    '{{ ' + 'a + '.repeat(9000) + 'a }}',
    '{{ a }}'.repeat(9000),
    '{% if a %}'.repeat(4000) + '{% endif %}'.repeat(4000),
  ])('refuses huge templates without falling over (%#)', (source) => {
    invalid(source)
  })
})

describe('the way to JavaScript objects', () => {
  const row: Record<string, Value> = { x: {}, s: 'text', n: 1, l: [1], t: new Date(0), j: '{"a": 1}' }
  const names = [
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    '__defineGetter__',
    'length',
    'size',
    'get',
    'then',
    'value',
    'items',
    'opened',
    'text',
    'reason',
  ]

  it.each(names)('`%s` is undefined on every kind of value', (name) => {
    for (const column of Object.keys(row)) {
      failed(`{{ ${column}.${name} }}`, row)
      failed(`{{ ${column}['${name}'] }}`, row)
      expect(render(`{{ ${column}.${name} is defined }}`, row)).toBe('False')
    }
    failed(`{{ ${name} }}`, {})
  })

  it.each([
    '{{ x.constructor.constructor("return process")() }}',
    '{{ s.constructor.fromCharCode(65) }}',
    '{{ s.replace.call(s) }}',
    '{{ [].constructor }}',
    '{{ {}.__proto__ }}',
    '{{ range.constructor("return this")() }}',
    '{{ l.map.constructor }}',
    '{{ x | jsonpath("$.constructor") | first }}',
    '{{ x | sort(attribute="constructor") }}{{ l | sort(attribute="constructor") }}',
    '{{ people | max(attribute="__proto__") }}',
    '{% for i in l %}{{ loop.constructor }}{% endfor %}',
    '{% for i in l %}{{ loop }}{% endfor %}',
    '{{ process.env }}',
    '{{ globalThis }}',
    '{{ "".__class__.__mro__[1].__subclasses__() }}',
    '{{ x.get.constructor }}',
    '{{ x.__getattr__("a") }}',
  ])('%s is an error', (source) => {
    const error = failure(() => render(source, row))
    expect(['TEMPLATE_INVALID', 'TEMPLATE_FAILED']).toContain(error.code)
  })

  it('own fields with such names are plain data', () => {
    const value = JSON.parse('{"__proto__": 1, "constructor": {"a": "b"}, "items": 3}') as Value
    expect(render('{{ v.__proto__ }} {{ v.constructor.a }} {{ v["items"] }} {{ v.items }} {{ v.items() | length }}', { v: value })).toBe(
      '1 b 3 3 3',
    )
    expect(render('{{ v }}', { v: value })).toBe("{'__proto__': 1, 'constructor': {'a': 'b'}, 'items': 3}")
  })

  it('inherited values of the row itself are not read', () => {
    expect(failure(() => compileTemplate('{{ a }}').render(Object.create({ a: 1 }) as Record<string, Value>)).code).toBe('TEMPLATE_FAILED')
  })
})

describe('bounds', () => {
  it.each([
    '{{ "x" * 10**9 }}',
    '{{ ("x" * 1000000) * 1000000 }}',
    '{{ [0] * 10**9 }}',
    '{{ range(10**9) | length }}',
    '{{ 9 ** (9 ** 9) }}',
    '{{ 10 ** 100000 }}',
    '{% for i in range(100000) %}{{ "x" * 1000 }}{% endfor %}',
    '{% for i in range(100000) %}{% if ("x" * 500000) | upper == i %}{% endif %}{% endfor %}',
    '{% for i in range(100000) %}{{ range(100000) | length == i }}{% endfor %}',
    '{% for i in range(100000) %}{% if i in range(100000) | list %}{% endif %}{% endfor %}',
    '{{ ([["x" * 100000] * 1000] * 1000) | string | length }}',
    '{{ [[0] * 10000] * 10000 == [[0] * 10000] * 10000 }}',
    '{{ ("ab" * 100000) | replace("a", "x" * 100000) }}',
    '{{ ("x" * 100000).join("y" * 100000) }}',
    '{{ "1".zfill(10**9) }}',
    '{{ ([["a"] * 100000] * 100000) | jsonpath("$..[0]") | length }}',
    '{{ ("x" * 600000) }}',
    '{{ "a" ~ "b" * 512000 }}',
    '{{ [{"a": ["b"] * 100000}] * 100000 | sort(attribute="a") }}',
  ])('%s ends soon, with an error', (source) => {
    const started = performance.now()
    failed(source)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('lets 512,000 characters through, counted as code points', () => {
    expect(render('{{ "😀" * 256001 }}')).toHaveLength(512_002)
    expect(render('{{ a }}', { a: 'x'.repeat(512_000) })).toHaveLength(512_000)
    failed('{{ a }}', { a: 'x'.repeat(512_001) })
  })

  it('copes with deeply nested values', () => {
    let value: Value = 1
    for (let depth = 0; depth < 200_000; depth += 1) value = [value]
    failed('{{ v }}', { v: value })
    expect(render('{{ v }}', { v: '['.repeat(100_000) })).toHaveLength(100_000)
  })
})

describe('values', () => {
  const types: Record<string, ValueType> = {
    d: { kind: 'double' },
    g: {
      kind: 'group',
      fields: [
        { name: 'd', type: { kind: 'double' } },
        { name: 'i', type: { kind: 'int64' } },
      ],
    },
    l: { kind: 'list', element: { kind: 'double' } },
  }

  it('print by their declared types', () => {
    expect(render('{{ d }} {{ g.d }} {{ g.i }} {{ g }} {{ l }} {{ d + 1 }}', { d: 29, g: { d: 1, i: 1 }, l: [1, 2.5] }, { types })).toBe(
      "29.0 1.0 1 {'d': 1.0, 'i': 1} [1.0, 2.5] 30.0",
    )
    expect(render('{{ d }} {{ i }}', { d: 29, i: 29 })).toBe('29 29')
  })

  it('print as Python writes floats, long integers, dates and null', () => {
    const floats = [1e-7, 1e16, 0.1, 123456789.125, 1e-4, 0.00012, 1e22, 5e-324, 1.7976931348623157e308, 9999999999999998, -0]
    expect(floats.map((d) => render('{{ d }}', { d }, { types })).join(' ')).toBe(
      '1e-07 1e+16 0.1 123456789.125 0.0001 0.00012 1e+22 5e-324 1.7976931348623157e+308 9999999999999998.0 -0.0',
    )
    expect(render('{{ a }} {{ a + 1 }} {{ b }}', { a: 2n ** 62n, b: null })).toBe('4611686018427387904 4611686018427387905 None')
    expect(render('{{ a }} {{ b }}', { a: new Date(Date.UTC(2024, 0, 31, 9)), b: new Date(Date.UTC(2024, 0, 31, 9, 0, 0, 5)) })).toBe(
      '2024-01-31T09:00:00 2024-01-31T09:00:00.005000',
    )
  })

  it('open texts that hold a JSON object or array, and print them as they stand', () => {
    const j = ' {"a": {"b": [1, 29.0, "x"]}, "n": 12345678901234567890}'
    expect(render('{{ j }}|{{ j.a.b[1] }}|{{ j["n"] }}|{{ j.a }}|{{ j | length }}|{% for k in j %}{{ k }}{% endfor %}', { j })).toBe(
      `${j}|29.0|12345678901234567890|{'b': [1, 29.0, 'x']}|2|an`,
    )
    expect(
      render('{{ j | upper }} {{ j ~ "!" }} {{ j == "[1]" }} {{ j == [1] }} {{ j.startswith("[") }} {{ j.count(1) }} {{ j is string }}', {
        j: '[1]',
      }),
    ).toBe('[1] [1]! True True True 1 False')
    failed('{{ j.a }}', { j: '{"a": 1' })
    failed('{{ j.a }}', { j: '"a"' })
    failed('{{ j.b }}', { j: '{"a": 1}' })
  })

  it('random draws from the given stream only', () => {
    const template = compileTemplate('{{ ["a", "b", "c"] | random }}{{ "xyz" | random }}')
    const draws = [0.99, 0]
    expect(template.render({}, { random: () => draws.shift() ?? 0 })).toBe('cx')
    expect(template.render({}, { random: { next: () => 0.5 } })).toBe('by')
    expect(failure(() => template.render({})).code).toBe('TEMPLATE_FAILED')
  })

  it('a mistake names what is missing', () => {
    expect(failed('{{ person.zip }}', { person: { city: 'x' } }).message).toContain('zip')
    expect(failed('Dear {{ nme }}', { name: 'x' }).message).toContain('`nme` is undefined')
    expect(failed('{{ a.upper }}', { a: 'x' }).message).toContain('upper')
    expect(failed('{{ a.items() }}', { a: 'x' }).message).toContain('method')
  })
})

describe('jsonpath', () => {
  const data: Value = { a: { b: [10, 20, 30, 40] }, c: [{ d: 1, e: { d: 2 } }, { d: 3 }], 'x y': 5 }
  it.each([
    ['$', 1],
    ['$.a.b[0]', '[10]'],
    ['$.a.b[-1]', '[40]'],
    ['$.a.b[*]', '[10, 20, 30, 40]'],
    ['$.a.b[1:3]', '[20, 30]'],
    ['$.a.b[::2]', '[10, 30]'],
    ['$.a.b[::-1]', '[40, 30, 20, 10]'],
    ['$.a.b[0,2]', '[10, 30]'],
    ['$..d', '[1, 2, 3]'],
    ['$.c[*].d', '[1, 3]'],
    ["$['x y']", '[5]'],
    ["$.c[0]['d','e']", "[1, {'d': 2}]"],
    ['$.nothing.here', '[]'],
    ['$.a.b[9]', '[]'],
    ['$.a.*', '[[10, 20, 30, 40]]'],
  ])('%s', (path, expected) => {
    const text = render(`{{ data | jsonpath(path) }}`, { data, path })
    if (typeof expected === 'string') expect(text).toBe(expected)
    else expect(text).toBe(`[${render('{{ data }}', { data })}]`)
  })

  it.each(['a.b', '', '$.', '$[', '$.a[?(@.b)]', '$..', '$.a[]', '$["a"'])('the path %s is refused', (path) => {
    failed('{{ data | jsonpath(path) }}', { data, path })
  })

  it('needs a dict or a list', () => {
    failed('{{ "text" | jsonpath("$.a") }}')
    expect(render('{{ j | jsonpath("$.a") | first }}', { j: '{"a": 7}' })).toBe('7')
  })
})

describe('conditions', () => {
  it('hold when they render to True', () => {
    const condition = compileCondition("age > 18 and city in ['Rome', 'Bonn']")
    expect(condition.references).toEqual(['age', 'city'])
    expect(condition.test({ age: 19, city: 'Rome' })).toBe(true)
    expect(condition.test({ age: 18, city: 'Rome' })).toBe(false)
    expect(compileCondition('{{ age > 18 }}').test({ age: 19 })).toBe(true)
    expect(compileCondition('{% if age > 18 %}True{% endif %}').test({ age: 19 })).toBe(true)
    expect(compileCondition('age').test({ age: 19 })).toBe(false)
    expect(compileCondition("{'a': {'b': true}}['a']['b']").test({})).toBe(true)
    expect(compileCondition('x == "{{"').test({ x: '{{' })).toBe(true)
  })

  it('are refused when they are no expression', () => {
    for (const source of ['', 'a }} b', 'a b', '{{ a', 'a = 1'])
      expect(failure(() => compileCondition(source)).code).toBe('TEMPLATE_INVALID')
  })
})

describe('the fast path', () => {
  const scalar: fc.Arbitrary<Value> = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('{"f": 1.0}', '[1]', '{', ' {"f": "x"}', '', '-0'),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.bigInt(),
    fc.constant(null),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
  )
  const cell: fc.Arbitrary<Value> = fc.oneof(
    scalar,
    fc.dictionary(fc.constantFrom('f', 'g', '__proto__'), scalar),
    fc.array(scalar, { maxLength: 2 }),
  )
  const type: fc.Arbitrary<ValueType> = fc.constantFrom<ValueType>(
    { kind: 'string' },
    { kind: 'double' },
    { kind: 'json' },
    { kind: 'group', fields: [{ name: 'f', type: { kind: 'double' } }] },
    { kind: 'list', element: { kind: 'double' } },
  )
  const piece = fc.constantFrom(
    '{{ a }}',
    '{{ b }}',
    '{{ a.f }}',
    "{{ b['f'] }}",
    '{{ b.g }}',
    '{{ c }}',
    ' text ',
    '{{- a -}}',
    '\n',
    '{{ a.__proto__ }}',
  )

  it('prints exactly what the interpreter prints, or fails with it', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }),
        fc.record({ a: cell, b: cell }),
        fc.record({ a: type, b: type }),
        (pieces, values, types) => {
          const outcome = (isFastPathOff: boolean): string => {
            try {
              return compileTemplate(pieces.join(''), { types, isFastPathOff }).render(values)
            } catch (error) {
              return isParquetryError(error) ? error.message : String(error)
            }
          }
          expect(outcome(false)).toBe(outcome(true))
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('any text at all', () => {
  const token = fc.constantFrom(
    '{{',
    '}}',
    '{%',
    '%}',
    '{#',
    '#}',
    'if',
    'for',
    'in',
    'is',
    'not',
    'endif',
    'endfor',
    'else',
    ' ',
    'a',
    '1',
    '"',
    "'",
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '.',
    ',',
    '|',
    'upper',
    '-',
    '+',
    '*',
    '**',
    '<',
    ':',
    '~',
    'loop',
    '\\',
    '\n',
    'raw',
    'defined',
  )
  it('compiles or is refused, and renders or fails, with our errors only', () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 25 }), (tokens) => {
        try {
          compileTemplate(tokens.join('')).render({ a: [1, 'x', { b: 2 }] })
        } catch (error) {
          expect(isParquetryError(error) ? error.code : error).toMatch(/^TEMPLATE_/)
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe('isBlank', () => {
  it('is true for whitespace only', () => {
    expect(['', ' \n\t', '\u3000'].map(isBlank)).toEqual([true, true, true])
    expect([' x', '0'].map(isBlank)).toEqual([false, false])
  })
})
