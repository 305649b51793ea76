/** Removes what a model added beyond the schema: one invented field is no reason to pay for the answer again. */

type Schema = { readonly [keyword: string]: unknown }

/**
 * A copy of `value` without the properties that no part of `root` names. An object schema that names no property, or that
 * describes additional ones, is a map and keeps everything. Alternatives count together: a property that one of them names stays.
 */
export function pruneUnknown(value: unknown, root: unknown): unknown {
  return prune(value, [root], root)
}

function prune(value: unknown, schemas: readonly unknown[], root: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const parts = expand(schemas, root)
  if (Array.isArray(value)) return value.map((item: unknown, at) => prune(item, itemSchemas(parts, at), root))
  const isMap = parts.length === 0 || parts.some(isOpenMap) || !parts.some(namesProperties)
  const kept: [string, unknown][] = []
  for (const [name, field] of Object.entries(value)) {
    const children = propertySchemas(parts, name)
    if (children.length > 0) kept.push([name, prune(field, children, root)])
    else if (isMap) kept.push([name, field])
  }
  return Object.fromEntries(kept)
}

/** All schemas that say something about the value: references followed, members of combinations added. */
function expand(schemas: readonly unknown[], root: unknown): readonly Schema[] {
  const parts = new Set<Schema>()
  const open = [...schemas]
  for (let schema = open.pop(); schema !== undefined; schema = open.pop()) {
    if (!isObject(schema) || parts.has(schema)) continue
    parts.add(schema)
    if (typeof schema['$ref'] === 'string') open.push(resolve(schema['$ref'], root) ?? {})
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) if (Array.isArray(schema[keyword])) open.push(...(schema[keyword] as unknown[]))
    for (const keyword of ['if', 'then', 'else']) if (isObject(schema[keyword])) open.push(schema[keyword])
    if (isObject(schema['dependentSchemas'])) open.push(...Object.values(schema['dependentSchemas']))
  }
  return [...parts]
}

function resolve(reference: string, root: unknown): unknown {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let node: unknown = root
  for (const part of reference.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(node)) node = node[Number(key)]
    else node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined
  }
  return node
}

function itemSchemas(parts: readonly Schema[], at: number): readonly unknown[] {
  return parts.flatMap((part) => {
    const prefix = Array.isArray(part['prefixItems']) ? part['prefixItems'] : Array.isArray(part['items']) ? part['items'] : []
    if (at < prefix.length) return [prefix[at] as unknown]
    const rest = Array.isArray(part['items']) ? part['additionalItems'] : part['items']
    return [rest, part['contains']].filter(isObject)
  })
}

function propertySchemas(parts: readonly Schema[], name: string): readonly unknown[] {
  return parts.flatMap((part) => {
    const found: unknown[] = []
    if (isObject(part['properties']) && Object.hasOwn(part['properties'], name)) found.push(part['properties'][name])
    for (const [pattern, child] of Object.entries(isObject(part['patternProperties']) ? part['patternProperties'] : {})) {
      if (new RegExp(pattern, 'u').test(name)) found.push(child)
    }
    if (found.length === 0 && isObject(part['additionalProperties'])) found.push(part['additionalProperties'])
    return found
  })
}

/** Says outright that further properties are welcome. */
function isOpenMap(part: Schema): boolean {
  return part['additionalProperties'] === true || isObject(part['unevaluatedProperties']) || part['unevaluatedProperties'] === true
}

function namesProperties(part: Schema): boolean {
  return isObject(part['properties']) || isObject(part['patternProperties']) || part['additionalProperties'] === false
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
