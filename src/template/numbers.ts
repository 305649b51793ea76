/** Python's arithmetic and rounding, and how it reads numbers from text. */
import { failRender } from './fault.ts'
import type { ArithmeticOperator } from './nodes.ts'
import { Float, normalizeInteger, type Runtime } from './runtime-values.ts'
import { trimEnd, trimStart } from './whitespace.ts'

/** A Python int, in its one form. */
export type Integer = number | bigint
/** Longest integer, in bits; as Python's 4,300 digits. */
const MAX_INTEGER_BITS = 14_300

/** The value as a number when Python would calculate with it (bool counts), else null. */
export function asNumber(value: Runtime): Integer | Float | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Float ? value : null
}

/** The number as a double. */
export function toDouble(value: Integer | Float): number {
  return value instanceof Float ? value.value : Number(value)
}

/** `left operator right`. Throws `TEMPLATE_FAILED` on division by zero, overflow, and integers beyond 4,300 digits. */
export function calculate(operator: ArithmeticOperator, left: Integer | Float, right: Integer | Float): Integer | Float {
  if (left instanceof Float || right instanceof Float) return new Float(calculateFloats(operator, toDouble(left), toDouble(right)))
  if (operator === '/') {
    refuseZero(right)
    return new Float(Number(left) / Number(right))
  }
  if (operator === '**' && right < 0) {
    refuseZero(left)
    return new Float(Number(left) ** Number(right))
  }
  if (typeof left === 'number' && typeof right === 'number') {
    const quick = operator === '+' ? left + right : operator === '-' ? left - right : operator === '*' ? left * right : Number.NaN
    if (Number.isSafeInteger(quick)) return quick === 0 ? 0 : quick
  }
  return normalizeInteger(calculateBig(operator, BigInt(left), BigInt(right)))
}

function calculateBig(operator: ArithmeticOperator, left: bigint, right: bigint): bigint {
  switch (operator) {
    case '+':
      return bounded(left + right)
    case '-':
      return bounded(left - right)
    case '*':
      return bounded(left * right)
    case '**': {
      if (left === 0n || left === 1n) return right === 0n ? 1n : left
      if (left === -1n) return right % 2n === 0n ? 1n : -1n
      if (BigInt(bits(left) - 1) * right > BigInt(MAX_INTEGER_BITS)) throw tooLarge()
      return bounded(left ** right)
    }
    case '//':
    case '%':
    case '/': {
      refuseZero(right)
      const remainder = left % right
      const isOff = remainder !== 0n && remainder < 0n !== right < 0n
      if (operator === '%') return isOff ? remainder + right : remainder
      return left / right - (isOff ? 1n : 0n)
    }
  }
}

function bits(value: bigint): number {
  return (value < 0n ? -value : value).toString(2).length
}

function bounded(value: bigint): bigint {
  if (bits(value) > MAX_INTEGER_BITS) throw tooLarge()
  return value
}

function tooLarge(): Error {
  return failRender('expected an integer of at most 4,300 digits, found a larger one.')
}

function refuseZero(value: Integer): void {
  if (value === 0 || value === 0n) throw failRender('division by zero.')
}

function calculateFloats(operator: ArithmeticOperator, left: number, right: number): number {
  if (right === 0 && (operator === '/' || operator === '//' || operator === '%')) throw failRender('division by zero.')
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    case '**':
      return power(left, right)
    case '%':
      return modulo(left, right)
    case '//': {
      const quotient = (left - modulo(left, right)) / right
      const floor = Math.floor(quotient)
      if (quotient === 0) return left / right < 0 || Object.is(left / right, -0) ? -0 : 0
      return quotient - floor > 0.5 ? floor + 1 : floor
    }
  }
}

function power(left: number, right: number): number {
  if (left === 0 && right < 0) throw failRender('zero cannot be raised to a negative power.')
  const result = left === 1 || right === 0 ? 1 : left ** right
  if (Number.isNaN(result) && !Number.isNaN(left) && !Number.isNaN(right)) throw failRender('a negative number has no real root.')
  if (!Number.isFinite(result) && Number.isFinite(left) && Number.isFinite(right)) throw failRender('the power is too large for a float.')
  return result
}

function modulo(left: number, right: number): number {
  const remainder = left % right
  if (remainder === 0) return right < 0 ? -0 : 0
  return remainder < 0 === right < 0 ? remainder : remainder + right
}

/** `-value`. */
export function negate(value: Integer | Float): Integer | Float {
  if (value instanceof Float) return new Float(-value.value)
  return typeof value === 'bigint' ? normalizeInteger(-value) : value === 0 ? 0 : -value
}

