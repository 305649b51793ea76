/** Numbers as numpy rounds them and Python writes them: what `decimal_places` and `convert_to` mean. */
import type { Value } from '../../values.ts'

/** Nearest integer, halves to the even one; never −0. */
export function roundHalfToEven(x: number): number {
  const rounded = Math.round(x)
  return (Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded) + 0
}

/**
 * A function that rounds to `places` decimals as numpy does: scaled, rounded half to even, scaled back. Negative places round
 * to tens, hundreds … A number too large to be scaled has no decimals and stays as it is.
 */
export function createRounder(places: number): (x: number) => number {
  const factor = Number(`1e${Math.abs(places)}`)
  return (x) => {
    const rounded = places >= 0 ? roundHalfToEven(x * factor) / factor : roundHalfToEven(x / factor) * factor
    return Number.isFinite(rounded) ? rounded + 0 : x
  }
}

/** An integral number as a cell: `bigint` beyond ±(2^53 − 1). */
export function integerCell(x: number): Value {
  return Number.isSafeInteger(x) || !Number.isInteger(x) ? x : BigInt(x)
}

/** Python's `str()` of an int. */
export function pythonInt(x: number): string {
  return Number.isSafeInteger(x) || !Number.isInteger(x) ? String(x) : String(BigInt(x))
}

/** Python's `str()` of a float: 29 → `29.0`, 1e16 → `1e+16`, 0.00001 → `1e-05`. */
export function pythonFloat(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf'
  if (Object.is(x, -0)) return '-0.0'
  const magnitude = Math.abs(x)
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    const [digits, exponent] = x.toExponential().split('e') as [string, string]
    const power = Math.abs(Number(exponent))
    return `${digits}e${exponent.startsWith('-') ? '-' : '+'}${power < 10 ? `0${power}` : power}`
  }
  const text = String(x)
  return text.includes('.') ? text : `${text}.0`
}
