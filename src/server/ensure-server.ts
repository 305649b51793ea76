/**
 * A Temporal server for a command: the one that the environment names, or else the embedded one of the user's cache folder,
 * started if it does not run. Design rulings 17 and 23. Invariants:
 * 1. A named server is used as it is: nothing is started, and nothing on it is changed.
 * 2. A server that merely answers on the default port is not used. Ours is who stands in the lock file and answers with its cluster id.
 * 3. One cache folder has one server: starting and stopping happen under the start lock, and the process is noted before it answers.
 * 4. A started server outlives the command.
 */

import { hostname } from 'node:os'
import { ParquetryError } from '../errors.ts'
import { readVariable, serverPaths, userCacheDir, type Environment, type ServerPaths } from './cache-folder.ts'
import { configuredTarget, connectTarget, embeddedNamespace, embeddedTarget, reachTarget, readClusterId } from './connection.ts'
import { findBinary, type FindBinaryOptions } from './find-binary.ts'
import { launchServer } from './launch.ts'
import { EMBEDDED_RETENTION_DAYS, ensureNamespace, registerSearchAttributes, setRetention } from './namespace.ts'
import { isPortFree } from './ports.ts'
import { findServerProcess, readRecord, removeRecord, writeRecord, type ServerRecord } from './server-record.ts'
import { takeStartLock } from './start-lock.ts'
import { stopServer } from './stop-server.ts'

/** Something that `ensureServer` does and that takes time or may surprise. */
export interface ServerStep {
  readonly name: 'waiting' | 'downloading' | 'port-taken' | 'starting' | 'notice'
  /** One line for a person. */
  readonly detail: string
}

/** A server that answered. */
export interface ServerHandle {
  /** `host:port`. */
  readonly address: string
  readonly namespace: string
  /** Root of the web UI; null where it is not known (a configured server). */
  readonly uiUrl: string | null
  /** `configured`: named by the environment; `reused`: embedded, ran already; `started`: embedded, started by this call. */
  readonly origin: 'configured' | 'reused' | 'started'
  /** Process of the embedded server. */
  readonly pid?: number
  /** Ends the embedded server, also one that other commands use; does nothing to a configured one. */
  stop(): Promise<void>
}

/** What `ensureServer` goes by. */
export interface EnsureServerOptions {
  readonly env: Environment
  /** Default: the user's cache folder by `env`. */
  readonly cacheDir?: string
  readonly onStep?: (step: ServerStep) => void
  /** Ports of a new server if they are free; default 7233 and, for the UI, 8233. */
  readonly ports?: { readonly server: number; readonly ui: number }
  /** Longest wait for a started server's first answer; default 60,000 ms. */
  readonly startTimeoutMs?: number
  /** Longest wait for a configured server; default 5,000 ms. */
  readonly connectTimeoutMs?: number
  /** How the binary is looked for; replaced in tests. */
  readonly lookup?: Pick<FindBinaryOptions, 'platform' | 'arch' | 'install'>
}

const DEFAULT_PORTS = { server: 7233, ui: 8233 }
const START_TIMEOUT_MS = 60_000
/** Another command may be fetching the binary over a slow line. */
const LOCK_WAIT_MS = 10 * 60_000
const IDENTIFY_TIMEOUT_MS = 3_000

/**
 * Answers with a server that can be used now. Throws TEMPORAL_UNREACHABLE for a named server that does not answer, CONFIG_UNREADABLE for a
 * named configuration that cannot be read, TEMPORAL_BINARY_UNAVAILABLE if no Temporal CLI can be had, TEMPORAL_SERVER_FAILED if
 * the embedded server does not come up or is stuck.
 */
