/** MySQL's own spellings. */
import { applyEdits, closingBracket, maskSql, replaceCode } from './sql-mask.ts'
import type { Edit } from './sql-mask.ts'

/** What may stand between the brackets of a routine and its body. */
const CHARACTERISTICS =
  /^(?:\s*(?:RETURNS\s+\w+(?:\s*\([^)]*\))?(?:\s+UNSIGNED)?|(?:NOT\s+)?DETERMINISTIC|CONTAINS\s+SQL|NO\s+SQL|READS\s+SQL\s+DATA|MODIFIES\s+SQL\s+DATA|LANGUAGE\s+SQL|SQL\s+SECURITY\s+\w+|COMMENT\s+\u00B7+))*\s*/i

/** The client's DELIMITER is taken out, and its delimiter becomes a semicolon; functions are read as procedures, and their bodies follow AS. */
export function rewriteMysql(sql: string): string {
  const withoutEvents = replaceCode(withoutDelimiters(sql), /\bCREATE\s+EVENT\b[\s\S]*?\bDO\b/gi, ([all]) => blank(all))
  const text = asProcedures(withoutDeclarations(withoutEvents))
  return /\bCREATE\s+PROCEDURE\b/i.test(text) && !/;\s*$/.test(text) ? `${text};` : text
}

/** Variables and handlers are declared in ways of its own: of them stay the value that a variable begins with, and what a handler does. */
function withoutDeclarations(sql: string): string {
  const condition = /(?:NOT\s+FOUND|SQLEXCEPTION|SQLWARNING|SQLSTATE\s+(?:VALUE\s+)?\u00B7+|\d+)/.source
  const handlers = new RegExp(`\\bDECLARE\\s+(?:CONTINUE|EXIT|UNDO)\\s+HANDLER\\s+FOR\\s+${condition}(?:\\s*,\\s*${condition})*`, 'gi')
  const variables =
    /\bDECLARE\s+\w+(?:\s*,\s*\w+)*\s+(?!CURSOR\b|CONDITION\b)\w+(?:\s*\([^)]*\))?(?:\s+UNSIGNED)?(?:\s+DEFAULT\b|(?=\s*;))/gi
  return replaceCode(
    replaceCode(sql, handlers, ([all]) => blank(all)),
    variables,
    ([all]) => `SELECT ${/DEFAULT$/i.test(all) ? '' : '0'}${blank(all)}`,
  )
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ')
}

function withoutDelimiters(sql: string): string {
  let delimiter = ';'
  return sql
    .split('\n')
    .map((line) => {
      const change = /^\s*DELIMITER\s+(\S+)\s*$/i.exec(line)
      if (change === null) return delimiter === ';' ? line : line.replaceAll(delimiter, ';')
      delimiter = change[1]!
      return ''
    })
    .join('\n')
}

function asProcedures(sql: string): string {
  const text = replaceCode(sql, /\b(CREATE\s+)(?:DEFINER\s*=\s*\S+\s+)?FUNCTION\b/gi, ([, create]) => `${create}PROCEDURE`)
  const mask = maskSql(text)
  const edits: Edit[] = []
  for (const match of mask.matchAll(/\bCREATE\s+PROCEDURE\s+[\w.\u00B7]+\s*(?=\()/gi)) {
    const from = closingBracket(mask, match.index + match[0].length) + 1
    if (from === 0) continue
    const between = CHARACTERISTICS.exec(mask.slice(from))![0]
    edits.push({ from, to: from + between.length, text: ` AS ${blank(between)}` })
  }
  return applyEdits(text, edits)
}
