/** What a provider's refusal means: status and body → our code, whether to try again, and when. Pure. */
import type { ErrorCode } from '../errors.ts'
import type { TokenUsage } from './client.ts'

/** How the caller goes on after a failure. */
export type RetryRule =
  /** The same request gets the same answer. */
  | 'never'
  /** Try again after a growing pause, a few times. */
  | 'backoff'
  /** The limiter waits it out, however often, up to a total. */
  | 'rate-limit'

/** A failed call, classified. */
export interface Failure {
  readonly code: ErrorCode
  readonly retry: RetryRule
  /** What the provider said, or what went wrong below HTTP; not redacted yet. Never the request. */
  readonly message: string
  readonly status: number | null
  /** Milliseconds after which the provider says that a retry may succeed; null when it does not say. */
  readonly retryAfterMs: number | null
  /** Tokens that it cost all the same; absent when the call was not answered. */
  readonly usage?: TokenUsage
}

/** The parts of a reply that decide. */
export interface FailedReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

const CONTEXT_TOO_LONG =
  /context[_ -]?(?:length|window|size)|maximum context|max_model_len|prompt (?:is )?too long|too many (?:input )?tokens|(?:input|prompt)[^.]{0,60}(?:exceeds?|longer than|too long)[^.]{0,60}(?:tokens?|limit|length|maximum)|reduce the length of the (?:messages|prompt)|string_above_max_length|request_too_large/iu
const CONTENT_FILTERED =
  /content[_ -]?(?:filter|policy|management)|responsible ?ai|safety (?:system|policy|filter|guidelines)|flagged (?:by|for|as)|moderation|prohibited[_ ]content|blocked by (?:safety|guardrail)/iu
const KEY_REFUSED =
  /(?:invalid|incorrect|missing|expired|revoked|wrong|bad|no)[_ ](?:x-)?api[-_ ]?key|api[-_ ]?key (?:is )?(?:not valid|invalid|expired|not found|missing|revoked|required)|authentication[_ ]error|unauthenticated/iu
const MODEL_UNKNOWN =
  /model[_ ]not[_ ]found|(?:unknown|no such|invalid|unsupported|nonexistent) model\b|\bmodel\b[^.]{0,120}(?:does ?n[o']t exist|not found|is not available|not a valid|has been (?:deprecated|decommissioned|retired)|no longer)|not a valid model/iu
const QUOTA_USED_UP =
  /insufficient[_ ](?:quota|balance|credits?|funds)|exceeded your current quota|billing[_ ](?:hard[_ ]limit|not[_ ]active)|credit balance|(?:out of|not enough|no) credits?|payment required|spend(?:ing)?[_ ]limit|quota[_ ]exhausted/iu

/** Classifies a reply whose status is not 2xx, or whose body is an error. `dateMs` is the time of day, to read HTTP dates. */
export function classifyReply(reply: FailedReply, dateMs: number): Failure {
  const { text, spoken } = readErrorBody(reply.text)
  const retryAfterMs = readRetryAfter(reply.headers, dateMs) ?? readSpokenDelay(spoken)
  const rule = ruleOf(reply.status, spoken, retryAfterMs)
  const location = reply.status >= 300 && reply.status < 400 ? ` (it redirects to ${originOf(reply.headers['location'])})` : ''
  return { ...rule, message: text + location, status: reply.status, retryAfterMs }
}

function ruleOf(status: number, spoken: string, retryAfterMs: number | null): { readonly code: ErrorCode; readonly retry: RetryRule } {
  if (status === 401) return never('MODEL_AUTH')
  if (status === 402) return never('MODEL_QUOTA')
  if (status === 429) {
    // Gemini says "quota" for its limits by the minute too, but then says how long to wait.
    const isQuota = /insufficient[_ ]quota/iu.test(spoken) || (retryAfterMs === null && QUOTA_USED_UP.test(spoken))
    return isQuota ? never('MODEL_QUOTA') : { code: 'MODEL_RATE_LIMITED', retry: 'rate-limit' }
  }
  if (status === 403) {
    if (QUOTA_USED_UP.test(spoken)) return never('MODEL_QUOTA')
    return never(CONTENT_FILTERED.test(spoken) ? 'MODEL_CONTENT_FILTERED' : 'MODEL_PERMISSION')
  }
  if (status === 408) return { code: 'MODEL_TIMEOUT', retry: 'backoff' }
  if (status === 413) return never('MODEL_CONTEXT_TOO_LONG')
  if (status === 400 || status === 422) return never(codeOfBadRequest(spoken))
  if (status === 404 || status === 405 || status === 410 || (status >= 300 && status < 400)) return never('MODEL_NOT_FOUND')
  if (status === 409 || status === 425) return { code: 'MODEL_UNAVAILABLE', retry: 'backoff' }
  if (status >= 400 && status < 500) return never('MODEL_PERMISSION')
  // Some self-hosted servers answer 500 to a prompt that is too long; trying again would not shorten it.
  if (CONTEXT_TOO_LONG.test(spoken)) return never('MODEL_CONTEXT_TOO_LONG')
  const saysWhen = (status === 503 || status === 529) && retryAfterMs !== null
  return { code: 'MODEL_UNAVAILABLE', retry: saysWhen ? 'rate-limit' : 'backoff' }
}

/** A 400 drops its row, unless its words say that key, model or account are the trouble: then every row would get it. */
function codeOfBadRequest(spoken: string): ErrorCode {
  if (CONTEXT_TOO_LONG.test(spoken)) return 'MODEL_CONTEXT_TOO_LONG'
  if (CONTENT_FILTERED.test(spoken)) return 'MODEL_CONTENT_FILTERED'
  if (KEY_REFUSED.test(spoken)) return 'MODEL_AUTH'
  if (QUOTA_USED_UP.test(spoken)) return 'MODEL_QUOTA'
  if (MODEL_UNKNOWN.test(spoken)) return 'MODEL_NOT_FOUND'
  return 'MODEL_BAD_REQUEST'
}

function never(code: ErrorCode): { readonly code: ErrorCode; readonly retry: RetryRule } {
  return { code, retry: 'never' }
}

/**
 * Reads Retry-After: `retry-after-ms`, seconds, or an HTTP date relative to `dateMs`; without it, when the limits that the reply
 * says are used up have something left again. ≥ 0, null when absent or unreadable.
 */
export function readRetryAfter(headers: FailedReply['headers'], dateMs: number): number | null {
  const exact = firstOf(headers['retry-after-ms'])
  if (exact !== null && /^\d+(?:\.\d+)?$/u.test(exact)) return Number(exact)
  const value = firstOf(headers['retry-after'])
  if (value === null) return readReset(headers, dateMs)
  if (/^\d+(?:\.\d+)?$/u.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - dateMs)
}

/** Headers in which a provider says what is left of a limit, with those that say when there is more: OpenAI's and Anthropic's. */
const LIMIT_HEADERS: readonly (readonly [remaining: string, reset: string])[] = [
  ...['requests', 'tokens'].map((kind) => [`x-ratelimit-remaining-${kind}`, `x-ratelimit-reset-${kind}`] as const),
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map(
    (kind) => [`anthropic-ratelimit-${kind}-remaining`, `anthropic-ratelimit-${kind}-reset`] as const,
  ),
]

/** Until all limits that are used up have something left again. */
function readReset(headers: FailedReply['headers'], dateMs: number): number | null {
  const waits = LIMIT_HEADERS.flatMap(([remaining, reset]) => {
    const wait = firstOf(headers[remaining]) === '0' ? readDelay(firstOf(headers[reset]) ?? '', dateMs) : null
    return wait === null ? [] : [wait]
  })
  return waits.length === 0 ? null : Math.max(...waits)
}

/** `1s`, `6m0s`, `1h2m3.5s`, `20ms`, or a date of RFC 3339. */
function readDelay(text: string, dateMs: number): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/gu)]
  if (parts.length > 0 && parts.map(([part]) => part).join('') === text) {
    const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
    return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit!] ?? 0), 0)
  }
  const date = /^\d{4}-\d{2}-\d{2}T/u.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - dateMs)
}

