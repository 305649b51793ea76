import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, eventsOf, mainPath, printedAddresses, printedCommands, SAMPLERS, startEndpoint, textConfig } from './helpers.ts'
import type { Endpoint, Place } from './helpers.ts'

let place: Place
const endpoints: Endpoint[] = []

beforeAll(async () => {
  place = await createPlace()
}, 300_000)
afterAll(() => place.remove())
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) await endpoint.close()
})

async function endpointOf(latencyMs: number): Promise<Endpoint> {
  const endpoint = await startEndpoint(latencyMs)
  endpoints.push(endpoint)
  return endpoint
}

const rowGroups = (dataset: string): readonly string[] => readdirSync(join(place.folder, 'artifacts', dataset, 'parquet-files')).sort()

describe('create', () => {
  it('makes the dataset, named after its config, and says where it is', async () => {
    const ended = await place.run(['create', place.write('colours.yaml', SAMPLERS), '-n', '30', '--buffer-size', '10'])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^Complete 30 written \+ 0 dropped = 30 wanted {3}0:\d\d$/m)
    expect(ended.stdout).toMatch(/^Files {4}artifacts\/colours\/parquet-files\/ {3}\(3 files\)$/m)
    expect(rowGroups('colours')).toEqual(['batch_00000.parquet', 'batch_00001.parquet', 'batch_00002.parquet'])
  })

  it('prints commands that run and addresses that open', async () => {
    const ended = await place.run(['create', place.write('printed.yaml', SAMPLERS)])
    const [commands, addresses] = [printedCommands(ended), printedAddresses(ended)]
    expect(commands).toEqual([['show', 'printed', '0']])
    expect(addresses).toHaveLength(1)
    for (const command of commands) expect((await place.run(command)).code).toBe(0)
    for (const address of addresses) expect((await fetch(address)).status).toBe(200)
  })

  it('gives machines one JSON object a line, and nothing else', async () => {
    const ended = await place.run(['create', place.write('machine.yaml', SAMPLERS), '-n', '20', '--json'])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const events = eventsOf(ended)
    expect(events.map(({ event }) => event)).toEqual(['started', 'result'])
    expect(events.at(-1)).toMatchObject({
      state: 'complete',
      generated: true,
      targetNumRecords: 20,
      totals: { rowsWritten: 20, rowsDropped: 0 },
      process: { cpuSeconds: expect.any(Number) },
    })
  })

  it('has nothing to do for a complete dataset', async () => {
    place.write('twice.yaml', SAMPLERS)
    await place.run(['create', 'twice.yaml'])
    const ended = await place.run(['create', 'twice.yaml', '--resume', 'always'])
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain('Nothing to do: the dataset is complete already')
  })

  it('makes the same rows from the same seed', async () => {
    place.write('seeded.yaml', SAMPLERS)
    for (const name of ['one', 'two']) await place.run(['create', 'seeded.yaml', '--seed', '7', '-d', name, '-n', '5'])
    const records = await Promise.all(
      ['one', 'two'].map(async (name) => eventsOf(await place.run(['show', name, '4', '--json']))[0]?.['values']),
    )
    expect(records[0]).toEqual(records[1])
    expect(records[0]).toMatchObject({ colour: expect.any(String), size: expect.any(Number) })
  })
})

