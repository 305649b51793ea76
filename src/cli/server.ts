/** The Temporal server a command works with: the named one, ours that is up already, or one that is started now. */
import { ParquetryClient } from '../client/parquetry-client.ts'
import type { TemporalConnection } from '../server/connection.ts'
import { configuredTarget, connectTemporal } from '../server/connection.ts'
import { isParquetryError, ParquetryError } from '../errors.ts'
import type { ServerHandle, ServerStep } from '../server/ensure-server.ts'
import { ensureServer } from '../server/ensure-server.ts'
import { registerSearchAttributes } from '../server/namespace.ts'
import { findOwnServer } from '../server/own-server.ts'
import type { Output } from './output.ts'
import { commandLine, datasetArgument, shownPath } from './shell.ts'

/** A server that answers, and a client for it; close it when done, which leaves the server running. */
export interface Server {
  readonly handle: ServerHandle
  readonly target: TemporalConnection
  readonly client: ParquetryClient
  close(): Promise<void>
}

type Environment = Readonly<Record<string, string | undefined>>

/** Finds or starts the server and connects. Throws `TEMPORAL_*` errors that say what was tried. `onStep` stands in for the usual words. */
export async function openServer(env: Environment, output: Output, onStep?: (step: ServerStep) => void): Promise<Server> {
  const handle = await ensureServer({ env, onStep: onStep ?? (({ detail }) => output.say(`server   ${detail}`)) })
  const target = await connectTemporal(env, handle)
  if (handle.origin === 'configured') {
    const registered = await registerSearchAttributes(target.connection, target.namespace)
    if (!registered.ok)
      output.say(
        `note     search attributes are not registered (${registered.reason}); runs work without them. To add them: ${registered.command}`,
      )
  }
  const client = new ParquetryClient(target.connection, target.namespace)
  return { handle, target, client, close: () => client.close() }
}

/**
 * The server that the environment names, or the one that commands have started on this machine, if it answers; null when there is none.
 * Nothing is started: for commands that only look.
 */
export async function findServer(env: Environment): Promise<Server | null> {
  const isConfigured = configuredTarget(env) !== null
  const own = isConfigured ? null : await findOwnServer(env)
  if (!isConfigured && own === null) return null
  try {
    const target = await connectTemporal(env, own ?? undefined)
    const { address, namespace } = target
    const uiUrl = own?.uiUrl ?? null
    const handle: ServerHandle = { address, namespace, uiUrl, origin: isConfigured ? 'configured' : 'reused', stop: async () => undefined }
    const client = new ParquetryClient(target.connection, namespace)
    return { handle, target, client, close: () => client.close() }
  } catch (error) {
    if (isParquetryError(error) && error.code === 'TEMPORAL_UNREACHABLE') return null
    throw error
  }
}

/** As `findServer`, for commands that only a server can answer. Throws `TEMPORAL_UNREACHABLE` with the command that needs none. */
export async function requireServer(env: Environment, location: string): Promise<Server> {
  const server = await findServer(env)
  if (server !== null) return server
  throw new ParquetryError('TEMPORAL_UNREACHABLE', `expected a Temporal server that knows the runs of ${shownPath(location)}, found none`, {
    wayOut: `${commandLine('status', datasetArgument(location))} says what the folder knows`,
  })
}

/** Address of a run in the Temporal UI, or the words to find it where the UI's address is not known. */
export function workflowLink(
  { handle, target }: Pick<Server, 'handle' | 'target'>,
  workflowId: string,
  env: Environment = process.env,
): string {
  return uiLink({ handle, target }, 'workflow', workflowId, env)
}

/** The same for a schedule. */
export function scheduleLink(server: Pick<Server, 'handle' | 'target'>, scheduleId: string, env: Environment = process.env): string {
  return uiLink(server, 'schedule', scheduleId, env)
}

function uiLink(
  { handle, target }: Pick<Server, 'handle' | 'target'>,
  kind: 'workflow' | 'schedule',
  id: string,
  env: Environment,
): string {
  const base = handle.uiUrl ?? env['TEMPORAL_UI_URL'] ?? null
  if (base === null || base === '') return `${kind} ${id} in namespace ${target.namespace} of ${target.address}`
  return `${base.replace(/\/$/, '')}/namespaces/${encodeURIComponent(target.namespace)}/${kind}s/${encodeURIComponent(id)}`
}
