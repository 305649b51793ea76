import { describe, expect, it } from 'vitest'
import { city, compile, configOf, errorsOf, expression, failureOf, sampler, structured, text, warningsOf } from './builders.ts'
import { matchingColumns } from '../../src/config/check-processors.ts'
import type { Mapping } from './builders.ts'

const price = sampler('price', 'uniform', { low: 1, high: 10 })

describe('what this release cannot do yet', () => {
  it.each<[string, Mapping, string]>([
    ['validation', configOf([{ name: 'a', column_type: 'validation' }]), 'columns[0].column_type'],
    ['tool_alias', configOf([city, text('a', '{{ city }}', { tool_alias: 't' })]), 'columns[1].tool_alias'],
    ['tool_configs', configOf([city], { tool_configs: [{}] }), 'tool_configs'],
    ['profilers', configOf([city], { profilers: [{}] }), 'profilers'],
  ])('is refused by name: %s', (name, config, path) => {
    const failure = failureOf(config)
    expect(failure.code).toBe('CONFIG_NOT_YET')
    expect(failure.details.problems).toEqual([
      { path, message: expect.stringContaining('not supported yet') as string, level: 'error', code: 'CONFIG_NOT_YET' },
    ])
    expect(JSON.stringify(failure.details.problems)).toContain(name)
  })

  it('gives way to CONFIG_INVALID when there are mistakes too, and its names stay usable', () => {
    const failure = failureOf(configOf([city, { name: 'code', column_type: 'validation' }, text('t', '{{ code }} {{ nope }}')]))
    expect(failure.code).toBe('CONFIG_INVALID')
    expect(failure.details.problems?.map(({ path }) => path)).toEqual(['columns[1].column_type', 'columns[2].prompt'])
  })

  it('does not stand in the way as an idle field', () => {
    const idle = {
      skip: null,
      propagate_skip: true,
      multi_modal_context: null,
      tool_alias: null,
      with_trace: 'none',
      extract_reasoning_content: false,
    }
    expect(warningsOf(configOf([city, text('a', '{{ city }}', idle)], { tool_configs: [], seed_config: null, profilers: null }))).toEqual(
      [],
    )
  })
})

describe('a config', () => {
  it('means the same wrapped and as shorthand, and its paths are the same', () => {
    const { columns, model_configs } = configOf([city, text('t', '{{ city }}')])
    const wrapped = { data_designer: { columns, model_configs }, library_version: '0.9.6', parquetry: { seed: 1 } }
    expect(compile(wrapped).compiled).toEqual(compile({ columns, model_configs, parquetry: { seed: 1 } }).compiled)
    expect(errorsOf({ data_designer: { columns: [expression('a', '{{ b }}')] } })).toEqual([
      'columns[0].expr: no column has the name "b". Did you mean "a"?',
    ])
  })

  it.each<[string, unknown, string]>([
    ['no mapping', [1], ': expected a mapping with columns'],
    ['nothing', null, ': expected a mapping with columns'],
    ['no columns', {}, 'columns: expected a list of columns, found nothing'],
    ['an empty list of columns', { columns: [] }, 'columns: expected at least one column, found an empty list'],
    ['columns that are no list', { columns: { a: 1 } }, 'columns: expected a list, found a mapping'],
    [
      'our settings inside data_designer',
      { data_designer: { columns: [city], parquetry: {} } },
      'data_designer.parquetry: expected parquetry beside data_designer',
    ],
    [
      'an unknown root field',
      { columns: [city], model_config: [] },
      'model_config: unknown field "model_config". Did you mean "model_configs"?',
    ],
    ['an unknown setting', { columns: [city], parquetry: { sed: 1 } }, 'parquetry.sed: unknown field "sed". Did you mean "seed"?'],
  ])('is refused: %s', (_, config, expected) => {
    expect(errorsOf(config)).toEqual([expect.stringContaining(expected)])
  })

  it('of model columns only gets the hidden, dropped id that DataDesigner adds', () => {
    const { compiled } = compile(configOf([text('t', 'Write a poem')]))
    expect(compiled.columns[0]).toMatchObject({ name: '_internal_row_id', sampler_type: 'uuid', drop: true })
    expect(compiled.schema.map(({ name }) => name)).toEqual(['t'])
    expect(compiled.droppedSchema.map(({ name }) => name)).toEqual(['_internal_row_id'])
  })

  it('lists its columns in their own order, each input before what needs it', () => {
    const { compiled } = compile(
      configOf([expression('c', '{{ b }} {{ a }}'), expression('b', '{{ a }}'), city, expression('a', '{{ city }}')]),
    )
    expect(compiled.order).toEqual(['a', 'b', 'c'])
    expect(compiled.inputs).toEqual({ c: ['a', 'b'], b: ['a'], city: [], a: ['city'] })
    expect(compiled.schema.map(({ name }) => name)).toEqual(['c', 'b', 'city', 'a'])
  })

  it('knows the type of every column without a row', () => {
    const format = { type: 'object', properties: { n: { type: 'integer' } } }
    const { types } = compile(
      configOf([
        city,
        price,
        expression('i', '1', { dtype: 'int' }),
        expression('f', '1', { dtype: 'float' }),
        expression('b', '1', { dtype: 'bool' }),
        text('t', '{{ city }}'),
        structured('s', '{{ city }}', format),
      ]),
    ).compiled
    expect(Object.fromEntries(Object.entries(types).map(([name, { kind }]) => [name, kind]))).toEqual({
      city: 'string',
      price: 'double',
      i: 'int64',
      f: 'double',
      b: 'boolean',
      t: 'string',
      s: 'group',
    })
  })
})

