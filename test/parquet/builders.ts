/** Schemas, values and tables for the tests of src/parquet. */
import fc from 'fast-check'

import type { Field, Schema, Table, Value, ValueType } from '../../src/values.ts'

/** A column of a scalar type, or of any type given. */
export function column(name: string, type: ValueType | 'string' | 'int64' | 'double' | 'boolean' | 'timestamp' | 'json'): Field {
  return { name, type: typeof type === 'string' ? { kind: type } : type }
}

export function list(element: ValueType): ValueType {
  return { kind: 'list', element }
}

export function group(...fields: Field[]): ValueType {
  return { kind: 'group', fields }
}

export function tableOf(columns: Readonly<Record<string, readonly Value[]>>): Table {
  const entries = Object.entries(columns)
  return { rowCount: entries[0]?.[1].length ?? 0, columns: new Map(entries) }
}

/** Columns as plain objects, for comparing. */
export function columnsOf(table: Table): Record<string, readonly Value[]> {
  return Object.fromEntries(table.columns)
}

/** Texts that have broken a reader or a writer before. */
export const HARD_TEXTS = [
  '',
  ' ',
  'null',
  '\u0000',
  '\uFEFFmark',
  'a\r\nb',
  '😀 hi',
  '👩‍👩‍👧',
  '漢字かな交じり文',
  'Ｆｕｌｌ',
  '\u{10FFFF}',
  '\uFFFF',
  'zß',
  '"\\',
]

const text = fc.oneof(fc.constantFrom(...HARD_TEXTS), fc.string({ unit: 'grapheme', maxLength: 12 }))
const int64 = fc.oneof(
  fc.maxSafeInteger().map((value) => value + 0),
  fc.constantFrom(0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
)
const json: fc.Arbitrary<Value> = fc.jsonValue({ maxDepth: 3 }).map((value) => dropNegativeZero(value as Value))

function dropNegativeZero(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value
}

function valueOf(type: ValueType): fc.Arbitrary<Value> {
  return fc.option(presentValueOf(type), { freq: 4, nil: null })
}

function presentValueOf(type: ValueType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'string':
      return text
    case 'int64':
      return int64
    case 'double':
      return fc.double({ noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'timestamp':
      return fc.date({ noInvalidDate: true })
    case 'json':
      return json
    case 'list':
      return fc.array(valueOf(type.element), { maxLength: 4 })
    case 'group':
      return fc.record(Object.fromEntries(type.fields.map((field) => [field.name, valueOf(field.type)])))
  }
}

const scalar = fc
  .constantFrom('string', 'int64', 'double', 'boolean', 'timestamp', 'json')
  .map((kind): ValueType => ({ kind }) as ValueType)
const fieldName = fc.oneof(
  fc.constantFrom('list', 'element', 'a', 'b', 'id', 'naïve', '名前', '😀', 'with space'),
  fc.stringMatching(/^[a-z_]{1,6}$/),
)

function fieldsOf(type: fc.Arbitrary<ValueType>, maxLength: number): fc.Arbitrary<Field[]> {
  return fc.uniqueArray(fc.record({ name: fieldName, type }), { minLength: 1, maxLength, selector: (field) => field.name })
}

const { type: anyType } = fc.letrec<{ type: ValueType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    tie('type').map((element): ValueType => ({ kind: 'list', element })),
    fieldsOf(tie('type'), 3).map((fields): ValueType => ({ kind: 'group', fields })),
  ),
}))

/** Any schema of up to four columns, with a table of up to eight rows. */
export const anySchemaAndTable: fc.Arbitrary<{ schema: Schema; table: Table }> = fieldsOf(anyType, 4).chain((schema) =>
  fc.integer({ min: 0, max: 8 }).chain((rowCount) =>
    fc.tuple(...schema.map((field) => fc.array(valueOf(field.type), { minLength: rowCount, maxLength: rowCount }))).map((columns) => ({
      schema,
      table: { rowCount, columns: new Map(schema.map((field, index) => [field.name, columns[index] ?? []])) },
    })),
  ),
)
