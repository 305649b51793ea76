/**
 * From a text as people write it to what the parser takes. What belongs to the client and not to SQL (GO, DELIMITER) is taken out, and
 * spellings of a dialect that the parser does not know are written in one that it does. Lines stay, so that faults are found again.
 */
import { rewriteMysql } from './sql-mysql.ts'
import { rewriteSqlite } from './sql-sqlite.ts'
import { rewriteTsql } from './sql-tsql.ts'

/** A part of the text that is parsed on its own. */
export interface SqlPiece {
  readonly sql: string
  /** Its first line in the whole text, from 1. */
  readonly firstLine: number
}

/** The pieces of a text. */
export function toScript(code: string, language: string): readonly SqlPiece[] {
  switch (language) {
    case 'sql:tsql':
      return splitAtLines(code, /^\s*GO(?:\s+\d+)?\s*;?\s*$/i).map(({ sql, firstLine }) => ({ sql: rewriteTsql(sql), firstLine }))
    case 'sql:mysql':
      return [{ sql: rewriteMysql(code), firstLine: 1 }]
    case 'sql:sqlite':
      return [{ sql: rewriteSqlite(code), firstLine: 1 }]
    default:
      return [{ sql: code, firstLine: 1 }]
  }
}

/** Where a parser says that a statement ends, and the next one begins without a semicolon before it. */
const MISSING_SEMICOLON =
  /^Expected: (?:end of statement|;), found: (?:ALTER|BEGIN|COMMIT|CREATE|DECLARE|DELETE|DROP|ELSE|END|EXEC|EXECUTE|FETCH|IF|INSERT|MERGE|PRINT|RAISERROR|RETURN|ROLLBACK|SELECT|SET|THROW|TRUNCATE|UPDATE|USE|WHILE|WITH)$/i

/** True when the fault is a semicolon that T-SQL does without. */
export function isMissingSemicolon(message: string): boolean {
  return MISSING_SEMICOLON.test(message)
}

function splitAtLines(code: string, separator: RegExp): readonly SqlPiece[] {
  const pieces: SqlPiece[] = []
  let firstLine = 1
  let lines: string[] = []
  const end = (): void => {
    pieces.push({ sql: lines.join('\n'), firstLine })
    firstLine += lines.length + 1
    lines = []
  }
  for (const line of code.split('\n')) {
    if (separator.test(line)) end()
    else lines.push(line)
  }
  end()
  return pieces
}