/** "Please try again in 1.5s", "retryDelay": "34s", "in 350ms". */
function readSpokenDelay(spoken: string): number | null {
  const match = /(?:try again in|retry in|retry after|retrydelay"?\s*:?\s*"?)\s*(\d+(?:\.\d+)?)\s*(ms|s|seconds?|m|minutes?)\b/iu.exec(
    spoken,
  )
  if (match === null) return null
  const unit = (match[2] as string).toLowerCase()
  const factor = unit === 'ms' ? 1 : unit.startsWith('s') ? 1000 : 60_000
  return Number(match[1]) * factor
}

/** Longest provider message kept: enough for its sentence, too little for an echoed prompt. */
const LONGEST_MESSAGE = 400

/** Characters of a page that is not JSON that are looked at. */
const LONGEST_PAGE = 8192

/**
 * The provider's own sentence, for people, and all words that may decide (message, code, type, delays). A body of unknown shape
 * is not quoted: it may hold the prompt.
 */
function readErrorBody(body: string): { readonly text: string; readonly spoken: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    const plain = body
      .slice(0, LONGEST_PAGE)
      .replace(/<(script|style)[\s\S]*?<\/\1>/giu, ' ')
      .replace(/<[^>]*>/gu, ' ')
      .replace(/\s+/gu, ' ')
      .trim()
    return { text: shorten(plain) || 'no message', spoken: plain.slice(0, 4000) }
  }
  const found: { message: string[]; words: string[] } = { message: [], words: [] }
  collect(parsed, found, 0)
  const message = shorten(found.message.join('; '))
  return { text: message || 'no message', spoken: [...found.message, ...found.words].join(' | ').slice(0, 4000) }
}

const MESSAGE_FIELDS = ['message', 'msg', 'detail', 'error', 'errors', 'error_description', 'title', 'reason']
const WORD_FIELDS = ['code', 'type', 'status', 'param', 'retryDelay', 'innererror', 'details', 'metadata', 'raw', 'loc']

function collect(value: unknown, found: { message: string[]; words: string[] }, depth: number): void {
  if (depth > 5 || value === null || typeof value !== 'object') {
    if (typeof value === 'string' && depth > 0) found.message.push(value)
    return
  }
  if (Array.isArray(value)) {
    for (const element of value.slice(0, 8)) collect(element, found, depth + 1)
    return
  }
  const fields = value as Record<string, unknown>
  for (const name of MESSAGE_FIELDS) if (Object.hasOwn(fields, name)) collect(fields[name], found, depth + 1)
  for (const name of WORD_FIELDS) {
    if (!Object.hasOwn(fields, name)) continue
    const word = fields[name]
    if (typeof word === 'string' || typeof word === 'number') found.words.push(name === 'retryDelay' ? `retryDelay:${word}` : String(word))
    else collect(word, { message: found.words, words: found.words }, depth + 1)
  }
}

function shorten(text: string): string {
  return text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE)}…`
}

function firstOf(value: string | string[] | undefined): string | null {
  const first = Array.isArray(value) ? value[0] : value
  return first === undefined ? null : first.trim()
}

function originOf(location: string | string[] | undefined): string {
  const url = firstOf(location)
  return url !== null && URL.canParse(url) ? new URL(url).origin : 'another path'
}
