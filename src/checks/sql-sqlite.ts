/** SQLite's own spellings. */
import { replaceCode } from './sql-mask.ts'

/** Pragmas are left out, for their values are words of any kind; GLOB is an operator like LIKE. */
export function rewriteSqlite(sql: string): string {
  const withoutPragmas = replaceCode(
    sql,
    /(?<=^|;)(\s*)PRAGMA\s+[\w.\u00B7]+(?:\s*=\s*[-+\w.\u00B7]+|\s*\(\s*[-+\w.\u00B7]*\s*\))?\s*(?=;|$)/gi,
    ([all]) => all.replaceAll(/[^\n]/g, ' '),
  )
  return replaceCode(withoutPragmas, /\bGLOB\b(?!\s*\()/gi, () => 'LIKE')
}
