/** Our schema as the field list that parquetjs-lite writes from. */
import { ParquetryError } from '../errors.ts'

import type { ParquetField } from 'parquetjs-lite'
import type { Field, Schema, ValueType } from '../values.ts'

/** Page compression of a file; see `COMPRESSION` for the one we write. */
export type Compression = 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP'

/** A schema ready to be written. */
export interface ParquetFields {
  /** By column name; parquetjs-lite reads only how many there are. */
  readonly fields: Readonly<Record<string, true>>
  /** All nodes depth first, in the order of the file. */
  readonly fieldList: readonly ParquetField[]
}

type ScalarKind = Exclude<ValueType['kind'], 'list' | 'group'>

/**
 * The parquet types of the scalars. Statistics stand only on numbers: those of strings are wrong beyond the BMP and copy whole
 * texts into the footer (ruling 13), those of timestamps are refused by parquetjs-lite before 1970.
 */
const SCALARS = {
  string: { primitiveType: 'BYTE_ARRAY', originalType: 'UTF8', statistics: false },
  json: { primitiveType: 'BYTE_ARRAY', originalType: 'JSON', statistics: false },
  int64: { primitiveType: 'INT64', originalType: undefined, statistics: undefined },
  double: { primitiveType: 'DOUBLE', originalType: undefined, statistics: undefined },
  boolean: { primitiveType: 'BOOLEAN', originalType: undefined, statistics: false },
  timestamp: { primitiveType: 'INT64', originalType: 'TIMESTAMP_MILLIS', statistics: false },
} as const satisfies Record<ScalarKind, { primitiveType: string; originalType: string | undefined; statistics: false | undefined }>

/** Where a node stands: its path, the levels of its parent, and whether a list is above it. */
interface Place {
  readonly path: readonly string[]
  readonly rLevel: number
  readonly dLevel: number
  readonly isInList: boolean
}

/**
 * Lists the parquet nodes of a schema: every column and field is OPTIONAL, lists are the three-level ones.
 * Built here and not by `ParquetSchema`, whose plain objects reorder columns named like numbers.
 * Throws `CONFIG_INVALID` for a schema that no parquet file can have.
 */
export function buildParquetFields(schema: Schema, compression: Compression): ParquetFields {
  if (schema.length === 0) throw schemaError('at least one column is expected, none was found')
  checkNames(schema, 'column')
  const place: Place = { path: [], rLevel: 0, dLevel: 0, isInList: false }
  const fieldList = schema.flatMap((field) => listNodes(field, place, compression))
  checkPaths(fieldList)
  return { fields: Object.fromEntries(schema.map((field) => [field.name, true])), fieldList }
}

function listNodes({ name, type }: Field, parent: Place, compression: Compression): ParquetField[] {
  const path = [...parent.path, name]
  const levels = { path, repetitionType: 'OPTIONAL', rLevelMax: parent.rLevel, dLevelMax: parent.dLevel + 1 } as const
  const place: Place = { path, rLevel: levels.rLevelMax, dLevel: levels.dLevelMax, isInList: parent.isInList }
  switch (type.kind) {
    case 'group': {
      if (type.fields.length === 0)
        throw schemaError(`the group ${quotePath(path)} has no fields; use JSON for objects without fixed fields`)
      checkNames(type.fields, `field of ${quotePath(path)}`)
      const children = type.fields.flatMap((field) => listNodes(field, place, compression))
      return [{ name, ...levels, isNested: true, statistics: undefined, fieldCount: type.fields.length }, ...children]
    }
    case 'list': {
      const repeated: Place = { path: [...path, 'list'], rLevel: place.rLevel + 1, dLevel: place.dLevel + 1, isInList: true }
      const middle: ParquetField = {
        name: 'list',
        path: repeated.path,
        repetitionType: 'REPEATED',
        rLevelMax: repeated.rLevel,
        dLevelMax: repeated.dLevel,
        isNested: true,
        statistics: undefined,
        fieldCount: 1,
      }
      const element = listNodes({ name: 'element', type: type.element }, repeated, compression)
      return [{ name, ...levels, isNested: true, statistics: undefined, fieldCount: 1, originalType: 'LIST' }, middle, ...element]
    }
    case 'string':
    case 'json':
    case 'int64':
    case 'double':
    case 'boolean':
    case 'timestamp': {
      const scalar = SCALARS[type.kind]
      const statistics = parent.isInList ? false : scalar.statistics
      return [{ name, ...levels, ...scalar, statistics, encoding: 'PLAIN', compression, typeLength: undefined }]
    }
  }
}

function checkNames(fields: readonly Field[], what: string): void {
  const seen = new Set<string>()
  for (const { name } of fields) {
    // hyparquet loses a leading byte order mark, and keeps the fields of a group in a plain object.
    if (name === '' || name === '__proto__' || name.startsWith('\uFEFF') || /\p{Surrogate}/u.test(name)) {
      throw schemaError(`${JSON.stringify(name)} is not a name that a ${what} can have`)
    }
    if (seen.has(name)) throw schemaError(`a ${what} named ${JSON.stringify(name)} appears twice; names must differ`)
    seen.add(name)
  }
}

/** parquetjs-lite tells leaves apart by their path joined with `,`, hyparquet by `.`: two paths must not become one. */
function checkPaths(fieldList: readonly ParquetField[]): void {
  const seen = new Map<string, ParquetField>()
  for (const field of fieldList) {
    const key = field.path.join('.').replaceAll(',', '.')
    const other = seen.get(key)
    if (other !== undefined) {
      throw schemaError(`${quotePath(other.path)} and ${quotePath(field.path)} cannot be told apart by parquet readers; rename one of them`)
    }
    seen.set(key, field)
  }
}

function quotePath(path: readonly string[]): string {
  return path.map((name) => JSON.stringify(name)).join(' > ')
}

function schemaError(message: string): ParquetryError {
  return new ParquetryError('CONFIG_INVALID', `The columns cannot be written to parquet: ${message}.`, {
    wayOut: 'change the names or types of the columns',
  })
}
