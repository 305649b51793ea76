/**
 * Strings that match a regular expression, best effort: literals, classes, groups, alternatives, quantifiers, anchors and the
 * usual escapes. Lookarounds and backreferences match the empty string here; whoever asks checks the result and draws again.
 */
import type { Draws } from './draws.ts'

type Node =
  | { readonly kind: 'characters'; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number }

const EMPTY: Node = { kind: 'sequence', items: [] }
const DIGITS: readonly (readonly [number, number])[] = [[48, 57]]
const WORD: readonly (readonly [number, number])[] = [
  [97, 122],
  [65, 90],
  [48, 57],
  [95, 95],
]
const LETTERS: readonly (readonly [number, number])[] = [
  [97, 122],
  [65, 90],
]
const SPACE: readonly (readonly [number, number])[] = [[32, 32]]
/** What `.` and negated classes draw from. */
const PRINTABLE: readonly (readonly [number, number])[] = [
  [97, 122],
  [65, 90],
  [48, 57],
  [32, 47],
  [58, 64],
  [91, 96],
  [123, 126],
  [192, 255],
]
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 }

/**
 * A string meant to match `source`. `reach` is how far an unbounded quantifier may go beyond its minimum; raise it to get longer
 * strings. Undefined when the expression cannot be read here.
 */
export function matching(source: string, draws: Draws, reach: number): string | undefined {
  const tree = parsePattern(source)
  return tree === undefined ? undefined : write(tree, draws, reach)
}

const cache = new Map<string, Node | undefined>()
function parsePattern(source: string): Node | undefined {
  if (cache.has(source)) return cache.get(source)
  const tree = new PatternReader(source).read()
  if (cache.size > 500) cache.clear()
  cache.set(source, tree)
  return tree
}

function write(node: Node, draws: Draws, reach: number): string {
  switch (node.kind) {
    case 'characters': {
      let at = draws.below(node.ranges.reduce((sum, [low, high]) => sum + high - low + 1, 0))
      for (const [low, high] of node.ranges) {
        if (at <= high - low) return String.fromCodePoint(low + at)
        at -= high - low + 1
      }
      return ''
    }
    case 'sequence':
      return node.items.map((item) => write(item, draws, reach)).join('')
    case 'choice':
      return write(draws.pick(node.options), draws, reach)
    case 'repeat': {
      const max = Math.min(node.max, node.min + reach)
      const count = node.min + draws.below(max - node.min + 1)
      return Array.from({ length: Math.min(count, 10_000) }, () => write(node.item, draws, reach)).join('')
    }
  }
}

function without(taken: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const left: (readonly [number, number])[] = []
  for (const [low, high] of PRINTABLE) {
    for (let code = low; code <= high; code += 1) {
      if (!taken.some(([from, to]) => code >= from && code <= to)) left.push([code, code])
    }
  }
  return left
}

/** Reads one expression; lives as long as that takes. */
class PatternReader {
  private at = 0
  private readonly source: string
  constructor(source: string) {
    this.source = source
  }

  read(): Node | undefined {
    const tree = this.choice()
    return this.at === this.source.length ? tree : undefined
  }

  private choice(): Node | undefined {
    const options: Node[] = []
    do {
      const option = this.sequence()
      if (option === undefined) return undefined
      options.push(option)
    } while (this.take('|'))
    return options.length === 1 ? options[0] : { kind: 'choice', options }
  }

  private sequence(): Node | undefined {
    const items: Node[] = []
    while (this.at < this.source.length && !'|)'.includes(this.source.charAt(this.at))) {
      const atom = this.atom()
      if (atom === undefined) return undefined
      items.push(this.quantified(atom))
    }
    return { kind: 'sequence', items }
  }

  private atom(): Node | undefined {
    if (this.take('^') || this.take('$')) return EMPTY
    if (this.take('(')) return this.group()
    if (this.take('[')) return this.characterClass()
    if (this.take('.')) return { kind: 'characters', ranges: PRINTABLE }
    if (this.take('\\')) return this.escape()
    const code = this.source.codePointAt(this.at) ?? 0
    this.at += code > 0xffff ? 2 : 1
    return { kind: 'characters', ranges: [[code, code]] }
  }

