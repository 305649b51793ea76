/** SQL judged by a parser of its dialect: PostgreSQL's own for postgres, DataFusion's for the others. */
import type { CheckedLanguage, SqlResult } from '../plan/code-checks.ts'
import { isMissingSemicolon, toScript } from './sql-script.ts'
import type { SqlPiece } from './sql-script.ts'

/** A dialect, as a config names it. */
export type SqlLanguage = Exclude<CheckedLanguage, 'python'>

/** Dialect → its name for DataFusion's parser. */
const DIALECTS = {
  'sql:sqlite': 'sqlite',
  'sql:mysql': 'mysql',
  'sql:tsql': 'mssql',
  'sql:bigquery': 'bigquery',
  'sql:ansi': 'ansi',
} as const

/** DataDesigner's rule, as it stands there: capitals, and no spaces. */
const DECIMAL_WITHOUT_SCALE = /DECIMAL\(\d+\)/
const DECIMAL_MESSAGE = 'Custom Check: Found DECIMAL definitions without a scale, which may be incorrect.'

/** Where a text is no SQL, and why; lines and positions from 1. */
interface SyntaxFault {
  readonly line: number
  readonly position: number
  readonly message: string
}

/** The first fault of a piece, or null. Throws when the parser itself breaks. */
type Parse = (sql: string) => SyntaxFault | null

/** Loads the parser of a dialect; the check that it returns takes less than a millisecond for a text of usual length. */
export async function loadSqlCheck(language: SqlLanguage): Promise<(code: string) => SqlResult> {
  const parser = language === 'sql:postgres' ? await loadPostgres() : await loadDataFusion(DIALECTS[language])
  const parse = language === 'sql:tsql' ? withoutSemicolons(parser) : parser
  return (code) => {
    const messages = faultsOf(toScript(code, language), parse)
    if (DECIMAL_WITHOUT_SCALE.test(code)) messages.push(DECIMAL_MESSAGE)
    return { is_valid: messages.length === 0, error_messages: messages.join('\n') }
  }
}

function faultsOf(pieces: readonly SqlPiece[], parse: Parse): string[] {
  return pieces.flatMap(({ sql, firstLine }) => {
    if (sql.trim() === '') return []
    const fault = parse(sql)
    return fault === null ? [] : [`PRS: Line ${firstLine + fault.line - 1}, Position ${fault.position}: ${fault.message}`]
  })
}

/** Statements in one text that may lack their semicolon. */
const MAX_MISSING = 200

/** T-SQL does without semicolons: where the parser says that a statement has ended and another begins, one is put in. */
function withoutSemicolons(parse: Parse): Parse {
  return (sql) => {
    let text = sql
    for (let missing = 0; missing < MAX_MISSING; missing += 1) {
      const fault = parse(text)
      if (fault === null || !isMissingSemicolon(fault.message)) return fault
      const lines = text.split('\n')
      const line = Array.from(lines[fault.line - 1] ?? '')
      line.splice(fault.position - 1, 0, ';')
      lines[fault.line - 1] = line.join('')
      text = lines.join('\n')
    }
    return parse(text)
  }
}

/** What the parser says of a text; nothing else does it say of one. */
const SAID = /^sql parser error: (?!recursion limit exceeded)([\s\S]*?)(?: at Line: (\d+), Column: (\d+).*)?$/

async function loadDataFusion(dialect: (typeof DIALECTS)[keyof typeof DIALECTS]): Promise<Parse> {
  const { init, ParserError, validate } = await import('@guanmingchiu/sqlparser-ts')
  await init()
  return (sql) => {
    try {
      validate(sql, dialect)
      return null
    } catch (error) {
      // An overflow comes in the same wrapping; it says nothing about the text.
      if (!(error instanceof ParserError) || !SAID.test(error.message)) throw error
      const [, message = error.message, line = '1', column = '1'] = SAID.exec(error.message) ?? []
      return { line: Number(line), position: Number(column), message }
    }
  }
}

async function loadPostgres(): Promise<Parse> {
  const { loadModule, parseSync, hasSqlDetails } = await import('libpg-query')
  await loadModule()
  return (sql) => {
    try {
      parseSync(sql)
      return null
    } catch (error) {
      if (!hasSqlDetails(error)) throw error
      // The parser counts characters, not UTF-16 units.
      const lines = Array.from(sql)
        .slice(0, error.sqlDetails?.cursorPosition ?? 0)
        .join('')
        .split('\n')
      return { line: lines.length, position: Array.from(lines.at(-1) ?? '').length + 1, message: error.message }
    }
  }
}
