/** What an exchange with a tool server that failed means. Pure. */
import { ParquetryError } from '../errors.ts'
import { redact } from '../model/redact.ts'
import type { ToolProvider } from './tools.ts'
import { CONNECTION_CLOSED, SessionFailed } from './transport.ts'

/**
 * `said`: the server answered, with an error about this very call. `slow`: it took longer than it may. `refused`: it wants other
 * credentials. `lost`: there is no connection any more, or nobody at the other end of it.
 */
export type ExchangeFailure = 'said' | 'slow' | 'refused' | 'lost'

/** Statuses that say nothing about the call. */
const AWAY = new Set([404, 408, 409, 425, 429])

/** Classifies what the SDK threw. A 400 on a connection that was just made is about the call; on an older one its session may be gone. */
export function classify(error: unknown, isFresh: boolean): ExchangeFailure {
  const cause = error instanceof SessionFailed ? error.cause : error
  if (!(cause instanceof Error)) return 'lost'
  const { code, status } = cause as { code?: unknown; status?: unknown }
  if (cause.name === 'UnauthorizedError' || [status, code].some((word) => word === 401 || word === 403)) return 'refused'
  if (code === CONNECTION_CLOSED) return 'lost'
  if (code === 'REQUEST_TIMEOUT') return 'slow'
  if (cause.name === 'ProtocolError' || code === 'INVALID_RESULT' || code === 'UNSUPPORTED_RESULT_TYPE') return 'said'
  if (typeof status === 'number' && status >= 400 && status < 500 && !AWAY.has(status)) return isFresh ? 'said' : 'lost'
  return 'lost'
}

/** The words of an error, of its cause too, without secrets, on one line. */
export function wordsOf(error: unknown, secrets: readonly string[]): string {
  const said: string[] = []
  for (let each: unknown = error; each instanceof Error && said.length < 4; each = each.cause) {
    if (each.message !== '' && !said.some((known) => known.includes(each.message))) said.push(each.message)
  }
  if (error instanceof SessionFailed && error.complaint !== '') said.push(`it wrote: ${error.complaint}`)
  return redact(said.join(': ') || String(error), secrets)
    .replaceAll(/\s+/g, ' ')
    .slice(0, 600)
}

/** The error of a server that cannot be reached or refuses: the run waits. */
export function serverError(provider: ToolProvider, failure: ExchangeFailure, words: string): ParquetryError {
  const { name } = provider
  const where =
    provider.type === 'stdio' ? `its program ${JSON.stringify(provider.command)}` : `its address ${addressOf(provider.endpoint)}`
  if (failure === 'refused') {
    return new ParquetryError('TOOL_SERVER_AUTH', `MCP provider "${name}" refused the connection at ${where}: ${words}`, {
      provider: name,
      wayOut: 'Give the provider an api_key: the name of an environment variable with a key that it takes; then start the worker again.',
    })
  }
  return new ParquetryError('TOOL_SERVER_UNREACHABLE', `MCP provider "${name}" does not answer at ${where}: ${words}`, {
    provider: name,
    wayOut:
      provider.type === 'stdio'
        ? 'Check that the command runs on the machine of the worker, from the folder the worker was started in.'
        : 'Start the server, or correct its address; the run goes on by itself.',
  })
}

/** Base URL without user and query. */
function addressOf(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint)
  return origin + pathname
}
