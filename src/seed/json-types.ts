/** The types of JSON columns, from all their values: objects with fields become groups, lists keep their element's type. */
import type { Value, ValueType } from '../values.ts'
import type { JsonRow } from './read-json.ts'

type Seen = 'boolean' | 'integer' | 'long-integer' | 'huge-integer' | 'number' | 'string' | 'list' | 'object'

/** What is known of a column, a field or an element so far. */
export interface JsonShape {
  readonly seen: Set<Seen>
  /** Of lists. */
  element: JsonShape | null
  /** Of objects; in the order in which they came. */
  readonly fields: Map<string, JsonShape>
}

/** More fields than that are no fixed form but a map. */
const MAX_FIELDS = 200
const MAX_DEPTH = 50
const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

/** A place at which nothing was seen. */
export function newJsonShape(): JsonShape {
  return { seen: new Set(), element: null, fields: new Map() }
}

/** Looks at one more row. */
export function addRow(columns: Map<string, JsonShape>, row: JsonRow): void {
  for (const [name, value] of Object.entries(row)) {
    let shape = columns.get(name)
    if (shape === undefined) columns.set(name, (shape = newJsonShape()))
    addValue(shape, value, 0)
  }
}

function addValue(shape: JsonShape, value: unknown, depth: number): void {
  if (value === null || value === undefined) return
  if (Array.isArray(value)) {
    shape.seen.add('list')
    const element = (shape.element ??= newJsonShape())
    if (depth < MAX_DEPTH) for (const item of value) addValue(element, item, depth + 1)
  } else if (typeof value === 'object') {
    shape.seen.add('object')
    if (depth >= MAX_DEPTH) return
    for (const [name, inner] of Object.entries(value)) {
      let field = shape.fields.get(name)
      if (field === undefined && shape.fields.size > MAX_FIELDS) continue
      if (field === undefined) shape.fields.set(name, (field = newJsonShape()))
      addValue(field, inner, depth + 1)
    }
  } else shape.seen.add(scalarOf(value))
}

function scalarOf(value: unknown): Seen {
  if (typeof value === 'bigint') return value >= MIN_INT64 && value <= MAX_INT64 ? 'long-integer' : 'huge-integer'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number'
  return typeof value === 'boolean' ? 'boolean' : 'string'
}

/** The type that holds all values: of different scalars text, of everything else that does not agree JSON. */
export function jsonType(shape: JsonShape, depth = 0): ValueType {
  const { seen, element, fields } = shape
  const has = (...kinds: readonly Seen[]): boolean => [...seen].every((kind) => kinds.includes(kind))
  if (seen.has('list') || seen.has('object')) {
    if (depth >= MAX_DEPTH || seen.size > 1) return { kind: 'json' }
    if (seen.has('list')) return { kind: 'list', element: jsonType(element ?? newJsonShape(), depth + 1) }
    if (fields.size === 0 || fields.size > MAX_FIELDS) return { kind: 'json' }
    return { kind: 'group', fields: [...fields].map(([name, field]) => ({ name, type: jsonType(field, depth + 1) })) }
  }
  if (seen.size === 0) return { kind: 'string' }
  if (has('integer', 'long-integer')) return { kind: 'int64' }
  if (has('integer', 'number')) return { kind: 'double' }
  return { kind: has('boolean') ? 'boolean' : 'string' }
}

/** A value of the file as one of the declared type. */
export function jsonValue(raw: unknown, type: ValueType): Value {
  if (raw === null || raw === undefined) return null
  switch (type.kind) {
    case 'list':
      return (raw as readonly unknown[]).map((item) => jsonValue(item, type.element))
    case 'group': {
      const from = raw as Readonly<Record<string, unknown>>
      return Object.fromEntries(
        type.fields.map(({ name, type: inner }) => [name, jsonValue(Object.hasOwn(from, name) ? from[name] : null, inner)]),
      )
    }
    case 'string':
      return typeof raw === 'string' ? raw : String(raw as boolean | number | bigint)
    case 'json':
      return withoutLongIntegers(raw)
    case 'int64':
    case 'double':
    case 'boolean':
    case 'timestamp':
      return raw as Value
  }
}

/** JSON in a file of ours cannot hold integers that a double rounds: they become texts. */
function withoutLongIntegers(value: unknown): Value {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(withoutLongIntegers)
  if (typeof value !== 'object' || value === null) return value as Value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutLongIntegers(inner)]))
}
