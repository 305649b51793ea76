/** What all clients of one endpoint, key variable and model share: limiter, counts, and the way there. */
import { ParquetryError } from '../errors.ts'
import type { ModelTarget } from './client.ts'
import { endpointForPeople } from './failure-report.ts'
import type { HttpOrigin } from './http.ts'
import type { Limiter } from './limiter.ts'
import type { UsageCounter } from './usage.ts'

/** Where requests go. */
export interface Destination {
  readonly http: HttpOrigin
  /** The endpoint's own path, without a slash at its end; the wire format adds its own. */
  readonly base: string
  /** The endpoint's query, with its question mark, or nothing. */
  readonly search: string
  readonly endpoint: URL
  /** The endpoint as people may read it: no user, no query. */
  readonly label: string
}

/** See the head of the file. */
export interface Lane {
  readonly provider: string
  readonly model: string
  readonly limiter: Limiter
  readonly usage: UsageCounter
  /** Answers without a promise once known. */
  destination(): Destination | Promise<Destination>
  /** Called when no connection could be made: the destination may have moved. */
  forgetDestination(): void
}

/** A destination known from the config. */
export function fixedDestination(destination: Destination): Pick<Lane, 'destination' | 'forgetDestination'> {
  return { destination: () => destination, forgetDestination: () => {} }
}

/** A destination asked for at the first call (the rehearsal endpoint starts then), and again when it went away. */
export function lazyDestination(ask: () => Promise<Destination>): Pick<Lane, 'destination' | 'forgetDestination'> {
  let known: Destination | null = null
  let asked: Promise<Destination> | null = null
  const forgetDestination = (): void => {
    known = null
    asked = null
  }
  async function askOnce(): Promise<Destination> {
    try {
      known = await ask()
      return known
    } catch (error) {
      forgetDestination()
      throw error
    }
  }
  return { destination: () => known ?? (asked ??= askOnce()), forgetDestination }
}

/** Clients share a lane when these are the same: another key variable is another account, with limits of its own; another type, another path. */
export function laneKey({ provider, model }: ModelTarget): string {
  const endpoint = provider.type === 'rehearsal' ? 'rehearsal' : provider.endpoint.replace(/\/+$/u, '')
  return JSON.stringify([provider.type, endpoint, provider.apiKeyEnv, model])
}

/** Checks an endpoint. Throws `CONFIG_INVALID`. */
export function parseEndpoint(endpoint: string, providerName: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  const hasCredentials = url !== null && (url.username !== '' || url.password !== '')
  if (url !== null && /^https?:$/u.test(url.protocol) && !hasCredentials) return url
  const found = url === null ? 'something that is no URL' : endpointForPeople(endpoint)
  throw new ParquetryError(
    'CONFIG_INVALID',
    `The endpoint of provider "${providerName}" should be an http or https URL without credentials, found ${found}${hasCredentials ? ' with a user or password inside' : ''}.`,
    { provider: providerName, wayOut: 'Write it like https://host/v1, and give the key by the name of an environment variable.' },
  )
}
