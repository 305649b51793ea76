/** JSON → runtime values, keeping what JavaScript's own parser loses: 29.0 stays a float, long integers keep their digits. */
import { Float, normalizeInteger, type DictKey, type Runtime } from './runtime-values.ts'

const SPACE = /[ \t\r\n]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const WORDS: readonly (readonly [string, Runtime])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]
const MAX_DEPTH = 200
const MAX_INTEGER_DIGITS = 4300

/** The value of a JSON text, or undefined when it is not JSON, or nested deeper than 200. */
export function parsePythonJson(text: string): Runtime | undefined {
  const reader = new Reader(text)
  try {
    return reader.document()
  } catch (error) {
    if (error instanceof NotJson) return undefined
    throw error
  }
}

class NotJson extends Error {}

class Reader {
  private at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  document(): Runtime {
    const value = this.value(0)
    this.space()
    if (this.at < this.text.length) throw new NotJson()
    return value
  }

  private value(depth: number): Runtime {
    if (depth > MAX_DEPTH) throw new NotJson()
    this.space()
    const character = this.text[this.at]
    if (character === '{') return this.object(depth)
    if (character === '[') return this.array(depth)
    if (character === '"') return this.string()
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length
        return value
      }
    }
    return this.number()
  }

  private object(depth: number): Runtime {
    const dict = new Map<DictKey, Runtime>()
    this.at += 1
    if (this.isNext('}')) return dict
    do {
      this.space()
      const key = this.string()
      if (!this.isNext(':')) throw new NotJson()
      dict.set(key, this.value(depth + 1))
    } while (this.isNext(','))
    if (!this.isNext('}')) throw new NotJson()
    return dict
  }

  private array(depth: number): Runtime {
    const items: Runtime[] = []
    this.at += 1
    if (this.isNext(']')) return items
    do items.push(this.value(depth + 1))
    while (this.isNext(','))
    if (!this.isNext(']')) throw new NotJson()
    return items
  }

  private string(): string {
    const start = this.at
    if (this.text[start] !== '"') throw new NotJson()
    let end = start
    do end = this.text.indexOf('"', end + 1)
    while (end > 0 && this.isEscaped(end))
    if (end < 0) throw new NotJson()
    this.at = end + 1
    try {
      return JSON.parse(this.text.slice(start, end + 1)) as string
    } catch {
      throw new NotJson()
    }
  }

  private isEscaped(at: number): boolean {
    let start = at
    while (this.text[start - 1] === '\\') start -= 1
    return (at - start) % 2 === 1
  }

  private number(): Runtime {
    const literal = this.match(NUMBER)
    if (/[.eE]/.test(literal)) return new Float(Number(literal))
    if (literal.length > MAX_INTEGER_DIGITS) throw new NotJson()
    const value = Number(literal)
    return Number.isSafeInteger(value) ? (value === 0 ? 0 : value) : normalizeInteger(BigInt(literal))
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found === null) throw new NotJson()
    this.at = pattern.lastIndex
    return found[0]
  }

  private isNext(character: string): boolean {
    this.space()
    if (this.text[this.at] !== character) return false
    this.at += 1
    return true
  }

  private space(): void {
    SPACE.lastIndex = this.at
    SPACE.test(this.text)
    this.at = SPACE.lastIndex
  }
}
