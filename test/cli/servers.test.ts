import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRehearsalServer } from '../../src/rehearsal/index.ts'
import { createPlace, eventsOf, printedAddresses, printedCommands, SAMPLERS, startEndpoint, textConfig } from './helpers.ts'
import type { Place } from './helpers.ts'

describe('worker', () => {
  let place: Place
  beforeAll(async () => {
    place = await createPlace({ namespace: `cli-worker-${process.pid}-${Date.now()}` })
  }, 300_000)
  afterAll(() => place.remove())

  it('a run without one says so, with the command that starts one; the worker announces the run and makes it', async () => {
    const run = place.start(['create', place.write('external.yaml', SAMPLERS), '--worker', 'external'])
    await run.waitFor(/no worker serves the task queue parquetry; start one with: npx parquetry worker/)
    const worker = place.start(['worker'])
    await worker.waitFor(/serves task queue parquetry/)
    const ended = await run.ended
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Complete 10 written') })
    worker.child.kill('SIGINT')
    expect(await worker.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/open run external, begun .*: goes on now/) })
  })

  it('keeps what was answered when it is ended, and the next one asks nothing twice', async () => {
    const endpoint = await startEndpoint(300)
    try {
      const workers = [place.start(['worker'])]
      await workers[0]?.waitFor(/serves task queue/)
      const run = place.start(['create', place.write('handed-on.yaml', textConfig(endpoint.endpoint)), '-n', '60', '--worker', 'external'])
      while (endpoint.calls() < 16) await new Promise((resolve) => setTimeout(resolve, 50))
      workers[0]?.child.kill('SIGTERM')
      expect((await workers[0]?.ended)?.code).toBe(0)
      workers.push(place.start(['worker']))
      expect(await run.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Complete 60 written') })
      workers[1]?.child.kill('SIGINT')
      await workers[1]?.ended
      expect(endpoint.calls()).toBe(endpoint.distinct())
    } finally {
      await endpoint.close()
    }
  }, 240_000)

  it('leaves the runs of other commands alone, and says how to go on with them', async () => {
    const endpoint = await startEndpoint()
    endpoint.refuse(503)
    try {
      const run = place.start(['create', place.write('own.yaml', textConfig(endpoint.endpoint))], {
        DATA_DESIGNER_SKIP_MODEL_HEALTH_CHECKS: '1',
      })
      await run.waitFor(/^waiting/m)
      run.child.kill('SIGKILL')
      await run.ended
      const worker = place.start(['worker'])
      await worker.waitFor(/serves task queue/)
      worker.child.kill('SIGINT')
      const { stdout } = await worker.ended
      expect(stdout).toMatch(/open run own, begun .*: left as it is; npx parquetry resume own {3}goes on with it/)
      endpoint.refuse(null)
      const [resume] = printedCommands({ stdout, stderr: '' })
      expect(await place.run(resume ?? [])).toMatchObject({ code: 0, stdout: expect.stringContaining('Complete 10 written') })
    } finally {
      await endpoint.close()
    }
  }, 240_000)
})

