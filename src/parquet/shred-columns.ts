/**
 * Shreds columns into leaves with definition and repetition levels (the Dremel encoding), checking every value on the way.
 *
 * 1. A value is either written as it is or refused by name; none is coerced.
 * 2. A leaf has one definition level per entry, and one value per entry whose level is the leaf's highest.
 * 3. Repetition levels are kept only below lists; elsewhere they are all 0 and parquet stores none.
 */
import { ParquetryError } from '../errors.ts'
import { describeFound, EXPECTED, isPlainObject, toDouble, toInt64, toJsonText, toText, toTimestamp } from './scalar-values.ts'

import type { ColumnData, ParquetField } from 'parquetjs-lite'
import type { Field, Value, ValueType } from '../values.ts'

/** Entries of one leaf that are not yet a page. */
export interface Leaf {
  readonly field: ParquetField
  data: ColumnData
  /** Size of the values in bytes, roughly (texts in UTF-16 units). */
  sizeBytes: number
}

/** One column, ready to take values. */
export interface ColumnShredder {
  readonly leaves: readonly Leaf[]
  /** Adds a row's value to the leaves. Throws `VALUE_NOT_REPRESENTABLE` naming column, row and field; the leaves are then unusable. */
  add(value: Value | undefined, row: number): void
}

/** Where the value at hand stands, for error messages. */
interface Position {
  readonly column: string
  row: number
  /** Fields and element numbers below the column. */
  readonly path: (string | number)[]
}

/** Adds a value, or null, whose parents are defined up to `definition`. */
type Emit = (value: unknown, repetition: number, definition: number) => void

/** Makes the shredder of a column. `leafFields` are the column's leaves, depth first, as `buildParquetFields` lists them. */
export function createColumnShredder(field: Field, leafFields: readonly ParquetField[]): ColumnShredder {
  const leaves = leafFields.map((leafField): Leaf => ({ field: leafField, data: emptyColumnData(), sizeBytes: 0 }))
  const position: Position = { column: field.name, row: 0, path: [] }
  const emit = createEmit(field.type, leaves.values(), position, 0)
  return {
    leaves,
    add(value, row) {
      position.row = row
      if (value === undefined) throw refuse(position, 'a value or null', value)
      emit(value, 0, 0)
    },
  }
}

/** Leaves a leaf as it was when it was made. */
export function clearLeaf(leaf: Leaf): void {
  leaf.data = emptyColumnData()
  leaf.sizeBytes = 0
}

function emptyColumnData(): ColumnData {
  return { dlevels: [], rlevels: [], values: [], distinct_values: new Set(), count: 0 }
}

function createEmit(type: ValueType, leaves: Iterator<Leaf>, position: Position, rLevel: number): Emit {
  switch (type.kind) {
    case 'group':
      return createGroupEmit(type.fields, leaves, position, rLevel)
    case 'list':
      return createListEmit(type.element, leaves, position, rLevel)
    case 'string':
      return createScalarEmit(leaves, position, 'string', toText)
    case 'json':
      return createScalarEmit(leaves, position, 'json', toJsonText)
    case 'int64':
      return createScalarEmit(leaves, position, 'int64', toInt64)
    case 'double':
      return createScalarEmit(leaves, position, 'double', toDouble)
    case 'timestamp':
      return createScalarEmit(leaves, position, 'timestamp', toTimestamp)
    case 'boolean':
      return createScalarEmit(leaves, position, 'boolean', (value) => (typeof value === 'boolean' ? value : null))
  }
}

function createScalarEmit(
  leaves: Iterator<Leaf>,
  position: Position,
  kind: keyof typeof EXPECTED,
  convert: (value: unknown) => string | number | bigint | boolean | null,
): Emit {
  const leaf = leaves.next().value as Leaf
  const { dLevelMax, rLevelMax, statistics } = leaf.field
  const isRepeated = rLevelMax > 0
  const hasStatistics = statistics !== false
  return (value, repetition, definition) => {
    const data = leaf.data
    if (isRepeated) data.rlevels.push(repetition)
    if (value === null || value === undefined) {
      data.dlevels.push(definition)
      return
    }
    const converted = convert(value)
    if (converted === null) throw refuse(position, EXPECTED[kind], value)
    data.dlevels.push(dLevelMax)
    data.values.push(converted)
    leaf.sizeBytes += typeof converted === 'string' ? converted.length : 8
    if (hasStatistics) data.distinct_values.add(converted)
  }
}

function createGroupEmit(fields: readonly Field[], leaves: Iterator<Leaf>, position: Position, rLevel: number): Emit {
  const children = fields.map(({ name, type }) => ({ name, emit: createEmit(type, leaves, position, rLevel) }))
  const names = new Set(fields.map(({ name }) => name))
  return (value, repetition, definition) => {
    if (value === null || value === undefined) {
      for (const { emit } of children) emit(null, repetition, definition)
      return
    }
    if (!isPlainObject(value)) throw refuse(position, EXPECTED.group, value)
    for (const name of Object.keys(value)) {
      if (!names.has(name)) throw refuse(position, EXPECTED.group, value, `with the field ${JSON.stringify(name)}`)
    }
    for (const { name, emit } of children) {
      position.path.push(name)
      emit(Object.hasOwn(value, name) ? value[name] : null, repetition, definition + 1)
      position.path.pop()
    }
  }
}

function createListEmit(element: ValueType, leaves: Iterator<Leaf>, position: Position, rLevel: number): Emit {
  const ownLevel = rLevel + 1
  const emit = createEmit(element, leaves, position, ownLevel)
  return (value, repetition, definition) => {
    if (value === null || value === undefined) return emit(null, repetition, definition)
    if (!Array.isArray(value)) throw refuse(position, EXPECTED.list, value)
    if (value.length === 0) return emit(null, repetition, definition + 1)
    for (let index = 0; index < value.length; index++) {
      position.path.push(index)
      const item: unknown = value[index]
      if (item === undefined) throw refuse(position, 'a value or null', item)
      emit(item, index === 0 ? repetition : ownLevel, definition + 2)
      position.path.pop()
    }
  }
}

function refuse(position: Position, expected: string, value: unknown, addition = ''): ParquetryError {
  const { column, row } = position
  const place = position.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  position.path.length = 0
  const found = `${describeFound(value)}${addition === '' ? '' : ` ${addition}`}`
  return new ParquetryError(
    'VALUE_NOT_REPRESENTABLE',
    `Column ${JSON.stringify(column)}, row ${row}${place === '' ? '' : `, at ${place}`}: expected ${expected}, found ${found}.`,
    { column, row, place, expected, found, wayOut: 'change the type of the column, or what makes its values' },
  )
}
