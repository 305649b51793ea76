/** One alias's client: waits for a slot, sends one request, reads one answer, and lets the retry layer repeat it. */
import { isParquetryError, type ParquetryError } from '../errors.ts'
import { admit, type Admission } from './admission.ts'
import type { CallOptions, ChatAnswer, ChatRequest, KeptAnswer, ModelClient, ModelTarget, Picture, TokenUsage } from './client.ts'
import type { Clock } from './clock.ts'
import type { Failure } from './errors.ts'
import { toModelError } from './failure-report.ts'
import type { FetchPicture } from './fetch-picture.ts'
import { type HttpReply, TransportFailure } from './http.ts'
import { missingKey } from './key.ts'
import type { Destination, Lane } from './lane.ts'
import { hasMedia, withLoadedMedia } from './media.ts'
import { BlockedTooLong, type LimitChange, type Limiter } from './limiter.ts'
import { secretHeaderValues } from './redact.ts'
import { readReply, readTransportFailure } from './reply.ts'
import { type Attempt, callWithRetries, type Outcome, type RetryPolicy } from './retry.ts'
import type { WireFormat } from './wire-format.ts'

/** What happens at the models, for progress and logs. Holds no prompt, no answer and no key. Observers must not throw. */
export type ModelEvent =
  | { readonly kind: 'answered'; readonly alias: string; readonly latencyMs: number; readonly usage: TokenUsage }
  | {
      readonly kind: 'retrying'
      readonly alias: string
      readonly code: string
      readonly message: string
      /** Pause before the repetition; 0 where the limiter does the waiting. */
      readonly delayMs: number
    }
  | { readonly kind: 'failed'; readonly alias: string; readonly code: string; readonly message: string }
  | ({ readonly kind: 'limit'; readonly provider: string; readonly model: string } & LimitChange)

/** What a client needs besides its lane. */
export interface ClientPorts {
  readonly clock: Clock
  readonly random: () => number
  readonly policy: RetryPolicy
  readonly format: WireFormat
  /** The key for one request; null for none. Read anew each time, so that it is kept nowhere. */
  readonly readKey: (endpoint: URL) => string | null | Promise<string | null>
  readonly observe: ((event: ModelEvent) => void) | undefined
  /** The run's share of the model; null for a client that belongs to no run. */
  readonly share: Limiter | null
  readonly fetchPicture: FetchPicture
}

/** One call on its way: everything its requests share. */
interface Call {
  readonly request: ChatRequest
  /** Made right before it is sent where it holds media, so that a call that waits for its slot holds none. */
  readonly body: string | (() => Promise<string>)
  readonly priority: number
  readonly ticket: number
  /** Ends the exchange. */
  readonly signal: AbortSignal
  /** Ends waiting for a slot or a retry. */
  readonly waitSignal: AbortSignal
  readonly beforeSending: CallOptions['beforeSending'] | undefined
  readonly keep: CallOptions['keep'] | undefined
}

/** What came of one HTTP exchange. */
interface Exchanged {
  readonly result: Attempt<ChatAnswer>
  readonly latencyMs: number
  readonly destination: Destination
}

/** A client over a lane. */
export class AliasClient implements ModelClient {
  readonly #target: ModelTarget
  readonly #lane: Lane
  /** A call passes all of them, in this order. */
  readonly #limiters: readonly Limiter[]
  readonly #ports: ClientPorts
  readonly #headers: readonly string[]
  readonly #hasOwnAuth: boolean
  readonly #headerSecrets: readonly string[]

  constructor(target: ModelTarget, lane: Lane, ports: ClientPorts) {
    const { extraHeaders } = target.provider
    this.#target = target
    this.#lane = lane
    this.#limiters = ports.share === null ? [lane.limiter] : [ports.share, lane.limiter]
    this.#ports = ports
    this.#headers = fixedHeaders(ports.format, extraHeaders)
    this.#hasOwnAuth = Object.keys(extraHeaders).some((name) => ports.format.authHeaders.includes(name.toLowerCase()))
    this.#headerSecrets = secretHeaderValues(extraHeaders)
  }

