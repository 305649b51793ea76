/** Objects and arrays that fit a plain schema. */
import type { Fitting } from './fitting.ts'
import { heightOf, isSparse } from './fitting.ts'
import { numberAt } from './json-fit-scalars.ts'
import { matching } from './pattern.ts'
import type { JsonSchema } from './schema-merge.ts'
import { isObject, merge, schemaAt, schemasAt } from './schema-merge.ts'
import { plainWord } from './words.ts'

type SchemaObject = { readonly [keyword: string]: unknown }

/** Draws for a key or an item that is not there yet, before it is left out. */
const MAX_NEW_DRAWS = 40

/** An object with all listed properties, or only the required ones where the value is already deep or large. */
export function fitObject(schema: SchemaObject, fitting: Fitting, depth: number): Record<string, unknown> {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const required = new Set<string>((Array.isArray(schema['required']) ? schema['required'] : []).filter((name) => typeof name === 'string'))
  const entries = new Map<string, unknown>()
  const most = numberAt(schema, 'maxProperties') ?? Infinity
  const optional = Object.keys(properties).filter((name) => !required.has(name))
  const wanted = new Set([...Object.keys(properties).filter((name) => required.has(name)), ...required])
  for (const name of optional) {
    if (wanted.size >= most) break
    const child = schemaAt(properties[name]) ?? true
    if (child === false || (isSparse(fitting, depth) && heightOf(child, fitting.root) > 0)) continue
    if (depth >= 4 && heightOf(child, fitting.root) === Infinity) continue
    // Later tries leave some out: what a listed property forbids elsewhere may be the reason that nothing fits.
    if (fitting.attempt > 8 && fitting.draws.next() < 0.5) continue
    wanted.add(name)
  }
  const inOrder = [
    ...Object.keys(properties).filter((name) => wanted.has(name)),
    ...[...wanted].filter((name) => !Object.hasOwn(properties, name)),
  ]
  for (const name of inOrder) entries.set(name, fitting.make(propertySchema(schema, properties, name), depth + 1))
  addFreeProperties(schema, properties, entries, fitting, depth)
  return Object.fromEntries(entries)
}

/** What holds for a property: its own schema with those of the patterns it matches, or else that of additional properties. */
function propertySchema(schema: SchemaObject, properties: SchemaObject, name: string): JsonSchema {
  const own = Object.hasOwn(properties, name) ? schemaAt(properties[name]) : undefined
  const patterns = isObject(schema['patternProperties']) ? Object.entries(schema['patternProperties']) : []
  const matched = patterns.filter(([pattern]) => matchesKey(pattern, name)).map(([, child]) => schemaAt(child) ?? true)
  if (own === undefined && matched.length === 0) return schemaAt(schema['additionalProperties']) ?? true
  return matched.reduce<JsonSchema>(merge, own ?? true)
}

function matchesKey(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(name)
  } catch {
    return false
  }
}

/** Properties of a map (`additionalProperties: {…}` or patterns), and as many as `minProperties` demands. */
function addFreeProperties(
  schema: SchemaObject,
  properties: SchemaObject,
  entries: Map<string, unknown>,
  fitting: Fitting,
  depth: number,
): void {
  const patterns = isObject(schema['patternProperties']) ? Object.keys(schema['patternProperties']) : []
  const rest = schema['additionalProperties']
  const isMap = Object.keys(properties).length === 0 && (isObject(rest) || patterns.length > 0)
  const least = numberAt(schema, 'minProperties') ?? 0
  const most = numberAt(schema, 'maxProperties') ?? Infinity
  const target = Math.min(most, Math.max(least, isMap && !isSparse(fitting, depth) ? 2 : 0))
  const names = schemaAt(schema['propertyNames'])
  for (let draw = 0; entries.size < target && draw < MAX_NEW_DRAWS; draw += 1) {
    const isPattern = patterns.length > 0 && (rest === false || fitting.draws.next() < 0.5)
    const key = isPattern ? matching(fitting.draws.pick(patterns), fitting.draws, 2 + draw) : drawKey(names, entries.size + draw, fitting)
    if (key === undefined || entries.has(key) || (rest === false && !isPattern && !Object.hasOwn(properties, key))) continue
    const child = propertySchema(schema, properties, key)
    if (child !== false) entries.set(key, fitting.make(child, depth + 1))
  }
}

function drawKey(names: JsonSchema | undefined, at: number, fitting: Fitting): string | undefined {
  if (names !== undefined && names !== true) {
    const key = fitting.make(isObject(names) ? { type: 'string', ...names } : names, 1)
    return typeof key === 'string' ? key : undefined
  }
  const word = plainWord(fitting.words, fitting.draws)
  return at < 3 ? word : `${word}${at}`
}

/** An array of one to three items, or as many as the schema demands. */
export function fitArray(schema: SchemaObject, fitting: Fitting, depth: number): unknown[] {
  const prefix = schemasAt(schema['prefixItems'] ?? (Array.isArray(schema['items']) ? schema['items'] : undefined))
  const rest = Array.isArray(schema['items']) ? schemaAt(schema['additionalItems']) : schemaAt(schema['items'])
  const contains = schemaAt(schema['contains'])
  const wantedContained = contains === undefined ? 0 : (numberAt(schema, 'minContains') ?? 1)
  const isUnique = schema['uniqueItems'] === true
  const count = itemCount(schema, prefix.length, wantedContained, rest, fitting, depth)
  const items: unknown[] = []
  const seen = new Set<string>()
  for (let at = 0; at < count; at += 1) {
    const own = at < prefix.length ? (prefix[at] ?? true) : (rest ?? true)
    const child = contains !== undefined && at >= count - wantedContained ? merge(own, contains) : own
    for (let draw = 0; draw < (isUnique ? MAX_NEW_DRAWS : 1); draw += 1) {
      const item = fitting.make(child, depth + 1)
      const text = isUnique ? JSON.stringify(item) : ''
      if (isUnique && seen.has(text)) continue
      seen.add(text)
      items.push(item)
      break
    }
  }
  return items
}

function itemCount(
  schema: SchemaObject,
  prefixCount: number,
  contained: number,
  rest: JsonSchema | undefined,
  fitting: Fitting,
  depth: number,
): number {
  const least = Math.max(numberAt(schema, 'minItems') ?? 0, contained)
  const most = Math.min(numberAt(schema, 'maxItems') ?? Infinity, rest === false ? prefixCount : Infinity)
  if (isSparse(fitting, depth)) return least
  if (rest !== undefined && depth >= 3 && heightOf(rest, fitting.root) === Infinity) return least
  const usual = prefixCount > 0 ? prefixCount : Math.max(least, 1) + fitting.draws.below(least > 1 ? 2 : 3)
  return Math.max(least, Math.min(most, Math.max(usual, least)))
}
