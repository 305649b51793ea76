/** Starts one dev server process and waits until it answers. Knows nothing of lock files and of who else may run one. */

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ParquetryError } from '../errors.ts'
import type { Environment } from './cache-folder.ts'
import { readClusterId } from './connection.ts'
import type { TemporalBinary } from './find-binary.ts'
import { choosePort, LOOPBACK } from './ports.ts'
import { runCommand } from './run-command.ts'

/** What to start. */
export interface LaunchOptions {
  readonly binary: TemporalBinary
  readonly env: Environment
  readonly namespace: string
  /** SQLite file that is kept; null keeps everything in memory. */
  readonly databaseFile: string | null
  /** File that the server's output is appended to. */
  readonly logFile: string
  /** Ports to take if they are free, best first. */
  readonly preferredPorts: readonly number[]
  readonly preferredUiPorts: readonly number[]
  /** True lets the process outlive this one. */
  readonly detached: boolean
  /** Longest wait for the first answer, in milliseconds. */
  readonly timeoutMs: number
  /** Called as soon as the process exists, before it answers: to note it down, so that a kill of this process leaves no unknown server. */
  readonly onSpawn?: (started: SpawnedServer) => Promise<void>
  /** Called when this process ended before it answered. */
  readonly onGone?: (pid: number) => Promise<void>
  /** Further arguments of `server start-dev`. */
  readonly extraArguments?: readonly string[]
}

/** A server process. */
export interface SpawnedServer {
  readonly pid: number
  /** `127.0.0.1:<port>`. */
  readonly address: string
  readonly uiUrl: string
}

/** A server that answers. */
export interface LaunchedServer extends SpawnedServer {
  readonly clusterId: string
  readonly child: ChildProcess
}

/** Other programs may take a chosen port before the server does. */
const PORT_ATTEMPTS = 5
const LOG_ROTATE_BYTES = 10 * 1024 * 1024
const LOG_TAIL_BYTES = 2_000

/**
 * Starts a server on free loopback ports. Throws TEMPORAL_SERVER_FAILED with the end of its log if it ends or does not answer in time;
 * then no process of it is left.
 */
export async function launchServer(options: LaunchOptions): Promise<LaunchedServer> {
  const takesPragmas = await doesTakePragmas(options.binary, options.env)
  await mkdir(dirname(options.logFile), { recursive: true, mode: 0o700 })
  await rotateLog(options.logFile)
  const taken: number[] = []
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort(options.preferredPorts, taken)
    const uiPort = await choosePort(options.preferredUiPorts, [...taken, port])
    const logStart = await sizeOf(options.logFile)
    const child = await spawnServer(options, serverArguments(options, port, uiPort, takesPragmas))
    const pid = child.pid ?? 0
    const server = { pid, address: `${LOOPBACK}:${port}`, uiUrl: `http://${LOOPBACK}:${uiPort}` }
    const outcome = await waitForAnswer(child, options, server)
    if (outcome.clusterId !== null) return { ...server, clusterId: outcome.clusterId, child }
    await options.onGone?.(pid)
    const log = await readFrom(options.logFile, logStart)
    if (/address already in use/i.test(log) && attempt < PORT_ATTEMPTS) {
      taken.push(port, uiPort)
      continue
    }
    throw serverFailed(options, outcome.failure, log)
  }
}

/**
 * By default the server's timers are up to a second late each: a retry after half a second comes after a whole one, and a row group whose
 * worker was killed waits for two of them.
 */
const PUNCTUAL = ['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="100ms"']

/** Arguments of the server; exported so that a test can read them. */
export function serverArguments(
  options: Pick<LaunchOptions, 'namespace' | 'databaseFile' | 'extraArguments'>,
  port: number,
  uiPort: number,
  takesPragmas: boolean,
): readonly string[] {
  const kept = options.databaseFile === null ? [] : ['--db-filename', options.databaseFile]
  const pragmas = ['journal_mode=wal', 'synchronous=normal'].flatMap((pragma) => ['--sqlite-pragma', pragma])
  const network = ['--ip', LOOPBACK, '--port', String(port), '--ui-port', String(uiPort)]
  const settings = ['--namespace', options.namespace, '--log-level', 'warn', ...PUNCTUAL]
  return [
    'server',
    'start-dev',
    ...network,
    ...settings,
    ...kept,
    ...(takesPragmas && options.databaseFile !== null ? pragmas : []),
    ...(options.extraArguments ?? []),
  ]
}

