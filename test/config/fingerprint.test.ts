import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../src/config/canonical-json.ts'
import { compileConfig } from '../../src/config/compile.ts'
import { applyProvider, parsedConfigOf } from '../../src/config/sources.ts'
import { city, code, compile, configOf, expression, judge, modelM, sampler, structured, text } from './builders.ts'
import type { Mapping } from './builders.ts'

const price = sampler('price', 'uniform', { low: 1, high: 10 })
const format = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } }
const score = { name: 'truth', description: 'Is it true?', options: { 1: 'no', 2: 'yes' } }
const columns = [
  city,
  price,
  expression('label', '{{ city }}'),
  text('review', 'About {{ city }}'),
  structured('facts', '{{ review }}', format),
  code('query', 'About {{ city }}', 'sql:sqlite'),
  judge('verdict', '{{ review }}', [score]),
]
const withModel = (more: Mapping, others: readonly Mapping[] = []): Mapping => ({
  columns,
  model_configs: [{ ...modelM, ...more }, ...others],
})
const base = configOf(columns)
const hashOf = (config: Mapping): string => compile(config).compiled.fingerprint.hash
const changedParts = (config: Mapping): readonly string[] => {
  const [before, after] = [compile(base).compiled.fingerprint.parts, compile(config).compiled.fingerprint.parts]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((part) => before[part] !== after[part])
}
const replaced = (index: number, more: Mapping): Mapping =>
  configOf(columns.map((column, place) => (place === index ? { ...column, ...more } : column)))

describe('the fingerprint', () => {
  it.each<[string, Mapping]>([
    [
      'the endpoint and key',
      configOf(columns, { model_providers: [{ name: 'openai', endpoint: 'http://127.0.0.1:1/v1', api_key: 'OTHER_KEY' }] }),
    ],
    ['the provider', withModel({ provider: 'nvidia' })],
    ['limits and timeouts', withModel({ inference_parameters: { max_parallel_requests: 99, timeout: 3 }, skip_health_check: true })],
    ['an unused alias', withModel({}, [{ alias: 'unused', model: 'y', provider: 'nvidia' }])],
    [
      'the name of an alias',
      {
        columns: columns.map((column) => ('model_alias' in column ? { ...column, model_alias: 'k' } : column)),
        model_configs: [{ ...modelM, alias: 'k' }],
      },
    ],
    [
      'prices, policies, seed and buffer size',
      configOf(columns, {
        parquetry: {
          seed: 5,
          buffer_size: 3,
          refill_attempts: 9,
          max_dropped: '5%',
          max_conversation_restarts: 1,
          journal_sync_ms: 0,
          prices: { m: { input_per_million: 1, output_per_million: 1 } },
        },
      }),
    ],
    ['defaults that are written out', replaced(2, { dtype: 'str', drop: false, skip: null })],
    ['the wrapper', { data_designer: base }],
  ])('does not change with %s', (_, config) => {
    expect(hashOf(config)).toBe(hashOf(base))
  })

  it.each<[string, Mapping, readonly string[]]>([
    ['the name of the model', withModel({ model: 'stub-2' }), ['review', 'facts', 'query', 'verdict']],
    ['the temperature', withModel({ inference_parameters: { temperature: 0.1 } }), ['review', 'facts', 'query', 'verdict']],
    [
      'a distribution',
      withModel({ inference_parameters: { temperature: { params: { low: 0, high: 1 } } } }),
      ['review', 'facts', 'query', 'verdict'],
    ],
    [
      'further fields of the request',
      withModel({ inference_parameters: { extra_body: { k: 1 } } }),
      ['review', 'facts', 'query', 'verdict'],
    ],
    ['a rehearsal', withModel({ provider: 'rehearsal' }), ['review', 'facts', 'query', 'verdict']],
    ['a prompt', replaced(3, { prompt: 'On {{ city }}' }), ['review']],
    ['the meaning of a score', replaced(6, { scores: [{ ...score, options: { 1: 'no', 2: 'maybe' } }] }), ['verdict']],
    ['a condition to skip', replaced(3, { skip: { when: '{{ city == 1 }}' } }), ['review']],
    ['what propagates', replaced(4, { propagate_skip: false }), ['facts']],
    ['the dialect of code', replaced(5, { code_lang: 'sql:mysql' }), ['query']],
    ['a parameter', replaced(1, { params: { low: 1, high: 11 } }), ['price']],
    ['a drop flag', replaced(2, { drop: true }), ['label']],
    [
      'the order of fields in a schema',
      replaced(4, { output_format: { ...format, properties: { b: { type: 'string' }, a: { type: 'string' } } } }),
      ['facts'],
    ],
    ['the order of columns', configOf([price, city, ...columns.slice(2)]), ['column order']],
    ['a constraint', configOf(columns, { constraints: [{ target_column: 'price', operator: 'lt', rhs: 5 }] }), ['constraints']],
    [
      'a schema transform',
      configOf(columns, { processors: [{ processor_type: 'schema_transform', name: 't', template: { a: '{{ city }}' } }] }),
      ['processors'],
    ],
  ])('changes with %s, and names the part', (_, config, parts) => {
    expect(hashOf(config)).not.toBe(hashOf(base))
    expect(changedParts(config)).toEqual(parts)
  })

  it('takes a drop processor for what it does', () => {
    const processors = [{ processor_type: 'drop_columns', name: 'd', column_names: ['lab*'] }]
    expect(hashOf(configOf(columns, { processors }))).toBe(hashOf(replaced(2, { drop: true })))
  })

  it('takes weights for their proportions', () => {
    const weighted = (weights: readonly number[]): string => hashOf(configOf([sampler('c', 'category', { values: ['x', 'y'], weights })]))
    expect(weighted([2, 2])).toBe(weighted([0.5, 0.5]))
    const asked = (weights: readonly number[]): string =>
      hashOf(withModel({ inference_parameters: { top_p: { params: { values: [0, 1], weights } } } }))
    expect(asked([2, 2])).toBe(asked([0.5, 0.5]))
    expect(asked([3, 1])).not.toBe(asked([1, 1]))
    expect(weighted([3, 1])).not.toBe(weighted([1, 1]))
  })

  it('takes loc 0 and scale 1 of a distribution for what they are without being written', () => {
    const hashes = [{ s: 1 }, { scale: 1, s: 1, loc: 0 }, { s: 1, loc: 2 }].map((dist_params) =>
      hashOf(configOf([sampler('a', 'scipy', { dist_name: 'lognorm', dist_params })])),
    )
    expect(hashes[1]).toBe(hashes[0])
    expect(hashes[2]).not.toBe(hashes[0])
  })

  it('keeps a column called like a part apart from it', () => {
    const odd = configOf([price, expression('constraints', 'x')], { constraints: [{ target_column: 'price', operator: 'lt', rhs: 5 }] })
    expect(Object.keys(compile(odd).compiled.fingerprint.parts)).toEqual(['price', 'columns.constraints', 'column order', 'constraints'])
  })

  it('of a dataset made by another provider is the same, so that it can be resumed there', () => {
    const rerouted = compileConfig(applyProvider(parsedConfigOf(base), 'ollama'), { env: {} })
    expect(rerouted.compiled.fingerprint.hash).toBe(hashOf(base))
  })
})

describe('canonical JSON', () => {
  it('is the same for equal values in any order of keys, and reads back', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed())
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
