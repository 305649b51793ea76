/** Which proxy a provider is reached through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as curl reads them. Pure. */
import { ParquetryError } from '../errors.ts'
import { type Environment, isLoopback } from './key.ts'

/** A proxy. */
export interface Proxy {
  /** `http://host:port`, without user and password. */
  readonly origin: string
  /** Value of the Proxy-Authorization header, or null. */
  readonly authorization: string | null
}

/**
 * The proxy for an endpoint, or null for none. This machine's own addresses are never asked through one. Names in lower case win over
 * those in capitals. Throws `CONFIG_INVALID` for a variable that holds no address of an http proxy; its value is not shown.
 */
export function proxyFor(endpoint: URL, env: Environment): Proxy | null {
  const name = endpoint.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const found = read(env, name)
  if (found === null || isLoopback(endpoint.hostname) || isExempt(endpoint, read(env, 'no_proxy')?.value ?? '')) return null
  const text = found.value.includes('://') ? found.value : `http://${found.value}`
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/u.test(url.protocol) || url.hostname === '') {
    throw new ParquetryError(
      'CONFIG_INVALID',
      `${found.name} should hold the address of an http proxy, found something else (not shown).`,
      {
        variable: found.name,
        wayOut: `Write it like ${found.name}=http://proxy.example:3128, or list the endpoint's host in NO_PROXY.`,
      },
    )
  }
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`
  return {
    origin: url.origin,
    authorization: credentials === ':' ? null : `Basic ${Buffer.from(credentials).toString('base64')}`,
  }
}

/** A per cent sign that stands for itself stays. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function read(env: Environment, name: string): { readonly name: string; readonly value: string } | null {
  for (const spelling of [name, name.toUpperCase()]) {
    const value = env[spelling]?.trim()
    if (value !== undefined && value !== '') return { name: spelling, value }
  }
  return null
}

/** Entries are hosts, with all that is below them, or `*`; a port after a colon limits an entry to it. */
function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const entries = list.toLowerCase().split(/[\s,]+/u)
  const usedPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port
  const host = hostname.toLowerCase()
  return entries.some((entry) => {
    if (entry === '*') return true
    const [, name = '', entryPort] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/u.exec(entry) ?? []
    const bare = name.replace(/^\*?\./u, '')
    if (bare === '' || (entryPort !== undefined && entryPort !== usedPort)) return false
    return host === bare || host.endsWith(`.${bare}`)
  })
}
