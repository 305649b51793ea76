/** Says whether a value fits a JSON schema; compiled once per schema text. */
import { Ajv } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'

/** The judge of one schema. */
export type FitsSchema = (value: unknown) => boolean

const OPTIONS = { strict: false, logger: false, validateSchema: false, addUsedSchema: false } as const
const MAX_CACHED = 200
const cache = new Map<string, FitsSchema>()

/**
 * The judge of a schema: draft 2020-12 unless `$schema` says 2019-09 or draft 7, or only draft 7 can read it.
 * Throws ajv's error for a schema that no draft can read.
 */
export function compileFits(schema: unknown): FitsSchema {
  const text = JSON.stringify(schema)
  const known = cache.get(text)
  if (known !== undefined) return known
  const fits = compileAny(schema, text)
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value ?? '')
  cache.set(text, fits)
  return fits
}

function compileAny(schema: unknown, text: string): FitsSchema {
  const said = /"\$schema":"([^"]*)"/.exec(text)?.[1] ?? ''
  const drafts = said.includes('2019-09') ? [Ajv2019] : /draft-0[67]/.test(said) ? [Ajv] : [Ajv2020, Ajv]
  let failure: unknown
  for (const Draft of drafts) {
    try {
      const ajv = new Draft(OPTIONS)
      ajvFormats.default(ajv)
      const validate = ajv.compile(withoutDialect(schema))
      return (value) => {
        try {
          return validate(value) === true
        } catch {
          // ajv compares objects by their valueOf, which a schema's constant may have replaced by a value.
          return false
        }
      }
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

/** ajv wants the meta schema of every `$schema` it meets at the root, also of spellings it does not know. */
function withoutDialect(schema: unknown): object | boolean {
  if (typeof schema !== 'object' || schema === null) return schema !== false
  const { $schema: _dialect, ...rest } = schema as Record<string, unknown>
  return rest
}
