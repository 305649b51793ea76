/** Turns JSON that fits a schema into the value its declared type stores. */
import type { Value, ValueType } from '../values.ts'

/** The value, or why the declared type cannot hold it. */
export type Normalised = { readonly isHeld: true; readonly value: Value } | { readonly isHeld: false; readonly message: string }

/**
 * `json` as a value of `type`: fields of a group that are absent become null and unknown ones are left out; scalars in a string
 * field are written as text; a whole number such as 3.0 is an integer. Refused: what would have to be rounded, such as an integer
 * beyond 2^53, which a JSON reader has rounded already.
 */
export function normaliseValue(json: unknown, type: ValueType): Normalised {
  try {
    return { isHeld: true, value: hold(json, type, '') }
  } catch (error) {
    if (error instanceof NotHeld) return { isHeld: false, message: error.message }
    throw error
  }
}

/** Leaves the recursion; never leaves this file. */
class NotHeld extends Error {}

function hold(json: unknown, type: ValueType, path: string): Value {
  if (json === null || json === undefined) return null
  switch (type.kind) {
    case 'string':
      return typeof json === 'string' ? json : JSON.stringify(json)
    case 'boolean':
      if (typeof json === 'boolean') return json
      return refuse(path, 'true or false', json)
    case 'double':
      if (typeof json === 'number') return json
      return refuse(path, 'a number', json)
    case 'int64':
      // Integers know no negative zero.
      if (typeof json === 'number' && Number.isSafeInteger(json)) return Object.is(json, -0) ? 0 : json
      return refuse(path, 'an integer between -(2^53-1) and 2^53-1', json)
    case 'timestamp': {
      const time = typeof json === 'string' ? Date.parse(json) : Number.NaN
      return Number.isNaN(time) ? refuse(path, 'a date-time such as 2025-01-31T12:00:00Z', json) : new Date(time)
    }
    case 'json':
      return json as Value
    case 'list':
      if (!Array.isArray(json)) return refuse(path, 'a list', json)
      return json.map((item, at) => hold(item, type.element, `${path}/${at}`))
    case 'group': {
      if (typeof json !== 'object' || Array.isArray(json)) return refuse(path, 'an object', json)
      const given = json as Readonly<Record<string, unknown>>
      const fields = type.fields.map((field): [string, Value] => [
        field.name,
        Object.hasOwn(given, field.name) ? hold(given[field.name], field.type, `${path}/${field.name}`) : null,
      ])
      return Object.fromEntries(fields)
    }
  }
}

function refuse(path: string, expected: string, found: unknown): never {
  const what =
    typeof found === 'number' || typeof found === 'boolean' ? String(found) : Array.isArray(found) ? 'a list' : `a ${typeof found}`
  throw new NotHeld(`${path === '' ? 'the value' : path}: expected ${expected}, found ${what}.`)
}
