import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closedPort, createPlace, eventsOf, SAMPLERS, startEndpoint, textConfig } from './helpers.ts'
import type { Ended, Place } from './helpers.ts'

let place: Place

beforeAll(async () => {
  place = await createPlace()
}, 300_000)
afterAll(() => place.remove())

/** One clear error: a code and what was found, a way out, no stack, and no dataset. */
function expectRefusal(ended: Ended, code: number, pattern: RegExp): void {
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code, stderr: expect.stringMatching(pattern) })
  expect(ended.stderr).toMatch(/what to do: \S/)
  expect(ended.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
  expect(ended.stderr).not.toContain('Error:')
  expect(place.exists('artifacts')).toBe(false)
}

const column = (text: string): string => `columns:\n  - ${text}\n`
const sampler = '{ name: colour, column_type: sampler, sampler_type: category, params: { values: [red, green] } }'

describe('a config that is wrong is refused before anything is started', () => {
  const cases: readonly (readonly [what: string, config: string, expected: RegExp])[] = [
    ['an unknown field', column('{ name: a, column_type: expression, expr: "1", exprr: "2" }'), /columns\[0\]\.exprr: .*unknown field/i],
    [
      'a value of the wrong type',
      column('{ name: a, column_type: sampler, sampler_type: uniform, params: { low: one, high: 2 } }'),
      /columns\[0\]\.params\.low: /,
    ],
    [
      'a cycle',
      'columns:\n  - { name: a, column_type: expression, expr: "{{ b }}" }\n  - { name: b, column_type: expression, expr: "{{ a }}" }\n',
      /columns\[0\]: .*circle.*"a" needs "b" needs "a"/,
    ],
    ['an unknown reference', column('{ name: a, column_type: expression, expr: "{{ colour }}" }'), /columns\[0\]\.expr: .*colour/],
    [
      'an unknown model alias',
      column('{ name: a, column_type: llm-text, model_alias: writter, prompt: hello }') +
        'model_configs:\n  - { alias: writer, model: m, provider: openai }\n',
      /columns\[0\]\.model_alias: .*writter.*writer/,
    ],
    [
      'weights of the wrong length',
      column('{ name: a, column_type: sampler, sampler_type: category, params: { values: [x, y], weights: [1, 2, 3] } }'),
      /columns\[0\]\.params\.weights: /,
    ],
    [
      'people that are absent',
      column('{ name: a, column_type: sampler, sampler_type: person, params: { locale: fr_FR } }'),
      /columns\[0\]\.params\.locale: .*datasets\/fr_FR\.parquet.*--person-fallback faker/,
    ],
    [
      'an unknown provider',
      `${column('{ name: a, column_type: llm-text, model_alias: m, prompt: hello }')}model_configs:\n  - { alias: m, model: m, provider: opennai }\n`,
      /opennai.*openai/,
    ],
    ['text that is no YAML', 'columns: [', /CONFIG_UNREADABLE: .*line/i],
    ['an empty file', '', /CONFIG_/],
  ]
  for (const [index, [what, config, expected]] of cases.entries()) {
    for (const command of ['create', 'validate', 'preview'] as const) {
      it(`${what}: ${command} exits with 2`, async () => {
        expectRefusal(await place.run([command, place.write(`case-${index}.yaml`, config)]), 2, expected)
      })
    }
  }

  it('people that are absent can be made by faker, on demand', async () => {
    const config = place.write(
      'people.yaml',
      column('{ name: a, column_type: sampler, sampler_type: person, params: { age_range: [20, 30] } }'),
    )
    expect(await place.run(['validate', config, '--person-fallback', 'faker'])).toMatchObject({ code: 0, stderr: '' })
    const previewed = await place.run(['preview', config, '-n', '2', '--person-fallback', 'faker'])
    expect(previewed).toMatchObject({ code: 0, stdout: expect.stringMatching(/first_name/) })
  })

  it('all problems are said at once', async () => {
    const config = `columns:
  - { name: a, column_type: expression, expr: "{{ nowhere }}" }
  - { name: b, column_type: sampler, sampler_type: category, params: { values: [x], weights: [1, 2] } }
`
    const { stderr } = await place.run(['validate', place.write('two.yaml', config)])
    expect(stderr).toMatch(/columns\[0\]\.expr/)
    expect(stderr).toMatch(/columns\[1\]\.params/)
  })

  it('machines get the problems with their paths', async () => {
    const ended = await place.run([
      'validate',
      place.write('bad.yaml', column('{ name: a, column_type: expression, expr: "{{ colour }}" }')),
      '--json',
    ])
    expect(ended.code).toBe(2)
    expect(eventsOf(ended)).toEqual([
      expect.objectContaining({
        event: 'error',
        code: 'CONFIG_INVALID',
        problems: [expect.objectContaining({ path: 'columns[0].expr', level: 'error' })],
      }),
    ])
    expect(ended.stderr).toBe('')
  })

  it('a config that is not there', async () => {
    expectRefusal(await place.run(['create', 'nowhere.yaml']), 2, /CONFIG_NOT_FOUND: .*nowhere\.yaml/)
  })
})

