/** Private Temporal dev servers for tests, and the one that test/global-setup.ts starts for the whole run. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { userCacheDir } from '../../src/server/cache-folder.ts'
import { connectTarget, embeddedTarget } from '../../src/server/connection.ts'
import { findBinary, type TemporalBinary } from '../../src/server/find-binary.ts'
import { launchServer, type LaunchedServer } from '../../src/server/launch.ts'
import { ensureNamespace, registerSearchAttributes } from '../../src/server/namespace.ts'

/** A server that only this test run knows. */
export interface TestServer {
  readonly address: string
  readonly namespace: string
  readonly uiUrl: string
  readonly pid: number
  /** Ends the process as a power cut would and starts another on the same ports and file; answers once it answers. Needs `databaseFile`. */
  killAndRestart(): Promise<void>
  /** Ends the process and removes its files. */
  stop(): Promise<void>
}

/** The same binary as users get: PARQUETRY_TEMPORAL_CLI, PATH, the user's cache, else installed into the user's cache. */
export function findTestBinary(): Promise<TemporalBinary> {
  return findBinary({ env: process.env, cacheDir: userCacheDir(process.env) })
}

/**
 * Starts a server on free loopback ports, with our search attributes; in memory unless `databaseFile` is given. It does not outlive the
 * process that started it, unless that process is killed outright.
 */
export async function startTestServer(
  options: { readonly databaseFile?: string; readonly extraArguments?: readonly string[] } = {},
): Promise<TestServer> {
  const binary = await findTestBinary()
  const folder = await mkdtemp(join(tmpdir(), 'parquetry-test-server-'))
  const namespace = 'default'
  const launch = (ports: readonly number[], uiPorts: readonly number[]): Promise<LaunchedServer> =>
    launchServer({
      binary,
      env: process.env,
      namespace,
      databaseFile: options.databaseFile ?? null,
      logFile: join(folder, 'server.log'),
      preferredPorts: ports,
      preferredUiPorts: uiPorts,
      detached: false,
      timeoutMs: 60_000,
      extraArguments: options.extraArguments ?? [],
    })
  const { address, uiUrl, ...first } = await launch([], [])
  let { child } = first
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.unref()
  const { connection } = await connectTarget(embeddedTarget(address, namespace))
  try {
    await ensureNamespace(connection, namespace, 1)
    const change = await registerSearchAttributes(connection, namespace)
    if (!change.ok) throw new Error(change.reason)
  } finally {
    await connection.close()
  }
  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((settle) => child.once('exit', settle))
    child.ref()
    child.kill(signal)
    await exited
  }
  const killAndRestart = async (): Promise<void> => {
    await end('SIGKILL')
    const again = await launch([portOf(address)], [portOf(uiUrl)])
    child = again.child
    child.unref()
    if (again.address !== address) throw new Error(`another program took the port of ${address} meanwhile`)
  }
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    // Nothing in memory is worth an orderly end, which takes seconds.
    await end(options.databaseFile === undefined ? 'SIGKILL' : 'SIGTERM')
    await rm(folder, { recursive: true, force: true })
  }
  return {
    address,
    namespace,
    uiUrl,
    get pid() {
      return child.pid ?? 0
    },
    killAndRestart,
    stop,
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** The server of the whole vitest run. Throws, with the reason, if it could not be started. */
export function sharedTestServer(): { readonly address: string; readonly namespace: string; readonly uiUrl: string } {
  const failure = inject('temporalFailure')
  if (failure !== '') throw new Error(`No Temporal server for this test run: ${failure}`)
  return { address: inject('temporalAddress'), namespace: inject('temporalNamespace'), uiUrl: inject('temporalUiUrl') }
}
