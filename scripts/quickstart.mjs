// `npm run quickstart`: packages, build, then the command line's own quickstart. No account, no key, nothing billed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { install, requireNode, root, run } from './install.mjs'

requireNode()
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
console.log(`Parquetry ${version} quickstart: no account, no key used, nothing is billed`)
const start = Date.now()
const isNew = install()
const seconds = Math.round((Date.now() - start) / 1000)
console.log(
  `[1/4] packages         ${isNew ? 'installed' : 'already installed'}${' '.repeat(isNew ? 22 : 14)}${String(seconds).padStart(3)} s`,
)
const built = run('npm', ['run', '--silent', 'build'])
if (built !== 0) process.exit(built)
process.exit(run(process.execPath, [join(root, 'dist/src/cli/main.js'), 'quickstart', '--continued']))
