/** T-SQL's own spellings. */
import { applyEdits, maskSql, replaceCode } from './sql-mask.ts'
import type { Edit } from './sql-mask.ts'

/** TRY and CATCH become the branches of an IF; parameters of procedures stand in brackets, without OUTPUT. */
export function rewriteTsql(sql: string): string {
  let text = replaceCode(sql, /\b(CREATE(?:\s+OR\s+ALTER)?|ALTER)(\s+)PROC\b/gi, ([, create, blank]) => `${create}${blank}PROCEDURE`)
  text = replaceCode(text, /(?<!\bOR\s+)\bALTER(\s+)(?=PROCEDURE\b)/gi, ([, blank]) => `CREATE${blank}`)
  text = replaceCode(text, /\b(?:NON)?CLUSTERED(?=\s+INDEX\b)/gi, ([all]) => ' '.repeat(all.length))
  text = replaceCode(text, /\bBEGIN\s+TRY\b/gi, () => 'IF 1=1 BEGIN')
  text = replaceCode(text, /\bBEGIN\s+CATCH\b/gi, () => 'ELSE BEGIN')
  text = replaceCode(text, /\bEND\s+(?:TRY|CATCH)\b/gi, () => 'END')
  text = replaceCode(
    text,
    /\bADD\s+(?:CONSTRAINT\s+[\w\u00B7]+\s+)?DEFAULT\b[^;\n]*?\bFOR(\s+[\w\u00B7]+)/gi,
    ([, column]) => `ADD${column?.replaceAll('\u00B7', 'x')} INT`,
  )
  return bracketParameters(text)
}

function bracketParameters(sql: string): string {
  const mask = maskSql(sql)
  const edits: Edit[] = []
  for (const match of mask.matchAll(/\bPROCEDURE\s+[\w.#\u00B7]+\s*(\(?)\s*(?=@)/gi)) {
    const from = match.index + match[0].length
    const end = /\bAS\b(?=\s*(?:BEGIN|SET|SELECT|INSERT|UPDATE|DELETE|DECLARE|IF|WITH|EXEC|RETURN|MERGE|PRINT|;))/i.exec(mask.slice(from))
    if (end === null) continue
    const to = from + end.index
    for (const mark of mask.slice(from, to).matchAll(/\b(?:OUTPUT|OUT|READONLY)\b/gi)) {
      edits.push({ from: from + mark.index, to: from + mark.index + mark[0].length, text: ' '.repeat(mark[0].length) })
    }
    if (match[1] === '') edits.push({ from, to: from, text: '(' }, { from: to, to, text: ') ' })
  }
  return applyEdits(sql, edits)
}
