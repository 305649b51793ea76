/** From a tool server's config to an open session of the official SDK, which is loaded with the first one. */
import type { Client, JsonSchemaValidator, jsonSchemaValidator, Transport } from '@modelcontextprotocol/client'
import type { Environment } from '../model/key.ts'
import { openHttp } from './http.ts'
import { ProgramTransport } from './program.ts'
import type { ConnectionSecrets } from './secrets.ts'
import type { LocalToolProvider, RemoteToolProvider, ToolProvider } from './tools.ts'

/** Longest time for connecting and the first exchange, in ms. */
const CONNECT_MS = 30_000

/** A session with a server. */
export interface Session {
  readonly client: Client
  /** Ends it. Never throws. */
  close(): Promise<void>
}

/** What a session is made with. */
export interface SessionOptions {
  readonly secrets: ConnectionSecrets
  /** Says which proxy is to be used. */
  readonly env: Environment
  readonly signal: AbortSignal
  /** Called when the session has ended, by itself or by `close`. */
  readonly onEnd: () => void
}

/** Connects and says hello. Throws `SessionFailed`. */
export async function openSession(provider: ToolProvider, options: SessionOptions): Promise<Session> {
  const { Client } = await import('@modelcontextprotocol/client')
  const way = provider.type === 'stdio' ? await openProgram(provider, options) : await openAddress(provider, options)
  // Results are read as they are: a tool whose result does not fit its own schema has still been called.
  const client = new Client({ name: 'parquetry', version: '1' }, { jsonSchemaValidator: ACCEPT_ALL })
  client.onclose = options.onEnd
  const close = async (): Promise<void> => {
    await client.close().catch(() => undefined)
    await way.release().catch(() => undefined)
  }
  try {
    await client.connect(way.transport, { timeout: CONNECT_MS, signal: options.signal })
  } catch (error) {
    await close()
    throw new SessionFailed(way.complaint(), error)
  }
  // An event stream that broke is opened again by itself, but what was asked on it is never answered.
  if (provider.type === 'sse') client.onerror = () => void close()
  return { client, close }
}

/** A session that could not be had, with what a local server complained of. */
export class SessionFailed extends Error {
  readonly complaint: string

  constructor(complaint: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.complaint = complaint
  }
}

const ACCEPT_ALL: jsonSchemaValidator = {
  getValidator<T>(): JsonSchemaValidator<T> {
    return (input) => ({ valid: true, data: input as T, errorMessage: undefined })
  },
}

interface Way {
  readonly transport: Transport
  complaint(): string
  release(): Promise<void>
}

async function openProgram({ command, args }: LocalToolProvider, { secrets }: SessionOptions): Promise<Way> {
  const [codec, { getDefaultEnvironment }] = await Promise.all([
    import('@modelcontextprotocol/client'),
    import('@modelcontextprotocol/client/stdio'),
  ])
  // Programs get PATH, HOME and the like, and nothing else of this process's environment.
  const transport = new ProgramTransport({ command, args, env: { ...getDefaultEnvironment(), ...secrets.env } }, codec)
  return { transport, complaint: () => transport.complaint(), release: () => Promise.resolve() }
}

async function openAddress({ type, endpoint }: RemoteToolProvider, { secrets, env }: SessionOptions): Promise<Way> {
  const { SSEClientTransport, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
  const url = new URL(endpoint)
  const http = openHttp(url, env)
  const authorization = secrets.token === null ? {} : { requestInit: { headers: { authorization: `Bearer ${secrets.token}` } } }
  const options = { fetch: http.fetch, ...authorization }
  const transport = type === 'sse' ? new SSEClientTransport(url, options) : endingStreams(new StreamableHTTPClientTransport(url, options))
  return { transport, complaint: () => '', release: () => http.close() }
}

/** JSON-RPC's number for a connection that is gone, as the SDK of servers uses it. */
export const CONNECTION_CLOSED = -32_000

/**
 * When the stream of a request ends without its answer, the SDK goes on waiting for it; here the request is answered by an error. One that
 * was answered before takes no notice.
 */
function endingStreams(transport: Transport): Transport {
  const send = transport.send.bind(transport)
  transport.send = (message, options) => {
    const id = 'id' in message && 'method' in message ? message.id : undefined
    if (id === undefined) return send(message, options)
    const onRequestStreamEnd = (): void => {
      transport.onmessage?.({ jsonrpc: '2.0', id, error: { code: CONNECTION_CLOSED, message: 'the stream ended without an answer' } })
    }
    return send(message, { ...options, onRequestStreamEnd })
  }
  return transport
}
