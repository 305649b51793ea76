/** JSON values as Python's code for agent sessions reads and writes them: what is true, and what a value is as text. */

/** True for what Python takes as true. */
export function isTruthy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value)
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0
}

/** A mapping, or null for anything else. */
export function mappingOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null
}

/** `str(value)`; null stays null. */
export function textOrNull(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : repr(value)
}

/** `str(value)`, and an empty text for nothing. */
export function textOf(value: unknown): string {
  return textOrNull(value) ?? ''
}

/** A text as it is, anything else as `json.dumps(value, sort_keys=True)`; nothing is an empty object. */
export function jsonTextOf(value: unknown): string {
  return typeof value === 'string' ? value : dumps(value ?? {})
}

function dumps(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dumps).join(', ')}]`
  const mapping = mappingOf(value)
  if (mapping === null) return asciiOf(JSON.stringify(value))
  const fields = Object.keys(mapping)
    .toSorted(byCodePoints)
    .map((key) => `${asciiOf(JSON.stringify(key))}: ${dumps(mapping[key])}`)
  return `{${fields.join(', ')}}`
}

function asciiOf(text: string): string {
  return text.replaceAll(/[\u007f-\uffff]/g, (unit) =>
    unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Python compares code points, JavaScript UTF-16 units. */
function byCodePoints(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`
  const mapping = mappingOf(value)
  if (mapping === null) return String(value as number)
  return `{${Object.entries(mapping)
    .map(([key, held]) => `${quoted(key)}: ${repr(held)}`)
    .join(', ')}}`
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text
    .replaceAll(/[\\\n\r\t]/g, (unit) => ESCAPES[unit]!)
    .replaceAll(/\p{Cc}/gu, (unit) => {
      const code = unit.charCodeAt(0)
      return `\\x${code.toString(16).padStart(2, '0')}`
    })
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`
}
