/**
 * Gets one usable answer out of a model: a bad answer gets correction rounds with the error, then a fresh conversation, up to
 * the limits (DataDesigner's order).
 *
 * 1. Every call has its own ordinal (restart, step), so a restart asks anew although its request is the same.
 * 2. The order of calls depends on the answers only: with the same journal the same calls are looked up.
 */
import { ParquetryError } from '../errors.ts'
import type { ChatAnswer, ChatMessage, ChatRequest } from '../model/client.ts'
import type { CallOrdinal } from './generator.ts'

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

/** One column's way of asking for one cell. */
export interface Conversation<T> {
  readonly column: string
  /** The request that opens every conversation of this cell. */
  readonly request: ChatRequest
  /** Number of the first conversation; default 0. A cell asked in another way counts on from there. */
  readonly firstRestart?: number
  read(answer: ChatAnswer): Reading<T>
  ask(request: ChatRequest, ordinal: CallOrdinal): Promise<ChatAnswer>
}

/** A usable answer, and the conversation that led to it. */
export interface Reached<T> {
  readonly value: T
  /** Messages that opened the conversation. */
  readonly opening: readonly ChatMessage[]
  /** The answers of this conversation in their order; the last one is usable. */
  readonly answers: readonly ChatAnswer[]
  /** What was said to each answer but the last. */
  readonly corrections: readonly string[]
}

/**
 * The first usable answer. Throws `ANSWER_INVALID` when all rounds are used up, with details `reason` (`parse` or
 * `schema`), `lastError`, `truncated` (the last answer ended at max_tokens), `conversations` and `calls`; and whatever `ask` throws.
 */
export async function converse<T>(conversation: Conversation<T>, limits: ConversationLimits): Promise<Reached<T>> {
  const first = conversation.firstRestart ?? 0
  let calls = 0
  let last: { reading: Reading<T> & { isUsable: false }; isTruncated: boolean } | undefined
  for (let restart = first; restart <= first + limits.maxConversationRestarts; restart += 1) {
    let request = conversation.request
    const answers: ChatAnswer[] = []
    const corrections: string[] = []
    for (let step = 0; step <= limits.maxConversationCorrectionSteps; step += 1) {
      const answer = await conversation.ask(request, { restart, step })
      calls += 1
      const reading = conversation.read(answer)
      answers.push(answer)
      if (reading.isUsable) return { value: reading.value, opening: conversation.request.messages, answers, corrections }
      last = { reading, isTruncated: answer.finishReason === 'length' }
      corrections.push(correctionOf(reading.message))
      request = withCorrection(request, answer, corrections.at(-1)!)
    }
  }
  const reading = last?.reading ?? { kind: 'parse', message: 'no answer was asked for' }
  throw answerInvalid(conversation.column, reading, last?.isTruncated ?? false, calls, 1 + limits.maxConversationRestarts)
}

function correctionOf(message: string): string {
  return `That answer cannot be used: ${message}\nAnswer again, in full, with this corrected.`
}

/** The conversation so far, with what was wrong as the next turn. Providers refuse an empty turn, so an empty answer is named. */
function withCorrection(request: ChatRequest, answer: ChatAnswer, correction: string): ChatRequest {
  const said = answer.content.trim() === '' ? '(empty answer)' : answer.content
  return {
    ...request,
    messages: [...request.messages, { role: 'assistant', content: said }, { role: 'user', content: correction }],
  }
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
