/**
 * What the rehearsal endpoint answers: a pure function of the messages, the response format and the tools. The same prompt gets the same
 * answer on every machine, at every time.
 */
import { createHash } from 'node:crypto'
import { ParquetryError } from '../errors.ts'
import { codeAnswer, codeWanted, withoutCodeRequest } from './code.ts'
import { drawsFrom } from './draws.ts'
import { fitSchema } from './json-fit.ts'
import { compileFits } from './schema-check.ts'
import type { JsonSchema } from './schema-merge.ts'
import { schemaAt } from './schema-merge.ts'
import { rehearseCall } from './tool-call.ts'
import type { RehearsedCall } from './tool-call.ts'
import { prose, REHEARSAL_LABEL, wordsOf } from './words.ts'

/** The parts of a chat completion request that the answer depends on. */
export interface RehearsalRequest {
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
  readonly response_format?: unknown
  readonly tools?: unknown
}

/** An answer, and how it may be spoilt for `malformedRate`. */
export interface RehearsalAnswer {
  readonly content: string
  /** `json` when a schema or `json_object` was asked for, `code` when a fenced block of code was, `call` when tools are offered and none was called. */
  readonly shape: 'text' | 'json' | 'code' | 'call'
  /** Set for the shape `call`. */
  readonly call?: RehearsedCall
  /** Characters of all messages. */
  readonly inputCharacters: number
}

const JSON_OBJECT: JsonSchema = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }

/** SHA-256 over messages, response format and tools: the identity of a request. */
export function digestOf(request: RehearsalRequest): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([request.messages, request.response_format ?? null, ...(request.tools === undefined ? [] : [request.tools])]))
    .digest()
}

/**
 * The answer to a request: a call of one of the tools it offers, while none was called; else labelled prose, or JSON that fits the schema of `response_format`, or of the last
 * `<response_schema>` block of a user message (then in a fenced json block, as such prompts ask for); a fenced block of code where a
 * code column asks for one.
 * Throws `USAGE` for a schema that cannot be read or that no value was found for.
 */
export function answerRehearsal(request: RehearsalRequest, digest: Buffer): RehearsalAnswer {
  const texts = request.messages.map((message) => ({ role: message.role, text: textOf(message.content) }))
  const inputCharacters = texts.reduce((sum, { text }) => sum + text.length, 0)
  const users = texts.filter(({ role }) => role === 'user').map(({ text }) => text)
  const wanted = schemaWanted(request.response_format, users)
  const asked = (users.length > 0 ? users : texts.map(({ text }) => text)).map((text) => withoutCodeRequest(withoutSchemaBlock(text)))
  const words = wordsOf(asked.join('\n'))
  const call = rehearseCall(request.tools, request.messages, words, digest)
  if (call !== null) return { content: '', shape: 'call', call, inputCharacters }
  const language = wanted === undefined ? codeWanted(users) : undefined
  if (language !== undefined) return { content: codeAnswer(language, words), shape: 'code', inputCharacters }
  if (wanted === undefined) return { content: prose(words, drawsFrom(digest, 0)), shape: 'text', inputCharacters }
  const json = JSON.stringify(fitOrThrow(wanted.schema, words, digest))
  return { content: wanted.isFenced ? `\`\`\`json\n${json}\n\`\`\`` : json, shape: 'json', inputCharacters }
}

/** The answer spoilt, in one of the ways models spoil theirs; `way` is a draw in [0, 1). Never usable, always recognisable. */
export function spoil(answer: RehearsalAnswer, way: number): string {
  if (answer.shape === 'text' || answer.shape === 'call') return ''
  if (answer.shape === 'code' && way < 0.5) return answer.content.replace(/^```\w+/, '```rehearsal')
  if (way < 0.5) return `Sure! Here it is: ${answer.content.slice(0, Math.max(1, answer.content.length >> 1)).replace(/[}\]"\s]+$/, '')}`
  return `${REHEARSAL_LABEL}I would rather not answer in that form.`
}

function fitOrThrow(schema: JsonSchema, words: readonly string[], digest: Buffer): unknown {
  let fits: (value: unknown) => boolean
  try {
    fits = compileFits(schema)
  } catch (error) {
    throw new ParquetryError('USAGE', `Expected a JSON schema in the request, found one that cannot be read: ${reason(error)}.`)
  }
  const { value, isFitting } = fitSchema(schema, words, digest, fits)
  if (isFitting) return value
  throw new ParquetryError('USAGE', 'Expected a JSON schema that the rehearsal can find a value for, found none in 60 tries.', {
    wayOut: 'Simplify the schema (patterns, not, oneOf that overlap), or use a real model for this column.',
  })
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The text of a message, whose content is a string or a list of parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: unknown) => (isTextPart(part) ? part.text : '')).join('\n')
}

function isTextPart(part: unknown): part is { readonly text: string } {
  return typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string'
}

function schemaWanted(format: unknown, users: readonly string[]): { readonly schema: JsonSchema; readonly isFenced: boolean } | undefined {
  if (typeof format === 'object' && format !== null && 'type' in format) {
    if (format.type === 'json_schema' && 'json_schema' in format) {
      const holder = format.json_schema
      const schema = typeof holder === 'object' && holder !== null && 'schema' in holder ? schemaAt(holder.schema) : undefined
      return { schema: schema ?? JSON_OBJECT, isFenced: false }
    }
    if (format.type === 'json_object') return { schema: schemaBlock(users) ?? JSON_OBJECT, isFenced: false }
  }
  const schema = schemaBlock(users)
  return schema === undefined ? undefined : { schema, isFenced: true }
}

const OPENING = '<response_schema>'
const CLOSING = '</response_schema>'

/** The last schema block in any user message: correction rounds follow the message that holds it. */
function schemaBlock(users: readonly string[]): JsonSchema | undefined {
  for (const text of users.toReversed()) {
    const end = text.lastIndexOf(CLOSING)
    const start = end < 0 ? -1 : text.lastIndexOf(OPENING, end)
    if (start < 0) continue
    try {
      const schema = schemaAt(JSON.parse(text.slice(start + OPENING.length, end)))
      if (schema !== undefined) return schema
    } catch {
      throw new ParquetryError('USAGE', 'Expected a JSON schema between the response_schema tags, found text that is not JSON.')
    }
  }
  return undefined
}

/** The prompt proper: without the schema block and the paragraph that introduces it. */
function withoutSchemaBlock(text: string): string {
  const end = text.lastIndexOf(CLOSING)
  const start = end < 0 ? -1 : text.lastIndexOf(OPENING, end)
  if (start < 0) return text
  const paragraph = text.lastIndexOf('\n\n', start)
  return paragraph > 0 ? text.slice(0, paragraph) : text.slice(0, start)
}