describe('a model that cannot be asked is said before anything is started', () => {
  const KEY = 'sk-test-51e88f3d2c'
  const config = (provider: string): string =>
    `columns:\n  - ${sampler}\n  - { name: text, column_type: llm-text, model_alias: m, prompt: 'Write about {{ colour }}.' }\nmodel_configs:\n  - { alias: m, model: gpt-x, provider: ${provider} }\n`

  it('missing key', async () => {
    expectRefusal(await place.run(['create', place.write('key.yaml', config('openai'))]), 4, /MODEL_KEY_MISSING: .*OPENAI_API_KEY/)
  })

  it('refused key, which is not printed', async () => {
    const endpoint = await startEndpoint()
    endpoint.refuse(401, `Incorrect API key provided: ${KEY}`)
    try {
      const ended = await place.run(['create', place.write('key.yaml', config('openai'))], {
        OPENAI_API_KEY: KEY,
        OPENAI_BASE_URL: endpoint.endpoint,
      })
      expectRefusal(ended, 4, /MODEL_AUTH: .*401/)
      expect(ended.stdout + ended.stderr).not.toContain(KEY)
      expect(endpoint.calls()).toBe(1)
    } finally {
      await endpoint.close()
    }
  })

  it('unreachable endpoint', async () => {
    const endpoint = `http://127.0.0.1:${await closedPort()}/v1`
    const ended = await place.run(['create', place.write('gone.yaml', textConfig(endpoint))])
    expectRefusal(ended, 4, /MODEL_UNREACHABLE: /)
    expect(ended.stderr).toContain(endpoint.replace('/v1', ''))
    expect(ended.seconds).toBeLessThan(10)
  })

  it('a model that the provider does not have', async () => {
    const endpoint = await startEndpoint()
    endpoint.refuse(404, 'The model `gpt-x` does not exist')
    try {
      expectRefusal(await place.run(['create', place.write('404.yaml', textConfig(endpoint.endpoint))]), 4, /MODEL_NOT_FOUND: /)
    } finally {
      await endpoint.close()
    }
  })

  it('preview says the same', async () => {
    expectRefusal(
      await place.run(['preview', place.write('key.yaml', config('openai')), '-n', '3']),
      4,
      /MODEL_KEY_MISSING: .*OPENAI_API_KEY/,
    )
  })
})

