/**
 * Gets one usable answer out of a model: a bad answer gets correction rounds with the error, then a fresh conversation, up to
 * the limits (DataDesigner's order).
 *
 * 1. Every call has its own ordinal (restart, step, tool turn), so a restart asks anew although its request is the same.
 * 2. The order of calls depends on the answers only: with the same journal the same calls are looked up.
 * 3. A model that is offered tools may call them, up to a number of turns; a fresh conversation begins with the results it has got.
 */
import { ParquetryError } from '../errors.ts'
import type { ChatAnswer, ChatMessage, ChatRequest, ToolCall, ToolDefinition } from '../model/client.ts'
import type { CallOrdinal, ToolCallOrdinal } from './generator.ts'

/** How often a bad answer is asked again. */
export interface ConversationLimits {
  /** Fresh conversations after the first, ≥ 0. */
  readonly maxConversationRestarts: number
  /** Correction rounds within one conversation, ≥ 0. */
  readonly maxConversationCorrectionSteps: number
}

/** What an answer turned out to be. `parse`: nothing usable in it; `schema`: JSON that does not fit. */
export type Reading<T> =
  | { readonly isUsable: true; readonly value: T }
  | { readonly isUsable: false; readonly kind: 'parse' | 'schema'; readonly message: string }

/** The tools of one cell's conversation. */
export interface ConversationTools {
  readonly definitions: readonly ToolDefinition[]
  /** Turns of tool calls after which further ones are refused, ≥ 1. */
  readonly maxTurns: number
  /** What comes of a call, as the model is told. */
  call(call: ToolCall, ordinal: ToolCallOrdinal): Promise<string>
}

/** One column's way of asking for one cell. */
export interface Conversation<T> {
  readonly column: string
  /** The request that opens every conversation of this cell. */
  readonly request: ChatRequest
  /** Number of the first conversation; default 0. A cell asked in another way counts on from there. */
  readonly firstRestart?: number
  /** Absent when the model is offered none. */
  readonly tools?: ConversationTools
  read(answer: ChatAnswer): Reading<T>
  ask(request: ChatRequest, ordinal: CallOrdinal): Promise<ChatAnswer>
}

/** A usable answer, and the conversation that led to it. */
export interface Reached<T> {
  readonly value: T
  /** All of it, with what the model thought, as it was said: the usable answer comes last. */
  readonly messages: readonly ChatMessage[]
}

/** A conversation as far as it has come. */
interface Talk {
  /** What the next request says. */
  readonly said: readonly ChatMessage[]
  /** The same for people: with thoughts, and with empty answers as they are. */
  readonly trace: readonly ChatMessage[]
  /** Turns of tool calls so far, refused ones included. */
  readonly turns: number
}

/** Turns of tool calls that are refused before the model's wish for more counts as a bad answer. */
const MAX_REFUSED_TURNS = 3

/** DataDesigner's words. */
const REFUSAL =
  'Tool call refused: You have reached the maximum number of tool-calling turns. ' +
  'Please provide your final response without requesting additional tool calls.'

/**
 * The first usable answer. Throws `ANSWER_INVALID` when all rounds are used up, with details `reason` (`parse` or
 * `schema`), `lastError`, `truncated` (the last answer ended at max_tokens), `conversations` and `calls`; and whatever `ask` throws.
 */
export async function converse<T>(conversation: Conversation<T>, limits: ConversationLimits): Promise<Reached<T>> {
  const first = conversation.firstRestart ?? 0
  const { messages } = conversation.request
  /** Where a fresh conversation begins: after the last turn of tool calls, whose results are kept. */
  let start: Talk = { said: messages, trace: messages, turns: 0 }
  let calls = 0
  let last: { reading: Reading<T> & { isUsable: false }; isTruncated: boolean } | undefined
  for (let restart = first; restart <= first + limits.maxConversationRestarts; restart += 1) {
    let talk = start
    for (let step = 0; step <= limits.maxConversationCorrectionSteps; step += 1) {
      let answer = await askFor(conversation, talk, { restart, step })
      calls += 1
      while (callsTools(conversation, answer, talk)) {
        start = talk = await takeToolTurn(conversation.tools!, answer, talk, { restart, step })
        answer = await askFor(conversation, talk, { restart, step })
        calls += 1
      }
      const reading = readAnswer(conversation, answer)
      const message = finalMessage(answer)
      if (reading.isUsable) return { value: reading.value, messages: [...talk.trace, message] }
      last = { reading, isTruncated: answer.finishReason === 'length' }
      talk = withCorrection(talk, message, answer, correctionOf(reading.message))
    }
  }
  const reading = last?.reading ?? { kind: 'parse', message: 'no answer was asked for' }
  throw answerInvalid(conversation.column, reading, last?.isTruncated ?? false, calls, 1 + limits.maxConversationRestarts)
}

