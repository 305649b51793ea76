/**
 * Source text → tokens, in the vocabulary of @huggingface/jinja's parser, each with its offset and bracket depth. Its own lexer
 * is not used: it keeps no positions, rounds long integers, knows no exponents and no raw blocks, and refuses escapes that
 * Python lets stand. Whitespace rules are Jinja's defaults: trim_blocks and lstrip_blocks off, one trailing newline removed.
 */
import { invalidTemplate } from './fault.ts'
import { SPACES, trimEnd, trimStart } from './whitespace.ts'

/** One token; `type` is a name of @huggingface/jinja's TOKEN_TYPES. */
export interface Token {
  readonly type: string
  readonly value: string
  /** Offset in the source, in UTF-16 units. */
  readonly offset: number
  /** Brackets open around it. */
  readonly depth: number
}

const WHITESPACE = new RegExp(`[${SPACES}]+`, 'y')
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}_]*/uy
const NUMBER = /(\d+(?:_\d+)*)(\.\d+(?:_\d+)*)?([eE][+-]?\d+(?:_\d+)*)?/y
const RADIX_INTEGER = /0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+/y
const DIGITS = /\d+/y
const TWO_CHARACTER_OPERATORS: Readonly<Record<string, string>> = {
  '<=': 'ComparisonBinaryOperator',
  '>=': 'ComparisonBinaryOperator',
  '==': 'ComparisonBinaryOperator',
  '!=': 'ComparisonBinaryOperator',
  '**': 'ExponentiationBinaryOperator',
  '//': 'MultiplicativeBinaryOperator',
}
const ONE_CHARACTER_OPERATORS: Readonly<Record<string, string>> = {
  '<': 'ComparisonBinaryOperator',
  '>': 'ComparisonBinaryOperator',
  '+': 'AdditiveBinaryOperator',
  '-': 'AdditiveBinaryOperator',
  '~': 'AdditiveBinaryOperator',
  '*': 'MultiplicativeBinaryOperator',
  '/': 'MultiplicativeBinaryOperator',
  '%': 'MultiplicativeBinaryOperator',
  '=': 'Equals',
  ',': 'Comma',
  '.': 'Dot',
  ':': 'Colon',
  '|': 'Pipe',
}
const OPENERS: Readonly<Record<string, string>> = { '(': 'OpenParen', '[': 'OpenSquareBracket', '{': 'OpenCurlyBracket' }
const CLOSERS: Readonly<Record<string, string>> = { ')': 'CloseParen', ']': 'CloseSquareBracket', '}': 'CloseCurlyBracket' }
const PARTNER: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '0': '\0',
  "'": "'",
  '"': '"',
  '\\': '\\',
  '\n': '',
}
/** Name of the hidden filter by which integers beyond 2^53 keep their digits on the way through the parser. */
export const LONG_INTEGER = 'long integer'
/** Name of the hidden filter that makes a tuple of a list, for tuples the parser cannot read: `(a,)` and `()`. */
export const AS_TUPLE = 'as tuple'

/** The tokens of a template. Throws `TEMPLATE_INVALID`. */
export function tokenizeTemplate(source: string, keepTrailingNewline: boolean): Token[] {
  const text = source.replace(/\r\n?/g, '\n')
  const end = !keepTrailingNewline && text.endsWith('\n') ? text.length - 1 : text.length
  return new Lexer(text.slice(0, end)).template()
}

/** The tokens of one expression without braces, as if it stood between `{{` and `}}`. Throws `TEMPLATE_INVALID`. */
export function tokenizeExpression(source: string): Token[] {
  return new Lexer(source).bareExpression()
}

class Lexer {
  private readonly tokens: Token[] = []
  private at = 0
  private readonly open: string[] = []
  private readonly source: string

  constructor(source: string) {
    this.source = source
  }

