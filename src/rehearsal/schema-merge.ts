/** Takes JSON schemas apart: references, `allOf`, alternatives and conditions become one plain schema to make a value for. */
import type { Draws } from './draws.ts'

/** A JSON schema: an object, or true or false. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown }
type SchemaObject = { readonly [keyword: string]: unknown }

/** More references than this in a row lead nowhere. */
const MAX_HOPS = 50

/** True for a JSON object, as opposed to null, an array or a scalar. */
export function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A keyword's value as a schema; undefined when the keyword is absent or no schema. */
export function schemaAt(value: unknown): JsonSchema | undefined {
  return typeof value === 'boolean' || isObject(value) ? value : undefined
}

/** A keyword's value as a list of schemas; empty when absent. */
export function schemasAt(value: unknown): readonly JsonSchema[] {
  return Array.isArray(value) ? value.filter((item) => schemaAt(item) !== undefined) : []
}

/** The schema a local reference (`#`, `#/$defs/x`, `#anchor`) leads to; `true` when it leads nowhere. */
export function resolveReference(reference: string, root: JsonSchema): JsonSchema {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return findAnchor(reference.replace(/^#/, ''), root, 0) ?? true
  let node: unknown = root
  for (const part of reference.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(node)) node = node[Number(key)]
    else node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined
  }
  return schemaAt(node) ?? true
}

function findAnchor(name: string, node: unknown, depth: number): JsonSchema | undefined {
  if (depth > 20 || typeof node !== 'object' || node === null) return undefined
  if (isObject(node) && (node['$anchor'] === name || node['$id'] === name || node['$id'] === `#${name}`)) return node
  for (const child of Object.values(node)) {
    const found = findAnchor(name, child, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * One plain schema out of `schema`: references followed, `allOf` merged in, one alternative of every `anyOf` and `oneOf` taken by
 * `choose`, one side of every condition taken by a draw. A schema that nothing can fit becomes `false`.
 */
export function flatten(
  schema: JsonSchema,
  root: JsonSchema,
  draws: Draws,
  choose: (options: readonly JsonSchema[]) => JsonSchema,
): JsonSchema {
  let node = schema
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    if (typeof node === 'boolean') return node
    const { $ref, allOf, anyOf, oneOf, if: condition, then: consequence, else: otherwise, ...rest }: SchemaObject = node
    const added: JsonSchema[] = []
    if (typeof $ref === 'string') added.push(resolveReference($ref, root))
    added.push(...schemasAt(allOf))
    for (const options of [schemasAt(anyOf), schemasAt(oneOf)]) if (options.length > 0) added.push(choose(options))
    const when = schemaAt(condition)
    if (when !== undefined) {
      if (draws.next() < 0.5) added.push(when, schemaAt(consequence) ?? true)
      else added.push(schemaAt(otherwise) ?? true)
    }
    if (added.length === 0) return rest
    node = added.reduce<JsonSchema>(merge, rest)
  }
  return true
}

/** A schema that allows what both allow, as far as one plain schema can say it. */
export function merge(left: JsonSchema, right: JsonSchema): JsonSchema {
  if (left === false || right === false) return false
  if (left === true) return right
  if (right === true) return left
  const merged: Record<string, unknown> = { ...left }
  for (const [keyword, value] of Object.entries(right)) {
    merged[keyword] = keyword in left ? mergeKeyword(keyword, left[keyword], value) : value
  }
  if ('const' in left && 'const' in right && JSON.stringify(left['const']) !== JSON.stringify(right['const'])) return false
  for (const keyword of ['anyOf', 'oneOf', '$ref']) {
    if (!(keyword in left) || !(keyword in right)) continue
    merged[keyword] = left[keyword]
    merged['allOf'] = [...schemasAt(merged['allOf']), { [keyword]: right[keyword] }]
  }
  if ('properties' in left && 'properties' in right) merged['properties'] = mergeProperties(left, right)
  return merged
}

function mergeKeyword(keyword: string, left: unknown, right: unknown): unknown {
  switch (keyword) {
    case 'type':
      return commonTypes(left, right)
    case 'enum':
      return Array.isArray(left) && Array.isArray(right) ? common(left, right) : right
    case 'minimum':
    case 'exclusiveMinimum':
    case 'minLength':
    case 'minItems':
    case 'minProperties':
    case 'minContains':
      return Math.max(Number(left), Number(right))
    case 'maximum':
    case 'exclusiveMaximum':
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
    case 'maxContains':
      return Math.min(Number(left), Number(right))
    case 'multipleOf':
      return commonMultiple(Number(left), Number(right))
    case 'required':
      return [...new Set([...(Array.isArray(left) ? left : []), ...(Array.isArray(right) ? right : [])])]
    case 'allOf':
      return [...schemasAt(left), ...schemasAt(right)]
    case 'items':
    case 'contains':
    case 'additionalProperties':
    case 'propertyNames':
      return Array.isArray(left) || Array.isArray(right) ? left : merge(schemaAt(left) ?? true, schemaAt(right) ?? true)
    case 'patternProperties':
    case '$defs':
    case 'definitions':
      return { ...(isObject(left) ? left : {}), ...(isObject(right) ? right : {}) }
    case 'pattern':
    case 'format':
      return left
    default:
      return right
  }
}

function mergeProperties(left: SchemaObject, right: SchemaObject): SchemaObject {
  const sides = [left['properties'], right['properties']].map((side) => (isObject(side) ? side : {}))
  const [first = {}, second = {}] = sides
  const keys = new Set([...Object.keys(first), ...Object.keys(second)])
  const merged: [string, JsonSchema][] = []
  for (const key of keys) {
    const [a, b] = [
      Object.hasOwn(first, key) ? schemaAt(first[key]) : undefined,
      Object.hasOwn(second, key) ? schemaAt(second[key]) : undefined,
    ]
    // A side that is closed to a key it does not list forbids it.
    if (a === undefined && left['additionalProperties'] === false) continue
    if (b === undefined && right['additionalProperties'] === false) continue
    merged.push([key, merge(a ?? true, b ?? true)])
  }
  return Object.fromEntries(merged)
}

function commonTypes(left: unknown, right: unknown): unknown {
  const [a, b] = [Array.isArray(left) ? left : [left], Array.isArray(right) ? right : [right]]
  const types = new Set<unknown>()
  for (const type of a) {
    if (b.includes(type)) types.add(type)
    else if (type === 'integer' && b.includes('number')) types.add('integer')
    else if (type === 'number' && b.includes('integer')) types.add('integer')
  }
  return types.size === 1 ? [...types][0] : [...types]
}

function common(left: readonly unknown[], right: readonly unknown[]): readonly unknown[] {
  const known = new Set(right.map((item) => JSON.stringify(item)))
  return left.filter((item) => known.has(JSON.stringify(item)))
}

function commonMultiple(left: number, right: number): number {
  if (!Number.isInteger(left) || !Number.isInteger(right)) return Math.max(left, right)
  let [a, b] = [left, right]
  while (b !== 0) [a, b] = [b, a % b]
  return (left / a) * right
}
