import { describe, expect, it } from 'vitest'
import type { CellPorts, RemoteValidation } from '../../../src/columns/generator.ts'
import { compileCodeValidation } from '../../../src/columns/validation-code.ts'
import { compileRemoteValidation } from '../../../src/columns/validation-remote.ts'
import type { CodeValidationColumn, RemoteValidationColumn } from '../../../src/config/compiled.ts'
import type { Value, ValueType } from '../../../src/values.ts'
import { row, scripted } from '../llm-builders.ts'

const common = { name: 'check', drop: false, skip: null, propagate_skip: true, column_type: 'validation', batch_size: 10 } as const

function codeColumn(...target_columns: readonly string[]): CodeValidationColumn {
  return { ...common, target_columns, validator_type: 'code', validator_params: { validator_type: 'code', code_lang: 'sql:ansi' } }
}

const { ports: silent } = scripted()

/** A checker to whom only the text "good" is valid. */
const ports: CellPorts = {
  ...silent,
  checkCode: (language, text) => Promise.resolve({ is_valid: text === 'good', error_messages: `${language}: ${text}` }),
}

describe('a column that checks code', () => {
  it('holds the result of its one target', async () => {
    expect(await compileCodeValidation(codeColumn('a')).generate(row({ a: 'good' }), ports)).toEqual({
      is_valid: true,
      error_messages: 'sql:ansi: good',
    })
  })

  it("holds of several targets this row's own result of each", async () => {
    const generator = compileCodeValidation(codeColumn('a', 'b'))
    expect(await generator.generate(row({ a: 'good', b: 'bad' }), ports)).toMatchObject({ a: { is_valid: true }, b: { is_valid: false } })
    expect(await generator.generate(row({ a: 'bad', b: 'good' }), ports)).toMatchObject({ a: { is_valid: false }, b: { is_valid: true } })
  })

  it('has no result where there is no code, and takes what is no text as JSON', async () => {
    const generator = compileCodeValidation(codeColumn('a', 'b'))
    expect(await generator.generate(row({ a: null, b: [1, 2n] }), ports)).toEqual({
      a: null,
      b: { is_valid: false, error_messages: 'sql:ansi: [1,"2"]' },
    })
  })
})

function remoteColumn(output_schema: Record<string, unknown> | null): RemoteValidationColumn {
  const how = { endpoint_url: 'http://127.0.0.1:9/', timeout: 30, max_retries: 3, retry_backoff: 2, max_parallel_requests: 4 }
  return {
    ...common,
    target_columns: ['a', 'b'],
    validator_type: 'remote',
    validator_params: { validator_type: 'remote', ...how, output_schema },
  }
}

/** How a column of this schema reads a result. */
function reader(schema: Record<string, unknown> | null, type: ValueType): RemoteValidation['read'] {
  let read: RemoteValidation['read'] | undefined
  const validate = (validation: RemoteValidation): Promise<Value> => {
    read = validation.read
    expect(validation.record).toEqual({ a: 1, b: 'x' })
    return Promise.resolve(null)
  }
  void compileRemoteValidation(remoteColumn(schema), type).generate(row({ a: 1, b: 'x', c: 'not asked for' }), { ...ports, validate })
  return read!
}

const schema = {
  type: 'object',
  properties: {
    data: {
      type: 'array',
      items: { type: 'object', properties: { is_valid: { type: 'boolean' }, score: { type: 'number' } }, required: ['is_valid', 'score'] },
    },
  },
}
const type: ValueType = {
  kind: 'group',
  fields: [
    { name: 'is_valid', type: { kind: 'boolean' } },
    { name: 'score', type: { kind: 'double' } },
  ],
}

describe('a column that asks a validator elsewhere', () => {
  it('sends its targets together, and stores the whole result as JSON where no schema says more', () => {
    const result = { is_valid: null, any: ['thing'] }
    expect(reader(null, { kind: 'json' })(result)).toEqual({ isUsable: true, value: result })
  })

  it('stores what the schema names, and nothing else', () => {
    expect(reader(schema, type)({ is_valid: true, score: 1, more: 'x' })).toEqual({ isUsable: true, value: { is_valid: true, score: 1 } })
  })

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'valid'],
    ['no verdict', { score: 1 }],
    ['a verdict of another kind', { is_valid: 'yes', score: 1 }],
    ['a result that does not fit the schema', { is_valid: true, score: 'high' }],
    ['a result that lacks a field', { is_valid: true }],
  ])('does not take %s for a result', (_, result) => {
    expect(reader(schema, type)(result)).toMatchObject({ isUsable: false })
  })
})
