/**
 * Finds the code in a model's answer: the last fenced block, whose tag must name the language or none (DataDesigner's rule).
 * Fences are Markdown's (CommonMark): three or more backticks or tildes on a line of their own, closed by at least as many.
 */
import { withoutThoughts } from './without-thoughts.ts'

/** The code found, or what was wrong, said to the model. */
export type ParsedCode = { readonly isFound: true; readonly code: string } | { readonly isFound: false; readonly message: string }

/** A language as a column names it: how fences name it, and how people do. */
export interface CodeLanguage {
  /** Tag that is asked for, e.g. `python`. */
  readonly tag: string
  /** Name in a sentence, e.g. `SQL (dialect sqlite)`. */
  readonly title: string
  /** All tags that mean it, in lower case. */
  readonly tags: ReadonlySet<string>
}

const TITLES: Readonly<Record<string, string>> = {
  cobol: 'COBOL',
  cpp: 'C++',
  csharp: 'C#',
  javascript: 'JavaScript',
  typescript: 'TypeScript',
}

/** Other names of the same language, as models write them. */
const OTHER_TAGS: Readonly<Record<string, readonly string[]>> = {
  bash: ['sh', 'shell'],
  cobol: ['cob', 'cbl'],
  cpp: ['c++', 'cxx', 'cc'],
  csharp: ['c#', 'cs'],
  go: ['golang'],
  javascript: ['js'],
  kotlin: ['kt'],
  python: ['py', 'python3'],
  ruby: ['rb'],
  rust: ['rs'],
  typescript: ['ts'],
  'sql:sqlite': ['sqlite', 'sqlite3'],
  'sql:tsql': ['tsql', 't-sql'],
  'sql:bigquery': ['bigquery'],
  'sql:mysql': ['mysql'],
  'sql:postgres': ['postgres', 'postgresql', 'pgsql'],
  'sql:ansi': ['ansi'],
}

/** The language of a `code_lang`: a name, or `sql:` and a dialect. */
export function codeLanguage(codeLang: string): CodeLanguage {
  const [tag = codeLang, dialect] = codeLang.split(':')
  const title = TITLES[tag] ?? tag.charAt(0).toUpperCase() + tag.slice(1)
  return {
    tag,
    title: dialect === undefined ? title : `${tag.toUpperCase()} (dialect ${dialect})`,
    tags: new Set([tag, codeLang, ...(OTHER_TAGS[codeLang] ?? [])]),
  }
}

/**
 * Reads an answer. `isTruncated` says that it ended at the token limit: a block that is open at its end is then no code, while a
 * model that only forgot the closing fence is forgiven.
 */
export function parseCodeAnswer(text: string, language: CodeLanguage, isTruncated: boolean): ParsedCode {
  const wanted = `Put the whole code into one fenced block that begins with \`\`\`${language.tag}.`
  const answer = withoutThoughts(text)
  const block = answer === null ? undefined : lastBlock(answer)
  if (block === undefined) return { isFound: false, message: `it holds no fenced block of code. ${wanted}` }
  if (!block.isClosed && isTruncated) {
    return { isFound: false, message: 'its code is cut off before the end. Answer with the complete code, more briefly.' }
  }
  if (block.tag !== '' && !language.tags.has(block.tag.toLowerCase())) {
    return { isFound: false, message: `its last block is marked as ${block.tag.slice(0, 40)}, expected ${language.title}. ${wanted}` }
  }
  const code = block.body.trim()
  return code === '' ? { isFound: false, message: `its last block of code is empty. ${wanted}` } : { isFound: true, code }
}

interface Block {
  readonly tag: string
  readonly body: string
  readonly isClosed: boolean
}

const OPENING = /^([ \t]*)(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$/

function lastBlock(answer: string): Block | undefined {
  let last: Block | undefined
  let open: { readonly indent: number; readonly fence: string; readonly tag: string; readonly lines: string[] } | undefined
  for (const line of answer.split(/\r?\n/)) {
    if (open === undefined) {
      const [isOpening, indent = '', fence = '', tag = ''] = OPENING.exec(line) ?? []
      if (isOpening !== undefined) open = { indent: indent.length, fence, tag, lines: [] }
    } else if (closes(line, open)) {
      last = { tag: open.tag, body: open.lines.join('\n'), isClosed: true }
      open = undefined
    } else open.lines.push(unindent(line, open.indent))
  }
  return open === undefined ? last : { tag: open.tag, body: open.lines.join('\n'), isClosed: false }
}

/** A fence indented farther than its opening is part of the code: in a docstring, say. */
function closes(line: string, open: { readonly indent: number; readonly fence: string }): boolean {
  const [, indent = '', fence = ''] = /^([ \t]*)(`{3,}|~{3,})[ \t]*$/.exec(line) ?? []
  return fence.startsWith(open.fence) && indent.length <= open.indent + 3
}

/** Without the indentation of the fence, which is that of a list item around it. */
function unindent(line: string, indent: number): string {
  let at = 0
  while (at < indent && /[ \t]/.test(line.charAt(at))) at += 1
  return line.slice(at)
}
