// Installs the packages of package-lock.json, unless that was done already for this very lock file. No dependencies: it runs first.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the project. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.parquetry-installed')

/** Refuses a Node that cannot run this, in words. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  console.error(`Parquetry needs Node 20.19 or newer, this is ${process.versions.node}.`)
  process.exit(1)
}

/** Runs a command of the project in its folder; answers its exit code. Output goes to this process's, or is kept back when quiet. */
export function run(command, args, { quiet = false, env = {} } = {}) {
  const shell = process.platform === 'win32'
  const result = spawnSync(command, args, {
    cwd: root,
    shell,
    stdio: quiet ? 'pipe' : 'inherit',
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  if (result.error !== undefined) {
    console.error(`could not start ${command}: ${result.error.message}`)
    return 1
  }
  if (quiet && result.status !== 0) console.error(`${result.stdout ?? ''}${result.stderr ?? ''}`)
  return result.status ?? 1
}

/** Installs what is missing; answers false when nothing had to be done. Ends the process when it fails. */
export function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return false
  const status = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { quiet: true })
  if (status !== 0) {
    console.error('npm ci failed, see above. Parquetry needs a package registry that npm can reach.')
    process.exit(status)
  }
  writeFileSync(stamp, lock)
  return true
}
