/** Python judged by ruff, with DataDesigner's rules, severities and score. */
import type { LinterMessage, PythonResult } from '../plan/code-checks.ts'

/** Families of rules, as DataDesigner selects them. */
const RULES = ['E', 'F6', 'F7', 'F8', 'SIM', 'PLC', 'PLE', 'PLR', 'PLW']
/** Letters that a rule begins with → type of its messages; of any other rule `warning`. */
const TYPES: Readonly<Record<string, string>> = {
  E: 'refactor',
  F: 'error',
  SIM: 'refactor',
  PLC: 'convention',
  PLE: 'error',
  PLR: 'refactor',
  PLW: 'warning',
}
/** The gravest first. */
const SEVERITIES = ['fatal', 'error', 'warning', 'convention', 'refactor']
const UNREADABLE: readonly (string | null)[] = [null, 'invalid-syntax', 'E999', 'SyntaxError']

/** Nodes of Lezer's grammar that CPython's `ast` has a statement for; an `elif` is an `if` of its own there. */
const STATEMENTS: ReadonlySet<string> = new Set([
  'AssertStatement',
  'AssignStatement',
  'BreakStatement',
  'ClassDefinition',
  'ContinueStatement',
  'DeleteStatement',
  'ExpressionStatement',
  'ForStatement',
  'FunctionDefinition',
  'IfStatement',
  'ImportStatement',
  'MatchStatement',
  'PassStatement',
  'PrintStatement',
  'RaiseStatement',
  'ReturnStatement',
  'ScopeStatement',
  'TryStatement',
  'TypeDefinition',
  'UpdateStatement',
  'WhileStatement',
  'WithStatement',
  'YieldStatement',
  'elif',
])

/** What ruff says. */
interface Diagnostic {
  readonly code: string | null
  readonly message: string
  readonly start_location: { readonly row: number; readonly column: number }
}

/** Loads ruff and the grammar; the check that it returns takes about a millisecond a kilobyte. */
export async function loadPythonCheck(): Promise<(code: string) => PythonResult> {
  const { Workspace, PositionEncoding } = await import('@astral-sh/ruff-wasm-nodejs')
  const { parser } = await import('@lezer/python')
  const workspace = new Workspace({ lint: { select: RULES } }, PositionEncoding.Utf32)

  function countStatements(code: string): number {
    let count = 0
    parser.parse(code).iterate({
      enter({ name }) {
        if (STATEMENTS.has(name)) count += 1
      },
    })
    return count
  }

  return (code) => {
    const found = workspace.check(code) as readonly Diagnostic[]
    const messages = found.map(toMessage).sort(byPlace).sort(byGravity)
    const severity = messages[0]?.type ?? 'none'
    return {
      is_valid: severity !== 'fatal' && severity !== 'error',
      python_linter_score: severity === 'fatal' ? 0 : scoreOf(messages, countStatements(code)),
      python_linter_severity: severity,
      python_linter_messages: messages,
    }
  }
}

function toMessage({ code, message, start_location: { row, column } }: Diagnostic): LinterMessage {
  const letters = code?.replaceAll(/[^a-z]/gi, '') ?? ''
  const type = UNREADABLE.includes(code) ? 'fatal' : Object.hasOwn(TYPES, letters) ? TYPES[letters]! : 'warning'
  return { type, symbol: code ?? 'None', line: row, column, message }
}

function byPlace(a: LinterMessage, b: LinterMessage): number {
  return a.line - b.line || a.column - b.column
}

function byGravity(a: LinterMessage, b: LinterMessage): number {
  return SEVERITIES.indexOf(a.type) - SEVERITIES.indexOf(b.type)
}

function scoreOf(messages: readonly LinterMessage[], statements: number): number {
  const errors = messages.filter(({ type }) => type === 'error').length
  const others = messages.length - errors
  return Math.max(0, 10 - ((5 * errors + others) / Math.max(1, statements)) * 10)
}
