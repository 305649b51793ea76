/** A reply, or none, as an answer or a classified failure. Pure; everything that leaves here is redacted. */
import type { ChatAnswer, ChatRequest } from './client.ts'
import { classifyReply, type Failure } from './errors.ts'
import type { HttpReply, TransportFailure } from './http.ts'
import { redact } from './redact.ts'
import type { Attempt } from './retry.ts'
import type { WireFormat } from './wire-format.ts'

/** What is known of the request beside its body. */
export interface ReplyContext {
  readonly format: WireFormat
  /** Values to keep out of messages: the key, secret headers. */
  readonly secrets: readonly string[]
  /** True when the request carried credentials. */
  readonly hadKey: boolean
  readonly isRehearsal: boolean
  /** Time of day, to read HTTP dates. */
  readonly dateMs: number
}

/** Reads a whole reply. */
export function readReply(reply: HttpReply, request: ChatRequest, context: ReplyContext): Attempt<ChatAnswer> {
  if (reply.status < 200 || reply.status >= 300) return { failure: refuse(reply, context) }
  const found = context.format.answer(reply.text, request)
  switch (found.kind) {
    case 'answer':
      return { value: context.isRehearsal ? { ...found.answer, rehearsal: true } : found.answer }
    case 'refused': {
      const message = `the provider's word is "${redact(found.reason, context.secrets)}"`
      return {
        failure: { code: 'MODEL_CONTENT_FILTERED', retry: 'never', message, status: reply.status, retryAfterMs: null, usage: found.usage },
      }
    }
    case 'unreadable': {
      const message = `expected an answer of a model as JSON, found ${found.problem}`
      return { failure: { code: 'MODEL_UNAVAILABLE', retry: 'backoff', message, status: reply.status, retryAfterMs: null } }
    }
    case 'error':
      return { failure: refuse({ status: found.status, headers: reply.headers, text: found.text }, context) }
  }
}

/** A 401 without a key asks for one: another way out than for a wrong key. */
function refuse(reply: HttpReply, context: ReplyContext): Failure {
  const failure = classifyReply(reply, context.dateMs)
  const code = failure.status === 401 && !context.hadKey ? 'MODEL_KEY_MISSING' : failure.code
  return { ...failure, code, message: redact(failure.message, context.secrets) }
}

/** Classifies a call without a whole reply. */
export function readTransportFailure(failure: TransportFailure, secrets: readonly string[]): Failure {
  const base = { message: redact(failure.message, secrets), status: null, retryAfterMs: null }
  switch (failure.problem) {
    case 'timeout':
      return { ...base, code: 'MODEL_TIMEOUT', retry: 'backoff' }
    case 'unreachable':
      return { ...base, code: 'MODEL_UNREACHABLE', retry: 'backoff' }
    case 'too-large':
      return { ...base, code: 'ANSWER_INVALID', retry: 'never' }
    case 'invalid':
      return { ...base, code: 'MODEL_UNREACHABLE', retry: 'never' }
  }
}
