/** Which Temporal server the environment names, and connecting to it within seconds. */

import { existsSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { Connection, isGrpcServiceError, type ConnectionOptions } from '@temporalio/client'
import { loadClientConfigProfile, toClientOptions, type ClientConnectConfig } from '@temporalio/envconfig'
import { ParquetryError } from '../errors.ts'
import { readVariable, type Environment } from './cache-folder.ts'
import { canConnect } from './ports.ts'

/** Namespace used when nothing names one. */
export const DEFAULT_NAMESPACE = 'default'

/** Temporal's own default address; used only if a profile is named that holds no address. */
const DEFAULT_ADDRESS = '127.0.0.1:7233'
const CONNECT_TIMEOUT_MS = 5_000
const NOT_FOUND = 5
const UNAUTHENTICATED = 16

/** A Temporal server and how to reach it. */
export interface TemporalTarget {
  readonly address: string
  readonly namespace: string
  /** What named the server, for messages, e.g. `TEMPORAL_ADDRESS`; null for the embedded one. */
  readonly namedBy: string | null
  /** TLS, API key and metadata, as `NativeConnection.connect` of a worker takes them, address included. Holds secrets: never log it. */
  readonly connectionOptions: ClientConnectConfig['connectionOptions']
}

/** An open connection; whoever asked for it closes `connection`. */
export interface TemporalConnection extends TemporalTarget {
  readonly connection: Connection
}

/**
 * The server that the environment names through Temporal's own configuration (TEMPORAL_ADDRESS, TEMPORAL_PROFILE, temporal.toml …), or null
 * if it names none. Throws CONFIG_UNREADABLE if a configuration file or profile is named and cannot be used: falling back to a local
 * server would be a surprise for somebody who meant another one.
 */
export function configuredTarget(env: Environment): TemporalTarget | null {
  const file = readVariable(env, 'TEMPORAL_CONFIG_FILE')
  if (file !== undefined && !existsSync(file)) {
    throw configUnreadable(`TEMPORAL_CONFIG_FILE names ${file}, which does not exist.`)
  }
  const profileName = readVariable(env, 'TEMPORAL_PROFILE')
  let profile: ReturnType<typeof loadClientConfigProfile>
  let options: ClientConnectConfig
  try {
    profile = loadClientConfigProfile({ overrideEnvVars: withoutEmptyOnes(env) })
    options = toClientOptions(profile)
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    throw configUnreadable(`Expected Temporal's client configuration to be readable, found: ${found}`, error)
  }
  if (profile.address === undefined && profileName === undefined) return null
  const address = profile.address ?? DEFAULT_ADDRESS
  return {
    address,
    namespace: profile.namespace ?? DEFAULT_NAMESPACE,
    namedBy:
      readVariable(env, 'TEMPORAL_ADDRESS') !== undefined
        ? 'TEMPORAL_ADDRESS'
        : `profile "${profileName ?? 'default'}" of Temporal's configuration file`,
    connectionOptions: { ...options.connectionOptions, address },
  }
}

/** The target of an embedded server: loopback, no TLS, no key, whatever the environment holds. */
export function embeddedTarget(address: string, namespace: string): TemporalTarget {
  return { address, namespace, namedBy: null, connectionOptions: { address } }
}

/** The namespace for an embedded server: TEMPORAL_NAMESPACE, or that of the default profile, or `default`. */
export function embeddedNamespace(env: Environment): string {
  return loadClientConfigProfile({ overrideEnvVars: withoutEmptyOnes(env) }).namespace ?? DEFAULT_NAMESPACE
}

/**
 * Connects to `embedded` (what `ensureServer` answered), or else to the server that `env` names, or else to Temporal's default address.
 * Throws TEMPORAL_UNREACHABLE within about `timeoutMs` (default 5 s), with the address, the cause and the ways out; also if a
 * configured server has no such namespace.
 */
export async function connectTemporal(
  env: Environment,
  embedded?: { readonly address: string; readonly namespace: string; readonly origin?: 'configured' | 'reused' | 'started' },
  timeoutMs: number = CONNECT_TIMEOUT_MS,
): Promise<TemporalConnection> {
  const configured = embedded === undefined || embedded.origin === 'configured' ? configuredTarget(env) : null
  const target = configured ?? embeddedTarget(embedded?.address ?? DEFAULT_ADDRESS, embedded?.namespace ?? DEFAULT_NAMESPACE)
  return await connectTarget(target, timeoutMs)
}

/** As `connectTemporal`, for a known target. */
export async function connectTarget(target: TemporalTarget, timeoutMs: number = CONNECT_TIMEOUT_MS): Promise<TemporalConnection> {
  const connected = await reachTarget(target, timeoutMs)
  const { connection } = connected
  try {
    await connection.withDeadline(Date.now() + timeoutMs, () =>
      connection.workflowService.describeNamespace({ namespace: target.namespace }),
    )
  } catch (error) {
    // A key may be allowed to run workflows and not to describe the namespace: only its plain absence stops us here.
    if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND) {
      await connection.close()
      throw namespaceMissing(target, error)
    }
  }
  return connected
}

