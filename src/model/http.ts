/**
 * One exchange over HTTP/1.1: undici's dispatcher with a handler of its own, which costs a quarter of global fetch.
 *
 * 1. The promise settles once: with a whole reply, a `TransportFailure`, or the signal's reason unchanged.
 * 2. An abort and a timeout destroy the socket, so that the provider sees the call end.
 * 3. The timeout covers everything from here to the last byte, so that a body that drips cannot outlast it.
 */
import { Pool, ProxyAgent, type Dispatcher } from 'undici'
import { onAbort } from './abort-hub.ts'
import type { Clock } from './clock.ts'
import type { Proxy } from './proxy.ts'

/** A whole reply. */
export interface HttpReply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** A whole reply as bytes. */
export interface HttpFile {
  readonly status: number
  /** Names in lower case. */
  readonly headers: HttpReply['headers']
  readonly bytes: Uint8Array
}

/** Why no whole reply came. `unreachable` covers names, sockets and TLS; `too-large` is a body beyond the limit. */
export type TransportProblem = 'timeout' | 'unreachable' | 'too-large' | 'invalid'

/** No whole reply came. Its text names a system error code at most, never a header or a body. */
export class TransportFailure extends Error {
  readonly problem: TransportProblem

  constructor(problem: TransportProblem, message: string) {
    super(message)
    this.name = 'TransportFailure'
    this.problem = problem
  }
}

/** One POST. */
export interface HttpPost extends HttpGet {
  readonly body: string
}

/** One GET. */
export interface HttpGet {
  /** Path with query. */
  readonly path: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Bytes of an answer: 32 MiB is some eight million tokens, beyond any model; more is a mistake or an attack. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024
/** Bytes kept of an error's body; the rest is not read. */
const MAX_ERROR_BYTES = 64 * 1024

/**
 * Connections to one origin. The limiters above hold the number of open calls; there are up to twice as many sockets, because
 * undici lets a socket rest for one turn of the event loop after an answer and opens another for a call that comes in that turn.
 */
export interface HttpOrigin {
  post(request: HttpPost): Promise<HttpReply>
  /** Redirects are not followed. */
  get(request: HttpGet): Promise<HttpFile>
  /** Ends all connections; open calls fail. */
  destroy(): Promise<void>
}

/** Settings of an origin. */
export interface OriginOptions {
  readonly clock: Clock
  /** Default 32 MiB. */
  readonly maxAnswerBytes?: number
  /** Default: none. */
  readonly proxy?: Proxy | null
}

/** Opens connections to an origin lazily and keeps idle ones for 4 s (servers commonly close them after 5). */
export function openOrigin(origin: string, { clock, maxAnswerBytes = MAX_ANSWER_BYTES, proxy = null }: OriginOptions): HttpOrigin {
  const way = openWay(origin, proxy)
  return {
    post: (request) =>
      exchange(way, { ...request, method: 'POST' }, clock, maxAnswerBytes, (status, headers, bytes) => ({
        status,
        headers,
        text: bytes.toString('utf8'),
      })),
    get: (request) =>
      exchange(way, { ...request, method: 'GET', body: null }, clock, maxAnswerBytes, (status, headers, bytes) => ({
        status,
        headers,
        bytes,
      })),
    destroy: () => way.dispatcher.destroy(),
  }
}

/** How requests reach the origin. */
interface Way {
  readonly dispatcher: Dispatcher
  readonly origin: string
  /** Put before the path of every request: a proxy is given the whole address. */
  readonly prefix: string
  readonly headers: readonly string[]
  /** The proxy, for people; empty when there is none. */
  readonly through: string
}

/** undici's own timers are off: they watch silence, not the whole call, and are half a second coarse. */
const CONNECTIONS = { connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 4000 } as const

/** Through a proxy, https goes by a tunnel that it cannot look into, and http is passed on by it. */
function openWay(origin: string, proxy: Proxy | null): Way {
  if (proxy === null) return { dispatcher: new Pool(origin, CONNECTIONS), origin, prefix: '', headers: [], through: '' }
  const through = ` (through the proxy ${proxy.origin})`
  const { authorization } = proxy
  if (origin.startsWith('https:')) {
    const token = authorization === null ? {} : { token: authorization }
    return { dispatcher: new ProxyAgent({ ...CONNECTIONS, uri: proxy.origin, ...token }), origin, prefix: '', headers: [], through }
  }
  const headers = ['host', new URL(origin).host, ...(authorization === null ? [] : ['proxy-authorization', authorization])]
  return { dispatcher: new Pool(proxy.origin, CONNECTIONS), origin: proxy.origin, prefix: origin, headers, through }
}

type TakeReply<Reply> = (status: number, headers: HttpReply['headers'], bytes: Buffer) => Reply

function exchange<Reply>(
  way: Way,
  request: HttpGet & { readonly method: 'GET' | 'POST'; readonly body: string | null },
  clock: Clock,
  maxAnswerBytes: number,
  take: TakeReply<Reply>,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    if (request.signal.aborted) return reject(request.signal.reason as Error)
    const settle: TakeReply<void> = (status, headers, bytes) => resolve(take(status, headers, bytes))
    const open = new Exchange(settle, reject, maxAnswerBytes, way.through)
    open.settledThen(
      onAbort(request.signal, () => open.fail(request.signal.reason)),
      clock.after(request.timeoutMs, () => open.fail(new TransportFailure('timeout', `no answer within ${request.timeoutMs} ms`))),
    )
    try {
      const { dispatcher, origin, prefix } = way
      const headers = way.headers.length === 0 ? (request.headers as string[]) : [...way.headers, ...request.headers]
      dispatcher.dispatch({ origin, method: request.method, path: prefix + request.path, headers, body: request.body }, open)
    } catch (error) {
      open.fail(new TransportFailure('invalid', describe(error) + way.through))
    }
  })
}

