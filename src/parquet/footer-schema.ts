/** The schema of a parquet file, ours or another's, as our types. */
import type { ParquetType, SchemaElement, SchemaTree } from 'hyparquet'

import type { Field, Schema, ValueType } from '../values.ts'

type ScalarKind = Exclude<ValueType['kind'], 'list' | 'group'>

/** The columns of a file from the root of its schema tree. Exact for files we wrote; for others the nearest type that we can hold. */
export function toSchema(root: SchemaTree): Schema {
  return root.children.map(toField)
}

/** True when two schemas have the same columns of the same types in the same order. */
export function isSameSchema(left: Schema, right: Schema): boolean {
  return describeSchemaDifference(left, right) === null
}

/** The first difference of two schemas in words, or null when they are the same. */
export function describeSchemaDifference(left: Schema, right: Schema): string | null {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [one, other] = [left[index], right[index]]
    if (one === undefined || other === undefined || one.name !== other.name) {
      return `column ${index} is ${describeColumn(one)} on one side and ${describeColumn(other)} on the other`
    }
    const [type, otherType] = [describeType(one.type), describeType(other.type)]
    if (type !== otherType) return `column ${JSON.stringify(one.name)} is ${type} on one side and ${otherType} on the other`
  }
  return null
}

/** A type in one line, the same text for the same type: `list<group<"name": string>>`. */
export function describeType(type: ValueType): string {
  switch (type.kind) {
    case 'list':
      return `list<${describeType(type.element)}>`
    case 'group':
      return `group<${type.fields.map((field) => `${JSON.stringify(field.name)}: ${describeType(field.type)}`).join(', ')}>`
    case 'string':
    case 'json':
    case 'int64':
    case 'double':
    case 'boolean':
    case 'timestamp':
      return type.kind
  }
}

function describeColumn(field: Field | undefined): string {
  return field === undefined ? 'missing' : JSON.stringify(field.name)
}

function toField(tree: SchemaTree): Field {
  const type = toType(tree)
  return { name: tree.element.name, type: tree.element.repetition_type === 'REPEATED' ? { kind: 'list', element: type } : type }
}

function toType(tree: SchemaTree): ValueType {
  const [first] = tree.children
  if (first === undefined) return { kind: toScalarKind(tree.element) }
  if (tree.element.converted_type === 'MAP') return { kind: 'json' }
  if (tree.element.converted_type === 'LIST' && tree.children.length === 1 && first.element.repetition_type === 'REPEATED') {
    const [element, another] = first.children
    return { kind: 'list', element: element !== undefined && another === undefined ? toType(element) : toType(first) }
  }
  return { kind: 'group', fields: tree.children.map(toField) }
}

/** Decimals become doubles, dates timestamps, times integers, and bytes without a meaning texts. */
function toScalarKind(element: SchemaElement): ScalarKind {
  const { type, converted_type: converted, logical_type: logical } = element
  if (converted === 'JSON' || logical?.type === 'JSON') return 'json'
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return 'double'
  if (converted === 'DATE' || logical?.type === 'DATE') return 'timestamp'
  if (converted === 'TIMESTAMP_MILLIS' || converted === 'TIMESTAMP_MICROS' || logical?.type === 'TIMESTAMP') return 'timestamp'
  if (logical?.type === 'FLOAT16') return 'double'
  return type === undefined ? 'string' : KIND_OF_PHYSICAL_TYPE[type]
}

const KIND_OF_PHYSICAL_TYPE = {
  BOOLEAN: 'boolean',
  INT32: 'int64',
  INT64: 'int64',
  INT96: 'timestamp',
  FLOAT: 'double',
  DOUBLE: 'double',
  BYTE_ARRAY: 'string',
  FIXED_LEN_BYTE_ARRAY: 'string',
} as const satisfies Record<ParquetType, ScalarKind>
