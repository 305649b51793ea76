/**
 * Columns of which every cell is JSON that fits a schema: natively where the endpoint has structured output, otherwise by
 * instructions in the prompt and a parser that forgives.
 */
import type { LlmColumn } from '../config/compiled.ts'
import { isParquetryError } from '../errors.ts'
import type { ChatAnswer, ChatRequest, MediaPart } from '../model/client.ts'
import type { Value, ValueType } from '../values.ts'
import type { Reached, Reading } from './conversation.ts'
import { converse } from './conversation.ts'
import type { CellGenerator, CellPorts } from './generator.ts'
import type { JsonJudge } from './json-schema-judge.ts'
import { compileJsonJudge } from './json-schema-judge.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'
import { compilePrompts, toRequest } from './llm-prompt.ts'
import { compileContexts } from './media/contexts.ts'
import { normaliseValue } from './normalise-value.ts'
import { parseJsonAnswer } from './parse-json-answer.ts'
import { pruneUnknown } from './prune-unknown.ts'
import { compileSideEffects } from './side-effects.ts'

/** What tells one kind of column from another. */
export interface JsonCell {
  readonly schema: Readonly<Record<string, unknown>>
  /** Where the schema comes from, for errors. */
  readonly path: string
  /** Puts right what is right but for its form, before the schema judges. Default: nothing. */
  readonly mend?: (json: unknown) => unknown
}

/**
 * Compiles the column. Where the endpoint refuses native structured output, the column asks by prompt from then on.
 * Throws `CONFIG_INVALID` for a schema that cannot be read and `TEMPLATE_INVALID`; cells throw `ANSWER_INVALID`.
 */
export function compileJsonCell(column: LlmColumn, options: LlmColumnOptions, cell: JsonCell): CellGenerator {
  const prompts = compilePrompts(column, options)
  const { model, limits, types } = options
  const { schema } = cell
  const read = compileReader(cell, types[column.name] ?? { kind: 'json' })
  const instructions = instructionsFor(schema)
  const sideEffects = compileSideEffects(column)
  const contexts = compileContexts(column)
  let isNativeRefused = false

  const generate = async (
    rendered: { system: string | null; user: string },
    media: readonly MediaPart[],
    ports: CellPorts,
  ): Promise<Reached<Value>> => {
    const ask = ports.ask.bind(ports, column.model_alias)
    const byPrompt = toRequest(model, { ...rendered, user: rendered.user + instructions }, media)
    if (!model.nativeStructuredOutput) return converse({ column: column.name, request: byPrompt, read, ask }, limits)
    if (!isNativeRefused) {
      const request: ChatRequest = { ...toRequest(model, rendered, media), responseSchema: { name: column.name, schema } }
      try {
        return await converse({ column: column.name, request, read, ask }, limits)
      } catch (error) {
        if (!isNativeRefusal(error)) throw error
        isNativeRefused = true
      }
    }
    // Restart numbers begin at 1 here whether or not this cell tried natively first, so that its journalled answers are found
    // again by a worker that has yet to learn of the refusal.
    return converse({ column: column.name, request: byPrompt, firstRestart: 1, read, ask }, limits)
  }
  return {
    column: column.name,
    inputs: [...new Set([...prompts.inputs, ...contexts.inputs])],
    sideEffects: sideEffects.columns,
    isSync: false,
    generate: async (row, ports) => {
      const reached = await generate(prompts.render(row), await contexts.build(row, ports.media), ports)
      sideEffects.record(row, reached)
      return reached.value
    },
  }
}

/** A 400 or 422 that speaks of the response format: about the endpoint, not about this row. */
function isNativeRefusal(error: unknown): boolean {
  if (!isParquetryError(error) || error.code !== 'MODEL_BAD_REQUEST') return false
  return /response[_ ]?format|json[_ ]?schema|structured[_ ]?outputs?|guided[_ ]?(?:json|decoding)|grammar/i.test(
    `${error.message} ${JSON.stringify(error.details)}`,
  )
}

/** The paragraph appended to the user prompt. */
function instructionsFor(schema: object): string {
  return [
    '',
    '',
    'Answer with exactly one JSON value that fits the JSON schema between the response_schema tags, in a fenced block that begins with ```json.',
    'Use the names of the schema as they are, add no other properties, and write nothing after the block.',
    '<response_schema>',
    JSON.stringify(schema),
    '</response_schema>',
  ].join('\n')
}

function compileReader({ schema, path, mend = (json) => json }: JsonCell, type: ValueType): (answer: ChatAnswer) => Reading<Value> {
  const judge: JsonJudge = compileJsonJudge(schema, path)
  const wants = schema['type'] === 'array' ? 'array' : schema['type'] === 'object' || 'properties' in schema ? 'object' : 'any'
  return (answer) => {
    const parsed = parseJsonAnswer(answer.content, wants)
    if (!parsed.isFound) return { isUsable: false, kind: 'parse', message: parsed.message }
    const pruned = mend(pruneUnknown(parsed.value, schema))
    const complaint = judge(pruned)
    if (complaint !== undefined) return { isUsable: false, kind: 'schema', message: complaint }
    const normalised = normaliseValue(pruned, type)
    if (normalised.isHeld) return { isUsable: true, value: normalised.value }
    return { isUsable: false, kind: 'schema', message: `its JSON cannot be stored: ${normalised.message}` }
  }
}