describe('constraints', () => {
  it.each<[string, Mapping, string]>([
    [
      'an unknown column',
      { target_column: 'prise', operator: 'lt', rhs: 3 },
      'constraints[0].target_column: no column has the name "prise". Did you mean "price"?',
    ],
    [
      'an unknown right-hand side',
      { target_column: 'price', operator: 'lt', rhs: 'coast' },
      'constraints[0].rhs: no column has the name "coast".',
    ],
    [
      'a column that is no sampler',
      { target_column: 'label', operator: 'lt', rhs: 3 },
      'constraints[0].target_column: expected the name of a sampler column',
    ],
    ['words', { target_column: 'city', operator: 'lt', rhs: 3 }, 'constraints[0]: Expected two numbers or two date-times'],
    [
      'what no row can satisfy',
      { target_column: 'price', operator: 'gt', rhs: 11 },
      'constraints[0]: Expected a constraint that some row satisfies',
    ],
    [
      'an unknown operator',
      { target_column: 'price', operator: '<', rhs: 3 },
      'constraints[0].operator: expected one of "lt", "le", "gt", "ge", found "<"',
    ],
    [
      'an unknown kind',
      { constraint_type: 'scalar', target_column: 'price', operator: 'lt', rhs: 3 },
      'constraints[0].constraint_type: expected one of scalar_inequality, column_inequality',
    ],
  ])('are checked: %s', (_, constraint, expected) => {
    expect(errorsOf(configOf([city, price, expression('label', 'x')], { constraints: [constraint] }))).toEqual([
      expect.stringContaining(expected),
    ])
  })

  it('without a type are told by their right-hand side, and the text of a number is a number', () => {
    const rhs = (value: unknown): unknown =>
      compile(
        configOf([price, sampler('cost', 'uniform', { low: 0, high: 5 })], {
          constraints: [{ target_column: 'price', operator: 'gt', rhs: value }],
        }),
      ).compiled.constraints
    expect(rhs('5')).toMatchObject([{ constraint_type: 'scalar_inequality', rhs: 5 }])
    expect(rhs('cost')).toMatchObject([{ constraint_type: 'column_inequality', rhs: 'cost' }])
  })

  it('keep their place in the config when another one cannot be read', () => {
    const constraints = [{ target_column: 'price' }, { target_column: 'price', operator: 'gt', rhs: 11 }]
    expect(errorsOf(configOf([price], { constraints })).map((line) => line.split(':')[0])).toEqual([
      'constraints[0].operator',
      'constraints[0].rhs',
      'constraints[1]',
    ])
  })
})

describe('processors', () => {
  const dropping = (...column_names: string[]): Mapping => ({ processors: [{ processor_type: 'drop_columns', name: 'd', column_names }] })

  it('drop columns by name and by pattern, as drop flags do', () => {
    const columns = [city, price, sampler('price_net', 'uniform', { low: 1, high: 2 })]
    const { compiled } = compile(configOf(columns, dropping('price*')))
    expect(compiled.schema.map(({ name }) => name)).toEqual(['city'])
    expect(compiled.processors).toEqual([{ processor_type: 'drop_columns', name: 'd', column_names: ['price', 'price_net'] }])
  })

  it.each<[string, readonly string[]]>([
    ['*__trace', ['name__trace']],
    ['t*_*2', ['tmp_22']],
    ['a*b', ['a.b', 'axb']],
    ['n*me*me', []],
    ['tmp_?*', ['tmp_1', 'tmp_22']],
    ['[an]*', ['name', 'name__trace', 'a.b', 'axb']],
    ['[!ant]*', ['id']],
    ['[*', []],
  ])('drop by the pattern %s what fnmatch matches', (pattern, matches) => {
    expect(matchingColumns(pattern, ['id', 'name', 'name__trace', 'a.b', 'axb', 'tmp_1', 'tmp_22'])).toEqual(matches)
  })

  it('take a name without * for itself, whatever else is in it', () => {
    expect(matchingColumns('tmp_?', ['tmp_1', 'tmp_?'])).toEqual(['tmp_?'])
  })

  it('that name an unknown column are refused; a pattern without a match is a warning', () => {
    expect(errorsOf(configOf([city, price], dropping('prices')))).toEqual([
      'processors[0].column_names[0]: no column has the name "prices". Did you mean "price"?',
    ])
    expect(warningsOf(configOf([city, price], dropping('x*')))).toEqual([
      'processors[0].column_names[0]: the pattern "x*" matches no column',
    ])
  })

  it('that drop everything are refused', () => {
    expect(errorsOf(configOf([city, price], dropping('*')))).toEqual([expect.stringContaining('found all of them dropped')])
  })

  it('have templates that are checked at every depth', () => {
    const processors = [{ processor_type: 'schema_transform', name: 't', template: { a: '{{ city }}', b: [{ c: '{{ town }}' }], d: 5 } }]
    expect(errorsOf(configOf([city], { processors }))).toEqual(['processors[0].template.b[0].c: no column has the name "town".'])
  })

  it.each(['../up', 'a/b', '', '.versions', 'x:', 'x.'])('may not be called %j, which is no folder name', (name) => {
    expect(errorsOf(configOf([city], { processors: [{ processor_type: 'drop_columns', name, column_names: [] }] }))).toEqual([
      expect.stringContaining('processors[0].name: expected a name that can be a folder'),
    ])
  })

  it('have unique names', () => {
    const one = { processor_type: 'drop_columns', name: 'd', column_names: [] }
    expect(errorsOf(configOf([city], { processors: [one, one] }))).toEqual([
      'processors[1].name: expected unique names of processors, found "d" twice',
    ])
  })
})
