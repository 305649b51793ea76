/** Names of types as pyarrow and DataDesigner give them for our files. */
import type { ValueType } from '../../values.ts'

/** What `str(pyarrow_type)` says of a column of this type. */
export function pyarrowDtype(type: ValueType): string {
  switch (type.kind) {
    case 'string':
    case 'json':
      return 'string'
    case 'int64':
    case 'double':
      return type.kind
    case 'boolean':
      return 'bool'
    case 'timestamp':
      return 'timestamp[ms]'
    case 'list':
      return `list<element: ${pyarrowDtype(type.element)}>`
    case 'group':
      return `struct<${type.fields.map((field) => `${field.name}: ${pyarrowDtype(field.type)}`).join(', ')}>`
  }
}

/** DataDesigner's short name of it. */
export function simpleDtype(type: ValueType): string {
  switch (type.kind) {
    case 'string':
    case 'json':
      return 'string'
    case 'int64':
      return 'int'
    case 'double':
      return 'float'
    case 'boolean':
      return 'bool'
    case 'timestamp':
      return 'timestamp'
    case 'list':
      return `list[${simpleDtype(type.element)}]`
    case 'group':
      return 'dict'
  }
}