export async function ensureServer(options: EnsureServerOptions): Promise<ServerHandle> {
  const configured = configuredTarget(options.env)
  if (configured !== null) {
    const { connection } = await connectTarget(configured, options.connectTimeoutMs)
    await connection.close()
    return { address: configured.address, namespace: configured.namespace, uiUrl: null, origin: 'configured', stop: async () => {} }
  }
  refuseWindows(options.lookup?.platform ?? process.platform)
  const cacheDir = options.cacheDir ?? userCacheDir(options.env)
  const paths = serverPaths(cacheDir)
  const namespace = embeddedNamespace(options.env)
  if (readVariable(options.env, 'TEMPORAL_API_KEY') !== undefined) {
    options.onStep?.({
      name: 'notice',
      detail: 'TEMPORAL_API_KEY is set, TEMPORAL_ADDRESS is not: using the embedded server, without the key',
    })
  }
  const running = await findAnswering(paths)
  if (running !== null) return await prepareHandle(running, namespace, 'reused', cacheDir, options)
  const lock = await takeStartLock(paths.folder, {
    waitMs: LOCK_WAIT_MS,
    onWait: (pid) => options.onStep?.({ name: 'waiting', detail: `another command (process ${pid}) is starting or stopping the server` }),
  })
  try {
    const meanwhile = (await findAnswering(paths)) ?? (await awaitRecorded(paths, options))
    if (meanwhile !== null) return await prepareHandle(meanwhile, namespace, 'reused', cacheDir, options)
    const started = await start(cacheDir, paths, namespace, options)
    return await prepareHandle(started, namespace, 'started', cacheDir, options)
  } finally {
    await lock.release()
  }
}

/** The recorded server, if it answers now and is the recorded one: it may run where its process cannot be seen, beside a container. */
async function findAnswering(paths: ServerPaths): Promise<ServerRecord | null> {
  const record = await readRecord(paths.recordFile)
  if (record === null || record.isStopped || record.clusterId === null) return null
  return (await readClusterId(record.address, IDENTIFY_TIMEOUT_MS)) === record.clusterId ? record : null
}

/** A recorded server that does not answer: still starting (its command was killed), stuck, somewhere else, or gone (null). */
async function awaitRecorded(paths: ServerPaths, options: EnsureServerOptions): Promise<ServerRecord | null> {
  const record = await readRecord(paths.recordFile)
  if (record === null || record.isStopped) return null
  if ((await findServerProcess(record)) === null) {
    if (record.host !== hostname() && process.platform === 'linux') throw servedElsewhere(record, paths)
    return null
  }
  options.onStep?.({ name: 'waiting', detail: `the embedded server (process ${record.pid}) runs, but does not answer yet` })
  const end = performance.now() + (options.startTimeoutMs ?? START_TIMEOUT_MS)
  while ((await findServerProcess(record)) !== null) {
    const clusterId = await readClusterId(record.address, IDENTIFY_TIMEOUT_MS)
    if (clusterId !== null && (record.clusterId === null || record.clusterId === clusterId)) {
      const complete = { ...record, clusterId }
      await writeRecord(paths.recordFile, complete)
      return complete
    }
    if (performance.now() >= end) throw stuck(record, paths)
    await new Promise((wake) => setTimeout(wake, 100))
  }
  return null
}

async function start(cacheDir: string, paths: ServerPaths, namespace: string, options: EnsureServerOptions): Promise<ServerRecord> {
  const before = await readRecord(paths.recordFile)
  const binary = await findBinary({
    ...options.lookup,
    env: options.env,
    cacheDir,
    onDownload: (detail) => options.onStep?.({ name: 'downloading', detail }),
  })
  const wanted = options.ports ?? DEFAULT_PORTS
  await reportTakenPort(wanted.server, before, options)
  options.onStep?.({ name: 'starting', detail: `Temporal ${binary.version} (${binary.path}), database ${paths.databaseFile}` })
  const startedAt = new Date().toISOString()
  const common = { version: 1, host: hostname(), startedAt, databaseFile: paths.databaseFile, isStopped: false } as const
  const launched = await launchServer({
    binary,
    env: options.env,
    namespace,
    databaseFile: paths.databaseFile,
    logFile: paths.logFile,
    // The ports of last time first: links that were printed go on working.
    preferredPorts: [...portOf(before?.address), wanted.server],
    preferredUiPorts: [...portOf(before?.uiUrl), wanted.ui],
    detached: true,
    timeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    onSpawn: async ({ pid, address, uiUrl }) => {
      const noted = { ...common, pid, address, uiUrl, binary: binary.path, binaryVersion: binary.version, clusterId: null }
      await writeRecord(paths.recordFile, noted)
    },
    onGone: (pid) => removeRecord(paths.recordFile, pid),
  })
  const { pid, address, uiUrl, clusterId } = launched
  const record = { ...common, pid, address, uiUrl, binary: binary.path, binaryVersion: binary.version, clusterId }
  await writeRecord(paths.recordFile, record)
  return record
}

