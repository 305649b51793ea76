/** What checking code comes to: the languages that can be checked, the cells, and their types. Pure; config and columns agree on it. */
import type { ValueType } from '../values.ts'

/** Languages that code can be checked in. */
export const CHECKED_LANGUAGES = ['python', 'sql:sqlite', 'sql:postgres', 'sql:mysql', 'sql:tsql', 'sql:bigquery', 'sql:ansi'] as const

/** A language that code can be checked in. */
export type CheckedLanguage = (typeof CHECKED_LANGUAGES)[number]

/** One thing that the linter says of Python code. */
export interface LinterMessage {
  /** In pylint's words: `fatal`, `error`, `warning`, `convention` or `refactor`. */
  readonly type: string
  /** The rule, e.g. `F821`; `invalid-syntax` for code that cannot be read. */
  readonly symbol: string
  /** From 1. */
  readonly line: number
  /** In characters, from 1. */
  readonly column: number
  readonly message: string
}

/** The result for a text of Python. */
export interface PythonResult {
  /** False where a message is `fatal` or `error`. */
  readonly is_valid: boolean
  /** 0–10, as pylint counts: 10 − 10 × (5 × errors + other messages) ÷ statements, at least 0; 0 for code that cannot be read. */
  readonly python_linter_score: number
  /** The gravest type among the messages, or `none`. */
  readonly python_linter_severity: string
  /** The gravest first, then by line. */
  readonly python_linter_messages: readonly LinterMessage[]
}

/** The result for a text of SQL. */
export interface SqlResult {
  readonly is_valid: boolean
  /** One a line; empty for a valid text. */
  readonly error_messages: string
}

/** The result of a check. */
export type CodeResult = PythonResult | SqlResult

const text: ValueType = { kind: 'string' }
const whole: ValueType = { kind: 'int64' }

/** The declared type of a result. */
export function codeResultType(language: CheckedLanguage): ValueType {
  const isValid = { name: 'is_valid', type: { kind: 'boolean' } } as const
  if (language !== 'python') return { kind: 'group', fields: [isValid, { name: 'error_messages', type: text }] }
  const message: ValueType = {
    kind: 'group',
    fields: [
      { name: 'type', type: text },
      { name: 'symbol', type: text },
      { name: 'line', type: whole },
      { name: 'column', type: whole },
      { name: 'message', type: text },
    ],
  }
  return {
    kind: 'group',
    fields: [
      isValid,
      { name: 'python_linter_score', type: { kind: 'double' } },
      { name: 'python_linter_severity', type: text },
      { name: 'python_linter_messages', type: { kind: 'list', element: message } },
    ],
  }
}