async function doesTakePragmas(binary: TemporalBinary, env: Environment): Promise<boolean> {
  const help = await runCommand(binary.path, ['server', 'start-dev', '--help'], { env, timeoutMs: 20_000 })
  return help.stdout.includes('--sqlite-pragma')
}

async function spawnServer(options: LaunchOptions, args: readonly string[]): Promise<ChildProcess> {
  const folder = dirname(options.logFile)
  const log = await open(options.logFile, 'a', 0o600)
  try {
    const child = spawn(options.binary.path, [...args], {
      cwd: folder,
      detached: options.detached,
      env: serverEnvironment(options.env, folder),
      stdio: ['ignore', log.fd, log.fd],
    })
    await new Promise<void>((settle, reject) => {
      child.once('spawn', settle)
      child.once('error', reject)
    })
    if (options.detached) child.unref()
    return child
  } catch (error) {
    throw serverFailed(options, error instanceof Error ? error.message : String(error), '')
  } finally {
    await log.close()
  }
}

/**
 * The server outlives the command, so it gets no keys of model providers, and no TEMPORAL_* settings or configuration file that are meant
 * for clients: hence also a home folder of its own.
 */
function serverEnvironment(env: Environment, folder: string): NodeJS.ProcessEnv {
  const kept = ['PATH', 'TMPDIR', 'TZ', 'LANG'].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))
  return { ...Object.fromEntries(kept), HOME: folder }
}

async function waitForAnswer(
  child: ChildProcess,
  options: LaunchOptions,
  server: SpawnedServer,
): Promise<{ clusterId: string | null; failure: string }> {
  const end = performance.now() + options.timeoutMs
  const exited = new Promise<void>((settle) => {
    if (child.exitCode !== null || child.signalCode !== null) settle()
    else child.once('exit', () => settle())
  })
  try {
    await options.onSpawn?.(server)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  while (child.exitCode === null && child.signalCode === null) {
    if (performance.now() >= end) {
      child.kill('SIGKILL')
      await exited
      return { clusterId: null, failure: `it did not answer within ${Math.round(options.timeoutMs / 1000)} s` }
    }
    const clusterId = await readClusterId(server.address, 2_000)
    // A process that ended meanwhile did not give this answer: another program holds the port.
    if (clusterId !== null && child.exitCode === null && child.signalCode === null) return { clusterId, failure: '' }
    await Promise.race([exited, new Promise((wake) => setTimeout(wake, 50))])
  }
  return { clusterId: null, failure: `it ended at once (${child.signalCode ?? `exit code ${child.exitCode}`})` }
}

function serverFailed(options: LaunchOptions, failure: string, log: string): ParquetryError {
  const said = log.trim() === '' ? '' : ` It said:\n${log.trim()}`
  const database = options.databaseFile === null ? '' : `, move ${options.databaseFile} aside if it is damaged or from a newer Temporal`
  return new ParquetryError(
    'TEMPORAL_SERVER_FAILED',
    `Expected \`${options.binary.path} server start-dev\` to serve, but ${failure}.${said}`,
    {
      logFile: options.logFile,
      wayOut: `Read ${options.logFile}${database}, or set TEMPORAL_ADDRESS to a Temporal server that runs.`,
    },
  )
}

async function rotateLog(logFile: string): Promise<void> {
  if ((await sizeOf(logFile)) > LOG_ROTATE_BYTES) await rename(logFile, `${logFile}.1`)
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path, 'r').catch(() => null)
  if (file === null) return ''
  try {
    const { size } = await file.stat()
    const from = Math.max(start, size - LOG_TAIL_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - from)), 0, Math.max(0, size - from), from)
    return buffer.subarray(0, bytesRead).toString('utf8')
  } finally {
    await file.close()
  }
}
