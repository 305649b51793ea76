/** The lines of a journal: one answer each, with a checksum of its own, so that a torn or damaged line costs that line only. */
import { crc32 } from 'node:zlib'
import type { KeptAnswer } from '../../model/client.ts'
import type { AnswerPlace } from './answer-key.ts'

/** One answered call. Besides key and answer everything is for people and for counting. */
export interface JournalEntry {
  /** `answerKey` of the call. */
  readonly k: string
  readonly row: number
  readonly column: string
  readonly refill: number
  readonly restart: number
  readonly step: number
  /** Turns of tool calls before it; absent for none. */
  readonly turn?: number
  readonly answer: KeptAnswer
  /** Who answered; never with a secret. */
  readonly endpoint?: string
  /** `configMark` of the config that asked. */
  readonly f: string
  /** Milliseconds since the epoch. */
  readonly t: number
}

/** What is recorded beside an answer. */
export interface LineFacts {
  /** `configMark` of the config that asked. */
  readonly mark: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Base URL that answered, without user and query. */
  readonly endpoint?: string | undefined
}

/**
 * A fingerprint `sha256:<hex>` short enough for every line. Answers of another config are none: its requests may look the same and
 * yet have been answered by something else (a rehearsal, other body fields of the provider).
 */
export function configMark(fingerprint: string): string {
  return fingerprint.replace('sha256:', '').slice(0, 16)
}

/** The line of an entry, newline included. */
export function toLine(key: string, place: AnswerPlace, answer: KeptAnswer, { mark, at, endpoint }: LineFacts): string {
  const { row, column, refill, restart, step, turn } = place
  const from = endpoint === undefined ? {} : { endpoint }
  const entry: JournalEntry = {
    k: key,
    row,
    column,
    refill,
    restart,
    step,
    ...(turn === undefined ? {} : { turn }),
    answer,
    ...from,
    f: mark,
    t: at,
  }
  const body = JSON.stringify(entry).slice(0, -1)
  return `${body},"c":"${checksum(body)}"}\n`
}

/** What a journal file holds. */
export interface JournalContent {
  readonly entries: readonly JournalEntry[]
  /** Lines that are not what was written; a torn last line is none of them, for that is what a kill leaves. */
  readonly damagedLines: number
  /** True when the last line has no end: whoever appends begins with a newline. */
  readonly isTorn: boolean
}

const NEWLINE = 10
/** `,"c":"01234567"}` */
const SUFFIX = /^,"c":"([0-9a-f]{8})"\}$/
const SUFFIX_LENGTH = 16

/** Reads whatever is whole. */
export function readLines(bytes: Uint8Array): JournalContent {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: JournalEntry[] = []
  let damagedLines = 0
  let start = 0
  while (start < buffer.length) {
    const newline = buffer.indexOf(NEWLINE, start)
    const isLast = newline < 0
    const end = isLast ? buffer.length : newline
    const line = buffer.toString('utf8', start, end)
    const entry = parseLine(line)
    if (entry !== null) entries.push(entry)
    else if (!isLast && line !== '') damagedLines += 1
    start = end + 1
  }
  return { entries, damagedLines, isTorn: buffer.length > 0 && buffer.at(-1) !== NEWLINE }
}

function parseLine(line: string): JournalEntry | null {
  const found = SUFFIX.exec(line.slice(-SUFFIX_LENGTH))?.[1]
  if (found === undefined) return null
  const body = line.slice(0, -SUFFIX_LENGTH)
  if (found !== checksum(body)) return null
  try {
    const entry = JSON.parse(`${body}}`) as JournalEntry
    return hasAnswer(entry) ? entry : null
  } catch {
    return null
  }
}

/** A checksum proves that the bytes are as written, not that a program like this one wrote them. */
function hasAnswer({ k, f, t, answer }: Partial<JournalEntry>): boolean {
  const { content, finishReason, usage } = (answer ?? {}) as Partial<KeptAnswer>
  const isText = typeof k === 'string' && typeof f === 'string' && typeof content === 'string' && typeof finishReason === 'string'
  return isText && typeof t === 'number' && typeof usage?.inputTokens === 'number' && typeof usage.outputTokens === 'number'
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
