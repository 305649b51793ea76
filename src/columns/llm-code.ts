/** Columns written by a model as code in one language. */
import type { LlmCodeColumn } from '../config/compiled.ts'
import type { CellGenerator } from './generator.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'
import { compileModelCell } from './model-cell.ts'
import { codeLanguage, parseCodeAnswer } from './parse-code-answer.ts'

/**
 * Compiles an llm-code column. A cell is the content of the answer's last fenced block, without white space around it; an answer
 * without one, or whose fence names another language, is asked again, then `ANSWER_INVALID`. Throws `TEMPLATE_INVALID`.
 */
export function compileLlmCode(column: LlmCodeColumn, options: LlmColumnOptions): CellGenerator {
  const language = codeLanguage(column.code_lang)
  // The rehearsal endpoint knows code by this sentence (`src/rehearsal/answer.ts`).
  const instructions = `\n\nWrite the code in ${language.title}. Answer with exactly one fenced code block that begins with \`\`\`${language.tag}, and write nothing after it.`
  return compileModelCell(column, options, {
    instructions,
    read: (answer) => {
      const parsed = parseCodeAnswer(answer.content, language, answer.finishReason === 'length')
      return parsed.isFound ? { isUsable: true, value: parsed.code } : { isUsable: false, kind: 'parse', message: parsed.message }
    },
  })
}
