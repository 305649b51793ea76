import { describe, expect, it } from 'vitest'
import { city, code, configOf, errorsOf, expression, failureOf, judge, sampler, structured, text, warningsOf } from './builders.ts'
import type { Mapping } from './builders.ts'

const cases: readonly [string, readonly Mapping[], string | RegExp][] = [
  [
    'weights of the wrong length',
    [sampler('a', 'category', { values: ['x', 'y'], weights: [1] })],
    'columns[0].params.weights: expected as many weights as values, 2, found 1',
  ],
  ['weights that sum to 0', [sampler('a', 'category', { values: ['x'], weights: [0] })], /^columns\[0\]\.params\.weights: .*sum of 0$/],
  [
    'a negative weight',
    [sampler('a', 'category', { values: ['x', 'y'], weights: [2, -1] })],
    'columns[0].params.weights[1]: expected a number of at least 0, found -1',
  ],
  [
    'no values',
    [sampler('a', 'category', { values: [] })],
    'columns[0].params.values: expected a list of at least 1 item, found an empty list',
  ],
  [
    'a value that is neither text nor number',
    [sampler('a', 'category', { values: [true] })],
    'columns[0].params.values[0]: expected a text or a number, found true',
  ],
  ['a probability above 1', [sampler('a', 'bernoulli', { p: 1.5 })], 'columns[0].params.p: expected a number of at most 1, found 1.5'],
  [
    'a number in quotes',
    [sampler('a', 'bernoulli', { p: '0.5' })],
    'columns[0].params.p: expected a number, found "0.5"; remove the quotes',
  ],
  [
    'trials that are no whole number',
    [sampler('a', 'binomial', { n: 2.5, p: 0.5 })],
    'columns[0].params.n: expected a whole number, found 2.5',
  ],
  ['low above high', [sampler('a', 'uniform', { low: 2, high: 1 })], 'columns[0].params.low: expected low <= high, found 2 and 1'],
  [
    'low above high in a condition',
    [city, sampler('a', 'uniform', { low: 0, high: 1 }, { conditional_params: { "city == 'Rome'": { low: 2, high: 1 } } })],
    'columns[1].conditional_params["city == \'Rome\'"].low: expected low <= high, found 2 and 1',
  ],
  [
    'a negative deviation',
    [sampler('a', 'gaussian', { mean: 0, stddev: -1 })],
    'columns[0].params.stddev: expected a number of at least 0, found -1',
  ],
  ['a negative mean', [sampler('a', 'poisson', { mean: -1 })], 'columns[0].params.mean: expected a number of at least 0, found -1'],
  [
    'a distribution that is not there',
    [sampler('a', 'scipy', { dist_name: 'exponn', dist_params: {} })],
    /^columns\[0\]\.params\.dist_name: expected one of "bernoulli", "beta", .*"weibull_min", found "exponn"\. Did you mean "expon"\?$/,
  ],
  [
    'a parameter that its distribution has not',
    [sampler('a', 'scipy', { dist_name: 'expon', dist_params: { rate: 2 } })],
    'columns[0].params.dist_params.rate: expon has no parameter "rate". It takes loc, scale.',
  ],
  [
    'a shape left out',
    [sampler('a', 'scipy', { dist_name: 'gamma', dist_params: { scale: 2 } })],
    'columns[0].params.dist_params.a: expected a number above 0, which gamma needs, found nothing',
  ],
  [
    'a negative scale',
    [sampler('a', 'scipy', { dist_name: 'norm', dist_params: { scale: -2 } })],
    'columns[0].params.dist_params.scale: expected a number of at least 0, found -2',
  ],
  [
    'bounds of a distribution the wrong way round',
    [sampler('a', 'scipy', { dist_name: 'randint', dist_params: { low: 5, high: 5 } })],
    'columns[0].params.dist_params: expected low < high, found 5 and 5',
  ],
  [
    'a shape that is no number',
    [sampler('a', 'scipy', { dist_name: 't', dist_params: { df: [1, 2] } })],
    'columns[0].params.dist_params.df: expected a number, found a list',
  ],
  [
    'a mixture over a distribution with a wrong shape, in a condition too',
    [
      city,
      sampler(
        'a',
        'bernoulli_mixture',
        { p: 0.5, dist_name: 'norm', dist_params: {} },
        { conditional_params: { "city == 'Rome'": { p: 0.5, dist_name: 'beta', dist_params: { a: 1, b: 0 } } } },
      ),
    ],
    'columns[1].conditional_params["city == \'Rome\'"].dist_params.b: expected a number above 0, found 0',
  ],
  [
    'a scale of a distribution over integers',
    [sampler('a', 'bernoulli_mixture', { p: 0.5, dist_name: 'poisson', dist_params: { mu: 1, scale: 2 } })],
    'columns[0].params.dist_params.scale: poisson has no parameter "scale". It takes mu, loc.',
  ],
  [
    'a distribution converted to a date',
    [sampler('a', 'scipy', { dist_name: 'norm', dist_params: {} }, { convert_to: '%Y' })],
    'columns[0].convert_to: expected float, int or str, found "%Y".',
  ],
  ['a missing parameter', [sampler('a', 'uniform', { low: 1 })], 'columns[0].params.high: expected a number, found nothing'],
  [
    'end before start',
    [sampler('a', 'datetime', { start: '2025-01-02', end: '2025-01-01' })],
    /^columns\[0\]\.params\.start: expected start before end/,
  ],
  [
    'a date that does not exist',
    [sampler('a', 'datetime', { start: '2025-02-30', end: '2025-03-01' })],
    /^columns\[0\]\.params\.start: expected a date that exists.*2025-02-30/,
  ],
  [
    'a date that is none',
    [sampler('a', 'datetime', { start: 'soon', end: '2025-03-01' })],
    /^columns\[0\]\.params\.start: expected a date that exists/,
  ],
  [
    'dt_min not below dt_max',
    [
      sampler('s', 'datetime', { start: '2025-01-01', end: '2025-01-02' }),
      sampler('a', 'timedelta', { dt_min: 3, dt_max: 3, reference_column_name: 's' }),
    ],
    /^columns\[1\]\.params\.dt_min: expected dt_min < dt_max/,
  ],
  [
    'a reference that is no date',
    [city, sampler('a', 'timedelta', { dt_min: 0, dt_max: 3, reference_column_name: 'city' })],
    'columns[1].params.reference_column_name: expected the name of a datetime column, found "city", a category sampler',
  ],
  [
    'a reference that is not there',
    [city, sampler('a', 'timedelta', { dt_min: 0, dt_max: 3, reference_column_name: 'citi' })],
    'columns[1].params.reference_column_name: no column has the name "citi". Did you mean "city"?',
  ],
  [
    'a subcategory without a parent',
    [sampler('a', 'subcategory', { category: 'b', values: {} })],
    /^columns\[0\]\.params\.category: no column has the name "b"/,
  ],
  [
    'a subcategory of another kind',
    [expression('b', 'x'), sampler('a', 'subcategory', { category: 'b', values: {} })],
    'columns[1].params.category: expected the name of a category column, found "b", a column of type expression',
  ],
  [
    'params of another type',
    [sampler('a', 'uniform', { sampler_type: 'gaussian', low: 0, high: 1 })],
    'columns[0].params.sampler_type: expected "uniform", found "gaussian"',
  ],
  [
    'ages in the wrong order',
    [sampler('a', 'person_from_faker', { age_range: [40, 30] })],
    'columns[0].params.age_range: expected the lower age first, found 40 and 30',
  ],
  [
    'an unknown locale',
    [sampler('a', 'person_from_faker', { locale: 'en-US' })],
    'columns[0].params.locale: expected a locale such as en_US or de_DE, found "en-US". Did you mean "en_US"?',
  ],
  [
    'a conversion that is none',
    [sampler('a', 'uniform', { low: 0, high: 1 }, { convert_to: 'integer' })],
    /^columns\[0\]\.convert_to: expected float, int or str/,
  ],
  [
    'a conversion of words to numbers',
    [sampler('a', 'category', { values: ['1', 'x'] }, { convert_to: 'int' })],
    'columns[0].convert_to: expected values that convert to int, found "x"',
  ],
  [
    'a language of code that is none',
    [city, code('a', '{{ city }}', 'sql:postgresql')],
    /^columns\[1\]\.code_lang: expected one of .*found "sql:postgresql"\. Did you mean "sql:postgres"\?$/,
  ],
  [
    'a code column without a language',
    [city, text('a', '{{ city }}', { column_type: 'llm-code' })],
    /^columns\[1\]\.code_lang: expected one of .*found nothing$/,
  ],
  [
    'a judge without scores',
    [city, judge('a', '{{ city }}', [])],
    'columns[1].scores: expected a list of at least 1 item, found an empty list',
  ],
  [
    'a score without options',
    [city, judge('a', '{{ city }}', [{ name: 's', description: 'd', options: {} }])],
    'columns[1].scores[0].options: expected at least one option, found an empty mapping',
  ],
  [
    'two scores of one name',
    [
      city,
      judge(
        'a',
        '{{ city }}',
        [1, 2].map(() => ({ name: 's', description: 'd', options: { 1: 'one' } })),
      ),
    ],
    'columns[1].scores[1].name: expected unique names of scores, found "s" twice',
  ],
  [
    'a score without a description',
    [city, judge('a', '{{ city }}', [{ name: 's', options: { 1: 'one' } }])],
    'columns[1].scores[0].description: expected a text, found nothing',
  ],
  [
    'a sampler that shall be skipped',
    [{ ...city, skip: { when: '{{ city }}' } }],
    /^columns\[0\]\.skip: expected no skip: samplers are drawn together/,
  ],
  [
    'a condition to skip without columns',
    [city, expression('e', 'x', { skip: { when: 'city == 1' } })],
    /^columns\[1\]\.skip\.when: expected a Jinja template that reads a column, .*found "city == 1"$/,
  ],
  [
    'a condition to skip on the column itself',
    [city, expression('e', '{{ city }}', { skip: { when: '{{ e }}' } })],
    'columns[1].skip.when: expected a condition on other columns, found "e"',
  ],
  [
    'a condition to skip on an unknown column',
    [city, expression('e', '{{ city }}', { skip: { when: '{{ citi }}' } })],
    'columns[1].skip.when: no column has the name "citi". Did you mean "city"?',
  ],
  [
    'a condition to skip that cannot be read',
    [city, expression('e', '{{ city }}', { skip: { when: '{{ city' } })],
    /^columns\[1\]\.skip\.when: /,
  ],
  [
    'a circle through a condition to skip',
    [city, expression('a', '{{ b }}'), expression('b', '{{ city }}', { skip: { when: '{{ a }}' } })],
    /^columns\[1\]: expected columns that do not need each other in a circle/,
  ],
  [
    'a skip without a condition',
    [city, expression('e', '{{ city }}', { skip: { value: 1 } })],
    'columns[1].skip.when: expected a text, found nothing',
  ],
  [
    'a skip value of another type',
    [city, expression('e', '{{ city }}', { dtype: 'int', skip: { when: '{{ city }}', value: 'none' } })],
    'columns[1].skip.value: expected a whole number, as the column holds, found "none"',
  ],
  [
    'a skip value beside groups',
    [
      city,
      structured(
        's',
        '{{ city }}',
        { type: 'object', properties: { a: { type: 'string' } } },
        { skip: { when: '{{ city }}', value: 'none' } },
      ),
    ],
    'columns[1].skip.value: expected null, as the column holds groups of fields, found "none"',
  ],
  ['an unknown field', [{ ...city, wieght: 1 }], 'columns[0].wieght: unknown field "wieght".'],
  [
    'a near miss of a field',
    [sampler('a', 'category', { values: ['x'], wieghts: [1] })],
    'columns[0].params.wieghts: unknown field "wieghts". Did you mean "weights"?',
  ],
  [
    'an unknown sampler',
    [sampler('a', 'categroy', {})],
    /^columns\[0\]\.sampler_type: expected one of uuid, .* Did you mean "category"\?$/,
  ],
  [
    'an unknown kind',
    [{ name: 'a', column_type: 'llm_text' }],
    /^columns\[0\]\.column_type: expected one of sampler, .* Did you mean "llm-text"\?$/,
  ],
  ['a missing kind', [{ name: 'a' }], /^columns\[0\]\.column_type: .*found nothing$/],
  ['a column without a name', [{ column_type: 'expression', expr: 'x' }], 'columns[0].name: expected a text, found nothing'],
  ['an empty name', [expression('', 'x')], 'columns[0].name: expected a name, found an empty text'],
  ['a name twice', [city, expression('city', 'x')], 'columns[1].name: expected unique column names, found "city" twice'],
  ['a reference in a prompt', [city, text('t', 'In {{ citi }}')], 'columns[1].prompt: no column has the name "citi". Did you mean "city"?'],
  [
    'a reference in a system prompt',
    [city, text('t', '{{ city }}', { system_prompt: '{{ town }}' })],
    'columns[1].system_prompt: no column has the name "town".',
  ],
  ['a reference in an expression', [city, expression('e', '{{ town }}')], 'columns[1].expr: no column has the name "town".'],
  [
    'a reference in a condition',
    [city, sampler('a', 'bernoulli', { p: 1 }, { conditional_params: { 'town == 1': { p: 0 } } })],
    'columns[1].conditional_params["town == 1"]: no column has the name "town".',
  ],
  [
    'a condition on a column that is no sampler',
    [expression('e', 'x'), sampler('a', 'bernoulli', { p: 1 }, { conditional_params: { 'e == 1': { p: 0 } } })],
    /^columns\[1\]\.conditional_params\["e == 1"\]: expected a condition on sampler columns/,
  ],
  ['a template that cannot be read', [city, text('t', 'In {{ city')], /^columns\[1\]\.prompt: /],
  [
    'a condition that cannot be read',
    [city, sampler('a', 'bernoulli', { p: 1 }, { conditional_params: { 'city ==': { p: 0 } } })],
    /^columns\[1\]\.conditional_params\["city =="\]: /,
  ],
  ['an empty expression', [city, expression('e', ' ')], 'columns[1].expr: expected a Jinja template, found an empty text'],
  ['a column that needs itself', [city, expression('e', '{{ e }}')], 'columns[1]: the column needs itself: "e" needs "e"'],
  [
    'a circle',
    [city, expression('a', '{{ c }}'), expression('b', '{{ a }}'), expression('c', '{{ b }}')],
    'columns[1]: expected columns that do not need each other in a circle, found "a" needs "c" needs "b" needs "a"',
  ],
  [
    'a field that faker cannot give',
    [sampler('p', 'person_from_faker', {}), text('t', '{{ p.frist_name }}')],
    'columns[1].prompt: "p" has no field "frist_name". Did you mean "first_name"?',
  ],
  [
    'a schema that is none',
    [city, structured('s', '{{ city }}', { type: 'objekt' })],
    /^columns\[1\]\.output_format: expected a JSON schema/,
  ],
  [
    'a schema that refers to nothing',
    [city, structured('s', '{{ city }}', { $ref: '#/$defs/X' })],
    /^columns\[1\]\.output_format: expected a JSON schema/,
  ],
  [
    'an unknown alias',
    [city, text('t', '{{ city }}', { model_alias: 'n' })],
    'columns[1].model_alias: no model config has the alias "n". Did you mean "m"?',
  ],
  [
    'nothing but dropped columns',
    [{ ...city, drop: true }],
    'columns: expected at least one column in the final rows, found all of them dropped',
  ],
]

