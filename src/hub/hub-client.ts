/**
 * A dataset on a hub, over HTTP: the few requests of Hugging Face's API that an upload needs.
 *
 * 1. The token goes to the hub's own origin only, never to the storage that the hub names for large files, nor to any signed address.
 * 2. Faults of hub, storage and connection are tried again; a body is made anew for each attempt.
 * 3. Nothing that a server says reaches a message unabridged, and never the token.
 */
import { Agent, EnvHttpProxyAgent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { ParquetryError } from '../errors.ts'
import { isLoopback } from './endpoint.ts'
import { isMomentary, retried } from './retry.ts'
import type { RetryPolicy } from './retry.ts'

/** Which dataset, where, as whom. */
export interface HubPlace {
  /** As `checkEndpoint` answers it. */
  readonly endpoint: string
  /** `owner/name`, checked. */
  readonly repoId: string
  readonly token: string
  /** Default: five attempts, the first pause half a second. */
  readonly retries?: RetryPolicy
}

/** One request. */
export interface HubRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  /** Made anew for each attempt. */
  readonly body?: () => string | Uint8Array | AsyncIterable<Uint8Array>
  /** True for an address that is signed itself. Default false. */
  readonly withoutToken?: boolean
  /** Statuses that are answers, besides 2xx. */
  readonly accepts?: readonly number[]
  /** For messages, e.g. `to upload data/batch_00000.parquet`. */
  readonly purpose: string
}

/** An answer whose body was read. */
export interface HubAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** An open dataset on a hub. */
export interface HubClient {
  readonly repoId: string
  /** Address of the dataset for people. */
  readonly url: string
  /** Address of its API, without a slash at the end. */
  readonly api: string
  /** Address of its LFS API. */
  readonly lfs: string
  /** Throws `HUB_FORBIDDEN`, `HUB_REFUSED`, `HUB_UNAVAILABLE`. */
  send(url: string, request: HubRequest): Promise<HubAnswer>
  close(): Promise<void>
}

const RETRIES: RetryPolicy = { attempts: 5, firstDelayMs: 500 }
/** Silence after which a connection counts as lost, in ms. */
const SILENCE_MS = 60_000
/** Characters of a server's message that are passed on. */
const MESSAGE_LENGTH = 300

/** Opens the dataset; no request is made yet. */
export function openHub({ endpoint, repoId, token, retries = RETRIES }: HubPlace): HubClient {
  const dispatcher = openDispatcher(endpoint)
  const { origin } = new URL(endpoint)
  return {
    repoId,
    url: `${endpoint}/datasets/${repoId}`,
    api: `${endpoint}/api/datasets/${repoId}`,
    lfs: `${endpoint}/datasets/${repoId}.git/info/lfs`,
    async send(url, { method, headers = {}, body, accepts = [], purpose, withoutToken }): Promise<HubAnswer> {
      const target = new URL(url, endpoint)
      const own = target.origin === origin && withoutToken !== true ? { authorization: `Bearer ${token}` } : {}
      const asked = await retried(
        async (): Promise<HubAnswer> => {
          const answer = await request(target, { method, dispatcher, headers: { ...headers, ...own }, body: body?.() as never })
          return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
        },
        {
          statusOf: ({ status }) => status,
          discard: async () => undefined,
          retryAfterOf: ({ headers: { 'retry-after': after } }) => (typeof after === 'string' ? after : null),
          policy: retries,
        },
      )
      if (asked.kind === 'unreachable') {
        throw new ParquetryError(
          'HUB_UNAVAILABLE',
          `expected to reach ${target.origin} ${purpose}, found no connection in ${retries.attempts} attempts`,
          { wayOut: 'check the network and the endpoint, and push again: what has arrived is not sent again' },
          asked.cause,
        )
      }
      const { answer } = asked
      if ((answer.status >= 200 && answer.status < 300) || accepts.includes(answer.status)) return answer
      throw refusal(answer, { repoId, host: target.origin, purpose, token, attempts: retries.attempts, isOwn: target.origin === origin })
    },
    close: () => dispatcher.close(),
  }
}

/** Through the proxy of HTTPS_PROXY or HTTP_PROXY, if there is one; this machine is asked itself. */
function openDispatcher(endpoint: string): Dispatcher {
  const timeouts = { headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS, connect: { timeout: SILENCE_MS } }
  if (isLoopback(new URL(endpoint))) return new Agent(timeouts)
  try {
    return new EnvHttpProxyAgent(timeouts)
  } catch (error) {
    const message = 'expected HTTPS_PROXY and HTTP_PROXY to hold addresses of http proxies, found something else (not shown)'
    throw new ParquetryError('USAGE', message, { wayOut: 'write it like HTTPS_PROXY=http://proxy.example:3128' }, error)
  }
}

interface Refused {
  readonly repoId: string
  readonly host: string
  readonly purpose: string
  readonly token: string
  readonly attempts: number
  readonly isOwn: boolean
}

function refusal({ status, text }: HubAnswer, { repoId, host, purpose, token, attempts, isOwn }: Refused): ParquetryError {
  const said = messageIn(text, token)
  const found = `found status ${status}${said === '' ? '' : `: ${said}`}`
  if (isMomentary(status)) {
    return new ParquetryError('HUB_UNAVAILABLE', `expected an answer from ${host} ${purpose}, ${found}, ${attempts} times`, {
      status,
      wayOut: 'push again later: what has arrived is not sent again',
    })
  }
  if (isOwn && (status === 401 || status === 403)) {
    return new ParquetryError('HUB_FORBIDDEN', `expected ${host} to let this token write the dataset ${repoId} ${purpose}, ${found}`, {
      status,
      wayOut: `use a token with the permission to write to ${repoId.split('/')[0]}, in the environment variable HF_TOKEN`,
    })
  }
  return new ParquetryError('HUB_REFUSED', `expected ${host} to accept the request ${purpose}, ${found}`, {
    status,
    wayOut: isOwn ? 'check owner/name and the endpoint' : 'push again: what has arrived is not sent again',
  })
}

/** The error in an answer, on one line and without the token. */
function messageIn(text: string, token: string): string {
  let message = ''
  try {
    const value = JSON.parse(text) as { readonly error?: unknown; readonly message?: unknown } | null
    const said = value?.error ?? value?.message
    if (typeof said === 'string') message = said
  } catch {
    // Pages of HTML say nothing to anybody.
  }
  return message
    .replaceAll(token, '…')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MESSAGE_LENGTH)
}
