import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readProcess, waitForExit } from '../../src/server/process-identity.ts'
import { takeStartLock } from '../../src/server/start-lock.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquetry-lock-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** The number of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn('/bin/sh', ['-c', 'exit 0'])
  await new Promise((settle) => child.once('exit', settle))
  return child.pid ?? 0
}

const lockOf = (holder: object): Promise<void> => writeFile(join(folder, 'start-lock-7'), JSON.stringify(holder))

/** Lets `count` takers hold the lock one after another, and answers with the most that held it at once. */
async function mostAtOnce(count: number): Promise<number> {
  let holding = 0
  let most = 0
  const take = async (): Promise<void> => {
    const lock = await takeStartLock(folder, { waitMs: 60_000 })
    most = Math.max(most, ++holding)
    await new Promise((wake) => setTimeout(wake, 5))
    holding--
    await lock.release()
  }
  await Promise.all(Array.from({ length: count }, take))
  return most
}

describe('the start lock', () => {
  it('is held by one at a time', async () => {
    expect(await mostAtOnce(12)).toBe(1)
  })

  it('is taken over by exactly one when its holder is dead', async () => {
    await lockOf({ pid: await deadPid(), host: hostname(), startToken: 'gone', released: false })
    expect(await mostAtOnce(12)).toBe(1)
  })

  it('is taken over when the number of its holder belongs to another process now', async () => {
    await lockOf({ pid: process.pid, host: hostname(), startToken: 'an earlier process', released: false })
    const lock = await takeStartLock(folder, { waitMs: 100 })
    await lock.release()
  })

  it('is taken over when its file is damaged', async () => {
    await writeFile(join(folder, 'start-lock-7'), '')
    const lock = await takeStartLock(folder, { waitMs: 100 })
    await lock.release()
  })

  it('is not taken from a living holder: the error names it', async () => {
    const lock = await takeStartLock(folder, { waitMs: 100 })
    const waited: number[] = []
    await expect(takeStartLock(folder, { waitMs: 300, onWait: (pid) => waited.push(pid) })).rejects.toMatchObject({
      code: 'TEMPORAL_SERVER_FAILED',
      message: expect.stringContaining(`process ${process.pid} on ${hostname()} is still at it`),
    })
    expect(waited).toEqual([process.pid])
    await lock.release()
  })

  it('is not taken from a holder on another machine, whose processes cannot be seen', async () => {
    await lockOf({ pid: 1, host: 'another-machine', startToken: 'x', released: false })
    await expect(takeStartLock(folder, { waitMs: 200 })).rejects.toMatchObject({
      details: { wayOut: expect.stringContaining('start-lock-7') },
    })
  })

  it('does not leave a growing pile of files', async () => {
    for (let round = 0; round < 20; round++) await (await takeStartLock(folder, { waitMs: 100 })).release()
    expect(await readdir(folder)).toEqual(['start-lock-20'])
  })
})

describe('looking at a process', () => {
  it('shows its command line, and tells two processes apart', async () => {
    const child = spawn('sleep', ['60'])
    const facts = await readProcess(child.pid ?? 0)
    expect(facts?.commandLine).toBe('sleep 60')
    expect(facts?.startToken).not.toBe((await readProcess(process.pid))?.startToken)
    child.kill('SIGKILL')
    expect(facts !== null && (await waitForExit(child.pid ?? 0, facts, 10_000))).toBe(true)
    expect(await readProcess(child.pid ?? 0)).toBeNull()
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 31 - 2])('finds none for %d', async (pid) => {
    expect(await readProcess(pid)).toBeNull()
  })
})
