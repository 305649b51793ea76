/**
 * Validators elsewhere, of one worker: POST {"data": [records]}, answered by {"data": [results]}, one for each record in their order.
 *
 * 1. Requests to one address share a limiter across all row groups; the smallest `max_parallel_requests` of its columns holds.
 * 2. Only a refusal of these very records (400, 413, 422) is `VALIDATOR_REFUSED`, of kind content. Whatever else keeps results away
 *    (no connection, 401, 404, 5xx, an answer of another form) is `VALIDATOR_UNAVAILABLE`, so that the run waits (ruling 1).
 */
import type { RemoteValidator } from '../columns/generator.ts'
import { ParquetryError } from '../errors.ts'
import { type Clock, systemClock } from './clock.ts'
import { classifyReply, type Failure } from './errors.ts'
import { endpointForPeople } from './failure-report.ts'
import { type HttpOrigin, type HttpReply, MAX_ANSWER_BYTES, openOrigin, TransportFailure } from './http.ts'
import type { Environment } from './key.ts'
import { BlockedTooLong, Limiter } from './limiter.ts'
import { proxyFor } from './proxy.ts'
import { redact } from './redact.ts'
import { readTransportFailure } from './reply.ts'
import { type Attempt, callWithRetries, DEFAULT_RETRY_POLICY } from './retry.ts'

/** Longest pause between two repetitions, in ms: that of DataDesigner's HTTP library. */
const LONGEST_PAUSE_MS = 120_000

/** One request. */
export interface ValidationRequest {
  readonly validator: RemoteValidator
  /** The records as JSON texts, asked for once, when there is a slot for them: what waits by then goes together. None: nothing is sent. */
  readonly take: () => readonly string[]
  /** Called with the results, in the order of the records; the request holds its slot until then. */
  readonly keep: (results: readonly unknown[], endpoint: string) => Promise<void>
  /** Lower goes first. */
  readonly priority: number
  /** Ends the request itself. */
  readonly signal: AbortSignal
  /** Ends waiting for a slot or a repetition. */
  readonly stopWaiting: AbortSignal
  /** Asked right before the request goes out. */
  readonly beforeSending: () => Promise<void> | undefined
}

/** See the head of the file. */
export interface RemoteValidators {
  /** Resolves when the results are kept. Throws `VALIDATOR_REFUSED`, `VALIDATOR_UNAVAILABLE`, what `keep` throws, or a signal's reason. */
  judge(request: ValidationRequest): Promise<void>
  /** Ends all connections. */
  close(): Promise<void>
}

/** Settings of `createRemoteValidators`. */
export interface RemoteValidatorsOptions {
  /** Where the proxy is read from. */
  readonly env: Environment
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Uniform in [0, 1), for the jitter of pauses; default Math.random. */
  readonly random?: () => number
}

/** An address, as all columns of a worker share it. */
interface Place {
  readonly http: HttpOrigin
  readonly path: string
  readonly limiter: Limiter
  /** Column → its cap. */
  readonly caps: Map<string, number>
}

/** Opens the validators of a worker. Nothing is connected before the first request. */
export function createRemoteValidators({ env, clock = systemClock, random = Math.random }: RemoteValidatorsOptions): RemoteValidators {
  const places = new Map<string, Place>()

  function placeOf({ endpoint_url, column, max_parallel_requests }: RemoteValidator): Place {
    let place = places.get(endpoint_url)
    if (place === undefined) {
      const url = new URL(endpoint_url)
      const http = openOrigin(url.origin, { clock, maxAnswerBytes: MAX_ANSWER_BYTES, proxy: proxyFor(url, env) })
      const limiter = new Limiter({ clock, cap: max_parallel_requests, maxBlockedMs: DEFAULT_RETRY_POLICY.maxRateLimitWaitMs })
      place = { http, path: url.pathname + url.search, limiter, caps: new Map() }
      places.set(endpoint_url, place)
    }
    if (place.caps.get(column) !== max_parallel_requests) {
      place.caps.set(column, max_parallel_requests)
      place.limiter.setCap(Math.min(...place.caps.values()))
    }
    return place
  }

  return {
    async judge(request) {
      const { validator, stopWaiting } = request
      const place = placeOf(validator)
      const policy = {
        maxRetries: validator.max_retries,
        baseDelayMs: validator.retry_backoff * 1000,
        maxDelayMs: LONGEST_PAUSE_MS,
        maxRateLimitWaitMs: DEFAULT_RETRY_POLICY.maxRateLimitWaitMs,
      }
      const attempt = createAttempt(place, request, clock)
      const outcome = await callWithRetries(attempt, { policy, clock, random, signal: stopWaiting, onRetry: () => undefined })
      if ('failure' in outcome) throw toError(outcome.failure, validator, outcome.attempts)
    },
    async close() {
      await Promise.all([...places.values()].map(({ http }) => http.destroy()))
    },
  }
}

