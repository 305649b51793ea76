import { describe, expect, it } from 'vitest'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import type { SeedFacts } from '../../src/seed/source.ts'
import { compile, configOf, errorsOf, expression, sampler, text, warningsOf } from './builders.ts'
import type { Mapping } from './builders.ts'

const data: SeedFacts = {
  schema: [
    { name: 'id', type: { kind: 'int64' } },
    { name: 'who', type: { kind: 'group', fields: [{ name: 'age', type: { kind: 'int64' } }] } },
  ],
  rowCount: 10,
  contentHash: `sha256:${'0'.repeat(64)}`,
  files: [{ path: '/data/a.csv', sizeBytes: 1, modifiedMs: 1 }],
  notes: [],
}
const seed = { seed: data }
const source = { seed_type: 'local', path: 'a.csv' }
const seeded = (columns: readonly Mapping[], seed_config: Mapping = { source }, more: Mapping = {}): Mapping =>
  configOf(columns, { seed_config, ...more })

describe('a config with seed data', () => {
  it('has its columns before the others, of the types of the data, and no hidden id', () => {
    const { compiled, warnings } = compile(seeded([text('note', 'About {{ id }}')]), seed)
    expect(warnings).toEqual([])
    expect(compiled.schema).toEqual([...data.schema, { name: 'note', type: { kind: 'string' } }])
    expect(compiled.order).toEqual(['note'])
    expect(compiled.inputs['note']).toEqual(['id'])
    expect(compiled.seed).toMatchObject({ sampling_strategy: 'ordered', firstRow: 0, rowCount: 10 })
  })

  it('may have no other column at all', () => {
    expect(compile(seeded([]), seed).compiled.schema).toEqual(data.schema)
    expect(errorsOf(configOf([]))).toEqual(['columns: expected at least one column, found an empty list'])
  })

  it('lets templates, expressions, transforms, drop patterns and conditions of samplers name seed columns', () => {
    const config = seeded(
      [
        expression('older', '{{ who.age + 1 }}', { dtype: 'int' }),
        sampler('size', 'category', { values: ['s'] }, { conditional_params: { 'id > 3': { values: ['l'] } } }),
      ],
      { source },
      {
        processors: [
          { processor_type: 'drop_columns', name: 'd', column_names: ['i*'] },
          { processor_type: 'schema_transform', name: 't', template: { x: '{{ id }}' } },
        ],
      },
    )
    const { compiled } = compile(config, seed)
    expect(compiled.schema.map(({ name }) => name)).toEqual(['who', 'older', 'size'])
    expect(compiled.droppedSchema.map(({ name }) => name)).toEqual(['id'])
    expect(warningsOf(seeded([expression('x', '{{ who.height }}')]), seed)).toEqual(['columns[0].expr: "who" has no field "height".'])
  })

  it('refuses names on both sides, unknown names, constraints on seed columns, and its own seed columns', () => {
    const config = seeded(
      [
        sampler('id', 'uuid', {}),
        expression('x', '{{ idd }}'),
        { name: 'other', column_type: 'seed-dataset' },
        { name: 'who', column_type: 'seed-dataset', drop: true },
        sampler('n', 'uniform', { low: 0, high: 1 }),
      ],
      { source },
      { constraints: [{ target_column: 'n', operator: 'lt', rhs: 'who' }] },
    )
    expect(errorsOf(config, seed)).toEqual([
      'columns[2].name: the seed data have no column "other".',
      'columns[3].drop: expected drop: false; to drop a column of the seed data, name it in a drop_columns processor',
      'columns[0].name: expected a name that no column of the seed data has, found "id"; give the column another name, or take it out of the seed data',
      expect.stringMatching(/^columns\[1\]\.expr: no column has the name "idd"\. Did you mean "id"\?/) as string,
      'constraints[0].rhs: expected the name of a sampler column, for only samplers can be drawn again; "who" is of type seed-dataset',
    ])
    expect(errorsOf(configOf([{ name: 'a', column_type: 'seed-dataset' }]))).toEqual([
      'columns[0].column_type: expected seed_config, which brings the columns of seed data, found none; add it, or remove the column',
    ])
  })

  it('says what else is wrong when the data cannot be read, but takes no name for unknown', () => {
    const config = seeded([expression('x', '{{ something }}'), sampler('c', 'category', { values: [] })])
    expect(errorsOf(config, { seed: { problem: 'expected a file of seed data at /a.csv, found no such file' } })).toEqual([
      'columns[1].params.values: expected a list of at least 1 item, found an empty list',
      'seed_config.source.path: expected a file of seed data at /a.csv, found no such file',
    ])
  })

  it.each<[string, Mapping, readonly string[]]>([
    ['no source', {}, ['seed_config.source: expected a mapping, found nothing']],
    [
      'a misspelt type',
      { source: { seed_type: 'lokal', path: 'a' } },
      [
        'seed_config.source.seed_type: expected one of local, hf, directory, file_contents, agent_rollout, found "lokal" Did you mean "local"?',
      ],
    ],
    [
      'trajectories without a place',
      { source: { seed_type: 'agent_rollout', format: 'atif' } },
      ['seed_config.source.path: expected a folder, for trajectories of atif have no place of their own, found nothing'],
    ],
    [
      'an unknown agent',
      { source: { seed_type: 'agent_rollout', format: 'claude' } },
      ['seed_config.source.format: expected one of "atif", "claude_code", "codex", "hermes_agent", "pi_coding_agent", found "claude"'],
    ],
    ['an unknown field', { source: { ...source, pth: 1 } }, ['seed_config.source.pth: unknown field "pth". Did you mean "path"?']],
    [
      'a DataFrame',
      { source: { seed_type: 'df' } },
      [
        'seed_config.source.seed_type: a DataFrame in memory cannot stand in a config; write it to a parquet file, e.g. with LocalFileSeedSource.from_dataframe, and use seed_type: local',
      ],
    ],
    [
      'another strategy',
      { source, sampling_strategy: 'random' },
      ['seed_config.sampling_strategy: expected one of "ordered", "shuffle", found "random"'],
    ],
    [
      'a slash in a pattern',
      { source: { seed_type: 'directory', path: 'd', file_pattern: 'a/b' } },
      [expect.stringMatching(/^seed_config\.source\.file_pattern: /) as string],
    ],
    [
      'an unknown encoding',
      { source: { seed_type: 'file_contents', path: 'd', encoding: 'utf-9' } },
      ['seed_config.source.encoding: expected the name of a text encoding, e.g. utf-8 or latin-1, found "utf-9"'],
    ],
    [
      'a range turned round',
      { source, selection_strategy: { start: 5, end: 4 } },
      [expect.stringContaining('a range whose start is not after its end') as string],
    ],
    [
      'a range beyond the data',
      { source, selection_strategy: { start: 5, end: 10 } },
      ['seed_config.selection_strategy.end: expected a row of the seed data, 0 to 9, found 10'],
    ],
    [
      'a part that is none',
      { source, selection_strategy: { index: 2, num_partitions: 2 } },
      [expect.stringContaining('an index below num_partitions') as string],
    ],
    [
      'more parts than rows',
      { source, selection_strategy: { index: 0, num_partitions: 11 } },
      ['seed_config.selection_strategy.num_partitions: expected at most as many parts as the seed data have rows, 10, found 11'],
    ],
  ])('is refused for %s', (_what, seed_config, errors) => {
    expect(errorsOf(seeded([], seed_config), seed)).toEqual(errors)
  })

  it('never shows a token that stands in it', () => {
    const error = errorsOf(
      seeded([], { source: { seed_type: 'hf', path: 'datasets/a/b/c.csv', token: 'hf_secretsecretsecret' } }),
      seed,
    ).join('\n')
    expect(error).toMatch(/^seed_config\.source\.token: expected the name of an environment variable such as HF_TOKEN/m)
    expect(error).not.toContain('secretsecret')
  })

  it.each([
    [null, 0, 10],
    [{ start: 2, end: 4 }, 2, 3],
    [{ index: 0, num_partitions: 3 }, 0, 3],
    [{ index: 2, num_partitions: 3 }, 6, 4],
    [{}, 0, 10],
  ])('takes the rows that DataDesigner takes for %j', (selection_strategy, firstRow, rowCount) => {
    expect(compile(seeded([], { source, selection_strategy }), seed).compiled.seed).toMatchObject({ firstRow, rowCount })
  })
})

