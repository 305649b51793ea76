/** Columns written by a model as plain text. */
import type { LlmTextColumn } from '../config/compiled.ts'
import type { ChatAnswer } from '../model/client.ts'
import type { Reading } from './conversation.ts'
import { converse } from './conversation.ts'
import type { CellGenerator } from './generator.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'
import { compilePrompts, toRequest } from './llm-prompt.ts'

/**
 * Compiles an llm-text column. A cell is the answer without surrounding white space; an empty answer is asked again, then
 * `ANSWER_INVALID`. Throws `TEMPLATE_INVALID` and `CONFIG_NOT_YET`.
 */
export function compileLlmText(column: LlmTextColumn, options: LlmColumnOptions): CellGenerator {
  const prompts = compilePrompts(column, options)
  const { model, limits } = options
  return {
    column: column.name,
    inputs: prompts.inputs,
    isSync: false,
    generate: async (row, ports) => {
      const request = toRequest(model, prompts.render(row))
      const ask = ports.ask.bind(ports, column.model_alias)
      return converse({ column: column.name, request, read: readText, ask }, limits)
    },
  }
}

function readText(answer: ChatAnswer): Reading<string> {
  const text = answer.content.trim()
  return text === '' ? { isUsable: false, kind: 'parse', message: 'it is empty.' } : { isUsable: true, value: text }
}