/** As `connectTarget`, without asking for the namespace. */
export async function reachTarget(target: TemporalTarget, timeoutMs: number = CONNECT_TIMEOUT_MS): Promise<TemporalConnection> {
  try {
    return { ...target, connection: await openConnection(target, timeoutMs) }
  } catch (error) {
    throw await unreachable(target, error)
  }
}

/** The id of the cluster that answers without TLS at `127.0.0.1:<port>`, or null if none does within `timeoutMs`. Never throws. */
export async function readClusterId(address: string, timeoutMs: number): Promise<string | null> {
  // gRPC would go on trying a closed port until the deadline.
  if (!(await canConnect(Number(address.slice(address.lastIndexOf(':') + 1))))) return null
  try {
    const connection = await openConnection(embeddedTarget(address, DEFAULT_NAMESPACE), timeoutMs)
    try {
      const info = await connection.withDeadline(Date.now() + timeoutMs, () => connection.workflowService.getClusterInfo({}))
      return info.clusterId ?? null
    } finally {
      await connection.close()
    }
  } catch {
    return null
  }
}

/** A server that was away is seen again soon; gRPC would look once in two minutes after a long absence. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': 2_000 } as const

async function openConnection(target: TemporalTarget, timeoutMs: number): Promise<Connection> {
  const { address, apiKey, tls, metadata } = target.connectionOptions
  const options: ConnectionOptions = {
    address: address ?? target.address,
    connectTimeout: timeoutMs,
    ...(apiKey === undefined || apiKey === null ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls }),
    ...(metadata === undefined ? {} : { metadata: metadata as Record<string, string> }),
    channelArgs: {
      ...RECONNECT,
      // gRPC would send even loopback calls through a proxy named in the environment.
      ...(target.namedBy === null ? { 'grpc.enable_http_proxy': 0 } : {}),
    },
  }
  return await Connection.connect(options)
}

async function unreachable(target: TemporalTarget, error: unknown): Promise<ParquetryError> {
  const cause = innermost(error)
  const grpcCode = isGrpcServiceError(cause) ? Number(cause.code) : null
  const refused = grpcCode === UNAUTHENTICATED || grpcCode === 7
  const found = refused ? `it refused us: ${cause.message}` : ((await probe(target.address)) ?? cause.message)
  const named = target.namedBy === null ? '' : ` (named by ${target.namedBy})`
  const wayOut = refused
    ? `Check TEMPORAL_API_KEY and the TEMPORAL_TLS_* variables for ${target.address}, and the namespace "${target.namespace}".`
    : target.namedBy === null
      ? `Start the embedded server with \`parquetry dev\`, or set TEMPORAL_ADDRESS to a server that runs.`
      : `Start the server at ${target.address}, correct TEMPORAL_ADDRESS (host:port) and TEMPORAL_TLS, or unset TEMPORAL_ADDRESS and TEMPORAL_PROFILE to use the embedded server.`
  return new ParquetryError(
    'TEMPORAL_UNREACHABLE',
    `Expected a Temporal server at ${target.address}${named}, found none that answers: ${found}`,
    { address: target.address, wayOut },
    error,
  )
}

function namespaceMissing(target: TemporalTarget, error: unknown): ParquetryError {
  return new ParquetryError(
    'TEMPORAL_UNREACHABLE',
    `Expected the namespace "${target.namespace}" on the Temporal server at ${target.address}; the server answers, but has no such namespace.`,
    {
      address: target.address,
      namespace: target.namespace,
      wayOut: `Set TEMPORAL_NAMESPACE to an existing one, or create it: temporal operator namespace create --namespace ${target.namespace} --address ${target.address}`,
    },
    error,
  )
}

/** Why a plain TCP connection fails, in words; null if it succeeds, so that the trouble is above TCP. */
function probe(address: string): Promise<string | null> {
  const match = /^\[?(.+?)\]?(?::(\d{1,5}))?$/.exec(address)
  const host = match?.[1] ?? address
  const port = Number(match?.[2] ?? 7233)
  return new Promise((settle) => {
    if (port > 65_535) return settle(`${port} is no port number`)
    const socket = connectSocket({ host, port })
    const finish = (answer: string | null): void => {
      socket.destroy()
      settle(answer)
    }
    socket.setTimeout(1_500, () => finish('no answer to a connection attempt within 1.5 s (firewall, or wrong address)'))
    socket.once('connect', () =>
      finish('something accepts connections there, but does not speak the Temporal protocol (or wants TLS, or none)'),
    )
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') finish('connection refused, nothing listens there')
      else if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') finish(`the host name ${host} cannot be resolved`)
      else finish(error.message)
    })
  })
}

function innermost(error: unknown): Error {
  let current = error instanceof Error ? error : new Error(String(error))
  while (current.cause instanceof Error) current = current.cause
  return current
}

/** An empty variable means unset, except for gRPC metadata, where Temporal takes it as removing a header. */
function withoutEmptyOnes(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(kept.filter(([name, value]) => value.trim() !== '' || name.startsWith('TEMPORAL_GRPC_META_')))
}

function configUnreadable(message: string, cause?: unknown): ParquetryError {
  return new ParquetryError(
    'CONFIG_UNREADABLE',
    message,
    { wayOut: "Correct TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE or the file's contents, or unset them to use the embedded server." },
    cause,
  )
}
