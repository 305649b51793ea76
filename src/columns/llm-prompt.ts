/** The prompts of a model column: rendered from the row, and made into a request. */
import { ParquetryError } from '../errors.ts'
import type { CompiledModel, LlmColumn } from '../config/compiled.ts'
import type { ChatMessage, ChatRequest, MediaPart } from '../model/client.ts'
import type { Value, ValueType } from '../values.ts'
import type { ConversationLimits } from './conversation.ts'
import type { CellRow } from './generator.ts'
import { fixedParameters } from './inference-parameters.ts'

/** A template made ready once, rendered for every row. */
export interface PromptTemplate {
  /** Columns it refers to. */
  readonly references: readonly string[]
  render(values: Readonly<Record<string, Value>>, options?: { readonly random?: () => number }): string
}

/** Makes a template ready; throws `TEMPLATE_INVALID`. */
export type CompileTemplate = (source: string, options?: { readonly types?: Readonly<Record<string, ValueType>> }) => PromptTemplate

/** What a model column needs besides its own config. */
export interface LlmColumnOptions {
  readonly model: CompiledModel
  /** Declared types of all columns. */
  readonly types: Readonly<Record<string, ValueType>>
  readonly compileTemplate: CompileTemplate
  readonly limits: ConversationLimits
}

/** The prompts of a column, ready for its rows. */
export interface ColumnPrompts {
  /** Columns that either prompt refers to. */
  readonly inputs: readonly string[]
  /** System prompt (when it renders to something) and user prompt. Throws `EMPTY_PROMPT` and what rendering throws. */
  render(row: CellRow): { readonly system: string | null; readonly user: string }
}

/** The prompts of a column as they stand in its config. */
export type PromptSource = Pick<LlmColumn, 'name' | 'prompt' | 'system_prompt'>

/** Compiles a column's prompts. Throws `TEMPLATE_INVALID`. */
export function compilePrompts(column: PromptSource, options: Pick<LlmColumnOptions, 'types' | 'compileTemplate'>): ColumnPrompts {
  const { compileTemplate, types } = options
  const prompt = compileTemplate(column.prompt, { types })
  const system = column.system_prompt === null ? null : compileTemplate(column.system_prompt, { types })
  const inputs = [...new Set([...prompt.references, ...(system?.references ?? [])])]
  return {
    inputs,
    render: (row) => {
      const values = Object.fromEntries(inputs.map((input) => [input, row.get(input)]))
      // One stream for both prompts, so that their draws differ.
      let stream: ReturnType<CellRow['random']> | undefined
      const random = (): number => (stream ??= row.random()).next()
      const systemText = system?.render(values, { random }) ?? ''
      const user = prompt.render(values, { random })
      if (user.trim() === '') throw emptyPrompt(column.name, prompt.references, values)
      return { system: systemText.trim() === '' ? null : systemText, user }
    },
  }
}

/** The request of a conversation's first call: canonical, without provider, endpoint, header or secret. */
export function toRequest(
  model: CompiledModel,
  prompts: { readonly system: string | null; readonly user: string },
  media: readonly MediaPart[] = [],
): ChatRequest {
  const messages: ChatMessage[] = [{ role: 'user', content: prompts.user, ...(media.length === 0 ? {} : { media }) }]
  if (prompts.system !== null) messages.unshift({ role: 'system', content: prompts.system })
  return { ...fixedParameters(model), messages }
}

function emptyPrompt(column: string, references: readonly string[], values: Readonly<Record<string, Value>>): ParquetryError {
  const empty = references.filter((name) => isEmpty(values[name]))
  const named = empty.length === 0 ? 'though none of its inputs is empty' : `with these inputs empty: ${empty.join(', ')}`
  return new ParquetryError('EMPTY_PROMPT', `Column "${column}": expected a prompt with text, found an empty one, ${named}.`, {
    column,
    emptyInputs: empty,
    wayOut: 'Give the prompt words of its own, or a fallback such as {% if x %}{{ x }}{% else %}unknown{% endif %}.',
  })
}

function isEmpty(value: Value | undefined): boolean {
  if (value === null || value === undefined) return true
  if (typeof value === 'string') return value.trim() === ''
  return Array.isArray(value) && value.length === 0
}
