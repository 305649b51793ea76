/** The HTTP that remote tool servers are spoken to over: streams may be silent for as long as a tool takes. */
import { Agent, fetch as fetchOver, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import type { Environment } from '../model/key.ts'
import { proxyFor } from '../model/proxy.ts'

/** Connections to one server. */
export interface ToolHttp {
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  /** Ends all of them. */
  close(): Promise<void>
}

/** 0: how long a tool may take is decided elsewhere. */
const PATIENT = { bodyTimeout: 0, headersTimeout: 0 } as const

/** Nothing is connected before the first request. Throws `CONFIG_INVALID` for a proxy variable that holds no address. */
export function openHttp(endpoint: URL, env: Environment): ToolHttp {
  const proxy = proxyFor(endpoint, env)
  const token = proxy?.authorization ?? null
  const dispatcher: Dispatcher =
    proxy === null ? new Agent(PATIENT) : new ProxyAgent({ ...PATIENT, uri: proxy.origin, ...(token === null ? {} : { token }) })
  return {
    // The types of undici's fetch and of Node's are the same but in name.
    fetch: (url, init) => fetchOver(url, { ...init, dispatcher } as Parameters<typeof fetchOver>[1]) as unknown as Promise<Response>,
    close: () => dispatcher.destroy(),
  }
}
