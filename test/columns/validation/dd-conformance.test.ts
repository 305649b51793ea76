import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadPythonCheck } from '../../../src/checks/python.ts'
import { loadSqlCheck } from '../../../src/checks/sql.ts'
import type { SqlLanguage } from '../../../src/checks/sql.ts'
import type { PythonResult, SqlResult } from '../../../src/plan/code-checks.ts'

/** What data-designer 0.9.6 says, written by make-validator-cases.py. */
interface Cases {
  readonly python: readonly { readonly code: string; readonly result: PythonResult }[]
  readonly sql: readonly { readonly dialect: SqlLanguage; readonly code: string; readonly result: SqlResult }[]
}
const cases = JSON.parse(await readFile(new URL('validator-cases.json', import.meta.url), 'utf8')) as Cases

const CONSTRAINTS = 'the parser leaves it to the database which constraints and lengths it knows'
const LENIENT = 'the parser takes what a neighbouring dialect has'

function ofAll(dialects: readonly string[], code: string, reason: string): Readonly<Record<string, string>> {
  return Object.fromEntries(dialects.map((dialect) => [`sql:${dialect}: ${code}`, reason]))
}

/** Where we judge otherwise on purpose, or because the parser is another one: `dialect: code` → why. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  ...ofAll(['ansi', 'sqlite', 'mysql', 'postgres'], 'SELECT a, FROM t;', 'no SQL of these dialects: sqlfluff takes FROM for a column'),
  'sql:postgres: SELECT TOP 5 a FROM t;': 'PostgreSQL itself refuses it; sqlfluff takes TOP for a column',
  'sql:tsql: INSERT t (a) VALUE;': 'no T-SQL: sqlfluff takes VALUE for a procedure',
  'sql:tsql: CREATE PROCEDURE p @a INT AS\nBEGIN\n    SELEC @a;\nEND': 'sqlfluff takes SELEC for a procedure',
  'sql:tsql: hello world': 'sqlfluff takes it for the call of a procedure, which only the first statement of a batch may be',
  'sql:bigquery: CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL, price DECIMAL(10, 2));': CONSTRAINTS,
  'sql:bigquery: CREATE TABLE t (a INT, b INT, FOREIGN KEY (a) REFERENCES u (id));': CONSTRAINTS,
  ...ofAll(['mysql', 'bigquery'], 'SELECT TOP 5 a FROM t;', LENIENT),
  'sql:tsql: SELECT a FROM t LIMIT 5;': LENIENT,
  'sql:ansi: SELECT `a` FROM t;': LENIENT,
  'sql:ansi: SELECT a FROM t FOR JSON PATH;': LENIENT,
}

describe('as in DataDesigner', () => {
  it('Python has the same validity, score, severity and messages', async () => {
    const check = await loadPythonCheck()
    for (const { code, result } of cases.python) expect({ code, result: check(code) }).toEqual({ code, result })
  })

  describe('SQL is valid or not', () => {
    const checks = new Map<string, (code: string) => SqlResult>()
    beforeAll(async () => {
      for (const { dialect } of cases.sql) if (!checks.has(dialect)) checks.set(dialect, await loadSqlCheck(dialect))
    })

    it('but for the differences that are listed', () => {
      const found = cases.sql
        .filter(({ dialect, code, result }) => checks.get(dialect)!(code).is_valid !== result.is_valid)
        .map(({ dialect, code }) => `${dialect}: ${code}`)
      expect(found.toSorted()).toEqual(Object.keys(DIFFERENCES).toSorted())
    })
  })
})