/** Negative, 0 or positive; NaN when not ordered. Exact between integers and floats of any size. */
export function compareNumbers(left: Integer | Float, right: Integer | Float): number {
  const a = left instanceof Float ? left.value : left
  const b = right instanceof Float ? right.value : right
  return a < b ? -1 : a > b ? 1 : Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : 0
}

/** `round(value, digits)` of a float: to the nearest, of two equally near the even one, judged on the exact binary value. */
export function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 22) return value
  if (digits < 0) return roundTens(value, -digits)
  if (Math.abs(value) >= 1e21) return value
  // oxlint-disable-next-line oxc/number-arg-out-of-range -- up to 100 digits are allowed since ES2018
  const exact = Math.abs(value).toFixed(100)
  const cut = exact.indexOf('.') + 1 + digits
  const rounded = Math.abs(value).toFixed(digits)
  const isTie = /^50*$/.test(exact.slice(cut))
  const lower = digits === 0 ? exact.slice(0, cut - 1) : exact.slice(0, cut)
  const isLowerEven = Number(lower.at(-1)) % 2 === 0
  const result = Number(isTie && isLowerEven ? lower : rounded)
  return value < 0 ? -result : result
}

function roundTens(value: number, zeros: number): number {
  if (zeros > 308) return value < 0 ? -0 : 0
  const quotient = value / 10 ** zeros
  const result = roundFloat(quotient, 0) * 10 ** zeros
  return Number.isFinite(result) ? result : value
}

/** `round(value, digits)` of an integer. */
export function roundInteger(value: Integer, digits: number): Integer {
  if (digits >= 0) return value
  if (-digits > 4300) return 0
  const unit = 10n ** BigInt(-digits)
  const big = BigInt(value)
  const size = big < 0n ? -big : big
  const lower = size / unit
  const doubled = (size % unit) * 2n
  const isUp = doubled > unit || (doubled === unit && lower % 2n === 1n)
  const result = (lower + (isUp ? 1n : 0n)) * unit
  return normalizeInteger(big < 0n ? -result : result)
}

const INTEGER_TEXT = /^[+-]?\d+(?:_\d+)*$/
const FLOAT_TEXT = /^[+-]?(?:(?:\d+(?:_\d+)*)(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/
const SPECIAL_TEXT = /^([+-]?)(inf(?:inity)?|nan)$/i

/** `float(text)`, or null where Python raises. */
export function readFloat(text: string): number | null {
  const trimmed = text.length > 5000 ? text : trimEnd(trimStart(text))
  if (FLOAT_TEXT.test(trimmed)) return Number(trimmed.replaceAll('_', ''))
  const special = SPECIAL_TEXT.exec(trimmed)
  if (special === null) return null
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** `int(text, base)`, or null where Python raises. */
export function readInteger(text: string, base = 10): Integer | null {
  if (text.length > 4_400) return null
  const trimmed = trimEnd(trimStart(text))
  if (base === 10) return INTEGER_TEXT.test(trimmed) ? readDigits(trimmed) : null
  const match = /^([+-]?)(0[xX]|0[oO]|0[bB])?((?:[\da-zA-Z]+)(?:_[\da-zA-Z]+)*)$/.exec(trimmed)
  if (match === null) return null
  const prefixBase = match[2] === undefined ? base : { x: 16, o: 8, b: 2 }[match[2][1]?.toLowerCase() as 'x' | 'o' | 'b']
  const isPrefixed = match[2] !== undefined && (base === 0 || prefixBase === base)
  const digits = (isPrefixed ? match[3] : `${match[2] ?? ''}${match[3]}`)?.replaceAll('_', '').toLowerCase() ?? ''
  const radix = base === 0 ? (isPrefixed ? prefixBase : 10) : base
  if (radix < 2 || radix > 36) return null
  let value = 0n
  for (const digit of digits) {
    const worth = Number.parseInt(digit, 36)
    if (Number.isNaN(worth) || worth >= radix) return null
    value = value * BigInt(radix) + BigInt(worth)
  }
  return normalizeInteger(match[1] === '-' ? -value : value)
}

function readDigits(text: string): Integer {
  const digits = text.replaceAll('_', '').replace(/^\+/, '')
  const value = Number(digits)
  return Number.isSafeInteger(value) ? (value === 0 ? 0 : value) : normalizeInteger(BigInt(digits))
}

/** `int(value)` of a double: cut toward zero, exact at any size; null for NaN and infinities. */
export function truncateDouble(value: number): Integer | null {
  if (!Number.isFinite(value)) return null
  const whole = Math.trunc(value)
  return Number.isSafeInteger(whole) ? (whole === 0 ? 0 : whole) : BigInt(whole)
}
