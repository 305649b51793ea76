import { describe, expect, it } from 'vitest'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import { city, code, compile, configOf, errorsOf, expression, warningsOf } from './builders.ts'
import type { Mapping } from './builders.ts'

const python = code('script', 'About {{ city }}', 'python')
const query = code('query', 'About {{ city }}', 'sql:sqlite')

function check(targets: readonly string[], code_lang: string, more: Mapping = {}): Mapping {
  return {
    name: 'check',
    column_type: 'validation',
    target_columns: targets,
    validator_type: 'code',
    validator_params: { code_lang },
    ...more,
  }
}
function remote(params: Mapping = {}, more: Mapping = {}): Mapping {
  const validator_params = { endpoint_url: 'http://127.0.0.1:9/judge', ...params }
  return { name: 'check', column_type: 'validation', target_columns: ['city'], validator_type: 'remote', validator_params, ...more }
}
const all = (...columns: readonly Mapping[]): Mapping => configOf([city, python, query, ...columns])
const answer = (properties: Mapping, more: Mapping = {}): Mapping => ({
  type: 'object',
  properties: { data: { type: 'array', items: { type: 'object', properties, ...more } } },
})
const typeOf = (column: Mapping): unknown => compile(all(column)).compiled.types['check']
const partOf = (column: Mapping): string | undefined => compile(all(column)).compiled.fingerprint.parts['check']

