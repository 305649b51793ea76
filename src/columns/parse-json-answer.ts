/**
 * Finds the JSON in a model's answer: the last fenced json block, or bare JSON, with or without prose around it.
 *
 * Small slips (trailing commas, single quotes, Python's True, comments) are repaired. An answer that ends inside its JSON was
 * cut off: completing it would invent its ending, so it counts as no answer.
 */
import { jsonrepair } from 'jsonrepair'
import { withoutThoughts } from './without-thoughts.ts'

/** The JSON found, or what was wrong, said to the model. */
export type ParsedAnswer = { readonly isFound: true; readonly value: unknown } | { readonly isFound: false; readonly message: string }

const NO_JSON = 'it holds no JSON. Put exactly one JSON value into a fenced block that begins with ```json.'
const CUT_OFF = 'its JSON is cut off before the end. Answer with the complete JSON, more briefly.'

/** Brackets nested deeper than this are no record's value, and would exhaust the stack of whoever walks it. */
const MAX_DEPTH = 200

/** Openings that never close, each of which costs a walk to the end of the text, before the search ends. */
const MAX_UNCLOSED = 50

/** Reads an answer; `wants` is the root type of the schema and decides between several candidates in prose. */
export function parseJsonAnswer(text: string, wants: 'object' | 'array' | 'any' = 'any'): ParsedAnswer {
  const answer = withoutThoughts(text)
  if (answer === null) return { isFound: false, message: CUT_OFF }
  const whole = parseStrict(answer)
  if (whole.isFound) return whole
  const fences = fencedBlocks(answer)
  const tagged = fences.filter((fence) => /^json/i.test(fence.tag))
  const fence = (tagged.length > 0 ? tagged : fences).at(-1)
  if (fence !== undefined) {
    const found = parseWhole(fence.body, fence.isClosed)
    if (found.isFound || tagged.length > 0) return found
  }
  return parseInProse(answer, wants)
}

interface Fence {
  readonly tag: string
  readonly body: string
  readonly isClosed: boolean
}

/** Fenced blocks from first to last. A closing fence stands at the start of a line, since JSON strings hold no raw line breaks. */
function fencedBlocks(text: string): readonly Fence[] {
  const fences: Fence[] = []
  const opening = /```[ \t]*([\w+-]*)[ \t]*/g
  for (let open = opening.exec(text); open !== null; open = opening.exec(text)) {
    const start = open.index + open[0].length
    const lineEnd = text.indexOf('\n', start)
    const onLine = text.slice(start, lineEnd < 0 ? text.length : lineEnd)
    const closeOnLine = onLine.trim() === '' ? -1 : onLine.lastIndexOf('```')
    const closing = /\n[ \t]*```/g
    closing.lastIndex = start
    const close = closeOnLine >= 0 ? null : closing.exec(text)
    // A block whose text ends right before the fence, without a line break, is closed all the same.
    const tail = close === null && closeOnLine < 0 && /```\s*$/.test(text.slice(start)) ? text.lastIndexOf('```') : -1
    const end = closeOnLine >= 0 ? start + closeOnLine : close !== null ? close.index : tail >= 0 ? tail : text.length
    const isClosed = closeOnLine >= 0 || close !== null || tail >= 0
    fences.push({ tag: open[1] ?? '', body: text.slice(start, end).trim(), isClosed })
    opening.lastIndex = close !== null && closeOnLine < 0 ? closing.lastIndex : end + 3
    if (!isClosed) break
  }
  return fences
}

function parseStrict(text: string): ParsedAnswer {
  if (text === '' || isTooDeep(text)) return { isFound: false, message: NO_JSON }
  try {
    return { isFound: true, value: JSON.parse(text) as unknown }
  } catch {
    return { isFound: false, message: NO_JSON }
  }
}

