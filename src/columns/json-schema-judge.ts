/** Judges JSON by the schema of a column; the schema is compiled once, when the column is. */
import { Ajv } from 'ajv'
import type { ErrorObject } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { ParquetryError } from '../errors.ts'

/** Undefined for a value that fits; otherwise what does not, in words for the model. */
export type JsonJudge = (value: unknown) => string | undefined

/** Errors told at once; more would drown the first. */
const MAX_ERRORS = 5

const OPTIONS = {
  strict: false,
  logger: false,
  allErrors: true,
  verbose: true,
  addUsedSchema: false,
  // 19.99 is a multiple of 0.01 to everybody but a binary fraction.
  multipleOfPrecision: 9,
} as const

/**
 * Compiles a schema: draft 7 or 2019-09 when `$schema` says so, 2020-12 when it says so or nothing, and draft 7 again for a schema
 * without `$schema` that only that draft can read. Throws `CONFIG_INVALID` at `path` for a schema that cannot be read.
 */
export function compileJsonJudge(schema: Readonly<Record<string, unknown>>, path: string): JsonJudge {
  const { $schema: said, ...rest } = schema
  const dialect = typeof said === 'string' ? said : ''
  const drafts = /draft-0[67]/.test(dialect) ? [Ajv] : dialect.includes('2019-09') ? [Ajv2019] : dialect === '' ? [Ajv2020, Ajv] : [Ajv2020]
  let failure: unknown
  for (const Draft of drafts) {
    try {
      const ajv = new Draft(OPTIONS)
      ajvFormats.default(ajv)
      const validate = ajv.compile(rest)
      return (value) => {
        try {
          return validate(value) === true ? undefined : describeErrors(validate.errors ?? [])
        } catch {
          // ajv compares objects by their valueOf, which an answer may have replaced by a value.
          return 'its JSON holds an object that cannot be compared with the schema.'
        }
      }
    } catch (error) {
      failure ??= error
    }
  }
  const found = failure instanceof Error ? failure.message : String(failure)
  const message = `expected a JSON schema (draft 7, 2019-09 or 2020-12), found one that cannot be read: ${found}`
  throw new ParquetryError('CONFIG_INVALID', `${path}: ${message}`, {
    problems: [{ path, message, level: 'error' }],
    wayOut: 'Correct the schema; references must stay within it.',
  })
}

function describeErrors(errors: readonly ErrorObject[]): string {
  // The branches of a failed anyOf follow one after another; what they share is said once.
  const texts = [...new Set(errors.map(describeError))]
  const more = texts.length > MAX_ERRORS ? `; and ${texts.length - MAX_ERRORS} more` : ''
  return `its JSON does not fit the schema: ${texts.slice(0, MAX_ERRORS).join('; ')}${more}.`
}

function describeError(error: ErrorObject): string {
  const place = error.instancePath === '' ? 'the value' : error.instancePath
  const allowed: unknown =
    error.keyword === 'enum' ? error.params['allowedValues'] : error.keyword === 'const' ? error.params['allowedValue'] : undefined
  const wanted = allowed === undefined ? '' : ` (${shorten(JSON.stringify(allowed), 200)})`
  return `${place} ${error.message ?? 'does not fit'}${wanted}${foundText(error.data)}`
}

/** Only scalars are shown: they are short, and say enough. */
function foundText(data: unknown): string {
  if (data === null || typeof data === 'number' || typeof data === 'boolean') return `, found ${String(data)}`
  if (typeof data === 'string') return `, found ${shorten(JSON.stringify(data), 40)}`
  return Array.isArray(data) ? ', found a list' : ''
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`
}
