/** Whether a validation column says of a record that it is valid. */
import type { Value } from '../../values.ts'

/** True for a result that says so; of a group of results, where each of them does. Nothing else is valid, null included. */
export function isValidRecord(value: Value): boolean {
  if (!isMapping(value)) return false
  if (value['is_valid'] === true) return true
  const results = Object.values(value)
  return results.length > 0 && results.every((result) => isMapping(result) && result['is_valid'] === true)
}

function isMapping(value: Value): value is { readonly [field: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
