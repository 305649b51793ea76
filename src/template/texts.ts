/** Python's view of text: characters are code points, whitespace and letters are Unicode's. */

import { SPACE_RUN, SPACES, trimEnd, trimStart } from './whitespace.ts'

const SURROGATE = /[\ud800-\udfff]/
const LINE_END = new RegExp(String.raw`\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]`, 'g')

/** True when one UTF-16 unit is one character throughout. */
export function isPlain(text: string): boolean {
  return !SURROGATE.test(text)
}

/** `list(text)`. */
export function characters(text: string): string[] {
  return isPlain(text) ? text.split('') : Array.from(text)
}

/** `len(text)`. */
export function textLength(text: string): number {
  if (isPlain(text)) return text.length
  let length = 0
  for (const _ of text) length += 1
  return length
}

/** `text[start:stop]` for 0 ≤ start ≤ stop. */
export function slicePart(text: string, start: number, stop: number): string {
  return isPlain(text) ? text.slice(start, stop) : Array.from(text).slice(start, stop).join('')
}

/** Order of code points: negative, 0 or positive. */
export function compareTexts(left: string, right: string): number {
  const shared = Math.min(left.length, right.length)
  for (let index = 0; index < shared; index += 1) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return rank(a) - rank(b)
  }
  return left.length - right.length
}

/** Places surrogates above the rest of the basic plane. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/** `text.strip()`, or one side of it, of whitespace or of the given characters. */
export function strip(text: string, chars: string | null, side: 'both' | 'left' | 'right'): string {
  if (chars === null) {
    const left = side === 'right' ? text : trimStart(text)
    return side === 'left' ? left : trimEnd(left)
  }
  const set = new Set(characters(chars))
  const list = characters(text)
  let start = 0
  let end = list.length
  if (side !== 'right') while (start < end && set.has(list[start] as string)) start += 1
  if (side !== 'left') while (end > start && set.has(list[end - 1] as string)) end -= 1
  return list.slice(start, end).join('')
}

/** `text.split()` on runs of whitespace, at most `limit` times (−1: no limit), from the left or the right. */
export function splitSpaces(text: string, limit: number, isFromRight: boolean): string[] {
  const words = strip(text, null, 'both').split(SPACE_RUN)
  if (words[0] === '') return []
  if (limit < 0 || words.length <= limit) return words
  const base = strip(text, null, isFromRight ? 'right' : 'left')
  const gaps = [...base.matchAll(new RegExp(SPACE_RUN, 'g'))]
  const parts: string[] = []
  let start = 0
  for (const gap of isFromRight ? gaps.slice(gaps.length - limit) : gaps.slice(0, limit)) {
    parts.push(base.slice(start, gap.index))
    start = gap.index + gap[0].length
  }
  return [...parts, base.slice(start)]
}

/** `text.split(separator, limit)`; the separator is not empty. */
export function splitOn(text: string, separator: string, limit: number, isFromRight: boolean): string[] {
  const parts = text.split(separator)
  if (limit < 0 || parts.length <= limit + 1) return parts
  return isFromRight
    ? [parts.slice(0, parts.length - limit).join(separator), ...parts.slice(parts.length - limit)]
    : [...parts.slice(0, limit), parts.slice(limit).join(separator)]
}

/** `text.splitlines()`. */
export function splitLines(text: string, keepsEnds: boolean): string[] {
  const lines: string[] = []
  let start = 0
  for (const end of text.matchAll(LINE_END)) {
    const next = end.index + end[0].length
    lines.push(text.slice(start, keepsEnds ? next : end.index))
    start = next
  }
  if (start < text.length) lines.push(text.slice(start))
  return lines
}

/** `text.capitalize()`. */
export function capitalize(text: string): string {
  const first = text.codePointAt(0)
  if (first === undefined) return ''
  const head = String.fromCodePoint(first)
  return head.toUpperCase() + text.slice(head.length).toLowerCase()
}

/** `text.title()`: a letter after a letter is lower case, any other upper case. */
export function titleMethod(text: string): string {
  return text.replace(/(\p{Lu}|\p{Ll}|\p{Lt})+/gu, (word) => capitalize(word))
}

/** Jinja's filter `title`: words begin after whitespace, a hyphen or an opening bracket. */
export function titleFilter(text: string): string {
  return text
    .split(new RegExp(`([-(\\[{<${SPACES}]+)`))
    .map((part) => capitalize(part))
    .join('')
}

/** `text.swapcase()`. */
export function swapCase(text: string): string {
  return text.replace(/\p{L}/gu, (letter) => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase()))
}

/** `text.count(part)`. */
export function countPart(text: string, part: string): number {
  return part === '' ? textLength(text) + 1 : text.split(part).length - 1
}