describe('the embedded server', () => {
  let place: Place
  beforeAll(async () => {
    place = await createPlace({ server: 'embedded' })
  }, 300_000)
  afterAll(async () => {
    await place.run(['dev', '--stop'])
    place.remove()
  })

  const recordFile = (): string => join(place.env['PARQUETRY_HOME'] ?? '', 'server', 'server.json')
  const isUp = async (address: string | undefined): Promise<boolean> =>
    address === undefined
      ? false
      : await fetch(address).then(
          ({ ok }) => ok,
          () => false,
        )

  it('dev starts it, and its own Ctrl-C ends it', async () => {
    const dev = place.start(['dev'])
    await dev.waitFor(/serves task queue/)
    const run = await place.run(['create', place.write('shared.yaml', SAMPLERS), '--worker', 'external'])
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('Complete 10 written') })
    const [ui] = printedAddresses(run)
    expect(await isUp(ui)).toBe(true)
    dev.child.kill('SIGINT')
    expect(await dev.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Server .* stopped; its runs are kept/m) })
    expect(await isUp(ui)).toBe(false)
  })

  it('dev --detach leaves it running, another dev does not end it, dev --stop does', async () => {
    const detached = await place.run(['dev', '--detach'])
    expect(detached.code).toBe(0)
    const [ui] = printedAddresses(detached)
    expect(await isUp(ui)).toBe(true)
    const dev = place.start(['dev'])
    await dev.waitFor(/serves task queue/)
    dev.child.kill('SIGINT')
    expect((await dev.ended).code).toBe(0)
    expect(await isUp(ui)).toBe(true)
    expect(printedCommands(detached)).toEqual([['dev', '--stop']])
    expect((await place.run(['dev', '--stop'])).code).toBe(0)
    expect(await isUp(ui)).toBe(false)
    expect(await place.run(['dev', '--stop'])).toMatchObject({ code: 0, stdout: 'no embedded server is running\n' })
  })

  it('dev --all goes on with runs whose command has gone', async () => {
    const endpoint = await startEndpoint(200)
    try {
      const run = place.start(['create', place.write('left.yaml', textConfig(endpoint.endpoint, { parallel: 2 })), '-n', '12'])
      while (endpoint.calls() < 4) await new Promise((resolve) => setTimeout(resolve, 50))
      run.child.kill('SIGKILL')
      await run.ended
      const dev = place.start(['dev', '--all'])
      await dev.waitFor(/open run left, begun .*: goes on now/)
      const limit = Date.now() + 60_000
      while ((await place.run(['show', 'left', '11'])).stdout.includes('missing') && Date.now() < limit)
        await new Promise((resolve) => setTimeout(resolve, 500))
      expect((await place.run(['show', 'left', '11'])).stdout).toContain('an answer to')
      dev.child.kill('SIGINT')
      expect((await dev.ended).code).toBe(0)
    } finally {
      await endpoint.close()
    }
  }, 240_000)

  it('may go away and come back while a command runs, which asks nothing twice', async () => {
    const endpoint = await startEndpoint(200)
    try {
      expect((await place.run(['dev', '--detach'])).code).toBe(0)
      const run = place.start([
        'create',
        place.write('outage.yaml', textConfig(endpoint.endpoint, { parallel: 2 })),
        '-n',
        '40',
        '--buffer-size',
        '10',
        '--json',
      ])
      while (endpoint.calls() < 8) await new Promise((resolve) => setTimeout(resolve, 50))
      expect((await place.run(['dev', '--stop'])).code).toBe(0)
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      expect((await place.run(['dev', '--detach'])).code).toBe(0)
      const ended = await run.ended
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(eventsOf(ended).at(-1)).toMatchObject({ event: 'result', state: 'complete', generated: true, totals: { rowsWritten: 40 } })
      expect(endpoint.calls()).toBe(endpoint.distinct())
    } finally {
      await endpoint.close()
    }
  }, 180_000)

  it('quickstart makes 100 rows with no key at hand, and again in seconds; every command it prints runs, every address opens', async () => {
    const endpoint = await startRehearsalServer()
    try {
      const keys = { OPENAI_API_KEY: 'sk-test-never-used', OPENAI_BASE_URL: endpoint.endpoint }
      const first = await place.run(['quickstart'], keys)
      expect(first).toMatchObject({ code: 0, stderr: '' })
      expect(first.stdout).toMatch(/^\[2\/4\] Temporal \d/m)
      expect(first.stdout).toMatch(/^\[3\/4\] server \+ worker {2}UI http/m)
      expect(first.stdout).toMatch(/^\[4\/4\] product-reviews {2}100 rows, REHEARSAL model, seed 7 /m)
      expect(first.stdout).toMatch(/^ {6}rows 100\/100 {3}dropped 0 {3}calls 300 {3}paid \$0\.00$/m)
      expect(first.stdout).toMatch(/^Verified: 100 written \+ 0 dropped = 100 wanted, checksums ok$/m)
      expect(endpoint.stats().requests).toBe(0)

      const second = await place.run(['quickstart'], keys)
      expect(second).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\[4\/4\] product-reviews {2}complete already/m) })
      expect(second.seconds).toBeLessThan(20)
      expect(endpoint.stats().requests).toBe(0)

      const addresses = printedAddresses(second)
      expect(addresses).toHaveLength(2)
      for (const address of addresses) expect((await fetch(address)).status).toBe(200)
      const commands = printedCommands(second)
      expect(commands.map(([name]) => name)).toEqual(['create', 'show', 'dev'])
      for (const command of commands) expect({ command, ...(await place.run(command, keys)) }).toMatchObject({ code: 0 })
      // The printed command that names a provider asked it: 3 calls a row, and one question before it began.
      expect(endpoint.stats().requests).toBe(301)
      expect(JSON.parse(readFileSync(recordFile(), 'utf8'))).toMatchObject({ isStopped: true })
    } finally {
      await endpoint.close()
    }
  }, 240_000)

  it('rehearse prints a table', async () => {
    const ended = await place.run([
      'rehearse',
      place.write('table.yaml', textConfig('http://127.0.0.1:9/v1', { parallel: 10 })),
      '-n',
      '1000',
      '--sample',
      '10',
    ])
    expect(ended.code).toBe(0)
    expect(ended.stdout).toMatch(/^Forecast 1,000 rows, from a rehearsal of 10$/m)
    expect(ended.stdout).toMatch(/^ {2}writer {2}stub at local {2}1,000 /m)
    expect(ended.stdout).toMatch(/^time {5}3:20 at 2,000 ms a call/m)
  })
})
