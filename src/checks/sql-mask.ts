/** Rewriting SQL without touching what stands in texts, quoted names and comments. */

/** Characters of a text that are code, all others blanks of the same length; line breaks stay. */
export function maskSql(sql: string): string {
  return sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)|\[[^\]\n]*\]/g, (quoted) =>
    quoted.replaceAll(/[^\n]/g, quoted.startsWith('-') || quoted.startsWith('/') ? ' ' : '\u00B7'),
  )
}

/** A change of a text. */
export interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** The text with the changes, which do not overlap. */
export function applyEdits(sql: string, edits: readonly Edit[]): string {
  let result = sql
  for (const { from, to, text } of edits.toSorted((a, b) => b.from - a.from)) result = result.slice(0, from) + text + result.slice(to)
  return result
}

/** The text with every match in its code replaced; groups of the match are those of the mask. */
export function replaceCode(sql: string, pattern: RegExp, replacement: (match: RegExpExecArray) => string): string {
  const edits = [...maskSql(sql).matchAll(pattern)].map((match) => ({
    from: match.index,
    to: match.index + match[0].length,
    text: replacement(match),
  }))
  return applyEdits(sql, edits)
}

/** Place of the bracket that closes the one at `open` in a mask, or -1. */
export function closingBracket(mask: string, open: number): number {
  let depth = 0
  for (let at = open; at < mask.length; at += 1) {
    if (mask[at] === '(') depth += 1
    if (mask[at] === ')') depth -= 1
    if (depth === 0) return at
  }
  return -1
}
