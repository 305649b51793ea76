import { describe, expect, it } from 'vitest'
import type { CompiledComposite } from '../../src/composite/compile-composite.ts'
import { compileComposite } from '../../src/composite/compile-composite.ts'
import type { Problem } from '../../src/errors.ts'

const sources = { env: {}, homeFolder: '/nowhere', artifactPath: '/data' }
const compile = async (stages: readonly object[]): Promise<CompiledComposite> => await compileComposite({ name: 'made', stages }, sources)
const problemsOf = async (stages: readonly object[]): Promise<readonly Problem[]> =>
  await compile(stages).then(
    () => [],
    (error: { readonly details: { readonly problems: readonly Problem[] } }) => error.details.problems,
  )

const ids = { columns: [{ name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} }] }
const reads = (column: string, name = 'label'): object => ({ columns: [{ name, column_type: 'expression', expr: `{{ ${column} }}` }] })

describe('a composite is compiled whole', () => {
  it('with the columns of the stage before, whether they are its final rows or a record made of each', async () => {
    const transform = { processor_type: 'schema_transform', name: 'chat', template: { said: '{{ id }}' } }
    const { stages } = await compile([
      { name: 'a', config: { ...ids, processors: [transform] }, output: 'processor:chat' },
      { name: 'b', config: reads('said'), num_records: 30 },
      {
        name: 'c',
        config: reads('label', 'again'),
        depends_on: ['b'],
        sampling_strategy: 'shuffle',
        selection_strategy: { start: 0, end: 9 },
      },
    ])
    expect(stages.map(({ prepared }) => prepared.compiled.schema.map(({ name }) => name))).toEqual([
      ['id'],
      ['said', 'label'],
      ['said', 'label', 'again'],
    ])
    expect(stages.map(({ expectedRecords }) => expectedRecords)).toEqual([10, 30, 30])
    expect(stages[1]!.prepared.compiled.seed?.source).toEqual({
      seed_type: 'local',
      path: '/data/made/stage-0-a/processors-files/chat/*.parquet',
    })
    expect(stages[2]!.prepared.compiled.seed).toMatchObject({ sampling_strategy: 'shuffle', firstRow: 0, rowCount: 10 })
  })

  it('and a stage may follow from any earlier one, so that two begin with the same rows', async () => {
    const { stages } = await compile([
      { name: 'a', config: ids },
      { name: 'b', config: reads('id') },
      { name: 'c', config: reads('id'), depends_on: 'a' },
    ])
    expect(stages.map(({ upstream }) => upstream)).toEqual([null, 0, 0])
  })

  it.each<[string, readonly object[], string, string]>([
    [
      'a reference to a column that the stage before does not give on',
      [
        { name: 'a', config: ids },
        { name: 'b', config: reads('idd') },
      ],
      'stages[1].config.columns[0].expr',
      'no column has the name "idd". Did you mean "id"?',
    ],
    [
      'a column that the rows given have already',
      [
        { name: 'a', config: ids },
        { name: 'b', config: ids },
      ],
      'stages[1].config.columns[0].name',
      'expected a name that no column of the seed data has',
    ],
    [
      'rows selected that there will not be',
      [
        { name: 'a', config: ids, num_records: 5 },
        { name: 'b', config: reads('id'), selection_strategy: { start: 0, end: 5 } },
      ],
      'stages[1].selection_strategy.end',
      'expected a row of the seed data, 0 to 4, found 5',
    ],
    [
      'an output that no processor makes',
      [{ name: 'a', config: ids, output: 'processor:x' }],
      'stages[0].output',
      '(it has none), found "x"',
    ],
    [
      'an output of several sets of rows',
      [{ name: 'a', config: { ...ids, parquetry: { processors: [{ processor_type: 'split' }] } }, output: 'processor:split' }],
      'stages[0].output',
      'splits them into several',
    ],
    [
      'a stage that follows from a later one',
      [
        { name: 'a', config: ids, depends_on: 'b' },
        { name: 'b', config: ids },
      ],
      'stages[0].depends_on',
      'expected the name of an earlier stage (there is none), found "b"',
    ],
    [
      'two stages before one',
      [
        { name: 'a', config: ids },
        { name: 'b', config: reads('id') },
        { name: 'c', config: reads('id', 'l'), depends_on: ['a', 'b'] },
      ],
      'stages[2].depends_on[1]',
      'a stage is seeded by one stage, found 2',
    ],
    [
      'a name twice',
      [
        { name: 'a', config: ids },
        { name: 'a', config: reads('id') },
      ],
      'stages[1].name',
      'found "a" twice',
    ],
    [
      'processors of the output',
      [{ name: 'a', config: ids, output_processors: [] }],
      'stages[0].output_processors',
      'put them among the processors of the stage',
    ],
    ['a config that is not there', [{ name: 'a', config: 'nowhere.yaml' }], 'stages[0].config', 'found no such file'],
  ])('%s is found before anything is made', async (_what, stages, path, message) => {
    expect(await problemsOf(stages)).toContainEqual(
      expect.objectContaining({ path, message: expect.stringContaining(message), level: 'error' }),
    )
  })

  it('says what is wrong with one stage once, and not again of those that follow from it', async () => {
    const problems = await problemsOf([
      { name: 'a', config: reads('nothing') },
      { name: 'b', config: reads('label', 'next') },
      { name: 'c', config: reads('next', 'last') },
    ])
    expect(problems.map(({ path }) => path)).toEqual(['stages[0].config.columns[0].expr'])
  })

  it('says that a seed_config of its own is passed over', async () => {
    const own = { seed_config: { source: { seed_type: 'local', path: 'nowhere.csv' } } }
    const { warnings } = await compile([
      { name: 'a', config: ids },
      { name: 'b', config: { ...reads('id'), ...own } },
    ])
    expect(warnings).toEqual([
      expect.objectContaining({ path: 'stages[1].config', message: expect.stringContaining('seed_config is passed over') }),
    ])
  })
})