function askFor(
  conversation: Conversation<unknown>,
  { said, turns }: Talk,
  place: { readonly restart: number; readonly step: number },
): Promise<ChatAnswer> {
  const { request, tools } = conversation
  const asked = tools === undefined ? { ...request, messages: said } : { ...request, messages: said, tools: tools.definitions }
  return conversation.ask(asked, ordinalAt(place, turns))
}

function ordinalAt(place: { readonly restart: number; readonly step: number }, turns: number): CallOrdinal {
  return turns === 0 ? place : { ...place, turn: turns }
}

function callsTools({ tools }: Conversation<unknown>, { toolCalls }: ChatAnswer, { turns }: Talk): boolean {
  return tools !== undefined && toolCalls !== undefined && turns < tools.maxTurns + MAX_REFUSED_TURNS
}

/** All calls of the answer at once; once the turns are used up, each is refused instead. */
async function takeToolTurn(
  tools: ConversationTools,
  answer: ChatAnswer,
  { said, trace, turns }: Talk,
  place: { readonly restart: number; readonly step: number },
): Promise<Talk> {
  const { toolCalls = [], nativeContent } = answer
  const ordinal = ordinalAt(place, turns)
  const isRefused = turns >= tools.maxTurns
  // All of them end before the cell does.
  const results = await Promise.allSettled(
    toolCalls.map(async (call, index) => (isRefused ? REFUSAL : await tools.call(call, { ...ordinal, call: index }))),
  )
  const contents = results.map((result) => {
    if (result.status === 'rejected') throw result.reason as Error
    return result.value
  })
  const reasoning = answer.reasoning?.trim() || undefined
  const asked: ChatMessage = {
    role: 'assistant',
    content: reasoning === undefined ? answer.content : answer.content.trim(),
    ...(reasoning === undefined ? {} : { reasoning }),
    toolCalls,
    ...(nativeContent === undefined ? {} : { nativeContent }),
  }
  const told = contents.map((content, index): ChatMessage => ({ role: 'tool', content, toolCallId: toolCalls[index]!.id }))
  return { said: [...said, asked, ...told], trace: [...trace, asked, ...told], turns: turns + 1 }
}

/** A model that goes on calling tools has not answered. */
function readAnswer<T>(conversation: Conversation<T>, answer: ChatAnswer): Reading<T> {
  const { tools } = conversation
  if (tools === undefined || answer.toolCalls === undefined) return conversation.read(answer)
  return { isUsable: false, kind: 'parse', message: `it calls tools, though its ${tools.maxTurns} turns of tool calls are used up.` }
}

/** As DataDesigner keeps it: the text without white space around it, the thoughts as they came. */
function finalMessage({ content, reasoning }: ChatAnswer): ChatMessage {
  return { role: 'assistant', content: content.trim(), ...(reasoning === undefined ? {} : { reasoning }) }
}

function correctionOf(message: string): string {
  return `That answer cannot be used: ${message}\nAnswer again, in full, with this corrected.`
}

/** The conversation so far, with what was wrong as the next turn. Providers refuse an empty turn, so an empty answer is named. */
function withCorrection({ said, trace, turns }: Talk, message: ChatMessage, { content }: ChatAnswer, correction: string): Talk {
  const answered: ChatMessage = { role: 'assistant', content: content.trim() === '' ? '(empty answer)' : content }
  const told: ChatMessage = { role: 'user', content: correction }
  return { said: [...said, answered, told], trace: [...trace, message, told], turns }
}

function answerInvalid(
  column: string,
  last: { readonly kind: 'parse' | 'schema'; readonly message: string },
  isTruncated: boolean,
  calls: number,
  conversations: number,
): ParquetryError {
  const cut = isTruncated ? ' The answer ended at the token limit.' : ''
  return new ParquetryError(
    'ANSWER_INVALID',
    `Column "${column}": expected a usable answer, found none in ${calls} ${calls === 1 ? 'call' : 'calls'}; last: ${last.message}${cut}`,
    {
      column,
      reason: last.kind,
      lastError: last.message,
      truncated: isTruncated,
      conversations,
      calls,
      wayOut: isTruncated
        ? 'Raise max_tokens of the model alias, or ask for less.'
        : 'Make the prompt or output_format simpler, allow correction rounds (max_conversation_correction_steps), or use a stronger model.',
    },
  )
}
