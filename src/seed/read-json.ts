/** JSON and JSON lines, object by object: a list of objects, or objects one after the other. Long integers keep their digits. */
import type { Hash } from 'node:crypto'
import { readText } from './text-chunks.ts'
import { unreadable } from './unreadable.ts'

/** One row as it stands in the file; integers beyond 2^53 are `bigint`. */
export type JsonRow = Readonly<Record<string, unknown>>

/** A larger object is a bracket that nobody closed. */
const MAX_ROW_CHARACTERS = 64 * 1024 * 1024
/** Marks a long integer while JSON.parse is at work: no file has a field of this name. */
const MARK = '\\u0000int'
const RAW_MARK = '\u0000int'

/** The rows of a file in batches. Throws `SEED_DATA_UNREADABLE` with the number of the object. */
export async function* readJson(path: string, hash: Hash): AsyncGenerator<readonly JsonRow[]> {
  const splitter = createSplitter(path)
  for await (const text of readText(path, hash)) {
    const rows = splitter.push(text)
    if (rows.length > 0) yield rows
  }
  splitter.end()
}

interface Splitter {
  push(text: string): JsonRow[]
  end(): void
}

type Fail = (found: string) => Error

/** Cuts a text into the objects of its top level. */
function createSplitter(path: string): Splitter {
  /** From the beginning of the open object on, or what follows the last one. */
  let rest = ''
  /** Where to go on in `rest`. */
  let at = 0
  let count = 0
  let isList: boolean | null = null
  let hasEnded = false
  const scanner = createScanner()

  const fail: Fail = (found) =>
    unreadable(
      `${path}, object ${count + 1}: expected a JSON object, found ${found}`,
      'give a list of objects, or one object a line (JSON lines)',
    )

  /** Passes over what stands between objects; true when an object begins at `at`. */
  function findObject(): boolean {
    for (; at < rest.length; at += 1) {
      const character = rest[at]!
      if (/\s/.test(character)) continue
      if (hasEnded) throw fail('more after the end of the list')
      if (character === '{') return true
      if (character === '[' && isList === null) isList = true
      else if (character === ']' && isList === true) hasEnded = true
      else if (character !== ',' || isList !== true || count === 0) throw fail(JSON.stringify(rest.slice(at, at + 20)))
    }
    return false
  }

  return {
    push(text): JsonRow[] {
      rest += text
      const rows: JsonRow[] = []
      while (scanner.isOpen() || findObject()) {
        isList ??= false
        const start = scanner.isOpen() ? 0 : at
        const end = scanner.findEnd(rest, at)
        if (end < 0) {
          rest = rest.slice(start)
          at = rest.length
          if (at > MAX_ROW_CHARACTERS) throw fail('no end of it')
          return rows
        }
        rows.push(parseRow(rest.slice(start, end), fail))
        count += 1
        rest = rest.slice(end)
        at = 0
      }
      rest = ''
      at = 0
      return rows
    },
    end(): void {
      if (scanner.isOpen()) throw fail('the end of the file within it')
      if (isList === true && !hasEnded) throw fail('the end of the file before that of the list')
    },
  }
}

/** Follows brackets and texts, from piece to piece. */
function createScanner(): { isOpen(): boolean; findEnd(text: string, from: number): number } {
  let depth = 0
  let isText = false
  let isEscaped = false
  return {
    isOpen: () => depth > 0,
    /** The place after the bracket that closes the object, or -1 when it is not in this text. */
    findEnd(text, from): number {
      for (let at = from; at < text.length; at += 1) {
        const code = text.charCodeAt(at)
        if (isEscaped) isEscaped = false
        else if (isText) {
          if (code === 0x5c) isEscaped = true
          else if (code === 0x22) isText = false
        } else if (code === 0x22) isText = true
        else if (code === 0x7b || code === 0x5b) depth += 1
        else if (code === 0x7d || code === 0x5d) {
          depth -= 1
          if (depth === 0) return at + 1
        }
      }
      return -1
    },
  }
}

function parseRow(text: string, fail: Fail): JsonRow {
  try {
    if (!/\d{16}/.test(text)) return JSON.parse(text) as JsonRow
    const marked = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs, (token) =>
      /^-?\d{16,}$/.test(token) ? `{"${MARK}":"${token}"}` : token,
    )
    return JSON.parse(marked, (_key, value: unknown) => unmark(value)) as JsonRow
  } catch (error) {
    throw fail(error instanceof Error ? `text that is none (${error.message.slice(0, 100)})` : 'text that is none')
  }
}

function unmark(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, RAW_MARK)) return value
  const integer = BigInt((value as Record<string, string>)[RAW_MARK]!)
  return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer
}