  template(): Token[] {
    let stripNext = false
    while (this.at < this.source.length) {
      const start = this.at
      const next = this.nextTag(start)
      let text = this.source.slice(start, next)
      if (stripNext) text = trimStart(text)
      if (next < this.source.length && this.source[next + 2] === '-') text = trimEnd(text)
      if (text !== '') this.push('Text', text, start)
      this.at = next
      stripNext = next < this.source.length ? this.tag() : false
    }
    return this.tokens
  }

  bareExpression(): Token[] {
    this.push('OpenExpression', '{{', 0)
    this.insideTag('')
    this.push('CloseExpression', '}}', this.source.length)
    return this.tokens
  }

  private nextTag(from: number): number {
    for (let at = this.source.indexOf('{', from); at >= 0; at = this.source.indexOf('{', at + 1)) {
      const next = this.source[at + 1]
      if (next === '{' || next === '%' || next === '#') return at
    }
    return this.source.length
  }

  /** Reads one tag from its opening; true when it ends with a minus, which strips the whitespace behind it. */
  private tag(): boolean {
    const start = this.at
    const kind = this.source[start + 1]
    this.at += 2
    const sign = this.source[this.at]
    if (sign === '-' || sign === '+') this.at += 1
    if (kind === '#') return this.comment(start)
    if (kind === '{') {
      this.push('OpenExpression', '{{', start)
      return this.insideTag('}}')
    }
    const raw = /\s*raw\s*(-?)%\}/y
    raw.lastIndex = this.at
    const match = raw.exec(this.source)
    if (match !== null) return this.rawBlock(start, raw.lastIndex, match[1] === '-')
    this.push('OpenStatement', '{%', start)
    return this.insideTag('%}')
  }

  private comment(start: number): boolean {
    const end = this.source.indexOf('#}', this.at)
    if (end < 0) throw this.invalid(start, 'this comment is not closed; expected `#}`.')
    this.at = end + 2
    return this.source[end - 1] === '-'
  }

  private rawBlock(start: number, bodyStart: number, strip: boolean): boolean {
    const closing = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g
    closing.lastIndex = bodyStart
    const match = closing.exec(this.source)
    if (match === null) throw this.invalid(start, 'this raw block is not closed; expected `{% endraw %}`.')
    let text = this.source.slice(bodyStart, match.index)
    if (strip) text = trimStart(text)
    if (match[1] === '-') text = trimEnd(text)
    if (text !== '') this.push('Text', text, bodyStart)
    this.at = closing.lastIndex
    return match[2] === '-'
  }

  /** Reads expression tokens up to the closing mark (or the end of the source when it is empty); true when it strips. */
  private insideTag(closing: string): boolean {
    const start = this.at
    for (;;) {
      WHITESPACE.lastIndex = this.at
      if (WHITESPACE.test(this.source)) this.at = WHITESPACE.lastIndex
      if (this.at >= this.source.length) {
        if (this.open.length > 0) throw this.invalid(this.source.length, `\`${this.open.at(-1)}\` is not closed.`)
        if (closing === '') return false
        throw this.invalid(start, `this tag is not closed; expected \`${closing}\`.`)
      }
      if (closing !== '' && this.open.length === 0) {
        const sign = this.source[this.at]
        const length = (sign === '-' || sign === '+') && this.source.startsWith(closing, this.at + 1) ? 1 : 0
        if (this.source.startsWith(closing, this.at + length)) {
          this.push(closing === '}}' ? 'CloseExpression' : 'CloseStatement', closing, this.at)
          this.at += length + 2
          return length === 1 && sign === '-'
        }
      }
      this.expressionToken()
    }
  }

  private expressionToken(): void {
    const start = this.at
    const character = this.source[start] as string
    if (character === "'" || character === '"') return this.string(character)
    if (character >= '0' && character <= '9') return this.number()
    NAME.lastIndex = start
    const name = NAME.exec(this.source)?.[0]
    if (name !== undefined) return this.take('Identifier', name, name.length)
    const pair = TWO_CHARACTER_OPERATORS[this.source.slice(start, start + 2)]
    if (pair !== undefined) return this.take(pair, this.source.slice(start, start + 2), 2)
    if (Object.hasOwn(OPENERS, character)) {
      this.take(OPENERS[character] as string, character, 1)
      this.open.push(character)
      return
    }
    if (Object.hasOwn(CLOSERS, character)) {
      if (this.open.at(-1) !== PARTNER[character]) throw this.invalid(start, `unexpected \`${character}\`.`)
      this.open.pop()
      return this.take(CLOSERS[character] as string, character, 1)
    }
    const operator = ONE_CHARACTER_OPERATORS[character]
    if (operator === undefined) throw this.invalid(start, `unexpected character \`${character}\`.`)
    return this.take(operator, character, 1)
  }

  private string(quote: string): void {
    const start = this.at
    let value = ''
    let at = start + 1
    for (;;) {
      const character = this.source[at]
      if (character === undefined) throw this.invalid(start, `this string is not closed; expected ${quote}.`)
      if (character === quote) break
      if (character === '\\') {
        const escape = this.escapeSequence(at + 1)
        value += escape.value
        at = escape.end
      } else {
        value += character
        at += 1
      }
    }
    this.at = at + 1
    this.push('StringLiteral', value, start)
  }

  /** Python's escapes; an unknown one stands as it is. */
  private escapeSequence(at: number): { readonly value: string; readonly end: number } {
    const character = this.source[at]
    if (character === undefined) throw this.invalid(at - 1, 'this string is not closed.')
    const digits = { x: 2, u: 4, U: 8 }[character]
    if (digits !== undefined) {
      const hexadecimal = this.source.slice(at + 1, at + 1 + digits)
      const codePoint = /^[\da-fA-F]+$/.test(hexadecimal) && hexadecimal.length === digits ? Number.parseInt(hexadecimal, 16) : -1
      if (codePoint < 0 || codePoint > 0x10ffff)
        throw this.invalid(at - 1, `\`\\${character}\` must be followed by ${digits} hexadecimal digits.`)
      return { value: String.fromCodePoint(codePoint), end: at + 1 + digits }
    }
    const simple = Object.hasOwn(SIMPLE_ESCAPES, character) ? SIMPLE_ESCAPES[character] : undefined
    return { value: simple ?? `\\${character}`, end: at + 1 }
  }

  private number(): void {
    const start = this.at
    if (this.tokens.at(-1)?.type === 'Dot') {
      DIGITS.lastIndex = start
      const digits = DIGITS.exec(this.source)?.[0] ?? ''
      return this.take('NumericLiteral', digits, digits.length)
    }
    RADIX_INTEGER.lastIndex = start
    const radix = RADIX_INTEGER.exec(this.source)?.[0]
    if (radix !== undefined) return this.integer(BigInt(radix.replaceAll('_', '')), radix.length)
    NUMBER.lastIndex = start
    const match = NUMBER.exec(this.source) as RegExpExecArray
    const [text, whole, fraction, exponent] = match
    if (fraction === undefined && exponent === undefined) return this.integer(BigInt((whole as string).replaceAll('_', '')), text.length)
    // The parser takes a literal with a dot for a float, so `1e5` is spelled `1.0e5`.
    return this.take('NumericLiteral', `${whole}${fraction ?? '.0'}${exponent ?? ''}`.replaceAll('_', ''), text.length)
  }

  private integer(value: bigint, length: number): void {
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return this.take('NumericLiteral', value.toString(), length)
    const start = this.at
    this.take('StringLiteral', value.toString(), length)
    this.push('Pipe', '|', start)
    this.push('Identifier', LONG_INTEGER, start)
  }

  private take(type: string, value: string, length: number): void {
    this.push(type, value, this.at)
    this.at += length
  }

  private push(type: string, value: string, offset: number): void {
    this.tokens.push({ type, value, offset, depth: this.open.length })
  }

  private invalid(offset: number, message: string): Error {
    return invalidTemplate(this.source, offset, message)
  }
}