  private group(): Node | undefined {
    const look = /^\?(?:=|!|<=|<!)/.exec(this.source.slice(this.at))
    const head = /^\?(?::|=|!|<=|<!|<[^>]*>)/.exec(this.source.slice(this.at))
    if (head) this.at += head[0].length
    const inner = this.choice()
    if (inner === undefined || !this.take(')')) return undefined
    return look ? EMPTY : inner
  }

  private quantified(item: Node): Node {
    const found = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.source.slice(this.at))
    if (!found) return item
    this.at += found[0].length
    if (found[1] !== undefined) return { kind: 'repeat', item, min: found[1] === '+' ? 1 : 0, max: found[1] === '?' ? 1 : Infinity }
    const min = Number(found[2])
    return { kind: 'repeat', item, min, max: found[3] === '' ? min : found[4] === '' ? Infinity : Number(found[4]) }
  }

  private escape(): Node | undefined {
    const ranges = this.escaped()
    return ranges === undefined ? undefined : ranges.length === 0 ? EMPTY : { kind: 'characters', ranges }
  }

  /** The characters an escape stands for; none for `\b` and backreferences. */
  private escaped(): readonly (readonly [number, number])[] | undefined {
    const rest = this.source.slice(this.at)
    const coded = /^(?:u\{([0-9a-f]+)\}|u([0-9a-f]{4})|x([0-9a-f]{2}))/i.exec(rest)
    if (coded) {
      this.at += coded[0].length
      const code = Number.parseInt(coded[1] ?? coded[2] ?? coded[3] ?? '', 16)
      return code > 0x10ffff ? undefined : [[code, code]]
    }
    const property = /^([pP])\{([^}]*)\}/.exec(rest)
    if (property) {
      this.at += property[0].length
      return propertyRanges(property[1] === 'P', property[2] ?? '')
    }
    const letter = rest.charAt(0)
    this.at += 1
    if (letter === '') return undefined
    if (letter === 'd') return DIGITS
    if (letter === 'w') return WORD
    if (letter === 's') return SPACE
    if (letter === 'D') return without(DIGITS)
    if (letter === 'W') return without(WORD)
    if (letter === 'S') return without(SPACE)
    if (letter === 'b' || letter === 'B' || /[1-9k]/.test(letter)) return []
    const code = CONTROLS[letter] ?? letter.charCodeAt(0)
    return [[code, code]]
  }

  private characterClass(): Node | undefined {
    const isNegated = this.take('^')
    const ranges: (readonly [number, number])[] = []
    while (this.at < this.source.length && !this.take(']')) {
      const low = this.classItem()
      if (low === undefined) return undefined
      const isRange = this.source.charAt(this.at) === '-' && this.source.charAt(this.at + 1) !== ']' && low.length === 1
      if (!isRange) {
        ranges.push(...low)
        continue
      }
      this.at += 1
      const high = this.classItem()
      const [from, to] = [low[0]?.[0], high?.[0]?.[1]]
      if (from === undefined || to === undefined || to < from) return undefined
      ranges.push([from, to])
    }
    const drawn = isNegated ? without(ranges) : ranges
    return drawn.length === 0 ? undefined : { kind: 'characters', ranges: drawn }
  }

  private classItem(): readonly (readonly [number, number])[] | undefined {
    if (this.take('\\')) {
      if (this.take('b')) return [[8, 8]]
      return this.escaped()
    }
    const code = this.source.codePointAt(this.at)
    if (code === undefined) return undefined
    this.at += code > 0xffff ? 2 : 1
    return [[code, code]]
  }

  private take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }
}

function propertyRanges(isNegated: boolean, name: string): readonly (readonly [number, number])[] {
  if (isNegated) return /^(?:L|Letter|Alphabetic)/.test(name) ? DIGITS : LETTERS
  if (/^(?:Lu|Uppercase)/.test(name)) return [[65, 90]]
  if (/^(?:Ll|Lowercase)/.test(name)) return [[97, 122]]
  if (/^(?:N|Digit|Number)/.test(name)) return DIGITS
  if (/^(?:Z|White_Space|Space)/.test(name)) return SPACE
  if (/^(?:P|S|Punctuation|Symbol)/.test(name)) return [[43, 43]]
  return LETTERS
}
