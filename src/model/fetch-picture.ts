/**
 * Fetching a picture that an answer only points to. Nothing is sent but the address: no key, no header of the provider's.
 *
 * An address comes from a provider, so it may not lead into this machine or its network, unless the provider itself is there.
 */
import { BlockList, isIP } from 'node:net'
import { sleep } from './abort-hub.ts'
import type { Picture } from './client.ts'
import type { Clock } from './clock.ts'
import { endpointForPeople } from './failure-report.ts'
import { type HttpOrigin, TransportFailure } from './http.ts'
import { isLoopback } from './key.ts'
import { readTransportFailure } from './reply.ts'
import type { Attempt } from './retry.ts'

/** What fetching takes. */
export interface FetchOptions {
  /** Of the provider whose answer points there. */
  readonly endpoint: URL
  /** Milliseconds for one try. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Fetches; what can never be had (gone, forbidden, too large) becomes the picture's `problem`, and what cannot be had for now a failure
 * that is not repeated, since a repetition would ask the model again.
 */
export type FetchPicture = (address: string, options: FetchOptions) => Promise<Attempt<Picture>>

/** Effects of fetching. */
export interface FetchPorts {
  readonly originOf: (url: URL) => HttpOrigin
  readonly clock: Clock
}

/** Tries at one address, and the first pause between them in ms, doubled each time. */
const TRIES = 4
const PAUSE_MS = 500
/** Redirects that are followed; each address is judged like the first. */
const MAX_REDIRECTS = 3

/** See the head of the file. */
export function createPictureFetch({ originOf, clock }: FetchPorts): FetchPicture {
  return async (address, { endpoint, timeoutMs, signal }) => {
    let url = URL.canParse(address) ? new URL(address) : null
    const where = endpointForPeople(address)
    let redirects = 0
    const headers = ['accept', 'image/*', 'accept-encoding', 'identity', 'user-agent', 'parquetry']
    for (let tried = 1; ; tried += 1) {
      if (url === null || !/^https?:$/u.test(url.protocol)) return problem('its address is none')
      if (isInside(url) && !isInside(endpoint)) return problem(`its address ${where} leads into a private network`)
      const found = await get(originOf(url), { path: url.pathname + url.search, headers, timeoutMs, signal })
      if ('bytes' in found && found.status === 200) return { value: { bytes: found.bytes } }
      const next: URL | null = redirects < MAX_REDIRECTS && 'bytes' in found ? redirectOf(found, url) : null
      if (next !== null) {
        redirects += 1
        tried -= 1
        url = next
        continue
      }
      if ('bytes' in found && !isPassing(found.status)) return problem(`fetching it from ${where} was answered with status ${found.status}`)
      if (found instanceof TransportFailure && (found.problem === 'too-large' || found.problem === 'invalid')) {
        return problem(`fetching it from ${where} failed: ${found.message}`)
      }
      if (tried === TRIES) return { failure: failureOf(found, where) }
      await sleep(PAUSE_MS * 2 ** (tried - 1), signal, clock)
    }
  }
}

type Found = Awaited<ReturnType<HttpOrigin['get']>> | TransportFailure

async function get(origin: HttpOrigin, request: Parameters<HttpOrigin['get']>[0]): Promise<Found> {
  try {
    return await origin.get(request)
  } catch (error) {
    if (error instanceof TransportFailure) return error
    throw error
  }
}

function redirectOf({ status, headers }: Awaited<ReturnType<HttpOrigin['get']>>, from: URL): URL | null {
  const { location } = headers
  return status >= 300 && status < 400 && typeof location === 'string' && URL.canParse(location, from.href) ? new URL(location, from) : null
}

function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

function problem(text: string): Attempt<Picture> {
  return { value: { problem: text } }
}

function failureOf(found: Found, where: string): Extract<Attempt<Picture>, { failure: unknown }>['failure'] {
  const what = `a picture of its answer could not be fetched from ${where}`
  if (found instanceof TransportFailure) {
    const failure = readTransportFailure(found, [])
    return { ...failure, retry: 'never', message: `${what}: ${failure.message}` }
  }
  return { code: 'MODEL_UNAVAILABLE', retry: 'never', message: what, status: found.status, retryAfterMs: null }
}

const PRIVATE = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4')
}
PRIVATE.addSubnet('fc00::', 7, 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6')

/** True for this machine and for literal addresses of private networks; names are not looked up. */
function isInside({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/gu, '')
  if (isLoopback(hostname) || host === '::') return true
  const family = isIP(host)
  return family !== 0 && PRIVATE.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
