/** One record as people read it: names aligned, nested values as JSON, long texts wrapped. Pure. */
import type { Value } from '../values.ts'
import { abridge } from './abridge.ts'
import { jsonSafe } from './output.ts'
import { displayWidth, printable, wrapText } from './text.ts'

/** Widest column of names. */
const MAX_NAME_WIDTH = 24

/** Lines of a record, no wider than `width`. */
export function recordLines(values: Readonly<Record<string, Value>>, width: number): string[] {
  const names = Object.keys(values)
  const nameWidth = Math.min(MAX_NAME_WIDTH, Math.max(0, ...names.map((name) => displayWidth(printable(name)))))
  return names.flatMap((name) => fieldLines(name, values[name] ?? null, nameWidth, width))
}

function fieldLines(name: string, value: Value, nameWidth: number, width: number): string[] {
  const label = printable(name).replaceAll('\n', ' ')
  const padding = ' '.repeat(Math.max(0, nameWidth - displayWidth(label)))
  const indent = ' '.repeat(nameWidth + 2)
  const lines = valueLines(abridge(value), Math.max(20, width - nameWidth - 2))
  // A name that is wider than its column gets a line of its own.
  if (displayWidth(label) > nameWidth) return [label, ...lines.map((line) => `${indent}${line}`.trimEnd())]
  return lines.map((line, index) => (index === 0 ? `${label}${padding}  ${line}` : `${indent}${line}`).trimEnd())
}

function valueLines(value: Value, width: number): string[] {
  if (value === null) return ['(null)']
  if (value === '') return ['(empty)']
  if (typeof value === 'string') return wrapText(value, width)
  if (value instanceof Date) return [value.toISOString()]
  if (typeof value === 'object') {
    const short = JSON.stringify(value, jsonSafe)
    const text = displayWidth(short) <= Math.min(width, 60) ? short : JSON.stringify(value, jsonSafe, 2)
    return text.split('\n').flatMap((line) => wrapIndented(line, width))
  }
  return [String(value)]
}

/** Wrapped JSON keeps its own indentation, and a little more where a value goes on. */
function wrapIndented(line: string, width: number): string[] {
  const own = /^ */u.exec(line)?.[0] ?? ''
  const [first = '', ...rest] = wrapText(line.slice(own.length), width - own.length - 2)
  return [`${own}${first}`, ...rest.map((more) => `${own}  ${more}`)]
}

/** A record in one line of at most `width` columns for a field, `name value   name value`. */
export function shortValue(value: Value): string {
  if (typeof value === 'string') return printable(value).replaceAll('\n', ' ')
  if (value instanceof Date) return value.toISOString()
  return JSON.stringify(value, jsonSafe)
}
