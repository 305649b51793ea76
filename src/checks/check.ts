/** One check, in whatever thread it runs: parsers are loaded when their language is first met. */
import type { CheckedLanguage, CodeResult } from '../plan/code-checks.ts'
import { loadPythonCheck } from './python.ts'
import { loadSqlCheck } from './sql.ts'

type Check = (code: string) => CodeResult

const checks = new Map<CheckedLanguage, Promise<Check>>()

/** The result for a text. Throws what a parser throws that breaks on it; it should then not be used again. */
export async function checkCode(language: CheckedLanguage, code: string): Promise<CodeResult> {
  let check = checks.get(language)
  if (check === undefined) {
    check = language === 'python' ? loadPythonCheck() : loadSqlCheck(language)
    checks.set(language, check)
  }
  return (await check)(code)
}
