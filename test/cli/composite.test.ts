import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rowsOf } from '../helpers/datasets.ts'
import type { Place } from './helpers.ts'
import { createPlace, eventsOf, printedCommands } from './helpers.ts'

const example = fileURLToPath(new URL('../../examples/exam.yaml', import.meta.url))

let place: Place
beforeAll(async () => {
  place = await createPlace()
}, 180_000)
afterAll(() => place?.remove())

describe('create with a file of stages (examples/exam.yaml)', () => {
  it(
    'makes each stage from the output of the one before, says so, and leaves all as it is the second time',
    { timeout: 120_000 },
    async () => {
      const first = await place.run(['create', example, '--provider', 'rehearsal'])
      expect(first).toMatchObject({ code: 0, stderr: '' })
      expect(first.stdout).toMatch(/^stage 0 {2}topics: complete, 6 of 6 rows$/m)
      expect(first.stdout).toMatch(/^stage 1 {2}questions: complete, 18 of 18 rows, gives on \d+$/m)
      expect(first.stdout).toMatch(/^Complete 3 stages, \d+ written \+ 0 dropped/m)

      const folder = join(place.folder, 'artifacts', 'exam')
      const [topics, questions, answers] = await Promise.all(
        ['stage-0-topics', 'stage-1-questions', 'stage-2-answers'].map((stage) => rowsOf(join(folder, stage))),
      )
      // Fan-out: 18 questions on 6 topics, in their order, again and again.
      expect(questions!.map(({ topic }) => topic)).toEqual(Array.from({ length: 18 }, (_, row) => topics![row % 6]!['topic']))
      // Its output is what deduplicate has left, and as many answers are made as that has rows.
      expect(answers!.map(({ question }) => question)).toEqual([...new Set(questions!.map(({ question }) => question))])
      expect(answers![0]).toMatchObject({ subject: expect.any(String), answer: expect.stringContaining('[rehearsal]') })
      const metadata = JSON.parse(place.read('artifacts/exam/workflow-metadata.json')) as { readonly stages: readonly object[] }
      expect(metadata).toMatchObject({
        name: 'exam',
        library_version: '0.9.6',
        stages: [
          {
            status: 'completed',
            seed_path: null,
            seeded_from_stage: null,
            output_records: 6,
            output_seed_path: 'stage-0-topics/parquet-files',
          },
          {
            status: 'completed',
            depends_on: ['topics'],
            seed_path: 'stage-0-topics/parquet-files',
            num_records_requested: 18,
            num_records_actual: 18,
            output: 'processor:different',
            output_records: answers!.length,
            output_seed_path: 'stage-1-questions/processors-files/different',
          },
          { status: 'completed', seeded_from_stage: 'questions', stage_dir: 'stage-2-answers', num_records_requested: answers!.length },
        ],
      })

      const second = await place.run(['resume', 'exam', '--json'])
      expect(second).toMatchObject({ code: 0, stderr: '' })
      const result = eventsOf(second).find(({ event }) => event === 'result')
      expect(result).toMatchObject({ state: 'complete', generated: false, produced: { usage: { calls: 0 } } })
      expect(eventsOf(second).filter(({ event }) => event === 'stage')).toMatchObject([
        { name: 'topics', state: 'unchanged' },
        { name: 'questions', state: 'unchanged' },
        { name: 'answers', state: 'unchanged' },
      ])
      // The commands that were printed are such that run.
      const show = printedCommands(first).find(([command]) => command === 'show')
      expect((await place.run(show!)).code).toBe(0)
    },
  )

  it('is checked whole by validate before anything is made: references across stages, and the fields of the file', async () => {
    expect(await place.run(['validate', example])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(
        'stage 2  answers: as many rows as are left before it from questions (processor:different), 2 calls a row',
      ),
    })
    place.write('wrong.yaml', WRONG)
    const { code, stderr } = await place.run(['validate', 'wrong.yaml'])
    expect(code).toBe(2)
    expect(stderr).toContain('stages[0].on_success: "on_success" is a Python callable')
    expect(stderr).toContain('stages[1].config.columns[0].expr: ')
    expect(stderr).toContain('"colou"')
    expect(stderr).toContain('stages[1].output: expected the name of a processor of this stage (it has none), found "chat"')
    expect(stderr).toContain('stages[2].depends_on: no stage has the name "colour". Did you mean "colours"?')
  })

  it('is refused by preview and rehearse, which say what to do instead', async () => {
    const { code, stderr } = await place.run(['preview', example])
    expect(code).toBe(2)
    expect(stderr).toContain('later stages begin with rows that must be made first')
    expect(stderr).toContain(`npx parquetry validate ${example}`)
  })
})

const WRONG = `
name: wrong
stages:
  - name: colours
    on_success: callback.py
    config:
      columns:
        - { name: colour, column_type: sampler, sampler_type: category, params: { values: [red, green] } }
  - name: labels
    output: processor:chat
    config:
      columns:
        - { name: label, column_type: expression, expr: '{{ colou }}' }
  - name: last
    depends_on: colour
    config:
      columns:
        - { name: id, column_type: sampler, sampler_type: uuid, params: {} }
`
