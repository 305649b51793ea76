/**
 * The identity of a model call: what is asked, and where in the dataset. Never which attempt, provider or endpoint, so that an answer
 * paid for once is found again wherever the row group goes on (design section 6).
 *
 * Changing the form of the text below makes every open journal worthless; test/dataset/answer-key.test.ts notices.
 */
import { hash } from 'node:crypto'
import type { ChatRequest, Wanted } from '../../model/client.ts'

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
}

/** SHA-256 of request and place as 64 hex digits. */
export function answerKey(request: ChatRequest, place: AnswerPlace): string {
  return hash('sha256', canonicalCall(request, place), 'hex')
}

/** Fields by hand in one fixed order, for every call pays for this; absent ones are null, which is no value any of them has. */
function canonicalCall(request: ChatRequest, { row, column, refill, restart, step }: AnswerPlace): string {
  let messages = ''
  for (const { role, content, media } of request.messages) {
    const shown = media === undefined ? '' : `,${JSON.stringify(media.map(({ modality, id }) => [modality, id]))}`
    messages += `,[${JSON.stringify(role)},${JSON.stringify(content)}${shown}]`
  }
  const { responseSchema, extraBody, wants } = request
  const schema =
    responseSchema === undefined ? 'null' : `[${JSON.stringify(responseSchema.name)},${canonicalObject(responseSchema.schema)}]`
  return (
    `[1,${row},${JSON.stringify(column)},${refill},${restart},${step},${JSON.stringify(request.model)},[${messages.slice(1)}],` +
    `${request.temperature ?? null},${request.topP ?? null},${request.maxTokens ?? null},${schema},` +
    `${extraBody === undefined ? 'null' : canonicalObject(extraBody)}${wants === undefined ? '' : `,${wantedText(wants)}`}]`
  )
}

function wantedText(wants: Wanted): string {
  if (wants.kind === 'images') return JSON.stringify([wants.kind, wants.route])
  return JSON.stringify([wants.kind, wants.texts, wants.encodingFormat, wants.dimensions])
}

/** Schemas and further fields are the same objects for all rows, and do not change. */
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