/** The handler of one call; lives as long as the call. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: TakeReply<void>
  readonly #reject: (reason: Error) => void
  readonly #maxAnswerBytes: number
  readonly #through: string
  #forgetSignal: (() => void) | null = null
  #cancelTimer: (() => void) | null = null
  #controller: Dispatcher.DispatchController | null = null
  #settled = false
  #status = 0
  #headers: HttpReply['headers'] = {}
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(resolve: TakeReply<void>, reject: (reason: Error) => void, maxAnswerBytes: number, through: string) {
    this.#resolve = resolve
    this.#reject = reject
    this.#maxAnswerBytes = maxAnswerBytes
    this.#through = through
  }

  settledThen(forgetSignal: () => void, cancelTimer: () => void): void {
    this.#forgetSignal = forgetSignal
    this.#cancelTimer = cancelTimer
  }

  /** Ends the call with `reason`, and its socket with it. */
  fail(reason: unknown): void {
    if (!this.#settle()) return
    this.#reject(reason as Error)
    this.#controller?.abort(ended)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Given up before a socket was ready.
    if (this.#settled) controller.abort(ended)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HttpReply['headers']): void {
    this.#status = status
    this.#headers = headers
    this.#chunks = []
    this.#bytes = 0
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return
    this.#bytes += chunk.length
    if (this.#status >= 200 && this.#status < 300) {
      if (this.#bytes > this.#maxAnswerBytes) {
        this.fail(new TransportFailure('too-large', `the answer is larger than ${this.#maxAnswerBytes} bytes`))
        return
      }
      this.#chunks.push(chunk)
      return
    }
    this.#chunks.push(chunk)
    if (this.#bytes > MAX_ERROR_BYTES) {
      this.#succeed()
      controller.abort(ended)
    }
  }

  onResponseEnd(): void {
    this.#succeed()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#settle()) this.#reject(new TransportFailure('unreachable', describe(error) + this.#through))
  }

  #succeed(): void {
    if (!this.#settle()) return
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
    this.#resolve(this.#status, this.#headers, bytes)
  }

  /** True for the first caller only. */
  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.#forgetSignal?.()
    this.#cancelTimer?.()
    return true
  }
}

/** What undici is told when we end a call; nobody sees it. */
const ended = new Error('ended by the caller')

/** A short, stable description: the system's code where there is one. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as { code?: unknown }).code
  const inner = error instanceof AggregateError ? (error.errors[0] as Error | undefined)?.message : undefined
  const text = inner ?? error.message
  return typeof code === 'string' && !text.includes(code) ? `${code}: ${text}` : text
}
