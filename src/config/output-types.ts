/** The declared type of a structured answer, from its JSON schema (ruling 12): what the schema fixes is a group, the rest is JSON. */
import type { Field, ValueType } from '../values.ts'
import { isMapping } from './paths.ts'

type Schema = Readonly<Record<string, unknown>>

const JSON_TYPE: ValueType = { kind: 'json' }
const SCALARS: Readonly<Record<string, ValueType>> = {
  string: { kind: 'string' },
  integer: { kind: 'int64' },
  number: { kind: 'double' },
  boolean: { kind: 'boolean' },
}

/**
 * An object with `properties` and nothing further is a group (unknown properties are pruned from answers, so leaving
 * `additionalProperties` out closes it too); lists keep their element's type; `anyOf` with null and lists of types with `"null"`
 * mean the type beside null. Unions, maps, recursion and whatever else is free in form is JSON at its level.
 */
export function outputValueType(schema: Readonly<Record<string, unknown>>): ValueType {
  return typeOf(schema, schema, [])
}

function typeOf(value: unknown, root: Schema, references: readonly string[]): ValueType {
  if (!isMapping(value)) return JSON_TYPE
  const reference = value['$ref']
  if (typeof reference === 'string') {
    const target = references.includes(reference) ? undefined : resolve(reference, root)
    return target === undefined ? JSON_TYPE : typeOf(target, root, [...references, reference])
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf'] as const) {
    const branches = value[keyword]
    if (branches === undefined) continue
    const others = Array.isArray(branches) ? branches.filter((branch) => keyword === 'allOf' || !isNullSchema(branch)) : []
    // Beside a union, further fields would have to be merged with each branch: free in form.
    const hasOwnForm = 'properties' in value || 'items' in value
    return others.length === 1 && !hasOwnForm ? typeOf(others[0], root, references) : JSON_TYPE
  }
  if (Array.isArray(value['enum'])) return typeOfValues(value['enum'])
  if ('const' in value) return typeOfValues([value['const']])
  const type = typeName(value)
  if (type === 'object') return groupOf(value, root, references)
  if (type === 'array') return listOf(value, root, references)
  return (type === null ? undefined : SCALARS[type]) ?? JSON_TYPE
}

/** The one type beside null; null when there are several. A schema with properties is an object, one with items a list. */
function typeName(schema: Schema): string | null {
  const said = schema['type']
  const names = (Array.isArray(said) ? said : [said]).filter((name): name is string => typeof name === 'string' && name !== 'null')
  if (names.length === 1) return names[0]!
  if (names.length === 2 && names.includes('integer') && names.includes('number')) return 'number'
  if (said !== undefined) return null
  return 'properties' in schema ? 'object' : 'items' in schema ? 'array' : null
}

function groupOf(schema: Schema, root: Schema, references: readonly string[]): ValueType {
  const properties = schema['properties']
  const further = schema['additionalProperties']
  const isOpen = (further !== undefined && further !== false) || 'patternProperties' in schema
  if (isOpen || !isMapping(properties) || Object.keys(properties).length === 0) return JSON_TYPE
  const fields = Object.entries(properties).map(([name, inner]): Field => ({ name, type: typeOf(inner, root, references) }))
  return { kind: 'group', fields }
}

function listOf(schema: Schema, root: Schema, references: readonly string[]): ValueType {
  const items = schema['items']
  if ('prefixItems' in schema || !isMapping(items)) return JSON_TYPE
  return { kind: 'list', element: typeOf(items, root, references) }
}

function typeOfValues(values: readonly unknown[]): ValueType {
  const some = values.filter((value) => value !== null)
  if (some.length === 0) return JSON_TYPE
  if (some.every((value) => typeof value === 'string')) return SCALARS['string']!
  if (some.every((value) => typeof value === 'boolean')) return SCALARS['boolean']!
  if (some.every((value) => Number.isSafeInteger(value))) return SCALARS['integer']!
  return some.every((value) => typeof value === 'number') ? SCALARS['number']! : JSON_TYPE
}

function isNullSchema(schema: unknown): boolean {
  return isMapping(schema) && (schema['type'] === 'null' || schema['const'] === null)
}

/** A reference within the schema: `#/$defs/Name`. */
function resolve(reference: string, root: Schema): unknown {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let value: unknown = root
  for (const part of reference.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

/** Cells of embedding columns, as DataDesigner's. */
export const EMBEDDING_TYPE: ValueType = {
  kind: 'group',
  fields: [
    { name: 'embeddings', type: { kind: 'list', element: { kind: 'list', element: { kind: 'double' } } } },
    { name: 'num_embeddings', type: { kind: 'int64' } },
    { name: 'dimension', type: { kind: 'int64' } },
  ],
}

/** Cells of image columns: paths in the dataset's folder. */
export const IMAGE_TYPE: ValueType = { kind: 'list', element: { kind: 'string' } }