describe('a run that is stopped', () => {
  it('by Ctrl-C keeps what was answered, and the printed command goes on with it, asking nothing twice', async () => {
    const endpoint = await endpointOf(300)
    place.write('ctrlc.yaml', textConfig(endpoint.endpoint))
    const started = place.start(['create', 'ctrlc.yaml', '-n', '60', '--buffer-size', '30'])
    while (endpoint.calls() < 20) await new Promise((resolve) => setTimeout(resolve, 50))
    // One press comes twice under npx: from the terminal, and passed on by npm. It still drains.
    started.child.kill('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 30))
    started.child.kill('SIGINT')
    const ended = await started.ended
    expect(ended.code).toBe(130)
    expect(ended.stderr).toContain('answers in flight are kept')
    expect(ended.stdout).toMatch(/^Stopped/m)
    expect(printedCommands(ended)).toEqual([['resume', 'ctrlc']])

    const refused = await place.run(['create', 'ctrlc.yaml', '-n', '60'])
    expect(refused.code).toBe(5)
    expect(refused.stderr).toMatch(/DATASET_UNFINISHED: /)
    const [goOn, anew] = printedCommands(refused)
    expect([goOn, anew]).toEqual([
      ['create', 'ctrlc.yaml', '-n', '60', '--resume', 'always'],
      ['create', 'ctrlc.yaml', '-n', '60', '--resume', 'never'],
    ])

    const resumed = await place.run(['resume', 'ctrlc'])
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringMatching(/Complete 60 written \+ 0 dropped = 60 wanted/) })
    // Each of the two commands that began something asked one short question before; both ask the same. The refused one asked none.
    expect(endpoint.distinct()).toBe(61)
    expect(endpoint.calls()).toBe(62)

    const again = await place.run(goOn ?? [])
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to do') })
    expect(endpoint.calls()).toBe(62)
  })

  it('by kill -9 goes on with another command, and asks at most what was in flight again', async () => {
    const endpoint = await endpointOf(300)
    place.write('killed.yaml', textConfig(endpoint.endpoint, { parallel: 4 }))
    const started = place.start(['create', 'killed.yaml', '-n', '40', '--buffer-size', '20'])
    while (endpoint.calls() < 14) await new Promise((resolve) => setTimeout(resolve, 50))
    started.child.kill('SIGKILL')
    expect((await started.ended).signal).toBe('SIGKILL')
    const resumed = await place.run(['resume', 'killed'])
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringMatching(/Complete 40 written \+ 0 dropped = 40 wanted/) })
    expect(endpoint.distinct()).toBe(41)
    expect(endpoint.calls() - endpoint.distinct()).toBeLessThanOrEqual(4)
  }, 120_000)

  it('by a second Ctrl-C ends at once', async () => {
    const endpoint = await endpointOf(15_000)
    place.write('aborted.yaml', textConfig(endpoint.endpoint))
    const started = place.start(['create', 'aborted.yaml'], { DATA_DESIGNER_SKIP_MODEL_HEALTH_CHECKS: '1' })
    while (endpoint.calls() < 1) await new Promise((resolve) => setTimeout(resolve, 50))
    started.child.kill('SIGINT')
    await started.waitFor(/Ctrl-C again aborts/)
    // Whoever reads that takes longer than what counts as one press.
    await new Promise((resolve) => setTimeout(resolve, 400))
    const at = performance.now()
    started.child.kill('SIGINT')
    expect((await started.ended).code).toBe(130)
    expect(performance.now() - at).toBeLessThan(5_000)
  })
})

