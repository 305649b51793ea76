/** Columns of which every cell is one conversation whose usable answer is a text. */
import type { LlmColumn } from '../config/compiled.ts'
import type { ChatAnswer } from '../model/client.ts'
import type { Reading } from './conversation.ts'
import { converse } from './conversation.ts'
import type { CellGenerator } from './generator.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'
import { compilePrompts, toRequest } from './llm-prompt.ts'
import { compileContexts } from './media/contexts.ts'
import { compileSideEffects } from './side-effects.ts'

/** What tells one kind of column from another. */
export interface ModelCell {
  /** Appended to the user prompt. */
  readonly instructions: string
  readonly read: (answer: ChatAnswer) => Reading<string>
}

/** Compiles the column. Throws `TEMPLATE_INVALID`; cells throw `ANSWER_INVALID` and `EMPTY_PROMPT`. */
export function compileModelCell(column: LlmColumn, options: LlmColumnOptions, { instructions, read }: ModelCell): CellGenerator {
  const prompts = compilePrompts(column, options)
  const { model, limits } = options
  const sideEffects = compileSideEffects(column)
  const contexts = compileContexts(column)
  return {
    column: column.name,
    inputs: [...new Set([...prompts.inputs, ...contexts.inputs])],
    sideEffects: sideEffects.columns,
    isSync: false,
    generate: async (row, ports) => {
      const { system, user } = prompts.render(row)
      const request = toRequest(model, { system, user: user + instructions }, await contexts.build(row, ports.media))
      const ask = ports.ask.bind(ports, column.model_alias)
      const reached = await converse({ column: column.name, request, read, ask }, limits)
      sideEffects.record(row, reached)
      return reached.value
    },
  }
}
