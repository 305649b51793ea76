import { describe, expect, it } from 'vitest'
import { isParquetryError } from '../../src/errors.ts'
import type { Problem } from '../../src/errors.ts'
import { city, compile, configOf, expression, modelM, sampler, text } from './builders.ts'
import type { Mapping } from './builders.ts'

const seed = {
  contentHash: 'sha256:1',
  rowCount: 3,
  schema: [{ name: 'old', type: { kind: 'string' } }],
  notes: [],
  files: [],
}
const seeded = { seed_config: { source: { seed_type: 'local', path: 'old.csv' } } }

/** All that is said of a config, errors and warnings alike, as `LEVEL path: message`. */
function saidOf(config: unknown): readonly string[] {
  let problems: readonly Problem[]
  try {
    problems = compile(config, { seed: seed as never }).warnings
  } catch (error) {
    if (!isParquetryError(error)) throw error
    problems = error.details.problems ?? []
  }
  return problems.map(({ level, path, message }) => `${level.toUpperCase()} ${path}: ${message}`)
}

const drop = (...columns: readonly string[]): Mapping => ({
  processors: [{ processor_type: 'drop_columns', name: 'd', column_names: columns }],
})
const transform = (template: Mapping): Mapping => ({ processors: [{ processor_type: 'schema_transform', name: 's', template }] })

/** One row for each violation of DataDesigner's compile step, with its level; those of validation columns are beside those columns. */
describe('a violation that DataDesigner finds when it compiles', () => {
  it.each<[string, string, Mapping, RegExp]>([
    [
      'INVALID_REFERENCE',
      'in a prompt',
      configOf([city, text('t', '{{ town }} {{ city }}')]),
      /^ERROR columns\[1\]\.prompt: no column has the name "town"/,
    ],
    [
      'INVALID_REFERENCE',
      'in a system prompt',
      configOf([city, text('t', '{{ city }}', { system_prompt: 'For {{ town }}' })]),
      /^ERROR columns\[1\]\.system_prompt: no column has the name "town"/,
    ],
    [
      'INVALID_REFERENCE',
      'in a schema_transform',
      configOf([city], transform({ a: ['{{ town }}'] })),
      /^ERROR processors\[0\]\.template\.a\[0\]: no column has the name "town"/,
    ],
    [
      'PROMPT_WITHOUT_REFERENCES',
      '',
      configOf([city, text('t', 'Write a poem')]),
      /^WARNING columns\[1\]\.prompt: the prompt names no column/,
    ],
    [
      'F_STRING_SYNTAX',
      'in a prompt',
      configOf([city, text('t', 'On {city}, {{ city }}')]),
      /^WARNING columns\[1\]\.prompt: \{city\} stands in single braces/,
    ],
    [
      'F_STRING_SYNTAX',
      'in a system prompt, beside braces of JSON',
      configOf([city, text('t', '{{ city }}', { system_prompt: 'Say {"a": 1} of { city !r:>10} }' })]),
      /^WARNING columns\[1\]\.system_prompt: \{city\} stands in single braces/,
    ],
    [
      'EXPRESSION_REFERENCE_MISSING',
      '',
      configOf([city, expression('e', '{{ town }}')]),
      /^ERROR columns\[1\]\.expr: no column has the name "town"/,
    ],
    [
      'SKIP_REFERENCE_MISSING',
      '',
      configOf([city, expression('e', '{{ city }}', { skip: { when: '{{ town == 1 }}' } })]),
      /^ERROR columns\[1\]\.skip\.when: no column has the name "town"/,
    ],
    [
      'SKIP_ON_SAMPLER_SEED',
      'on a sampler',
      configOf([{ ...city, skip: { when: '{{ other }}' } }, expression('other', '1')]),
      /^ERROR columns\[0\]\.skip: expected no skip/,
    ],
    [
      'SKIP_ON_SAMPLER_SEED',
      'on a column of the seed data',
      configOf([{ name: 'old', column_type: 'seed-dataset', skip: { when: '{{ a }}' } }, expression('a', '1')], seeded),
      /^ERROR columns\[0\]\.skip: expected no skip/,
    ],
    [
      'ALL_COLUMNS_DROPPED',
      'by themselves',
      configOf([{ ...city, drop: true }]),
      /^ERROR columns: expected at least one column in the final rows/,
    ],
    [
      'ALL_COLUMNS_DROPPED',
      'by a processor',
      configOf([city], drop('*')),
      /^ERROR columns: expected at least one column in the final rows/,
    ],
    [
      'INVALID_COLUMN',
      'a name that a drop processor does not find',
      configOf([city], drop('town')),
      /^ERROR processors\[0\]\.column_names\[0\]: no column has the name "town"/,
    ],
    [
      'INVALID_COLUMN',
      'a pattern that matches nothing',
      configOf([city], drop('town*')),
      /^WARNING processors\[0\]\.column_names\[0\]: the pattern "town\*" matches no column/,
    ],
  ])('%s %s has its level, place and name', (_type, _where, config, expected) => {
    expect(saidOf(config)).toEqual([expect.stringMatching(expected)])
  })

  it('is no violation where the name is a side-effect column, or one of the seed data', () => {
    const trace = text('t', '{{ city }} {{ old }}', { with_trace: 'all_messages' })
    const config = configOf([city, trace, expression('e', '{{ t__trace | length }}', { skip: { when: '{{ old == "x" }}' } })], {
      ...seeded,
      ...drop('t__trace'),
    })
    expect(saidOf(config)).toEqual([])
  })
})

