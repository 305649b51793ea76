/** Resuming from the command line: what it says it found, and which command goes on. */
import { readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, printedCommands, SAMPLERS, startEndpoint, textConfig } from './helpers.ts'
import type { Endpoint, Place } from './helpers.ts'

let place: Place
let endpoint: Endpoint

beforeAll(async () => {
  place = await createPlace()
  endpoint = await startEndpoint(300)
}, 300_000)
afterAll(async () => {
  place.remove()
  await endpoint.close()
})

const folderOf = (name: string): string => join(place.folder, 'artifacts', name)
const batch = (name: string, id: number): string => join(folderOf(name), 'parquet-files', `batch_0000${id}.parquet`)

/** A dataset of 5 row groups, of which a file is cut, one is gone, and one name is nobody's. */
async function damage(name: string): Promise<void> {
  await place.run(['create', place.write(`${name}.yaml`, SAMPLERS), '-n', '50', '--buffer-size', '10', '--seed', '7'])
  truncateSync(batch(name, 0), 100)
  rmSync(batch(name, 3))
  writeFileSync(join(folderOf(name), 'parquet-files', 'notes.txt'), 'mine')
}

describe('a resumed run', () => {
  it.each([
    ['always', 'true'],
    ['if_possible', 'if_possible'],
  ])('with -r %s says what it found, once', async (mode, written) => {
    const name = `found-${mode}`
    await damage(name)
    const { code, stdout } = await place.run(['create', `${name}.yaml`, '-r', written])
    expect(code).toBe(0)
    expect(stdout.match(/^Found {4}.*$/gm)).toHaveLength(1)
    for (const words of ['1 damaged and set aside', '1 entry that is no row group, left alone', '2 counted as done and made again'])
      expect(stdout).toMatch(new RegExp(`^Found {4}.*${words}`, 'm'))
    expect(stdout).toMatch(/^ {9}parquet-files\/batch_00000\.parquet moved to quarantine\//m)
    expect(stdout.match(/batch_00000\.parquet moved to/g)).toHaveLength(1)
    expect(stdout).toMatch(/Complete 50 written \+ 0 dropped = 50 wanted/)
  })

  it('says so at the start when it takes long', async () => {
    place.write('slow.yaml', textConfig(endpoint.endpoint, { parallel: 4 }))
    await place.run(['create', 'slow.yaml', '-n', '40', '--buffer-size', '10'])
    for (const id of [1, 3]) truncateSync(batch('slow', id), 100)
    const { stdout } = await place.run(['create', 'slow.yaml', '-r', 'always'])
    const [found = -1, complete = -1] = [
      /^Found {4}artifacts\/slow: 2 of 4 row groups committed, 20 rows; 2 damaged and set aside.*; 2 to make$/m,
      /^Complete/m,
    ].map((words) => stdout.search(words))
    expect(found).toBeGreaterThanOrEqual(0)
    expect(found).toBeLessThan(complete)
  })

  it('rebuilds a checkpoint that is lost, and says so', async () => {
    await damage('rebuilt')
    rmSync(join(folderOf('rebuilt'), 'metadata.json'))
    const { code, stdout } = await place.run(['resume', 'rebuilt'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^note {5}metadata\.json is missing: rebuilt from the receipts of 3 row groups/m)
    expect(stdout).toMatch(/^Found .*1 file put right/m)
  })

  it('without parquetry.json names the file, and the command with the config writes it anew', async () => {
    await damage('bare')
    rmSync(join(folderOf('bare'), 'parquetry.json'))
    const refused = await place.run(['resume', 'bare'])
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/DATASET_DAMAGED: .*parquetry\.json[^]*create CONFIG --resume always/),
    })
    expect((await place.run(['create', 'bare.yaml', '-r', 'always'])).code).toBe(0)
  })

  it('in a timestamped folder is named by the command that goes on with it', async () => {
    place.write('beside.yaml', textConfig(endpoint.endpoint, { parallel: 2 }))
    await place.run(['create', 'beside.yaml', '-n', '4'])
    const calls = endpoint.calls()
    const started = place.start(['create', 'beside.yaml', '-n', '30'])
    while (endpoint.calls() < calls + 8) await new Promise((resolve) => setTimeout(resolve, 50))
    started.child.kill('SIGINT')
    await started.ended
    const stamped = readdirSync(join(place.folder, 'artifacts')).find((name) => name.startsWith('beside_')) ?? ''
    const refused = await place.run(['create', 'beside.yaml', '-n', '30'])
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining(`artifacts/${stamped} holds an unfinished run`) })
    const [goOn, anew] = printedCommands(refused)
    expect([goOn, anew]).toEqual([
      ['resume', stamped],
      ['create', 'beside.yaml', '-n', '30', '--resume', 'never'],
    ])
    expect(await place.run(goOn ?? [])).toMatchObject({ code: 0, stdout: expect.stringContaining('Complete 30 written') })
  }, 120_000)

  it('of a killed command goes on where its folder was moved to', async () => {
    place.write('killed.yaml', textConfig(endpoint.endpoint, { parallel: 4 }))
    const calls = endpoint.calls()
    const started = place.start(['create', 'killed.yaml', '-n', '40', '--buffer-size', '10'])
    while (endpoint.calls() < calls + 15) await new Promise((resolve) => setTimeout(resolve, 50))
    started.child.kill('SIGKILL')
    await started.ended
    renameSync(folderOf('killed'), folderOf('elsewhere'))
    const resumed = await place.run(['resume', 'elsewhere'])
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringMatching(/Complete 40 written \+ 0 dropped = 40 wanted/) })
    expect(resumed.stdout).toMatch(/^note .*the open run of .*artifacts\/killed was ended, since the dataset is not there any more/m)
  }, 120_000)
})
