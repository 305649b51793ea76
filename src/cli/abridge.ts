/** Values that people are shown a part of: vectors of hundreds of numbers, and pictures as base64. Pure. */
import type { Value } from '../values.ts'
import { count } from './format.ts'

/** Numbers of a list that are shown whole, and how many of a longer one. */
const WHOLE_NUMBERS = 16
const SHOWN_NUMBERS = 4
/** Characters of a text without any blank that are shown whole, and how many of a longer one. */
const WHOLE_TEXT = 400
const SHOWN_TEXT = 32

/** The value with what nobody reads left out, and said. */
export function abridge(value: Value): Value {
  if (typeof value === 'string') {
    if (value.length <= WHOLE_TEXT || !/^[A-Za-z0-9+/=:;,._-]+$/.test(value)) return value
    return `${value.slice(0, SHOWN_TEXT)}… (${count(value.length)} characters)`
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, abridge(inner as Value)]))
  const list = value as readonly Value[]
  if (list.length <= WHOLE_NUMBERS || !list.every((item) => typeof item === 'number')) return list.map(abridge)
  return [...list.slice(0, SHOWN_NUMBERS), `… ${count(list.length - SHOWN_NUMBERS)} more`]
}
