/** The values that stand in skipped cells. */
import type { ValueType } from '../values.ts'
import type { Column, Skip } from './compiled.ts'
import { describe } from './issues.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'

/** The column with its skip value as its type stores it. Reports a value that the type cannot hold. */
export function withSkipValue(column: Column, type: ValueType, path: Path, report: Report): Column {
  if (column.column_type === 'sampler' || column.column_type === 'seed-dataset' || column.skip === null) return column
  const { when, value } = column.skip
  const held = holdSkipValue(value, type)
  if (held === undefined) {
    const place = [...path, 'skip', 'value']
    report.error(place, `expected ${EXPECTED[type.kind]}, found ${describe(value, place)}`)
  }
  return { ...column, skip: { when, value: held ?? null } }
}

const EXPECTED: Readonly<Record<ValueType['kind'], string>> = {
  string: 'a text',
  int64: 'a whole number, as the column holds',
  double: 'a number, as the column holds',
  boolean: 'true or false, as the column holds',
  timestamp: 'null, as the column holds date-times',
  json: 'a value',
  list: 'null, as the column holds lists',
  group: 'null, as the column holds groups of fields',
}

/** The value in the column's type, as Python converts it (`int`, `float`, `str`); undefined when it cannot be. */
function holdSkipValue(value: Skip['value'], type: ValueType): Skip['value'] | undefined {
  if (value === null || type.kind === 'json') return value
  switch (type.kind) {
    case 'string':
      return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)
    case 'int64':
      return wholeNumber(value)
    case 'double':
      return finite(value)
    case 'boolean':
      if (typeof value === 'string') return /^(?:true|false)$/i.test(value) ? value.toLowerCase() === 'true' : undefined
      return Boolean(value)
    case 'timestamp':
    case 'list':
    case 'group':
      return undefined
  }
}

function wholeNumber(value: NonNullable<Skip['value']>): number | undefined {
  if (typeof value === 'string' && !/^\s*[-+]?\d+\s*$/.test(value)) return undefined
  const number = Math.trunc(Number(value)) + 0
  return Number.isSafeInteger(number) ? number : undefined
}

function finite(value: NonNullable<Skip['value']>): number | undefined {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value)
  return Number.isFinite(number) ? number : undefined
}