/** One try after another at the same records, from slot to kept results. */
function createAttempt(place: Place, request: ValidationRequest, clock: Clock): () => Promise<Attempt<null>> {
  const { limiter } = place
  const ticket = limiter.takeTicket()
  let records: readonly string[] | null = null

  return async () => {
    let epoch: number
    try {
      epoch = await limiter.enter(request.priority, ticket, request.stopWaiting)
    } catch (error) {
      if (!(error instanceof BlockedTooLong)) throw error
      return failed({ code: 'VALIDATOR_UNAVAILABLE', message: error.message, retryAfterMs: error.retryAfterMs })
    }
    let giveBack = (): void => limiter.failed()
    try {
      await request.beforeSending()
      records ??= request.take()
      if (records.length === 0) return { value: null }
      const startedMs = clock.nowMs()
      const result = await exchange(place, request, records, clock)
      if ('value' in result) {
        giveBack = () => limiter.succeeded(epoch, clock.nowMs() - startedMs)
        await request.keep(result.value, endpointForPeople(request.validator.endpoint_url))
        return { value: null }
      }
      const { retry, retryAfterMs } = result.failure
      if (retry === 'rate-limit') giveBack = () => limiter.rateLimited(epoch, retryAfterMs)
      return result
    } finally {
      giveBack()
    }
  }
}

const HEADERS = ['content-type', 'application/json', 'accept', 'application/json', 'accept-encoding', 'identity', 'user-agent', 'parquetry']

async function exchange(
  { http, path }: Place,
  { validator, signal }: ValidationRequest,
  records: readonly string[],
  clock: Clock,
): Promise<Attempt<readonly unknown[]>> {
  const timeoutMs = validator.timeout * 1000
  try {
    const reply = await http.post({ path, headers: HEADERS, body: `{"data":[${records.join(',')}]}`, timeoutMs, signal })
    return readResults(reply, records.length, clock)
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error
    return { failure: { ...readTransportFailure(error, []), code: 'VALIDATOR_UNAVAILABLE' } }
  }
}

/** Statuses by which a server refuses what it was sent. */
const REFUSED: readonly number[] = [400, 413, 422]

function readResults(reply: HttpReply, wanted: number, clock: Clock): Attempt<readonly unknown[]> {
  if (reply.status < 200 || reply.status >= 300) {
    const { message, status, retry, retryAfterMs } = classifyReply(reply, clock.dateMs())
    const code = REFUSED.includes(reply.status) ? 'VALIDATOR_REFUSED' : 'VALIDATOR_UNAVAILABLE'
    return { failure: { code, retry, message: redact(message), status, retryAfterMs } }
  }
  let answer: unknown
  try {
    answer = JSON.parse(reply.text)
  } catch {
    return failed({ code: 'VALIDATOR_UNAVAILABLE', message: 'its answer is no JSON' })
  }
  const data = typeof answer === 'object' && answer !== null ? (answer as { readonly data?: unknown }).data : undefined
  if (Array.isArray(data) && data.length === wanted) return { value: data }
  const found = Array.isArray(data) ? `${data.length} of them` : 'no list under "data"'
  return failed({ code: 'VALIDATOR_UNAVAILABLE', message: `expected ${wanted} results under "data", found ${found}` })
}

function failed(failure: Pick<Failure, 'code' | 'message'> & Partial<Failure>): { readonly failure: Failure } {
  return { failure: { retry: 'never', status: null, retryAfterMs: null, ...failure } }
}

function toError(
  { code, message, status, retryAfterMs }: Failure,
  { column, endpoint_url }: RemoteValidator,
  attempts: number,
): ParquetryError {
  const endpoint = endpointForPeople(endpoint_url)
  const found = status === null ? message : `status ${status}: ${message}`
  const times = attempts > 1 ? ` after ${attempts} attempts` : ''
  const situation = code === 'VALIDATOR_REFUSED' ? 'it refused the records as they are' : 'it is not to be had'
  return new ParquetryError(
    code,
    `The validator of "${column}" at ${endpoint} should have judged records, but ${situation}${times} (${found}).`,
    {
      column,
      endpoint,
      attempts,
      wayOut:
        code === 'VALIDATOR_REFUSED'
          ? 'Look at what the validator says of the record; its row is made again or dropped.'
          : 'Check that the validator runs, can be reached from the worker, and answers {"data": [{"is_valid": ...}]}; nothing that it judged is asked again.',
      ...(status === null ? {} : { status }),
      ...(retryAfterMs === null ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
    },
  )
}