describe('a place that cannot be used is said before anything is started', () => {
  it('unreachable Temporal', async () => {
    const address = `127.0.0.1:${await closedPort()}`
    const ended = await place.run(['create', place.write('fine.yaml', SAMPLERS)], { TEMPORAL_ADDRESS: address })
    expectRefusal(ended, 6, /TEMPORAL_UNREACHABLE: /)
    expect(ended.stderr).toContain(address)
    expect(ended.seconds).toBeLessThan(20)
  })

  it('a Temporal program that is not there', async () => {
    const ended = await place.run(['create', place.write('fine.yaml', SAMPLERS)], {
      TEMPORAL_ADDRESS: '',
      PARQUETRY_TEMPORAL_CLI: '/nowhere/temporal',
    })
    expectRefusal(ended, 6, /TEMPORAL_BINARY_UNAVAILABLE: /)
  })

  it('an artifact folder below a file', async () => {
    const file = place.write('a-file', 'not a folder')
    expectRefusal(
      await place.run(['create', place.write('fine.yaml', SAMPLERS), '-o', `${file}/below`]),
      2,
      /ARTIFACT_PATH_NOT_WRITABLE: .*a-file/,
    )
    expect(place.read('a-file')).toBe('not a folder')
  })

  if (process.platform === 'linux')
    it('an artifact folder on a file system that cannot be written', async () => {
      expectRefusal(
        await place.run(['create', place.write('fine.yaml', SAMPLERS), '-o', '/proc/artifacts']),
        2,
        /ARTIFACT_PATH_NOT_WRITABLE: .*\/proc\/artifacts/,
      )
    })

  for (const name of ['../out', '..', '/etc/out', 'a/b', '']) {
    it(`the dataset name ${JSON.stringify(name)}`, async () => {
      expectRefusal(await place.run(['create', place.write('fine.yaml', SAMPLERS), '--dataset-name', name]), 2, /DATASET_NAME_INVALID: /)
      expect(place.exists('../out')).toBe(false)
    })
  }

  it('nothing to resume', async () => {
    expectRefusal(await place.run(['create', place.write('fine.yaml', SAMPLERS), '--resume', 'always']), 2, /NOTHING_TO_RESUME: /)
  })

  for (const command of ['show', 'resume'] as const) {
    it(`${command} of a dataset that is not there`, async () => {
      expectRefusal(await place.run([command, 'nowhere']), 2, /DATASET_NOT_FOUND: .*nowhere/)
    })
  }
})

describe('a command that is mistyped is refused by its options', () => {
  const cases: readonly (readonly [args: readonly string[], expected: RegExp])[] = [
    [['creat', 'x.yaml'], /unknown command 'creat'[^]*create/],
    [['create', 'x.yaml', '--bufer-size', '3'], /unknown option '--bufer-size'[^]*--buffer-size/],
    [['create'], /missing required argument 'config'/],
    [['create', 'x.yaml', '-n', '0'], /--num-records[^]*at least 1/],
    [['create', 'x.yaml', '-n', '1e3'], /--num-records[^]*whole number/],
    [['create', 'x.yaml', '-n', '-3'], /--num-records[^]*whole number/],
    [['create', 'x.yaml', '--resume', 'perhaps'], /--resume[^]*never, always, if_possible/],
    [['create', 'x.yaml', '--max-wait', '10'], /--max-wait[^]*90s, 10m/],
    [['create', 'x.yaml', '--on-blocked', 'panic'], /--on-blocked[^]*wait, exit/],
    [['create', 'x.yaml', '--allow-dropped', '101%'], /--allow-dropped[^]*1%/],
    [['create', 'x.yaml', '--max-concurrent-row-groups', '1000'], /1 to 256/],
    [['create', 'x.yaml', '--sequential', '--max-concurrent-row-groups', '2'], /--sequential[^]*cannot be used with/],
    [['show', 'x', 'first'], /whole number of at least 0/],
    [['dev', '--stop', '--all'], /cannot be used with/],
  ]
  for (const [args, expected] of cases) {
    it(args.join(' '), async () => {
      const ended = await place.run(args)
      expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 2, stderr: expect.stringMatching(expected) })
      expect(ended.stderr).not.toMatch(/^\s+at /m)
    })
  }
})
