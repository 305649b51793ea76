/**
 * Templates of text and plain `{{ column }}` or `{{ column.field }}` only are printed without the interpreter. Values that need
 * more thought (missing, long integers, dates, lists, texts opened as JSON, long results) are left to it: the text is the same.
 */
import type { Value, ValueType } from '../values.ts'
import { fieldPath } from './compile.ts'
import { fieldType } from './convert.ts'
import type { Statement } from './nodes.ts'
import { floatText } from './python-text.ts'

/** The text, or null when the interpreter has to look at it. */
export type FastRender = (values: Readonly<Record<string, Value>>) => string | null

/** Longest text that surely keeps the limit on characters. */
const MAX_FAST_LENGTH = 512_000

/** The fast way to render a template, or null when it has none. */
export function compileFastPath(statements: readonly Statement[], types: Readonly<Record<string, ValueType>>): FastRender | null {
  const texts: string[] = ['']
  const readers: FastRender[] = []
  for (const statement of statements) {
    if (statement.kind !== 'output') return null
    for (const piece of statement.pieces) {
      if (typeof piece === 'string') texts.push((texts.pop() ?? '') + piece)
      else {
        const path = fieldPath(piece)
        if (path === null) return null
        readers.push(compileReader(path, types))
        texts.push('')
      }
    }
  }
  return (values) => {
    let output = texts[0] as string
    for (let index = 0; index < readers.length; index += 1) {
      const text = (readers[index] as FastRender)(values)
      if (text === null) return null
      output += text + (texts[index + 1] as string)
    }
    return output.length > MAX_FAST_LENGTH ? null : output
  }
}

function compileReader(path: readonly [string, ...string[]], types: Readonly<Record<string, ValueType>>): FastRender {
  const [column, ...fields] = path
  const columnType = Object.hasOwn(types, column) ? types[column] : undefined
  const isDouble = fields.reduce(fieldType, columnType)?.kind === 'double'
  if (fields.length === 0) return (values) => (Object.hasOwn(values, column) ? printScalar(values[column], isDouble) : null)
  return (values) => {
    let value: unknown = Object.hasOwn(values, column) ? values[column] : undefined
    for (const field of fields) {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Date || !Object.hasOwn(value, field))
        return null
      value = (value as Readonly<Record<string, unknown>>)[field]
    }
    return printScalar(value, isDouble)
  }
}

function printScalar(value: unknown, isDouble: boolean): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number') {
    if (isDouble || !Number.isInteger(value)) return floatText(value)
    return Number.isSafeInteger(value) ? String(value) : null
  }
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return value === null ? 'None' : null
}