describe('everything that is wrong with a config is said at once', () => {
  it('violations of all kinds and warnings beside each other', () => {
    const config = configOf(
      [
        city,
        text('t', 'On {city}: {{ town }}', { system_prompt: '{{ village }}' }),
        expression('e', '{{ hamlet }}', { skip: { when: '{{ shed == 1 }}' } }),
        { ...sampler('n', 'uniform', { low: 0, high: 1 }), skip: { when: '{{ city }}' } },
        text('u', 'the same for all'),
      ],
      { processors: [...(drop('barn', 'hut*')['processors'] as []), ...(transform({ a: '{{ house }}' })['processors'] as [])] },
    )
    const said = saidOf(config).join('\n')
    for (const name of ['town', 'village', 'hamlet', 'shed', 'barn', 'house']) expect(said).toContain(`no column has the name "${name}"`)
    for (const part of ['{city} stands in single braces', 'the prompt names no column', 'matches no column', 'expected no skip']) {
      expect(said).toContain(part)
    }
    expect(saidOf(config)).toHaveLength(10)
  })

  it('together with fields that cannot be read: what the same column, model or processor names is looked at all the same', () => {
    const config = configOf(
      [
        { ...city, conditional_params: { "town == 'a'": { values: ['x'] } }, params: { values: [] } },
        text('t', '{{ town }}', { promt: 'x', model_alias: 'nobody', skip: { when: '{{ shed }}' } }),
        expression('e', '{{ village }}', { dtype: 'text' }),
        sampler('d', 'datetime', { start: 'someday soon', end: '31/31/2024', unit: 'week' }),
      ],
      {
        model_configs: [
          { ...modelM, provider: 'nowhere', inference_parameters: { temperature: 9 } },
          { alias: 'other', model: 'x', provider: 'noone' },
        ],
        model_providers: [{ name: 'mine', endpoint: 'nothing' }],
        processors: [
          { processor_type: 'drop_columns', name: 'd', column_names: ['barn', 7] },
          { processor_type: 'schema_transform', name: 's', template: { a: '{{ house }}' }, x: 1 },
        ],
      },
    )
    const said = saidOf(config).map((line) => line.slice(0, line.indexOf(': ')))
    expect(said.toSorted()).toEqual(
      [
        'ERROR columns[0].params.values',
        'ERROR columns[0].conditional_params["town == \'a\'"]',
        'ERROR columns[1].promt',
        'ERROR columns[1].prompt',
        'ERROR columns[1].skip.when',
        'ERROR columns[1].model_alias',
        'ERROR columns[2].dtype',
        'ERROR columns[2].expr',
        'ERROR columns[3].params.start',
        'ERROR columns[3].params.end',
        'ERROR columns[3].params.unit',
        'ERROR model_configs[0].inference_parameters.temperature',
        'ERROR model_configs[0].provider',
        'ERROR model_providers[0].endpoint',
        'ERROR processors[0].column_names[1]',
        'ERROR processors[0].column_names[0]',
        'ERROR processors[1].x',
        'ERROR processors[1].template.a',
      ].toSorted(),
    )
  })

  it('and nothing twice: what an unreadable part may well have is no second mistake', () => {
    const broken = text('t', '{{ city }}', { promt: 'x', with_trace: 'all_messages' })
    const config = configOf([city, broken, expression('e', '{{ t }} {{ t__trace }}')], drop('t*', 't'))
    expect(saidOf(config)).toEqual([expect.stringMatching(/^ERROR columns\[1\]\.promt: unknown field "promt"/)])
  })
})