describe('the fingerprint of a config with seed data', () => {
  const hashOf = (seed_config: Mapping, facts: Partial<SeedFacts> = {}): string =>
    compile(seeded([], seed_config), { seed: { ...data, ...facts } }).compiled.fingerprint.hash

  it('covers content, order and rows, but not the place of the file or how the rows are told', () => {
    const base = hashOf({ source })
    expect(hashOf({ source: { ...source, path: 'moved.csv' } }, { files: [] })).toBe(base)
    expect(hashOf({ source, selection_strategy: { start: 0, end: 9 } })).toBe(base)
    const others = [
      hashOf({ source, sampling_strategy: 'shuffle' }),
      hashOf({ source, selection_strategy: { start: 0, end: 8 } }),
      hashOf({ source }, { contentHash: `sha256:${'1'.repeat(64)}` }),
    ]
    expect(new Set([base, ...others]).size).toBe(4)
  })
})

describe('a stored config with seed data', () => {
  it('compiles to the same dataset without the data, and lists no seed column, which DataDesigner would take for a collision', () => {
    const prepared = compile(seeded([expression('x', '{{ id }}')], { source, selection_strategy: { start: 1, end: 3 } }), seed)
    const stored = JSON.parse(JSON.stringify(toBuilderConfig(prepared))) as { data_designer: { columns: Mapping[]; seed_config: Mapping } }
    expect(stored.data_designer.columns.map(({ name }) => name)).toEqual(['x'])
    expect(stored.data_designer.seed_config).toEqual({ source, sampling_strategy: 'ordered', selection_strategy: { start: 1, end: 3 } })
    expect(compileStored(stored, JSON.parse(JSON.stringify(toParquetryFile(prepared))) as object)).toEqual(prepared.compiled)
  })

  it('may list them as DataDesigner does', () => {
    const prepared = compile(
      seeded([
        { name: 'id', column_type: 'seed-dataset' },
        { name: 'who', column_type: 'seed-dataset', drop: false },
      ]),
      seed,
    )
    expect(prepared.compiled.fingerprint).toEqual(compile(seeded([]), seed).compiled.fingerprint)
  })
})
