/**
 * The scalars of a table as parquetjs-lite's PLAIN encoder takes them, or null for a value that the declared type cannot hold.
 * Nothing is coerced: what is not of the type is refused, so that reading gives back what was written.
 */

/** What a value was expected to be, in words for an error message. */
export const EXPECTED = {
  string: 'a text that is well-formed Unicode',
  int64: 'an integer from -2^63 to 2^63-1, as bigint beyond ±(2^53-1)',
  double: 'a number other than NaN (use null for a missing number)',
  boolean: 'true or false',
  timestamp: 'a valid Date',
  json: `JSON values (text, finite number, true, false, null, array, object) nested at most 500 deep`,
  list: 'an array',
  group: 'an object with no fields but the declared ones',
} as const

/** A depth that every JSON reader in use accepts; a cycle ends here too. */
const MAX_JSON_DEPTH = 500
const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

/** A text without lone surrogates, which UTF-8 cannot carry and `Buffer` would replace in silence. */
export function toText(value: unknown): string | null {
  return typeof value === 'string' && isWellFormed(value) ? value : null
}

/** An exact integer. A `number` beyond ±(2^53−1) is refused, since it may have been rounded already. */
export function toInt64(value: unknown): number | bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null
  if (typeof value !== 'bigint' || value < MIN_INT64 || value > MAX_INT64) return null
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Any double but NaN, which readers take for null or for the largest number, each as it likes. ±Infinity is written as it is. */
export function toDouble(value: unknown): number | null {
  return typeof value === 'number' && !Number.isNaN(value) ? value : null
}

/** Milliseconds since the epoch. */
export function toTimestamp(value: unknown): number | null {
  if (!(value instanceof Date)) return null
  const time = value.getTime()
  return Number.isNaN(time) ? null : time
}

/** JSON text that reads back as the same value; null where `JSON.stringify` would change it (NaN, Date, undefined, rounded bigint). */
export function toJsonText(value: unknown): string | null {
  const found = { bigint: false }
  if (!isJson(value, 0, found)) return null
  return found.bigint ? JSON.stringify(value, bigintAsNumber) : JSON.stringify(value)
}

/** An object made of fields, not an array, Date, Map or instance of a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

/** What was found, in words; never the text itself, for it may be a prompt or an answer. */
export function describeFound(value: unknown): string {
  if (typeof value === 'string') return `a text of ${value.length} characters${isWellFormed(value) ? '' : ' with half a surrogate pair'}`
  if (typeof value === 'number') return `the number ${Object.is(value, -0) ? '-0' : value}`
  if (typeof value === 'bigint') return `the integer ${shorten(value.toString())}`
  if (typeof value === 'boolean') return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value === null || value === undefined || typeof value === 'function' || typeof value === 'symbol') {
    return value === null ? 'null' : typeof value
  }
  return 'an object'
}

function isJson(value: unknown, depth: number, found: { bigint: boolean }): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'bigint':
      found.bigint = true
      return Number.isSafeInteger(Number(value))
    case 'object':
      return value === null || isJsonContainer(value, depth, found)
    case 'function':
    case 'symbol':
    case 'undefined':
      return false
  }
}

function isJsonContainer(value: object, depth: number, found: { bigint: boolean }): boolean {
  if (depth >= MAX_JSON_DEPTH) return false
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isJson(value[index], depth + 1, found)) return false
    return true
  }
  if (!isPlainObject(value) || typeof value['toJSON'] === 'function') return false
  for (const key of Object.keys(value)) if (!isJson(value[key], depth + 1, found)) return false
  return true
}

function bigintAsNumber(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

/** Node 20 has `isWellFormed`; the ES2023 library does not declare it. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}

function shorten(digits: string): string {
  return digits.length <= 40 ? digits : `${digits.slice(0, 20)}… (${digits.length} digits)`
}
