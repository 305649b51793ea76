// Installs, then builds, type-checks, lints and runs all tests; ends with one plain line `N passed, N failed`.
// A skipped test counts as failed. Every step runs, so that one look shows all that is wrong.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { install, requireNode, run } from './install.mjs'

requireNode()
console.log('verify: packages')
install()

/** @type {[string, string, string[]][]} */
const steps = [
  ['build', 'npm', ['run', '--silent', 'build']],
  ['types', 'npm', ['run', '--silent', 'types']],
  ['format', 'npm', ['run', '--silent', 'format:check']],
  ['lint', 'npm', ['run', '--silent', 'lint']],
  ['python', 'node', ['scripts/python-env.mjs']],
  ['chromium', 'node', ['scripts/chromium.mjs']],
]
let failedSteps = 0
for (const [name, command, args] of steps) {
  const start = Date.now()
  const status = run(command, args)
  console.log(`verify: ${name} ${status === 0 ? 'ok' : `FAILED (exit ${status})`}, ${((Date.now() - start) / 1000).toFixed(1)} s`)
  if (status !== 0) failedSteps += 1
}

const folder = mkdtempSync(join(tmpdir(), 'parquetry-verify-'))
const report = join(folder, 'vitest.json')
const status = run('npx', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`])
let passed = 0
let failed = failedSteps
try {
  const totals = JSON.parse(readFileSync(report, 'utf8'))
  passed = totals.numPassedTests
  failed += totals.numTotalTests - totals.numPassedTests
  // A file that could not even be loaded has no tests to count.
  failed += totals.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
  if (status !== 0 && failed === 0) failed = 1
} catch (error) {
  console.error(`the test run left no report: ${error.message}`)
  failed += 1
}
rmSync(folder, { recursive: true, force: true })
if (passed === 0 && failed === 0) failed = 1
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
