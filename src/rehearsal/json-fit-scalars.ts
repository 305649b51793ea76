/** Numbers and strings that fit a plain schema. */
import type { Draws } from './draws.ts'
import { formatted } from './formats.ts'
import type { Fitting } from './fitting.ts'
import { matching } from './pattern.ts'
import { labelledText } from './words.ts'

type SchemaObject = { readonly [keyword: string]: unknown }

/** Free text has at most this many characters, whatever the schema would allow. */
const MAX_TEXT = 200_000

/** A keyword's number, or undefined. */
export function numberAt(schema: SchemaObject, keyword: string): number | undefined {
  const value = schema[keyword]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** A number within the schema's bounds, with at most two decimals where they allow it. Without bounds 0 to 100. */
export function fitNumber(schema: SchemaObject, draws: Draws, isInteger: boolean): number {
  const { low, high } = bounds(schema, isInteger)
  const step = numberAt(schema, 'multipleOf')
  if (step !== undefined && step > 0) return fitMultiple(step, low, high, draws, isInteger)
  if (isInteger) {
    const [first, last] = [Math.ceil(low), Math.floor(high)]
    return Math.min(last, first + Math.floor(draws.next() * (last - first + 1)))
  }
  const drawn = low + (high - low) * draws.next()
  const rounded = Math.round(drawn * 100) / 100
  return rounded >= low && rounded <= high ? rounded : drawn
}

function bounds(schema: SchemaObject, isInteger: boolean): { low: number; high: number } {
  const above = numberAt(schema, 'exclusiveMinimum')
  const below = numberAt(schema, 'exclusiveMaximum')
  const lows = [
    numberAt(schema, 'minimum') ?? -Infinity,
    above === undefined ? -Infinity : isInteger ? Math.floor(above) + 1 : justAbove(above, 1),
  ]
  const highs = [
    numberAt(schema, 'maximum') ?? Infinity,
    below === undefined ? Infinity : isInteger ? Math.ceil(below) - 1 : justAbove(below, -1),
  ]
  const [least, most] = [Math.max(...lows), Math.min(...highs)]
  const span = 100 * Math.max(1, numberAt(schema, 'multipleOf') ?? 1)
  if (least === -Infinity) return { low: most === Infinity ? 0 : most - span, high: most === Infinity ? span : most }
  return { low: least, high: most === Infinity ? least + span : most }
}

function justAbove(bound: number, direction: 1 | -1): number {
  return bound + direction * Math.max(Math.abs(bound) * Number.EPSILON * 2, 1e-9)
}

/** Multiples of fractions are inexact in binary, so some of them would be refused: prefers one that divides evenly. */
function fitMultiple(step: number, low: number, high: number, draws: Draws, isInteger: boolean): number {
  const [first, last] = [Math.ceil(low / step), Math.floor(high / step)]
  const decimals = (/\.(\d+)/.exec(String(step))?.[1] ?? '').length
  let value = 0
  for (let attempt = 0; attempt < 40; attempt += 1) {
    value = Number(((first + Math.floor(draws.next() * (last - first + 1))) * step).toFixed(Math.min(decimals, 20)))
    if (Number.isInteger(value / step) && (!isInteger || Number.isInteger(value))) return value
  }
  return value
}

/** A string of the schema's pattern or format; otherwise labelled text within its lengths. */
export function fitString(schema: SchemaObject, { words, draws, attempt }: Fitting): string {
  const minLength = Math.min(numberAt(schema, 'minLength') ?? 0, MAX_TEXT)
  const maxLength = Math.min(numberAt(schema, 'maxLength') ?? MAX_TEXT, MAX_TEXT)
  const isLongEnough = (text: string): boolean => text.length <= maxLength && Array.from(text).length >= minLength
  const { pattern, format } = schema
  if (typeof pattern === 'string') {
    // A text that happens to match keeps its label; `^.{3,}$` and the like are free text with a length.
    const text = labelledText(words, draws, minLength, maxLength)
    if (attempt === 0 && matches(pattern, text)) return text
    const shortest = typeof format === 'string' && attempt % 2 === 1 ? formatted(format, words, draws) : undefined
    if (shortest !== undefined) return shortest
    let made = text
    for (let reach = 1; reach < 4_000; reach *= 2) {
      for (let draw = 0; draw < 4; draw += 1) {
        const candidate = matching(pattern, draws, reach + attempt)
        if (candidate === undefined) return text
        made = candidate
        if (isLongEnough(candidate) && matches(pattern, candidate)) return candidate
      }
    }
    return made
  }
  const fixed = typeof format === 'string' ? formatted(format, words, draws) : undefined
  return fixed ?? labelledText(words, draws, minLength, maxLength)
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch {
    return false
  }
}