describe('a run that another command follows', () => {
  it('is joined by the same command; leaving it does not stop it', async () => {
    const endpoint = await endpointOf(300)
    place.write('joined.yaml', textConfig(endpoint.endpoint, { parallel: 2 }))
    const first = place.start(['create', 'joined.yaml', '-n', '40'])
    while (endpoint.calls() < 4) await new Promise((resolve) => setTimeout(resolve, 50))
    const second = place.start(['create', 'joined.yaml', '-n', '40', '--resume', 'always'])
    await second.waitFor(/another process serves this run/)
    second.child.kill('SIGINT')
    expect(await second.ended).toMatchObject({ code: 130, stdout: expect.stringMatching(/^Left {5}the run goes on/m) })
    expect(await first.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Complete 40 written') })
  })

  it('is stopped cleanly when nobody reads its words any more', async () => {
    const endpoint = await endpointOf(400)
    place.write('unread.yaml', textConfig(endpoint.endpoint, { parallel: 2 }))
    const started = place.start(['create', 'unread.yaml', '-n', '60'])
    started.child.stdout?.destroy()
    const ended = await started.ended
    expect(ended).toMatchObject({ code: 141, stderr: '' })
    expect(await place.run(['resume', 'unread'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Complete 60 written') })
    expect(endpoint.distinct()).toBe(61)
    expect(endpoint.calls()).toBe(62)
  }, 120_000)
})

describe('a run that is blocked', () => {
  const SKIP = { DATA_DESIGNER_SKIP_MODEL_HEALTH_CHECKS: '1' }

  it('is left at once with --on-blocked exit, and goes on once the cause is gone', async () => {
    const endpoint = await endpointOf(0)
    endpoint.refuse(403, 'no rights')
    place.write('blocked.yaml', textConfig(endpoint.endpoint))
    const ended = await place.run(['create', 'blocked.yaml', '--on-blocked', 'exit'], SKIP)
    expect(ended.code).toBe(4)
    expect(ended.stderr).toMatch(/left while waiting: MODEL_PERMISSION: /)
    expect(printedCommands(ended)).toEqual([['resume', 'blocked']])
    endpoint.refuse(null)
    expect((await place.run(['resume', 'blocked'])).code).toBe(0)
  })

  it('is left after --max-wait', async () => {
    const endpoint = await endpointOf(0)
    endpoint.refuse(403)
    place.write('patient.yaml', textConfig(endpoint.endpoint))
    const ended = await place.run(['create', 'patient.yaml', '--max-wait', '3s'], SKIP)
    expect(ended.code).toBe(4)
    expect(ended.seconds).toBeGreaterThan(3)
    expect(ended.stdout).toMatch(/^waiting .*MODEL_PERMISSION/m)
  })

  it('goes on by itself when the cause goes away while the command waits', async () => {
    const endpoint = await endpointOf(0)
    endpoint.refuse(503)
    place.write('healed.yaml', textConfig(endpoint.endpoint))
    const started = place.start(['create', 'healed.yaml', '--json', '--on-blocked', 'wait'], SKIP)
    await started.waitFor(/"state":"waiting"/)
    endpoint.refuse(null)
    const ended = await started.ended
    expect(ended.code).toBe(0)
    expect(eventsOf(ended).at(-1)).toMatchObject({ event: 'result', state: 'complete' })
  }, 120_000)
})

describe('dropped rows', () => {
  const config = `
columns:
  - { name: n, column_type: sampler, sampler_type: category, params: { values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] } }
  - { name: share, column_type: expression, expr: '{{ 100 // (n | int) }}' }
parquetry: { seed: 7, refill_attempts: 0 }
`
  it('make a dataset incomplete, unless they are allowed; show says why', async () => {
    const ended = await place.run(['create', place.write('drops.yaml', config), '-n', '60', '--json'])
    expect(ended.code).toBe(3)
    const { totals, state } = eventsOf(ended).at(-1) as { totals: { rowsWritten: number; rowsDropped: number }; state: string }
    expect({ state, sum: totals.rowsWritten + totals.rowsDropped }).toEqual({ state: 'incomplete', sum: 60 })
    expect(totals.rowsDropped).toBeGreaterThan(0)

    const shown = await Promise.all(
      Array.from({ length: 60 }, async (_, row) => eventsOf(await place.run(['show', 'drops', String(row), '--json']))[0]),
    )
    const dropped = shown.filter((record) => record?.['kind'] === 'dropped')
    expect(dropped).toHaveLength(totals.rowsDropped)
    const text = await place.run(['show', 'drops', String(dropped[0]?.['row'])])
    expect(text).toMatchObject({ code: 0, stdout: expect.stringMatching(/^dropped {2}TEMPLATE_FAILED in column share: /m) })
  }, 120_000)

  it('the printed command accepts them', async () => {
    const ended = await place.run(['create', place.write('accept.yaml', config), '-n', '60'])
    expect(ended).toMatchObject({ code: 3, stderr: expect.stringMatching(/^INCOMPLETE \d+ written \+ \d+ dropped = 60 wanted/m) })
    const [accept] = printedCommands(ended)
    expect((await place.run(accept ?? [])).code).toBe(0)
  })

  it('--allow-dropped says how many may be missing', async () => {
    place.write('allowed.yaml', config)
    expect((await place.run(['create', 'allowed.yaml', '-n', '60', '--allow-dropped', '50%'])).code).toBe(0)
    expect((await place.run(['create', 'allowed.yaml', '-n', '60', '--allow-dropped', '1', '-d', 'strict'])).code).toBe(3)
  })
})

describe('show', () => {
  it('prints a record with its names aligned', async () => {
    await place.run(['create', place.write('shown.yaml', SAMPLERS), '--seed', '1'])
    const ended = await place.run(['show', 'shown'])
    expect(ended.code).toBe(0)
    expect(ended.stdout).toMatch(/^Record 0 {3}artifacts\/shown\ncolour {2}(red|green|blue)\nsize {4}[\d.]+\nlabel {3}\1 of [\d.]+\n$/)
    expect((await place.run(['show', 'artifacts/shown', '9'])).code).toBe(0)
    expect(await place.run(['show', 'shown', '10'])).toMatchObject({ code: 2, stderr: expect.stringContaining('a row from 0 to 9') })
  })

  it('names the datasets that are there when there is none of the name', async () => {
    await place.run(['create', place.write('there.yaml', SAMPLERS), '-o', 'elsewhere'])
    expect((await place.run(['show', 'ther', '-o', 'elsewhere'])).stderr).toMatch(/what to do: datasets in elsewhere: there\n/)
  })
})

describe('preview', () => {
  it('prints rows and writes nothing', async () => {
    const before = readdirSync(place.folder)
    const ended = await place.run(['preview', place.write('seen.yaml', SAMPLERS), '-n', '3', '--seed', '7'])
    expect(ended.code).toBe(0)
    expect(ended.stdout.match(/^Record \d+$/gm)).toEqual(['Record 0', 'Record 1', 'Record 2'])
    expect(readdirSync(place.folder).filter((name) => !before.includes(name))).toEqual(['seen.yaml'])
  })

  it('shows the rows that a run of the same seed begins with', async () => {
    place.write('same.yaml', SAMPLERS)
    const previewed = eventsOf(await place.run(['preview', 'same.yaml', '-n', '2', '--seed', '7', '--json']))
    await place.run(['create', 'same.yaml', '--seed', '7', '-n', '40', '--buffer-size', '1'])
    for (const row of [0, 1])
      expect(eventsOf(await place.run(['show', 'same', String(row), '--json']))[0]?.['values']).toEqual(previewed[row]?.['values'])
  })

  it('needs no server', async () => {
    expect((await place.run(['preview', place.write('alone.yaml', SAMPLERS)], { TEMPORAL_ADDRESS: '127.0.0.1:1' })).code).toBe(0)
  })

  it('asks the real endpoint that OPENAI_BASE_URL names', async () => {
    const endpoint = await endpointOf(0)
    place.write('real.yaml', textConfig(endpoint.endpoint).replace('provider: local', 'provider: openai'))
    const ended = await place.run(['preview', 'real.yaml', '-n', '2'], { OPENAI_API_KEY: 'sk-test-1', OPENAI_BASE_URL: endpoint.endpoint })
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('an answer to') })
    expect(endpoint.calls()).toBe(2)
  })
})

describe('rehearse', () => {
  it('runs a sample, leaves nothing behind and forecasts the rest', async () => {
    const endpoint = await endpointOf(0)
    const settings = 'parquetry: { prices: { writer: { input_per_million: 1, output_per_million: 2 } } }'
    place.write('rehearsed.yaml', textConfig(endpoint.endpoint, { parallel: 10, settings }))
    const ended = await place.run(['rehearse', 'rehearsed.yaml', '-n', '10000', '--sample', '20', '--latency-ms', '500', '--json'])
    expect(ended.code).toBe(0)
    expect(eventsOf(ended).find(({ event }) => event === 'forecast')).toMatchObject({
      numRecords: 10_000,
      calls: 10_000,
      timeMs: 500_000,
      costs: { USD: expect.any(Number) },
      unpriced: [],
    })
    expect(endpoint.calls()).toBe(0)
    expect(place.exists('artifacts/rehearsed')).toBe(false)
  })
})

describe('output that nobody reads', () => {
  const shell = (command: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync('bash', ['-c', `set -o pipefail; ${command}`], { cwd: place.folder, env: place.env, encoding: 'utf8' })

  it('ends a command quietly', () => {
    place.write('long.yaml', SAMPLERS)
    const { stdout, stderr } = shell(`'${process.execPath}' '${mainPath}' preview long.yaml -n 5000 | head -1`)
    expect({ stdout, stderr }).toEqual({ stdout: 'Record 0\n', stderr: '' })
    expect(shell(`'${process.execPath}' '${mainPath}' create --help | head -1`)).toMatchObject({
      stdout: expect.stringMatching(/^Usage/),
      stderr: '',
    })
  })
})

describe('on a terminal', () => {
  it('an unfinished dataset is asked about, and gone on with by default', async () => {
    const endpoint = await endpointOf(200)
    place.write('asked.yaml', textConfig(endpoint.endpoint, { parallel: 2 }))
    const started = place.start(['create', 'asked.yaml', '-n', '30'])
    while (endpoint.calls() < 6) await new Promise((resolve) => setTimeout(resolve, 50))
    started.child.kill('SIGINT')
    await started.ended
    const { code, stdout } = await place.startInTerminal('Go on with it', '', ['create', 'asked.yaml', '-n', '30']).ended
    expect(stdout).toMatch(/holds an unfinished run/)
    expect(code).toBe(0)
    expect(stdout).toMatch(/Complete 30 written \+ 0 dropped = 30 wanted/)
    expect(readdirSync(join(place.folder, 'artifacts')).filter((name) => name.startsWith('asked'))).toEqual(['asked'])
  })

  it('progress moves inside one large row group, and is gone in the end', async () => {
    const endpoint = await endpointOf(150)
    place.write('panel.yaml', textConfig(endpoint.endpoint, { parallel: 4 }))
    const { code, stdout } = await place.startInTerminal('', '', ['create', 'panel.yaml', '-n', '280']).ended
    expect(code).toBe(0)
    const looks = [...stdout.matchAll(/rows (\d+)\/280 {3}dropped 0 {3}groups 0\/1 {3}calls (\d+)/g)].map(([, rows]) => Number(rows))
    expect(new Set(looks).size).toBeGreaterThanOrEqual(3)
    expect(looks).toEqual(looks.toSorted((a, b) => a - b))
    expect(stdout.slice(stdout.lastIndexOf('\u001b[0J'))).toContain('[0JComplete 280 written')
  })
})
