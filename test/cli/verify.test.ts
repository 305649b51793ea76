import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTable } from '../../src/parquet/read-table.ts'
import { createPlace, eventsOf, printedCommands, SAMPLERS } from './helpers.ts'
import type { Place } from './helpers.ts'

let place: Place

beforeAll(async () => {
  place = await createPlace()
  place.write('colours.yaml', SAMPLERS)
}, 300_000)
afterAll(() => place.remove())

const fileOf = (dataset: string, id: number): string =>
  join(place.folder, 'artifacts', dataset, 'parquet-files', `batch_${String(id).padStart(5, '0')}.parquet`)

async function makeColours(name: string): Promise<void> {
  const ended = await place.run(['create', 'colours.yaml', '-d', name, '-n', '30', '--buffer-size', '10', '--seed', '1'])
  expect(ended.code).toBe(0)
}

function flipByte(path: string): void {
  const bytes = readFileSync(path)
  bytes[20] = (bytes[20] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

describe('verify', () => {
  it('a whole dataset ends with 0, needing no server', async () => {
    await makeColours('whole')
    const noServer = { TEMPORAL_ADDRESS: '127.0.0.1:9' }
    const ended = await place.run(['verify', 'whole'], noServer)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^Verified 30 written \+ 0 dropped = 30 wanted, checksums ok$/m)
    const json = await place.run(['verify', 'whole', '--json'], noServer)
    expect(json).toMatchObject({ code: 0, stderr: '' })
    expect(eventsOf(json)).toEqual([
      expect.objectContaining({
        event: 'verify',
        ok: true,
        state: 'complete',
        rowsWanted: 30,
        rowsWritten: 30,
        rowsDropped: 0,
        rowsMissing: 0,
        rowGroupsWanted: 3,
        committed: [[0, 3]],
        problemCount: 0,
        problems: {},
      }),
    ])
  })

  it('finds damage, sets it aside on request, and the printed commands put everything right again', async () => {
    await makeColours('hurt')
    const before = readFileSync(fileOf('hurt', 1))
    flipByte(fileOf('hurt', 1))
    const found = await place.run(['verify', 'hurt'])
    expect(found.code).toBe(1)
    expect(found.stderr).toMatch(/^DAMAGED {2}20 written \+ 0 dropped \+ 10 missing = 30 wanted: 1 problem$/m)
    expect(found.stderr).toMatch(/^ {2}damaged +parquet-files\/batch_00001\.parquet: /m)
    const json = eventsOf(await place.run(['verify', 'hurt', '--json']))
    expect(json).toMatchObject([
      { ok: false, state: 'damaged', problemCount: 1, problems: { damaged: [{ key: 'parquet-files/batch_00001.parquet', rowGroup: 1 }] } },
    ])
    expect(printedCommands(found)).toEqual([['verify', 'hurt', '--repair']])
    const repaired = await place.run(printedCommands(found)[0] ?? [])
    expect(repaired.code).toBe(3)
    expect(repaired.stdout).toMatch(/^aside {4}parquet-files\/batch_00001\.parquet -> quarantine\/batch_00001\./m)
    expect(printedCommands(repaired)).toEqual([['resume', 'hurt']])
    expect((await place.run(printedCommands(repaired)[0] ?? [])).code).toBe(0)
    expect((await place.run(['verify', 'hurt'])).code).toBe(0)
    // The same rows again; only the receipt tells of another run.
    expect((await readTable(readFileSync(fileOf('hurt', 1)))).table).toEqual((await readTable(before)).table)
  })

  it('finds a missing file and exchanged ones', async () => {
    await makeColours('mixed')
    renameSync(fileOf('mixed', 0), fileOf('mixed', 9))
    renameSync(fileOf('mixed', 1), fileOf('mixed', 0))
    renameSync(fileOf('mixed', 9), fileOf('mixed', 1))
    rmSync(fileOf('mixed', 2))
    const [found] = eventsOf(await place.run(['verify', 'mixed', '--json']))
    expect(found).toMatchObject({
      problemCount: 3,
      problems: { foreign: [{ rowGroup: 0 }, { rowGroup: 1 }], missing: [{ rowGroup: 2 }] },
    })
    const repaired = await place.run(['verify', 'mixed', '--repair', '--json'])
    expect(repaired.code).toBe(3)
    expect(eventsOf(repaired)).toMatchObject([
      { state: 'incomplete', rowsWritten: 20, rowsMissing: 10, repair: { putBack: [{}, {}], checkpointRewritten: true } },
    ])
  })

  it('refuses what is no dataset, with 2', async () => {
    const ended = await place.run(['verify', 'nothing'])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('DATASET_NOT_FOUND')
  })
})
