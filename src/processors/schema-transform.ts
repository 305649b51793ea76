/**
 * The processor `schema_transform`: rows in another shape, made from a JSON template whose texts are Jinja. Every text is rendered
 * by itself, so values with quotes or newlines need no escaping; bools, None, lists and dicts print as JSON, as DataDesigner's do.
 */
import { isParquetryError, ParquetryError } from '../errors.ts'
import { compileTemplate, type RenderOptions, type Template } from '../template/index.ts'
import type { Field, Schema, Value, ValueType } from '../values.ts'

/** A compiled `schema_transform`. */
export interface SchemaTransform {
  /** Columns it reads, sorted. */
  readonly references: readonly string[]
  /** Columns of its records: a function of the template only. */
  readonly schema: Schema
  /** The record for one row. Throws `TEMPLATE_FAILED`. */
  transform(values: Readonly<Record<string, Value>>, options?: RenderOptions): Readonly<Record<string, Value>>
}

interface CompiledNode {
  readonly type: ValueType
  readonly templates: readonly Template[]
  readonly render: (values: Readonly<Record<string, Value>>, options: RenderOptions) => Value
}

/** Deepest template, in nested objects and lists. */
const MAX_DEPTH = 32

/**
 * Compiles a template: texts stay texts, objects become groups, lists become lists, numbers and booleans are kept as constants. Items
 * of one list that differ in kind all become texts. Throws `TEMPLATE_INVALID`, with the place in the template in `details.templatePath`.
 */
export function compileSchemaTransform(
  template: Readonly<Record<string, unknown>>,
  types: Readonly<Record<string, ValueType>>,
): SchemaTransform {
  const root = compileObject(template, types, '', 0)
  const references = new Set(root.templates.flatMap((one) => one.references))
  return {
    references: [...references].toSorted(),
    schema: root.type.kind === 'group' ? root.type.fields : [],
    transform: (values, options = {}) => root.render(values, options) as Readonly<Record<string, Value>>,
  }
}

function compileNode(node: unknown, types: Readonly<Record<string, ValueType>>, path: string, depth: number): CompiledNode {
  if (depth > MAX_DEPTH) throw invalid(path, `expected a depth of at most ${MAX_DEPTH}, found more.`)
  if (typeof node === 'string') return compileText(node, types, path)
  if (Array.isArray(node)) return compileList(node, types, path, depth)
  if (typeof node === 'object' && node !== null) return compileObject(node as Readonly<Record<string, unknown>>, types, path, depth)
  if (typeof node === 'boolean') return constant(node, { kind: 'boolean' })
  if (typeof node === 'number' && Number.isFinite(node)) return constant(node, { kind: Number.isSafeInteger(node) ? 'int64' : 'double' })
  if (node === null || node === undefined) return constant(null, { kind: 'string' })
  throw invalid(path, `expected JSON, found ${typeof node}.`)
}

function constant(value: Value, type: ValueType): CompiledNode {
  return { type, templates: [], render: () => value }
}

function compileText(source: string, types: Readonly<Record<string, ValueType>>, path: string): CompiledNode {
  try {
    const template = compileTemplate(source, { types, print: 'json', keepTrailingNewline: true })
    return { type: { kind: 'string' }, templates: [template], render: (values, options) => template.render(values, options) }
  } catch (error) {
    if (isParquetryError(error))
      throw new ParquetryError(error.code, `At \`${path}\`: ${error.message}`, { ...error.details, templatePath: path }, error)
    throw error
  }
}

function compileObject(
  node: Readonly<Record<string, unknown>>,
  types: Readonly<Record<string, ValueType>>,
  path: string,
  depth: number,
): CompiledNode {
  const entries = Object.keys(node).map((name) => {
    const place = path === '' ? name : `${path}.${name}`
    if (/\{[{%#]/.test(name)) throw invalid(place, 'names of fields are fixed; expected no template in them.')
    return { name, child: compileNode(node[name], types, place, depth + 1) }
  })
  if (entries.length === 0) throw invalid(path, 'expected at least one field, found none.')
  return {
    type: { kind: 'group', fields: entries.map(({ name, child }) => ({ name, type: child.type })) },
    templates: entries.flatMap(({ child }) => child.templates),
    render: (values, options) => Object.fromEntries(entries.map(({ name, child }) => [name, child.render(values, options)])),
  }
}

function compileList(items: readonly unknown[], types: Readonly<Record<string, ValueType>>, path: string, depth: number): CompiledNode {
  const children = items.map((item, index) => compileNode(item, types, `${path}[${index}]`, depth + 1))
  const element = children.map((child) => child.type).reduce(mergeTypes, null) ?? { kind: 'string' }
  return {
    type: { kind: 'list', element },
    templates: children.flatMap((child) => child.templates),
    render: (values, options) => children.map((child) => fit(child.render(values, options), element)),
  }
}

/** The type that holds values of both; lists and groups merge by parts, everything else that differs becomes text. */
function mergeTypes(left: ValueType | null, right: ValueType): ValueType {
  if (left === null || JSON.stringify(left) === JSON.stringify(right)) return right
  if (left.kind === 'list' && right.kind === 'list') return { kind: 'list', element: mergeTypes(left.element, right.element) }
  if (left.kind === 'group' && right.kind === 'group') {
    const fields = left.fields.map((field): Field => {
      const other = right.fields.find((candidate) => candidate.name === field.name)
      return other === undefined ? field : { name: field.name, type: mergeTypes(field.type, other.type) }
    })
    return {
      kind: 'group',
      fields: [...fields, ...right.fields.filter((field) => !left.fields.some((known) => known.name === field.name))],
    }
  }
  const isNumeric = [left, right].every((type) => type.kind === 'int64' || type.kind === 'double')
  return { kind: isNumeric ? 'double' : 'string' }
}

/** The value in the shape of the list's element type. */
function fit(value: Value, type: ValueType): Value {
  if (value === null) return null
  if (type.kind === 'string') return typeof value === 'string' ? value : JSON.stringify(value)
  if (type.kind === 'list') return (value as readonly Value[]).map((item) => fit(item, type.element))
  if (type.kind !== 'group') return value
  const record = value as { readonly [field: string]: Value }
  return Object.fromEntries(
    type.fields.map((field) => [field.name, Object.hasOwn(record, field.name) ? fit(record[field.name] as Value, field.type) : null]),
  )
}

function invalid(path: string, message: string): ParquetryError {
  return new ParquetryError('TEMPLATE_INVALID', `At \`${path}\`: ${message}`, { templatePath: path })
}
