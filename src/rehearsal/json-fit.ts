/**
 * A JSON value that fits a schema, made from the prompt's words. Made by construction and then checked: what construction does
 * not reach (`not`, `oneOf` that overlap, several patterns at once) is reached by drawing again.
 */
import type { Draws } from './draws.ts'
import { drawsFrom } from './draws.ts'
import type { Fitting } from './fitting.ts'
import { heightOf, isSparse } from './fitting.ts'
import { fitArray, fitObject } from './json-fit-containers.ts'
import { fitNumber, fitString } from './json-fit-scalars.ts'
import type { JsonSchema } from './schema-merge.ts'
import { flatten, isObject } from './schema-merge.ts'

/** Tries before a value is handed out although it does not fit. */
const MAX_TRIES = 60
/** Hard end for schemas that can only be fitted by an infinite value. */
const HARD_DEPTH = 60

/**
 * A value for `schema` that depends on schema, words and digest only. `fits` is the judge; when no try convinces it, the last
 * value is returned with `isFitting: false`.
 */
export function fitSchema(
  schema: JsonSchema,
  words: readonly string[],
  digest: Uint8Array,
  fits: (value: unknown) => boolean,
): { readonly value: unknown; readonly isFitting: boolean } {
  let value: unknown = null
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const fitting: Fitting = {
      root: schema,
      words,
      draws: drawsFrom(digest, attempt),
      attempt,
      made: 0,
      make: (child, depth) => fit(child, fitting, depth),
    }
    value = fitting.make(schema, 0)
    if (fits(value)) return { value, isFitting: true }
  }
  return { value, isFitting: false }
}

/** One value at `depth` levels below the root. */
function fit(schema: JsonSchema, fitting: Fitting, depth: number): unknown {
  fitting.made += 1
  const { root, draws } = fitting
  if (depth > HARD_DEPTH) return null
  const node = flatten(schema, root, draws, (options) => chooseOption(options, fitting, depth))
  if (typeof node === 'boolean') return fitString({}, fitting)
  if ('const' in node) return node['const']
  const options = node['enum']
  if (Array.isArray(options) && options.length > 0) return chooseEnum(options, node, draws)
  switch (chooseType(node, fitting)) {
    case 'object':
      return fitObject(node, fitting, depth)
    case 'array':
      return fitArray(node, fitting, depth)
    case 'integer':
      return fitNumber(node, draws, true)
    case 'number':
      return fitNumber(node, draws, false)
    case 'boolean':
      return draws.next() < 0.5
    case 'null':
      return null
    default:
      return fitString(node, fitting)
  }
}

function chooseOption(options: readonly JsonSchema[], fitting: Fitting, depth: number): JsonSchema {
  const open = options.filter((option) => option !== false)
  if (open.length === 0) return false
  if (isSparse(fitting, depth)) {
    const heights = open.map((option) => heightOf(option, fitting.root))
    return open[heights.indexOf(Math.min(...heights))] ?? false
  }
  // An optional field is mostly filled: a rehearsal full of nulls shows little.
  const filled = open.filter((option) => !isObject(option) || option['type'] !== 'null')
  return filled.length > 0 && filled.length < open.length && fitting.draws.next() < 0.8
    ? fitting.draws.pick(filled)
    : fitting.draws.pick(open)
}

function chooseEnum(options: readonly unknown[], node: { readonly [keyword: string]: unknown }, draws: Draws): unknown {
  const types = typesOf(node)
  const allowed = types.length === 0 ? options : options.filter((option) => types.some((type) => hasType(option, type)))
  return draws.pick(allowed.length > 0 ? allowed : options)
}

function typesOf(node: { readonly [keyword: string]: unknown }): readonly unknown[] {
  const type = node['type']
  return type === undefined ? [] : Array.isArray(type) ? type : [type]
}

function hasType(value: unknown, type: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

const KEYWORDS_OF_TYPE: readonly (readonly [string, readonly string[]])[] = [
  ['object', ['properties', 'required', 'patternProperties', 'additionalProperties', 'minProperties', 'propertyNames']],
  ['array', ['items', 'prefixItems', 'minItems', 'contains', 'uniqueItems']],
  ['string', ['minLength', 'maxLength', 'pattern', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
]

function chooseType(node: { readonly [keyword: string]: unknown }, { draws, attempt }: Fitting): unknown {
  const types = typesOf(node)
  if (types.length > 0) {
    const filled = types.filter((type) => type !== 'null')
    return filled.length > 0 && (filled.length === types.length || draws.next() < 0.8) ? draws.pick(filled) : draws.pick(types)
  }
  const implied = KEYWORDS_OF_TYPE.find(([, keywords]) => keywords.some((keyword) => keyword in node))?.[0]
  if (implied !== undefined) return implied
  return attempt < 4 ? 'string' : draws.pick(['string', 'integer', 'boolean', 'object', 'array', 'null', 'number'])
}