describe('a mistake in a column', () => {
  it.each(cases)('is reported with its place: %s', (_, columns, expected) => {
    const errors = errorsOf(configOf(columns))
    if (typeof expected === 'string')
      expect(
        errors.some((line) => line.startsWith(expected)),
        errors.join('\n'),
      ).toBe(true)
    else expect(errors).toEqual([expect.stringMatching(expected)])
    expect(errors).toHaveLength(1)
  })

  it('in the keys of a subcategory names what is missing and what is meant', () => {
    const columns = [
      sampler('b', 'category', { values: ['x', 'y'] }, { conditional_params: { 'c == 1': { values: ['z'] } } }),
      sampler('c', 'bernoulli', { p: 0.5 }),
      sampler('a', 'subcategory', { category: 'b', values: { x: [1], yy: [2] } }),
    ]
    expect(errorsOf(configOf(columns))).toEqual([
      'columns[2].params.values: expected a list for every value of "b", found none for "y", "z"',
      'columns[2].params.values.yy: "yy" is no value of "b". Did you mean "y"?',
    ])
  })

  it('does not hide another: all are reported at once', () => {
    const config = configOf(
      [
        sampler('a', 'uniform', { low: 'x', high: 1 }),
        sampler('a2', 'bernoulli', { p: 3 }),
        text('t', '{{ nope }} {{ a }}'),
        text('u', '{{ city'),
      ],
      {
        constraints: [{ target_column: 'zzz', operator: 'lt', rhs: 1 }],
        colums: [],
      },
    )
    const failure = failureOf(config)
    expect(failure.code).toBe('CONFIG_INVALID')
    expect(failure.details.problems?.map(({ path }) => path)).toEqual([
      'colums',
      'columns[0].params.low',
      'columns[1].params.p',
      'columns[2].prompt',
      'columns[3].prompt',
      'constraints[0].target_column',
    ])
  })
})

describe('a doubtful column', () => {
  it.each([
    ['a prompt that names no column', [city, text('t', 'Write a poem')], 'columns[1].prompt: the prompt names no column'],
    ['single braces', [city, text('t', '{{ city }} and {city}')], 'columns[1].prompt: {city} stands in single braces'],
    [
      'a conversion without effect',
      [sampler('u', 'uuid', {}, { convert_to: 'int' })],
      'columns[0].convert_to: convert_to has no effect on a uuid sampler',
    ],
  ])('is a warning only: %s', (_, columns, expected) => {
    expect(warningsOf(configOf(columns))).toEqual([expect.stringContaining(expected)])
  })

  it('is not JSON in a prompt', () => {
    expect(warningsOf(configOf([city, text('t', 'For {{ city }} answer {"city": 1} or {% if city %}{{ city }}{% endif %}')]))).toEqual([])
  })
})
