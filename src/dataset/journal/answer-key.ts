/**
 * The identity of a model call: what is asked, and where in the dataset. Never which attempt, provider or endpoint, so that an answer
 * paid for once is found again wherever the row group goes on (design section 6).
 *
 * Changing the form of the text below makes every open journal worthless; test/dataset/answer-key.test.ts notices.
 */
import { hash } from 'node:crypto'
import type { ChatMessage, ChatRequest, ToolCall, Wanted } from '../../model/client.ts'

/** Where in the dataset a call belongs. */
export interface AnswerPlace {
  /** Fixed index of the record. */
  readonly row: number
  readonly column: string
  /** 0 for the first try at the row. */
  readonly refill: number
  /** Fresh conversations before this one. */
  readonly restart: number
  /** Correction rounds before this one. */
  readonly step: number
  /** Turns of tool calls before this one; absent for none. */
  readonly turn?: number
}

/** Where a tool call belongs: after which answer, and which of the calls of its turn it is, from 0. */
export interface ToolCallPlace extends AnswerPlace {
  readonly call: number
}

/** SHA-256 of request and place as 64 hex digits. */
export function answerKey(request: ChatRequest, place: AnswerPlace): string {
  return hash('sha256', canonicalCall(request, place), 'hex')
}

/** SHA-256 of a tool call and its place as 64 hex digits; never of the server, so that one that moved repeats no call. */
export function toolCallKey({ name, arguments: given }: Pick<ToolCall, 'name' | 'arguments'>, place: ToolCallPlace): string {
  const { row, column, refill, restart, step, turn = 0, call } = place
  return hash('sha256', JSON.stringify(['tool', 1, row, column, refill, restart, step, turn, call, name, given]), 'hex')
}

/** Fields by hand in one fixed order, for every call pays for this; absent ones are null, which is no value any of them has. */
function canonicalCall(request: ChatRequest, { row, column, refill, restart, step, turn = 0 }: AnswerPlace): string {
  let messages = ''
  for (const message of request.messages) {
    const { role, content, media } = message
    const shown = media === undefined ? '' : `,${JSON.stringify(media.map(({ modality, id }) => [modality, id]))}`
    messages += `,[${JSON.stringify(role)},${JSON.stringify(content)}${shown}${canonicalCalls(message)}]`
  }
  const { responseSchema, extraBody, tools, wants } = request
  const schema =
    responseSchema === undefined ? 'null' : `[${JSON.stringify(responseSchema.name)},${canonicalObject(responseSchema.schema)}]`
  return (
    `[1,${row},${JSON.stringify(column)},${refill},${restart},${step},${JSON.stringify(request.model)},[${messages.slice(1)}],` +
    `${request.temperature ?? null},${request.topP ?? null},${request.maxTokens ?? null},${schema},` +
    `${extraBody === undefined ? 'null' : canonicalObject(extraBody)}${tools === undefined ? '' : `,${turn},${canonicalObject(tools)}`}` +
    `${wants === undefined ? '' : `,${wantedText(wants)}`}]`
  )
}

function wantedText(wants: Wanted): string {
  if (wants.kind === 'images') return JSON.stringify([wants.kind, wants.route])
  return JSON.stringify([wants.kind, wants.texts, wants.encodingFormat, wants.dimensions])
}

/** What a message says of tools; nothing for one that says nothing, whose text is that of before there were tools. */
function canonicalCalls({ reasoning, toolCalls, toolCallId }: ChatMessage): string {
  if (toolCalls === undefined && toolCallId === undefined) return ''
  const calls = toolCalls?.map(({ id, name, arguments: given }) => [id, name, given]) ?? null
  return `,${JSON.stringify([reasoning ?? null, calls, toolCallId ?? null])}`
}

/** Schemas, tools and further fields are the same objects for all rows, and do not change. */
const knownObjects = new WeakMap<object, string>()

function canonicalObject(value: object): string {
  let text = knownObjects.get(value)
  if (text === undefined) {
    text = canonicalJson(JSON.parse(JSON.stringify(value)))
    knownObjects.set(value, text)
  }
  return text
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}
