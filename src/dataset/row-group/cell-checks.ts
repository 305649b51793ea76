/** What validation columns use of the outside, while a row group is made. */
import type { CellPorts } from '../../columns/generator.ts'
import type { CheckedLanguage, CodeResult } from '../../plan/code-checks.ts'
import type { RemoteValidators } from '../../model/remote-validators.ts'
import type { AskingCell } from './answer-book.ts'
import { createRemoteResults } from './remote-results.ts'
import type { RemoteResultsOptions } from './remote-results.ts'

/** Effects of a worker for validation columns. */
export interface Validation {
  /** Checks a text off the event loop. Throws `CODE_UNCHECKABLE`. */
  readonly code: { check(language: CheckedLanguage, code: string): Promise<CodeResult> }
  readonly validators: RemoteValidators
}

/** The ports of one cell. */
export type CellChecks = (cell: AskingCell) => Pick<CellPorts, 'checkCode' | 'validate'>

/** Ports for the cells of one attempt at one row group; without effects there are none. */
export function openCellChecks(validation: Validation | undefined, options: Omit<RemoteResultsOptions, 'validators'>): CellChecks {
  if (validation === undefined) return () => ({})
  const { code, validators } = validation
  const remote = createRemoteResults({ ...options, validators })
  return (cell) => ({
    checkCode: (language, text) => code.check(language, text),
    validate: (request) => remote.validate(cell, request),
  })
}
