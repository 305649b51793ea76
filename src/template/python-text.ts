/** How Python writes values: `str`, `repr`, and `json.dumps` with its defaults. */
import { failRender } from './fault.ts'
import { Float, JsonText, Tuple, Undefined, type Runtime } from './runtime-values.ts'

/** Longest text a template may make on its way, in UTF-16 units; twice the limit on its output, which counts code points. */
export const MAX_TEXT = 1_024_000

/** `str(value)`. Throws `TEMPLATE_FAILED` for what is undefined or too long. */
export function toText(value: Runtime): string {
  if (typeof value === 'string') return value
  if (value instanceof JsonText) return value.text
  if (value instanceof Undefined && value.isLenient) return ''
  return represent(value)
}

/** `repr(value)`. Throws `TEMPLATE_FAILED` for what is undefined or too long. */
export function represent(value: Runtime): string {
  if (typeof value === 'number') return String(value)
  return write(value, PYTHON)
}

/** `json.dumps(value)`: ", " and ": " between, everything beyond ASCII escaped, NaN and Infinity as Python writes them. */
export function toJson(value: Runtime): string {
  return write(value, JSON_STYLE)
}

/** `repr` of a float: the shortest digits that read back, an exponent below 1e-4 and from 1e16 on. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size >= 1e16 || size < 1e-4) {
    const [digits, exponent] = value.toExponential().split('e') as [string, string]
    const power = exponent.slice(1).padStart(2, '0')
    return `${digits}e${exponent[0]}${power}`
  }
  const text = String(value)
  return Number.isInteger(value) ? `${text}.0` : text
}

interface Style {
  readonly text: (value: string) => string
  readonly float: (value: number) => string
  readonly words: { readonly none: string; readonly true: string; readonly false: string }
  /** Keys of dicts, where the style allows texts only. */
  readonly key: (value: Runtime) => Runtime
  readonly hasTuples: boolean
}

const PYTHON: Style = {
  text: quotePython,
  float: floatText,
  words: { none: 'None', true: 'True', false: 'False' },
  key: (value) => value,
  hasTuples: true,
}

const JSON_STYLE: Style = {
  text: quoteJson,
  float: (value) => (Number.isFinite(value) ? floatText(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'),
  words: { none: 'null', true: 'true', false: 'false' },
  key: (value) => (typeof value === 'string' ? value : toJson(value)),
  hasTuples: false,
}

/** Writes into one list of parts, so that a value holding the same part many times cannot outgrow the limit unseen. */
function write(value: Runtime, style: Style): string {
  const parts: string[] = []
  let length = 0
  const put = (part: string): void => {
    parts.push(part)
    length += part.length
    if (length > MAX_TEXT) throw failRender(`expected a text of at most ${MAX_TEXT} characters, found a longer one.`)
  }
  const list = (items: readonly Runtime[], open: string, close: string): void => {
    put(open)
    items.forEach((item, index) => {
      if (index > 0) put(', ')
      visit(item)
    })
    put(close)
  }
  const visit = (item: Runtime): void => {
    if (typeof item === 'string') put(style.text(item))
    else if (item === null) put(style.words.none)
    else if (typeof item === 'boolean') put(item ? style.words.true : style.words.false)
    else if (typeof item === 'number' || typeof item === 'bigint') put(String(item))
    else if (item instanceof Float) put(style.float(item.value))
    else if (item instanceof JsonText) put(style.text(item.text))
    else if (item instanceof Undefined) throw failRender(`${item.reason}.`)
    else if (item instanceof Tuple) {
      if (style.hasTuples) list(item.items, '(', item.items.length === 1 ? ',)' : ')')
      else list(item.items, '[', ']')
    } else if (item instanceof Map) {
      let isFirst = true
      put('{')
      for (const [key, field] of item as ReadonlyMap<Runtime, Runtime>) {
        if (!isFirst) put(', ')
        isFirst = false
        visit(style.key(key))
        put(': ')
        visit(field)
      }
      put('}')
    } else list(item as readonly Runtime[], '[', ']')
  }
  visit(value)
  return parts.join('')
}

const ESCAPED = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/gu
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', ' ': ' ' }

function quotePython(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(ESCAPED, (character) => SHORT_ESCAPES[character] ?? escapeCodePoint(character.codePointAt(0) as number))
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote
}

function escapeCodePoint(codePoint: number): string {
  const digits = codePoint.toString(16)
  if (codePoint < 0x100) return `\\x${digits.padStart(2, '0')}`
  return codePoint < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}

function quoteJson(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