describe('a validation column', () => {
  it.each<[string, Mapping, string]>([
    [
      'a target that is not there',
      check(['scrip'], 'python'),
      'columns[3].target_columns[0]: no column has the name "scrip". Did you mean "script"?',
    ],
    ['itself as its target', check(['check'], 'python'), 'columns[3]: the column needs itself: "check" needs "check"'],
    [
      'a target twice',
      check(['script', 'script'], 'python'),
      'columns[3].target_columns[1]: expected unique columns, found "script" twice',
    ],
    ['no target', check([], 'python'), 'columns[3].target_columns: expected a list of at least 1 item, found an empty list'],
    [
      'a target in another language',
      check(['script', 'query'], 'sql:ansi', {}),
      'columns[3].target_columns[0]: "script" is checked as sql:ansi, but it is written in python; give both the same code_lang',
    ],
    [
      'a language that cannot be checked',
      check(['script'], 'rust'),
      'columns[3].validator_params.code_lang: code can be checked in python, sql:sqlite, sql:postgres, sql:mysql, sql:tsql, sql:bigquery, sql:ansi, found "rust"; for another language use validator_type: remote',
    ],
    ['a misspelt language', check(['script'], 'pyton'), 'columns[3].validator_params.code_lang: expected one of "python", '],
    [
      'another kind of validator',
      remote({}, { validator_type: 'http' }),
      'columns[3].validator_type: expected one of code, remote, found "http"',
    ],
    [
      'a Python function',
      { ...remote(), validator_type: 'local_callable', validator_params: { validation_function: 'f' } },
      'columns[3].validator_type: expected code or remote, found "local_callable", a Python function, which a file cannot hold. ' +
        'Serve the function over HTTP and name it with validator_type: remote, or write the check as a custom column in TypeScript',
    ],
    ['no address', remote({ endpoint_url: 'judge' }), 'columns[3].validator_params.endpoint_url: expected an http or https address'],
    [
      'a password in the address',
      remote({ endpoint_url: 'http://me:secret@host/' }),
      'columns[3].validator_params.endpoint_url: expected an address without user, password or key, found one inside (not shown)',
    ],
    ['a backoff of no growth', remote({ retry_backoff: 1 }), 'columns[3].validator_params.retry_backoff: expected a number of more than 1'],
    ['a schema that is none', remote({ output_schema: { type: 'objekt' } }), 'columns[3].validator_params.output_schema'],
    [
      'a schema without is_valid',
      remote({ output_schema: answer({ reason: { type: 'string' } }) }),
      'columns[3].validator_params.output_schema: expected the schema of a whole answer whose data are objects with is_valid',
    ],
    ['a skip value that no group holds', check(['script'], 'python', { skip: { when: '{{ city }}', value: 1 } }), 'columns[3].skip.value'],
  ])('is refused with %s', (_, column, message) => {
    expect(errorsOf(all(column))).toEqual(expect.arrayContaining([expect.stringContaining(message) as string]))
  })

  it('warns of a target that is not an llm-code column', () => {
    expect(warningsOf(all(check(['city'], 'python')))).toEqual([
      'columns[3].target_columns[0]: "city" is checked as python code, but it comes from a column of type sampler, not llm-code',
    ])
    expect(warningsOf(all(check(['script'], 'python')))).toEqual([])
  })

  it('has a type of its own for Python, for SQL, for several targets, and for what output_schema says', () => {
    const names = (type: unknown): unknown => (type as { fields: readonly { name: string }[] }).fields.map(({ name }) => name)
    const results = ['is_valid', 'python_linter_score', 'python_linter_severity', 'python_linter_messages']
    expect(names(typeOf(check(['script'], 'python')))).toEqual(results)
    expect(names(typeOf(check(['query'], 'sql:sqlite')))).toEqual(['is_valid', 'error_messages'])
    expect(names(typeOf(check(['script', 'city'], 'python')))).toEqual(['script', 'city'])
    expect(typeOf(remote())).toEqual({ kind: 'json' })
    expect(typeOf(remote({ output_schema: answer({ is_valid: { type: 'boolean' }, n: { type: 'integer' } }) }))).toEqual({
      kind: 'group',
      fields: [
        { name: 'is_valid', type: { kind: 'boolean' } },
        { name: 'n', type: { kind: 'int64' } },
      ],
    })
    expect(typeOf(remote({ output_schema: answer({ is_valid: {} }, { additionalProperties: true }) }))).toEqual({ kind: 'json' })
  })

  it('follows its targets, and others follow it', () => {
    const { compiled } = compile(all(expression('verdict', '{{ check.is_valid }}'), check(['script'], 'python')))
    expect(compiled.inputs['check']).toEqual(['script'])
    expect(compiled.order.indexOf('check')).toBeGreaterThan(compiled.order.indexOf('script'))
    expect(compiled.order.indexOf('verdict')).toBeGreaterThan(compiled.order.indexOf('check'))
  })

  it('is in the fingerprint with what it says of a row, and not with how it is asked', () => {
    expect(partOf(check(['script', 'city'], 'python', { batch_size: 3 }))).toBe(partOf(check(['script', 'city'], 'python')))
    expect(partOf(check(['city'], 'python'))).not.toBe(partOf(check(['city'], 'sql:ansi')))
    const asked = { endpoint_url: 'https://other:8/judge', timeout: 1, max_retries: 0, retry_backoff: 3, max_parallel_requests: 9 }
    expect(partOf(remote(asked))).toBe(partOf(remote()))
    expect(partOf(remote({ endpoint_url: 'http://127.0.0.1:9/other' }))).not.toBe(partOf(remote()))
    expect(partOf(remote({ output_schema: answer({ is_valid: { type: 'boolean' } }) }))).not.toBe(partOf(remote()))
  })

  it('is asked otherwise once its settings change in a dataset that goes on: the file by which workers notice it changes too', () => {
    const file = (column: Mapping): string => JSON.stringify(toParquetryFile(compile(all(column))))
    expect(file(remote({ endpoint_url: 'http://moved:9/judge' }))).not.toBe(file(remote()))
    expect(file(remote({}, { batch_size: 50 }))).not.toBe(file(remote()))
    expect(file(check(['script'], 'python', { batch_size: 50 }))).toBe(file(check(['script'], 'python')))
  })

  it('means the same once it is stored, under the names of DataDesigner', () => {
    const made = compile(all(check(['script'], 'python', { drop: true }), { ...remote(), name: 'elsewhere' }))
    const stored = toBuilderConfig(made) as { data_designer: { columns: readonly Mapping[] } }
    expect(stored.data_designer.columns.at(-1)).toEqual({
      name: 'elsewhere',
      drop: false,
      column_type: 'validation',
      skip: null,
      propagate_skip: true,
      target_columns: ['city'],
      validator_type: 'remote',
      validator_params: {
        validator_type: 'remote',
        endpoint_url: 'http://127.0.0.1:9/judge',
        output_schema: null,
        timeout: 30,
        max_retries: 3,
        retry_backoff: 2,
        max_parallel_requests: 4,
      },
      batch_size: 10,
    })
    expect(compileStored(stored, toParquetryFile(made))).toEqual(made.compiled)
  })
})
