/** One try at a value that fits a schema: what it draws on, and when it must come to an end. */
import type { Draws } from './draws.ts'
import type { JsonSchema } from './schema-merge.ts'
import { isObject, resolveReference, schemaAt, schemasAt } from './schema-merge.ts'

/** Below this depth only what is required is made, so that recursive schemas end. */
const MAX_DEPTH = 5
/** Nodes after which only what is required is made. */
const MAX_NODES = 400

/** One try at a value: its draws, and how much has been made. */
export interface Fitting {
  readonly root: JsonSchema
  readonly words: readonly string[]
  readonly draws: Draws
  /** Which try this is, from 0: later ones reach farther and prefer less. */
  readonly attempt: number
  /** Nodes made so far. */
  made: number
  /** Makes a value `depth` levels below the root. */
  make(schema: JsonSchema, depth: number): unknown
}

/** True when only what the schema demands should be made from here on. */
export function isSparse(fitting: Fitting, depth: number): boolean {
  return depth >= MAX_DEPTH || fitting.made > MAX_NODES || (fitting.attempt > 40 && depth > 0)
}

/** Levels a value of the schema needs at least; Infinity when it cannot end. `open` holds the schemas being looked at. */
export function heightOf(schema: JsonSchema, root: JsonSchema, open: Set<JsonSchema> = new Set()): number {
  if (typeof schema === 'boolean') return schema ? 0 : Infinity
  if (open.has(schema)) return Infinity
  open.add(schema)
  const below = (child: JsonSchema): number => heightOf(child, root, open)
  let height = 0
  if (typeof schema['$ref'] === 'string') height = Math.max(height, below(resolveReference(schema['$ref'], root)))
  for (const part of schemasAt(schema['allOf'])) height = Math.max(height, below(part))
  for (const options of [schemasAt(schema['anyOf']), schemasAt(schema['oneOf'])]) {
    if (options.length > 0) height = Math.max(height, Math.min(...options.map(below)))
  }
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : []
  for (const name of required) {
    const child = typeof name === 'string' && Object.hasOwn(properties, name) ? schemaAt(properties[name]) : undefined
    height = Math.max(height, 1 + below(child ?? true))
  }
  const needsItems = typeof schema['minItems'] === 'number' && schema['minItems'] > 0
  if (needsItems) height = Math.max(height, 1 + below(schemaAt(schema['items']) ?? true))
  open.delete(schema)
  return height
}
