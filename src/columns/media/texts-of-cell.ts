/** The texts in a cell that are to be embedded: one, or as many as a list has, which may also be written as JSON or as Python writes it. Pure. */
import type { Value } from '../../values.ts'

/** The texts, without outer blanks; empty for an empty list. Null is the empty text. */
export function textsOfCell(value: Value): readonly string[] {
  if (Array.isArray(value)) return (value as readonly Value[]).map(textOf)
  const text = textOf(value)
  return (text.startsWith('[') ? listIn(text)?.map(textOf) : undefined) ?? [text]
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value.trim()
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'bigint') return String(value)
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}

/** The items of a list in JSON, commas before the closing bracket forgiven, or in Python; null for what is no list. */
function listIn(text: string): readonly unknown[] | null {
  for (const candidate of [text, text.replace(/,\s*\]/g, ']')]) {
    try {
      const parsed: unknown = JSON.parse(candidate)
      return Array.isArray(parsed) ? parsed : null
    } catch {
      // Not JSON; perhaps with the comma away, perhaps Python's.
    }
  }
  return pythonListIn(text)
}

const LITERAL = /\s*(?:'((?:[^'\\\n]|\\[\s\S])*)'|"((?:[^"\\\n]|\\[\s\S])*)"|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|True|False|None))\s*(,|\])/y

/** A flat list of texts, numbers, True, False and None. */
function pythonListIn(text: string): readonly unknown[] | null {
  const items: unknown[] = []
  LITERAL.lastIndex = 1
  for (let match = LITERAL.exec(text); match !== null; match = LITERAL.exec(text)) {
    const [, single, double, plain, closing] = match
    const quoted = single ?? double
    items.push(quoted === undefined ? (plain === 'None' ? null : plain) : unescaped(quoted))
    const rest = text.slice(LITERAL.lastIndex).trim()
    if (closing === ']') return rest === '' ? items : null
    if (rest === ']') return items
  }
  return null
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', a: '\u0007', '\n': '' }

function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g,
    (whole, x?: string, u?: string, long?: string, one?: string) => {
      const code = x ?? u ?? long
      if (code === undefined) return one === undefined ? whole : (ESCAPES[one] ?? (/[\\'"]/.test(one) ? one : whole))
      const point = Number.parseInt(code, 16)
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole
    },
  )
}
