import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from '../cli/helpers.ts'

beforeAll(ensureBuilt, 240_000)

/** The short form of `npm run bench:chaos`; kills come at random moments, whose seed stands in what it says. */
const args = [
  '--rows',
  '240',
  '--buffer-size',
  '20',
  '--kills',
  '4',
  '--server-kills',
  '1',
  '--max-outage-ms',
  '2000',
  '--heartbeat-ms',
  '1500',
]

describe('a run that is killed again and again', () => {
  it('ends as an unbroken one, and pays again at most for what was in flight', { timeout: 180_000 }, async () => {
    const bench = fileURLToPath(new URL('../../bench/chaos.mjs', import.meta.url))
    const said = await new Promise<string>((resolve) =>
      execFile(process.execPath, [bench, ...args], (error, stdout, stderr) => resolve(error === null ? stdout : `${stdout}\n${stderr}`)),
    )
    expect(said).toMatch(/\| ok \|\n$/)
  })
})