async function prepareHandle(
  record: ServerRecord,
  namespace: string,
  origin: 'reused' | 'started',
  cacheDir: string,
  options: EnsureServerOptions,
): Promise<ServerHandle> {
  const { connection } = await reachTarget(embeddedTarget(record.address, namespace))
  try {
    await ensureNamespace(connection, namespace, EMBEDDED_RETENTION_DAYS)
    const changes = [
      await setRetention(connection, namespace, EMBEDDED_RETENTION_DAYS),
      await registerSearchAttributes(connection, namespace),
    ]
    for (const change of changes) {
      if (!change.ok)
        options.onStep?.({ name: 'notice', detail: `the server refused a setting (${change.reason}); by hand: ${change.command}` })
    }
  } finally {
    await connection.close()
  }
  const stop = async (): Promise<void> => void (await stopServer({ cacheDir }))
  return { address: record.address, namespace, uiUrl: record.uiUrl, origin, pid: record.pid, stop }
}

async function reportTakenPort(port: number, before: ServerRecord | null, options: EnsureServerOptions): Promise<void> {
  if (before !== null || options.onStep === undefined || (await isPortFree(port))) return
  options.onStep({
    name: 'port-taken',
    detail: `port ${port} belongs to another program, which is left alone; if it is your Temporal server, set TEMPORAL_ADDRESS=127.0.0.1:${port}`,
  })
}

function portOf(addressOrUrl: string | undefined): number[] {
  const port = Number(/:(\d{1,5})$/.exec(addressOrUrl ?? '')?.[1])
  return Number.isInteger(port) ? [port] : []
}

function refuseWindows(platform: string): void {
  if (platform !== 'win32') return
  throw new ParquetryError(
    'TEMPORAL_SERVER_FAILED',
    'Expected Linux or macOS to run the embedded Temporal server on, found Windows, where its process cannot be told from others.',
    { wayOut: 'Run Parquetry inside WSL, or start a Temporal server yourself and set TEMPORAL_ADDRESS to it.' },
  )
}

function servedElsewhere(record: ServerRecord, paths: ServerPaths): ParquetryError {
  return new ParquetryError(
    'TEMPORAL_SERVER_FAILED',
    `Expected the embedded server of this cache folder on this machine, found a record of one on "${record.host}" (process ${record.pid}, ` +
      `since ${record.startedAt}), which cannot be seen from here. Two servers on one database would damage it.`,
    {
      lockFile: paths.recordFile,
      wayOut: `Give this machine a cache folder of its own with PARQUETRY_HOME, or set TEMPORAL_ADDRESS; if "${record.host}" no longer exists, delete ${paths.recordFile}.`,
    },
  )
}

function stuck(record: ServerRecord, paths: ServerPaths): ParquetryError {
  return new ParquetryError(
    'TEMPORAL_SERVER_FAILED',
    `Expected the embedded Temporal server (process ${record.pid}, since ${record.startedAt}) to answer at ${record.address}; it runs, but does not.`,
    { logFile: paths.logFile, wayOut: `End it with \`parquetry dev --stop\` and try again; its log is ${paths.logFile}.` },
  )
}
