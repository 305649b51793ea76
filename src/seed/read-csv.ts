/** CSV files row by row: quotes, line breaks in cells, any of the usual delimiters. Every cell is a text; an empty one is null later. */
import type { Hash } from 'node:crypto'
import Papa from 'papaparse'
import { readText } from './text-chunks.ts'
import { unreadable } from './unreadable.ts'

/** Cells of one row. */
export type CsvRow = readonly string[]

const DELIMITERS = [',', ';', '\t', '|']
/** A row larger than this is a quote that nobody closed. */
const MAX_ROW_CHARACTERS = 32 * 1024 * 1024
/** So much text after a malformed quote tells that it is not merely cut off. */
const CERTAIN_CHARACTERS = 64 * 1024

/** The header of a CSV file, then its rows in batches, all of as many cells. Throws `SEED_DATA_UNREADABLE` with the line. */
export async function* readCsv(path: string, hash: Hash): AsyncGenerator<readonly CsvRow[]> {
  const reader = createCsvReader(path)
  for await (const text of readText(path, hash)) {
    const rows = reader.push(text, false)
    if (rows.length > 0) yield rows
  }
  const rows = reader.push('', true)
  if (rows.length > 0) yield rows
  if (reader.isEmpty()) throw unreadable(`expected a CSV file with a header at ${path}, found an empty file`, 'give a file with rows')
}

/** Takes the text of a file piece by piece, and gives the rows that are whole. */
function createCsvReader(path: string): { push(text: string, isLast: boolean): readonly CsvRow[]; isEmpty(): boolean } {
  let rest = ''
  /** Of the first character of `rest`, from 1. */
  let line = 1
  let delimiter = ','
  let width: number | null = null
  let hasCarriageReturns = false

  /** One row of its own, without what a CRLF leaves at the end of it. */
  function settle(row: string[]): CsvRow {
    const last = row.length - 1
    if (hasCarriageReturns && row[last]!.endsWith('\r')) row[last] = row[last]!.slice(0, -1)
    return row
  }

  /** Every row has as many cells as the header; blank lines are none. */
  function checkWidth(rows: readonly CsvRow[], text: string): void {
    const index = rows.findIndex((row) => row.length !== width && !isBlank(row))
    if (index < 0) return
    const found = rows[index]!.length
    throw unreadable(
      `${path}, line ${lineOfRow(index, text)}: expected ${width} ${width === 1 ? 'cell' : 'cells'}, as the header has, found ${found}`,
      'correct the row, or quote the delimiters in it',
    )
  }

  /** The line on which a row of `text` begins. */
  function lineOfRow(index: number, text: string): number {
    if (index === 0) return line
    const before = new Papa.Parser({ delimiter, newline: '\n', preview: index }).parse(text, 0, true) as Papa.ParseResult<string[]>
    return line + breaksIn(text.slice(0, before.meta.cursor))
  }

  return {
    isEmpty: () => width === null,
    push(text, isLast): readonly CsvRow[] {
      rest += text
      if (rest === '') return []
      if (width === null) {
        delimiter = delimiterOf(rest)
        hasCarriageReturns = /^[^\n]*\r\n/.test(rest)
      }
      const { data, errors, meta } = new Papa.Parser({ delimiter, newline: '\n' }).parse(rest, 0, !isLast) as Papa.ParseResult<string[]>
      const fault = errors.find(({ type, index }) => type === 'Quotes' && (isLast || rest.length - (index ?? 0) > CERTAIN_CHARACTERS))
      if (fault !== undefined) throw malformed(path, line + breaksIn(rest.slice(0, fault.index ?? 0)), fault.code)
      const all = data.map(settle)
      width ??= all.find((row) => !isBlank(row))?.length ?? null
      checkWidth(all, rest)
      const used = isLast ? rest.length : meta.cursor
      line += breaksIn(rest.slice(0, used))
      rest = rest.slice(used)
      if (rest.length > MAX_ROW_CHARACTERS) throw malformed(path, line, 'MissingQuotes')
      return width === 1 ? all : all.filter((row) => !isBlank(row))
    },
  }
}

function isBlank(row: CsvRow): boolean {
  return row.length === 1 && row[0] === ''
}

function malformed(path: string, line: number, code: string): Error {
  return code === 'InvalidQuotes'
    ? unreadable(
        `${path}, line ${line}: expected the end of a cell after its closing quote, found more`,
        'double the quotes within a quoted cell',
      )
    : unreadable(`${path}, line ${line}: expected the end of a quoted cell, found none`, 'close the quote')
}

function breaksIn(text: string): number {
  let breaks = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) breaks += 1
  return breaks
}

/** The delimiter that stands most often in the header, outside of quotes. */
function delimiterOf(text: string): string {
  const header = /^(?:[^"\r\n]|"(?:[^"]|"")*")*/.exec(text)![0].replaceAll(/"(?:[^"]|"")*"/g, '')
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length - 1)
  const most = Math.max(...counts)
  return most === 0 ? ',' : DELIMITERS[counts.indexOf(most)]!
}
