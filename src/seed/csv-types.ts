/** The types of CSV columns, from all their cells: what every cell can be read as without losing a digit. */
import type { Value, ValueType } from '../values.ts'

const INTEGER = /^-?(?:0|[1-9]\d{0,18})$/
const LONG_INTEGER = /^-?[1-9]\d{18,}$/
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

/** What is known of one column so far. */
export interface CsvColumn {
  isEmpty: boolean
  isInteger: boolean
  isNumber: boolean
  isBoolean: boolean
  /** Holds an integer that a double would round. */
  hasLongInteger: boolean
}

/** A column of which nothing was seen. */
export function newCsvColumn(): CsvColumn {
  return { isEmpty: true, isInteger: true, isNumber: true, isBoolean: true, hasLongInteger: false }
}

/** Looks at one more cell. */
export function addCell(column: CsvColumn, cell: string): void {
  if (cell === '') return
  column.isEmpty = false
  if (column.isInteger || column.isNumber) {
    const isInteger = INTEGER.test(cell) && (cell.length < 19 || isInt64(BigInt(cell)))
    if (!isInteger) column.isInteger = false
    if (isInteger ? !Number.isSafeInteger(Number(cell)) : LONG_INTEGER.test(cell)) column.hasLongInteger = true
    if (!isInteger && !(NUMBER.test(cell) && Number.isFinite(Number(cell)))) column.isNumber = false
  }
  if (column.isBoolean && !/^(?:true|false)$/i.test(cell)) column.isBoolean = false
}

/** The type that holds all cells: int64, double, boolean, else string. Numbers with leading zeros are texts: they are codes. */
export function csvType(column: CsvColumn): ValueType {
  if (column.isEmpty) return { kind: 'string' }
  if (column.isInteger) return { kind: 'int64' }
  if (column.isNumber && !column.hasLongInteger) return { kind: 'double' }
  return { kind: column.isBoolean ? 'boolean' : 'string' }
}

/** A cell as a value of its column's type; an empty cell is null. */
export function csvValue(cell: string, { kind }: ValueType): Value {
  if (cell === '') return null
  if (kind === 'double') return Number(cell)
  if (kind === 'boolean') return cell.toLowerCase() === 'true'
  if (kind !== 'int64') return cell
  const number = Number(cell)
  return Number.isSafeInteger(number) ? number + 0 : BigInt(cell)
}

function isInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64
}
