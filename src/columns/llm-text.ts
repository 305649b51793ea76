/** Columns written by a model as plain text. */
import type { LlmTextColumn } from '../config/compiled.ts'
import type { ChatAnswer } from '../model/client.ts'
import type { Reading } from './conversation.ts'
import type { CellGenerator } from './generator.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'
import { compileModelCell } from './model-cell.ts'

/**
 * Compiles an llm-text column. A cell is the answer without surrounding white space; an empty answer is asked again, then
 * `ANSWER_INVALID`. Throws `TEMPLATE_INVALID`.
 */
export function compileLlmText(column: LlmTextColumn, options: LlmColumnOptions): CellGenerator {
  return compileModelCell(column, options, { instructions: '', read: readText })
}

function readText(answer: ChatAnswer): Reading<string> {
  const text = answer.content.trim()
  return text === '' ? { isUsable: false, kind: 'parse', message: 'it is empty.' } : { isUsable: true, value: text }
}
