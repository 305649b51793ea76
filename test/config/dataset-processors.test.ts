import { describe, expect, it } from 'vitest'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import type { Mapping } from './builders.ts'
import { city, compile, configOf, errorsOf, expression, failureOf, sampler } from './builders.ts'

const columns = [
  city,
  expression('name', '{{ city }}'),
  sampler('price', 'uniform', { low: 1, high: 2 }),
  expression('gone', 'x', { drop: true }),
]
const withProcessors = (processors: unknown, more: Mapping = {}): Mapping => configOf(columns, { parquetry: { processors }, ...more })
const errors = (processors: unknown, more: Mapping = {}): readonly string[] => errorsOf(withProcessors(processors, more))

describe('processors over the whole dataset', () => {
  it('are compiled with their names, their defaults and what they read', () => {
    const { datasetProcessors } = compile(
      withProcessors([
        { processor_type: 'split', name: 'first' },
        { processor_type: 'deduplicate' },
        { processor_type: 'export', format: 'csv' },
        { processor_type: 'split', input: null, shares: { a: 0.25, b: 0.75 } },
      ]),
    ).compiled
    expect(datasetProcessors).toEqual([
      {
        processor_type: 'split',
        name: 'first',
        input: null,
        shares: { train: 0.8, validation: 0.1, test: 0.1 },
        format: 'parquet',
      },
      { processor_type: 'deduplicate', name: 'deduplicate', input: null, method: 'exact', threshold: 0.8 },
      { processor_type: 'export', name: 'export', input: 'deduplicate', format: 'csv' },
      { processor_type: 'split', name: 'split', input: null, shares: { a: 0.25, b: 0.75 }, format: 'parquet' },
    ])
  })

  it('are none of the fingerprint, nor of builder_config.json, and are compiled again from parquetry.json', () => {
    const processors = [
      { processor_type: 'deduplicate', columns: ['name'] },
      { processor_type: 'custom', name: 'mine', processor: 'score', options: { deep: { list: [1, null] } } },
    ]
    const plain = compile(configOf(columns))
    const made = compile(withProcessors(processors))
    expect(made.compiled.fingerprint).toEqual(plain.compiled.fingerprint)
    expect(toBuilderConfig(made)).toEqual(toBuilderConfig(plain))
    const again = compileStored(toBuilderConfig(made), JSON.parse(JSON.stringify(toParquetryFile(made))) as object)
    expect(again.datasetProcessors).toEqual(made.compiled.datasetProcessors)
    const { processors: _none, ...older } = toParquetryFile(plain) as Mapping
    expect(compileStored(toBuilderConfig(plain), older).datasetProcessors).toEqual([])
  })

  it('have all their mistakes reported at once, each at its place', () => {
    expect(
      errors(
        [
          { processor_type: 'deduplicate', columns: ['nmae', 'gone'] },
          { processor_type: 'deduplicate', name: 'near', method: 'near' },
          { processor_type: 'deduplicate', name: 'near2', method: 'near', columns: ['price'], threshold: 2 },
          { processor_type: 'deduplicate', name: 'near3', method: 'near', columns: ['price'] },
          { processor_type: 'split', shares: { train: 0.5, 'te/st': 0.4 }, input: 'neer' },
          { processor_type: 'export', format: 'xlsx' },
          { processor_type: 'export', name: 'Near', format: 'csv', columns: ['city', 'city'] },
          { processor_type: 'shufle' },
          { processor_type: 'drop_columns', column_names: [] },
          { processor_type: 'custom', name: '../up' },
          { processor_type: 'custom', name: '../up', processor: 'x' },
          { processor_type: 'export', name: 'shape', format: 'csv' },
        ],
        {
          processors: [{ processor_type: 'schema_transform', name: 'shape', template: { a: '{{ city }}' } }, { processor_type: 'shuffle' }],
        },
      ).toSorted(),
    ).toEqual(
      [
        'parquetry.processors[0].columns[0]: no column has the name "nmae". Did you mean "name"?',
        'parquetry.processors[0].columns[1]: expected a column of the final rows, found "gone", which is dropped',
        'parquetry.processors[1].columns: expected the text columns to compare, found nothing; near duplicates are looked for in texts',
        'parquetry.processors[2].threshold: expected a number of at most 1, found 2',
        'parquetry.processors[3].columns[0]: expected a text column, found "price" of type double; use method: exact',
        'parquetry.processors[4].shares["te/st"]: expected a name of letters, digits, "-" and "_", found "te/st"',
        'parquetry.processors[4].shares: expected shares that add up to 1, found 0.9',
        'parquetry.processors[4].input: expected null or the name of an earlier deduplicate or shuffle (before it: deduplicate, near, near3), found "neer". Did you mean "near"?',
        'parquetry.processors[5].format: expected one of "jsonl", "csv", "parquet", found "xlsx"',
        'parquetry.processors[6].columns[1]: expected each column once, found "city" twice',
        'parquetry.processors[6].name: expected a name of its own, found "Near", which another dataset processor has; give it a name',
        'parquetry.processors[7].processor_type: expected one of deduplicate, shuffle, split, export, custom, found "shufle". Did you mean "shuffle"?',
        'parquetry.processors[8].processor_type: "drop_columns" works on row groups; move it to processors at the root of the config',
        'parquetry.processors[9].processor: expected a text, found nothing',
        'parquetry.processors[10].name: expected a name that can be a folder\'s (no < > : " / \\ | ? *, no dot at the start or end), found "../up"',
        'parquetry.processors[11].name: expected a name of its own, found "shape", which a processor of row groups has; give it a name',
        'processors[1].processor_type: "shuffle" works on the whole dataset and is Parquetry\'s own; move it to processors below parquetry',
      ].toSorted(),
    )
  })

  it('are no second mistake where a column could not be read', () => {
    const config = configOf([city, { name: 'code', column_type: 'unheard-of' }], {
      parquetry: { processors: [{ processor_type: 'deduplicate', columns: ['code'] }] },
    })
    expect(failureOf(config).details.problems).toHaveLength(1)
  })

  it('must be a list', () => {
    expect(errors({ processor_type: 'shuffle' })).toEqual(['parquetry.processors: expected a list, found a mapping'])
    expect(errors(['shuffle'])).toEqual(['parquetry.processors[0]: expected a mapping, found "shuffle"'])
  })
})