/** A text that should be JSON from end to end. */
function parseWhole(text: string, isClosed: boolean): ParsedAnswer {
  const strict = parseStrict(text)
  if (strict.isFound) return strict
  if (text === '') return { isFound: false, message: 'its json block is empty.' }
  if (!isClosed && scanBalanced(text, 0) < 0) return { isFound: false, message: CUT_OFF }
  return repair(text)
}

function repair(text: string): ParsedAnswer {
  if (!/^[[{]/.test(text) || isTooDeep(text)) return { isFound: false, message: NO_JSON }
  try {
    const value = JSON.parse(jsonrepair(text)) as unknown
    // Two objects side by side become a list: that is no longer what was written.
    if (Array.isArray(value) === text.startsWith('[')) return { isFound: true, value }
  } catch {
    // Told below: jsonrepair's own words speak of its parser, not of the answer.
  }
  return { isFound: false, message: `its JSON does not parse (${whyNot(text)}).` }
}

function whyNot(text: string): string {
  try {
    JSON.parse(text)
    return 'it parses'
  } catch (error) {
    // The engine quotes a piece of the text; the place is enough.
    const place = /position \d+(?: \(line \d+ column \d+\))?/.exec(error instanceof Error ? error.message : '')?.[0]
    return place === undefined ? 'syntax error' : `syntax error at ${place}`
  }
}

/** The last value in brackets that parses as it stands; failing that, the last one that can be repaired. */
function parseInProse(text: string, wants: 'object' | 'array' | 'any'): ParsedAnswer {
  const { candidates, isCut } = bracketed(text)
  const fitting = candidates.filter((candidate) => wants === 'any' || candidate.startsWith(wants === 'object' ? '{' : '['))
  for (const candidate of fitting.toReversed()) {
    const parsed = parseStrict(candidate)
    if (parsed.isFound) return parsed
  }
  if (isCut) return { isFound: false, message: CUT_OFF }
  for (const candidate of fitting.toReversed()) {
    // `[note]` in prose would be repaired into a list.
    if (!candidate.startsWith('{') && wants !== 'array') continue
    const parsed = repair(candidate)
    if (parsed.isFound) return parsed
  }
  return { isFound: false, message: NO_JSON }
}

/** Bracketed stretches of a text that are not inside one another; `isCut` when the last one never closes. */
function bracketed(text: string): { readonly candidates: readonly string[]; readonly isCut: boolean } {
  const candidates: string[] = []
  let unclosed = 0
  for (let at = nextBracket(text, 0); at >= 0 && unclosed < MAX_UNCLOSED;) {
    const end = scanBalanced(text, at)
    if (end < 0) {
      unclosed += 1
      // An opening that leads nowhere may still be prose; an object with a quoted key is JSON that was cut.
      if (/^[[{][\s[{]*"/.test(text.slice(at, at + 1000))) return { candidates, isCut: true }
      at = nextBracket(text, at + 1)
      continue
    }
    candidates.push(text.slice(at, end))
    at = nextBracket(text, end)
  }
  return { candidates, isCut: false }
}

function nextBracket(text: string, from: number): number {
  const bracket = /[[{]/g
  bracket.lastIndex = from
  return bracket.exec(text)?.index ?? -1
}

/** End of the bracketed value that opens at `start`, brackets in double-quoted strings not counted; -1 when it never closes. */
function scanBalanced(text: string, start: number): number {
  let depth = 0
  let isString = false
  for (let at = start; at < text.length; at += 1) {
    const character = text.charCodeAt(at)
    if (isString) {
      if (character === 92) at += 1
      else if (character === 34) isString = false
    } else if (character === 34) isString = true
    else if (character === 123 || character === 91) depth += 1
    else if (character === 125 || character === 93) {
      depth -= 1
      if (depth === 0) return at + 1
      if (depth < 0) return -1
    }
  }
  return -1
}

function isTooDeep(text: string): boolean {
  let depth = 0
  for (const bracket of text.matchAll(/[[{\]}]/g)) {
    depth += bracket[0] === '{' || bracket[0] === '[' ? 1 : -1
    if (depth > MAX_DEPTH) return true
  }
  return false
}