  async complete(request: ChatRequest, options: CallOptions): Promise<ChatAnswer> {
    const { signal, priority = 0 } = options
    const { clock, random, policy, format } = this.#ports
    const waitSignal = options.stopWaiting ?? signal
    signal.throwIfAborted()
    waitSignal.throwIfAborted()
    const { provider } = this.#target
    const body = hasMedia(request)
      ? async (): Promise<string> => format.body(await withLoadedMedia(request), provider)
      : format.body(request, provider)
    const call: Call = {
      request,
      body,
      priority,
      ticket: this.#lane.limiter.takeTicket(),
      signal,
      waitSignal,
      beforeSending: options.beforeSending,
      keep: options.keep,
    }
    const onRetry = (failure: Failure, delayMs: number): void => this.#noteRetry(failure, delayMs)
    let outcome: Outcome<ChatAnswer>
    try {
      outcome = await callWithRetries(() => this.#attempt(call), { policy, clock, random, signal: waitSignal, onRetry })
    } catch (error) {
      if (isParquetryError(error)) this.#noteFailure(error)
      throw error
    }
    if ('value' in outcome) return outcome.value
    const error = this.#toError(outcome.failure, outcome.attempts)
    this.#noteFailure(error)
    throw error
  }

  async #attempt(call: Call): Promise<Attempt<ChatAnswer>> {
    let place: Admission
    try {
      place = await admit(this.#limiters, { priority: call.priority, ticket: call.ticket, signal: call.waitSignal })
    } catch (error) {
      if (!(error instanceof BlockedTooLong)) throw error
      const { message, retryAfterMs } = error
      return { failure: { code: 'MODEL_RATE_LIMITED', retry: 'never', message, status: null, retryAfterMs } }
    }
    // Given back exactly once, whatever happens; nothing said about load unless the exchange ended in a way that tells.
    let giveBack = (): void => place.failed()
    try {
      const held = call.beforeSending?.()
      if (held !== undefined) await held
      const { result, latencyMs, destination } = await this.#exchange(call)
      const used = 'value' in result ? result.value.usage : result.failure.usage
      if (used !== undefined) place.spent(used.inputTokens + used.outputTokens)
      if ('value' in result) {
        giveBack = () => place.succeeded(latencyMs)
        await call.keep?.(result.value, destination.label)
      } else if (result.failure.usage !== undefined) {
        await call.keep?.(this.#refusal(result.failure, result.failure.usage), destination.label)
      } else if (result.failure.retry === 'rate-limit') giveBack = () => place.rateLimited(result.failure.retryAfterMs)
      else if (result.failure.code === 'MODEL_TIMEOUT') giveBack = () => place.timedOut(latencyMs)
      return result
    } finally {
      giveBack()
    }
  }

  /** One HTTP exchange; throws only what is not the provider's doing (cancelled, no key). */
  async #exchange(call: Call): Promise<Exchanged> {
    const { clock, format, observe } = this.#ports
    const { usage } = this.#lane
    const asked = this.#lane.destination()
    const destination: Destination = asked instanceof Promise ? await asked : asked
    const read = this.#hasOwnAuth ? null : this.#ports.readKey(destination.endpoint)
    const key = read instanceof Promise ? await read : read
    const secrets = key === null ? this.#headerSecrets : [key, ...this.#headerSecrets]
    const headers = key === null ? this.#headers : [...this.#headers, ...format.keyHeaders(key)]
    const body = typeof call.body === 'string' ? call.body : await call.body()
    const startedMs = clock.nowMs()
    usage.requests++
    let reply: HttpReply
    try {
      const { base, search, http } = destination
      const path = format.pathAt(base, call.request) + search
      reply = await http.post({ path, headers, body, timeoutMs: this.#target.timeoutMs, signal: call.signal })
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error
      if (error.problem === 'unreachable') this.#lane.forgetDestination()
      return { result: { failure: readTransportFailure(error, secrets) }, latencyMs: clock.nowMs() - startedMs, destination }
    }
    const latencyMs = clock.nowMs() - startedMs
    const result = readReply(reply, call.request, {
      format,
      secrets,
      hadKey: key !== null || this.#hasOwnAuth,
      isRehearsal: this.#target.provider.type === 'rehearsal',
      dateMs: reply.status === 200 ? 0 : clock.dateMs(),
    })
    if ('value' in result) {
      usage.addAnswer(result.value.usage)
      observe?.({ kind: 'answered', alias: this.#target.alias, latencyMs, usage: result.value.usage })
      return { result: await this.#withPictures(result.value, destination, call.signal), latencyMs, destination }
    } else if (result.failure.retry === 'rate-limit') usage.rateLimited++
    return { result, latencyMs, destination }
  }

  /** The answer with its pictures fetched from where it says they lie: such addresses end within the hour. */
  async #withPictures(answer: ChatAnswer, { endpoint }: Destination, signal: AbortSignal): Promise<Attempt<ChatAnswer>> {
    if (!(answer.pictures?.some((picture) => 'url' in picture) ?? false)) return { value: answer }
    const pictures: Picture[] = []
    for (const picture of answer.pictures ?? []) {
      const fetched =
        'url' in picture
          ? await this.#ports.fetchPicture(picture.url, { endpoint, timeoutMs: this.#target.timeoutMs, signal })
          : { value: picture }
      if ('failure' in fetched) return fetched
      pictures.push(fetched.value)
    }
    return { value: { ...answer, pictures } }
  }

  #refusal(failure: Failure, usage: TokenUsage): KeptAnswer {
    const isRehearsal = this.#target.provider.type === 'rehearsal'
    const refused = this.#toError(failure, 1).message
    return { content: '', finishReason: 'content_filter', usage, refused, ...(isRehearsal ? { rehearsal: true } : {}) }
  }

  #toError(failure: Failure, attempts: number): ParquetryError {
    return failure.code === 'MODEL_KEY_MISSING' ? missingKey(this.#target.provider) : toModelError(failure, this.#target, attempts)
  }

  #noteRetry(failure: Failure, delayMs: number): void {
    if (failure.retry === 'backoff') this.#lane.usage.retried++
    const { code, message } = failure
    this.#ports.observe?.({ kind: 'retrying', alias: this.#target.alias, code, message, delayMs })
  }

  #noteFailure(error: ParquetryError): void {
    this.#lane.usage.failed++
    this.#ports.observe?.({ kind: 'failed', alias: this.#target.alias, code: error.code, message: error.message })
  }
}

/** Ours first; a provider's extra header of the same name, in whatever case, replaces it. */
function fixedHeaders(format: WireFormat, extraHeaders: Readonly<Record<string, string>>): readonly string[] {
  const headers = new Map<string, string>([
    ['content-type', 'application/json'],
    ['accept', 'application/json'],
    ['accept-encoding', 'identity'],
    ['user-agent', 'parquetry'],
    ...format.headers,
  ])
  for (const [name, value] of Object.entries(extraHeaders)) headers.set(name.toLowerCase(), value)
  return [...headers].flat()
}
