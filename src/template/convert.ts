/** Cells of a row → runtime values. */
import type { Value, ValueType } from '../values.ts'
import { parsePythonJson } from './json-text.ts'
import { Float, JsonText, normalizeInteger, type Dict, type DictKey, type Runtime } from './runtime-values.ts'

/** Longest text worth trying to open as JSON, in UTF-16 units. */
const MAX_JSON_TEXT = 10_000_000

/**
 * A cell as a runtime value. `type` decides between 29 and 29.0; without one, integral numbers are integers.
 * Texts that hold a JSON object or array become `JsonText` when `opensJson`.
 */
export function toRuntime(value: Value, type: ValueType | undefined, opensJson: boolean): Runtime {
  if (typeof value === 'string') return opensJson ? openText(value) : value
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return type?.kind === 'double' || !Number.isInteger(value) ? new Float(value) : toInteger(value)
  if (typeof value === 'bigint') return type?.kind === 'double' ? new Float(Number(value)) : normalizeInteger(value)
  if (value === null || value === undefined) return null
  if (value instanceof Date) return isoText(value)
  if (!Array.isArray(value)) return toDict(value as { readonly [field: string]: Value }, type)
  const element = type?.kind === 'list' ? type.element : undefined
  return (value as readonly Value[]).map((item) => toRuntime(item, element, false))
}

function toDict(value: { readonly [field: string]: Value }, type: ValueType | undefined): Dict {
  const dict = new Map<DictKey, Runtime>()
  for (const field of Object.keys(value)) dict.set(field, toRuntime(value[field] ?? null, fieldType(type, field), false))
  return dict
}

/** Declared type of a group's field, if it has one. */
export function fieldType(type: ValueType | undefined, field: string): ValueType | undefined {
  return type?.kind === 'group' ? type.fields.find((candidate) => candidate.name === field)?.type : undefined
}

/** The text, or what it holds when it is a JSON object or array. */
export function openText(text: string): string | JsonText {
  if (!/^[ \t\r\n]*[[{]/.test(text) || text.length > MAX_JSON_TEXT) return text
  const opened = parsePythonJson(text)
  return opened === undefined ? text : new JsonText(text, opened as readonly Runtime[] | Dict)
}

/** Date-times print as Python's `isoformat`: UTC without a suffix, fractions of a second only when there are any. */
export function isoText(date: Date): string {
  if (Number.isNaN(date.getTime())) return 'NaT'
  const [seconds, fraction] = date.toISOString().slice(0, -1).split('.') as [string, string]
  return fraction === '000' ? seconds : `${seconds}.${fraction}000`
}

function toInteger(value: number): number | bigint {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
  return BigInt(value)
}
