import { beforeAll, describe, expect, it } from 'vitest'
import { claimOwner } from '../../../src/dataset/owner/owner.ts'
import { keys } from '../../../src/dataset/layout.ts'
import type { Metadata } from '../../../src/dataset/metadata.ts'
import { readMetadata, writeMetadata } from '../../../src/dataset/metadata.ts'
import { readReceipt } from '../../../src/dataset/read-receipt.ts'
import { repairFolder } from '../../../src/dataset/verify/repair-folder.ts'
import { verifyDataset } from '../../../src/dataset/verify/verify.ts'
import type { DatasetVerification } from '../../../src/dataset/verify/verify.ts'
import { ParquetryError } from '../../../src/errors.ts'
import { encodeTable } from '../../../src/parquet/encode-table.ts'
import { readTable } from '../../../src/parquet/read-table.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { fittingAnswer, makeDataset, prepareMade, restore, snapshotOf } from '../made-dataset.ts'

let made: ReadonlyMap<string, Uint8Array>
let other: ReadonlyMap<string, Uint8Array>

beforeAll(async () => {
  made = await snapshotOf((await makeDataset(createMemoryStorage())).storage)
  other = await snapshotOf((await makeDataset(createMemoryStorage(), { datasetId: 'made-2' })).storage)
})

const kindsOf = ({ problems }: DatasetVerification): readonly string[] => problems.map(({ kind, key }) => `${kind} ${key}`)

async function flip(storage: Storage, key: string, index: number): Promise<void> {
  const bytes = ((await storage.read(key)) as Uint8Array).slice()
  bytes[index] = (bytes[index] as number) ^ 0x40
  await storage.writeAtomic(key, bytes)
}

async function changeMetadata(storage: Storage, change: (metadata: Metadata) => object): Promise<void> {
  const reading = await readMetadata(storage)
  if (reading.kind !== 'ours') throw new Error(reading.kind)
  await writeMetadata(storage, { ...reading.value, ...change(reading.value) } as Metadata)
}

describe('verifying', () => {
  it('a whole dataset accounts for every row and finds nothing', async () => {
    const found = await verifyDataset(await restore(made))
    expect(found).toMatchObject({
      state: 'complete',
      rowsWanted: 12,
      rowsWritten: 12,
      rowsDropped: 0,
      rowsMissing: 0,
      problems: [],
      notes: [],
    })
    expect(found).toMatchObject({ rowGroupsWanted: 3, committed: [[0, 3]], adopted: [], files: 9, totals: { usage: { calls: 24 } } })
    expect(found.bytes).toBe([...made].filter(([key]) => key.endsWith('.parquet')).reduce((sum, [, bytes]) => sum + bytes.length, 0))
  })

  it('finds one flipped byte, wherever it is, in row groups and sidecars alike', async () => {
    const missed: string[] = []
    for (const [key, bytes] of made) {
      if (!key.endsWith('.parquet') || !key.includes('batch_00001')) continue
      // Both ends of the file byte by byte, the middle in steps that meet every part of it.
      for (let index = 0; index < bytes.length; index += index < 8 || index > bytes.length - 16 ? 1 : 149) {
        const storage = await restore(new Map([...made].filter(([name]) => name.includes('batch_00001') || name.endsWith('.json'))))
        await flip(storage, key, index)
        const { problems } = await verifyDataset(storage)
        const hit = problems.find((problem) => problem.key === key)
        if (hit?.kind !== (key.startsWith('parquet-files') ? 'damaged' : 'sidecar')) missed.push(`${key} ${index}`)
      }
    }
    expect(missed).toEqual([])
  })

  it('finds a missing file, and does not mistake a row group that was never made for one', async () => {
    const storage = await restore(made)
    await storage.remove(keys.rowGroup(1))
    expect(await verifyDataset(storage)).toMatchObject({
      state: 'damaged',
      rowsWritten: 8,
      rowsMissing: 4,
      problems: [{ kind: 'missing', key: keys.rowGroup(1), rowGroup: 1 }],
    })
    const half = await prepareMade(createMemoryStorage())
    const results = [await half.generate(0), await half.generate(2)]
    await half.finish(results, 'stopped')
    expect(await verifyDataset(half.storage)).toMatchObject({
      state: 'incomplete',
      rowsWritten: 8,
      rowsMissing: 4,
      committed: [
        [0, 1],
        [2, 3],
      ],
      problems: [],
    })
  })

  it('finds two row groups that were exchanged, and says where each belongs', async () => {
    const storage = await restore(made)
    await storage.writeAtomic(keys.rowGroup(0), made.get(keys.rowGroup(2)) as Uint8Array)
    await storage.writeAtomic(keys.rowGroup(2), made.get(keys.rowGroup(0)) as Uint8Array)
    const { problems, rowsMissing } = await verifyDataset(storage)
    expect(problems).toMatchObject([
      {
        kind: 'foreign',
        rowGroup: 0,
        belongsTo: 2,
        message: expect.stringContaining('it holds row group 2 with rows 8 to 12, not 0 to 4'),
      },
      { kind: 'foreign', rowGroup: 2, belongsTo: 0 },
    ])
    expect(rowsMissing).toBe(8)
  })

  it('finds files of another dataset, without a receipt, truncated, empty, and beside the row groups', async () => {
    const storage = await restore(made)
    const { schema, table } = await readTable(made.get(keys.rowGroup(1)) as Uint8Array)
    await storage.writeAtomic(keys.rowGroup(0), other.get(keys.rowGroup(0)) as Uint8Array)
    await storage.writeAtomic(keys.rowGroup(1), await encodeTable(schema, table, null))
    await storage.writeAtomic(keys.rowGroup(2), (made.get(keys.rowGroup(2)) as Uint8Array).slice(0, 500))
    await storage.writeAtomic('parquet-files/batch_00001_extra.parquet', made.get(keys.rowGroup(1)) as Uint8Array)
    await storage.writeAtomic('parquet-files/batch_00003.parquet', made.get(keys.rowGroup(1)) as Uint8Array)
    await storage.writeAtomic('parquet-files/notes.txt', 'mine')
    const found = await verifyDataset(storage)
    expect(kindsOf(found)).toEqual([
      'damaged parquet-files/batch_00002.parquet',
      'foreign parquet-files/batch_00000.parquet',
      'foreign parquet-files/batch_00001.parquet',
      'stray parquet-files/batch_00001_extra.parquet',
      'stray parquet-files/batch_00003.parquet',
    ])
    expect(found.problems[1]?.message).toContain('it belongs to dataset made-2')
    expect(found.notes).toEqual(['parquet-files/notes.txt: ignored, since it is no row group'])
    await storage.writeAtomic(keys.rowGroup(2), '')
    expect(kindsOf(await verifyDataset(storage))[0]).toBe('damaged parquet-files/batch_00002.parquet')
  })

  it('finds another schema than the config gives', async () => {
    const storage = await restore(made)
    const key = keys.rowGroup(1)
    const { schema, table } = await readTable(made.get(key) as Uint8Array)
    const reading = await readReceipt(storage, key)
    const changed = schema.map((field) => (field.name === 'price' ? { ...field, name: 'cost' } : field))
    const columns = new Map([...table.columns].map(([name, values]) => [name === 'price' ? 'cost' : name, values]))
    const receipt = reading.kind === 'receipt' ? JSON.stringify(reading.receipt) : null
    await storage.writeAtomic(key, await encodeTable(changed, { ...table, columns }, receipt))
    const { problems } = await verifyDataset(storage)
    expect(problems).toMatchObject([{ kind: 'schema', key, rowGroup: 1, message: expect.stringMatching(/the config.*"cost".*"price"/) }])
  })

  it.each<[string, string, (metadata: Metadata) => object]>([
    ['actual_num_records', 'actual_num_records is 13', () => ({ actual_num_records: 13 })],
    ['num_completed_batches', 'num_completed_batches is 2', () => ({ num_completed_batches: 2 })],
    ['target_num_records', 'target', () => ({ target_num_records: 11 })],
    [
      'its totals',
      'rowsWritten is 11, the receipts say 12',
      ({ parquetry }) => ({ actual_num_records: 11, parquetry: { ...parquetry, totals: { ...parquetry.totals, rowsWritten: 11 } } }),
    ],
    [
      'its usage',
      'usage.calls is 25, the receipts say 24',
      ({ parquetry }) => ({
        parquetry: { ...parquetry, totals: { ...parquetry.totals, usage: { ...parquetry.totals.usage, calls: 25 } } },
      }),
    ],
    ['its row groups', 'it does not know row group 2', ({ parquetry }) => ({ parquetry: { ...parquetry, committed: [[0, 2]] } })],
    [
      'a hole in its plan',
      'its plan',
      ({ parquetry }) => ({ parquetry: { ...parquetry, segments: [{ firstId: 0, start: 1, end: 12, size: 4 }] } }),
    ],
  ])('finds a checkpoint that is off in %s', async (_, message, change) => {
    const storage = await restore(made)
    await changeMetadata(storage, change)
    const { state, problems } = await verifyDataset(storage)
    expect(state).toBe('damaged')
    expect(problems).toContainEqual(
      expect.objectContaining({ kind: 'checkpoint', key: 'metadata.json', message: expect.stringContaining(message) }),
    )
  })

  it('takes a checkpoint that a killed run left behind for what it is: the next run counts from the files', async () => {
    const killed = await prepareMade(createMemoryStorage())
    for (const id of [0, 1]) await killed.generate(id)
    const found = await verifyDataset(killed.storage)
    expect(found).toMatchObject({ state: 'incomplete', rowsWritten: 8, problems: [] })
    expect(found.notes).toEqual(['the checkpoint does not know row groups 0, 1 yet; the next run counts from the files'])
  })

  it('finds a sidecar that is gone or changed, and one that is only not in place yet is none', async () => {
    const storage = await restore(made)
    const key = 'dropped-columns-parquet-files/batch_00001.parquet'
    const reading = await readReceipt(storage, keys.rowGroup(1))
    const sidecar = reading.kind === 'receipt' ? reading.receipt.sidecars.find(({ finalKey }) => finalKey === key) : undefined
    await storage.move(key, sidecar?.stagedKey ?? '')
    const pending = await verifyDataset(storage)
    expect(pending).toMatchObject({ state: 'complete', problems: [] })
    expect(pending.notes).toEqual([expect.stringContaining('still staged')])
    await storage.remove(sidecar?.stagedKey ?? '')
    expect(kindsOf(await verifyDataset(storage))).toEqual([`sidecar ${key}`])
  })

  it('names leftovers of dead attempts, and they are no damage', async () => {
    const storage = await restore(made)
    await storage.writeAtomic('tmp-partial-parquet-files/batch_00001.x.1.parquet', 'half')
    await storage.writeAtomic('journal/batch_00001.x.1.jsonl', '')
    await storage.writeAtomic('dropped-columns-parquet-files/batch_00009.parquet', 'old')
    const { state, notes } = await verifyDataset(storage)
    expect(state).toBe('complete')
    expect(notes).toEqual([
      expect.stringMatching(/^tmp-partial.*never committed/),
      expect.stringMatching(/^journal.*of a row group that is committed/),
      expect.stringMatching(/^dropped-columns.*that no receipt names/),
    ])
  })

  it.each<[string, string, string]>([
    ['builder_config.json of another config', keys.builderConfig, 'it is not the config'],
    ['builder_config.json that is no JSON', keys.builderConfig, 'it cannot be compiled'],
    ['parquetry.json with another seed', keys.parquetryFile, 'expected seed 7, found 8'],
    ['dataset.json of another dataset', keys.identity, 'expected dataset made-1, found made-2'],
  ])('finds a %s', async (what, key, message) => {
    const storage = await restore(made)
    const text = new TextDecoder().decode(made.get(key))
    const changed = what.includes('no JSON')
      ? text.slice(0, -5)
      : text.replace('Row {{ id }}', 'Line {{ id }}').replace('"seed": "7"', '"seed": "8"').replace('made-1', 'made-2')
    await storage.writeAtomic(key, changed)
    const { problems } = await verifyDataset(storage)
    expect(problems).toContainEqual(expect.objectContaining({ kind: 'config', key, message: expect.stringContaining(message) }))
  })

  it('goes by the receipts where metadata.json is gone, and says so', async () => {
    const storage = await restore(made)
    await storage.remove(keys.metadata)
    const found = await verifyDataset(storage)
    expect(found).toMatchObject({ state: 'damaged', rowsWanted: 12, rowsWritten: 12 })
    expect(kindsOf(found)).toEqual(['checkpoint metadata.json'])
    await expect(verifyDataset(createMemoryStorage())).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' })
  })

  it('counts files of DataDesigner that were taken over by their rows, and says that they have no checksums', async () => {
    const storage = await restore(made)
    const { schema, table } = await readTable(made.get(keys.rowGroup(0)) as Uint8Array, { rowEnd: 3 })
    await storage.writeAtomic(keys.rowGroup(0), await encodeTable(schema, table, null))
    await changeMetadata(storage, ({ parquetry }) => ({ parquetry: { ...parquetry, state: 'stopped', adopted: true } }))
    const found = await verifyDataset(storage)
    expect(found).toMatchObject({ rowsWritten: 11, rowsDropped: 1, rowsMissing: 0, adopted: [[0, 1]], problems: [] })
    expect(found.notes).toContainEqual(expect.stringContaining('no checksums'))
  })

  it('sums why rows were dropped', async () => {
    const { storage } = await makeDataset(createMemoryStorage(), {
      answer(request) {
        const text = fittingAnswer(request)
        if (text.startsWith('{')) return text
        throw new ParquetryError('MODEL_CONTENT_FILTERED', 'refused')
      },
      numRecords: 5,
    })
    expect(await verifyDataset(storage)).toMatchObject({
      state: 'incomplete',
      rowsWritten: 0,
      rowsDropped: 5,
      rowsMissing: 0,
      problems: [],
      dropReasons: [{ code: 'MODEL_CONTENT_FILTERED', column: 'text', rows: 5 }],
    })
  })
})

describe('repairing a folder', () => {
  it('sets damaged and foreign files aside, deletes nothing, and a resume makes just those anew', async () => {
    const storage = await restore(made)
    await flip(storage, keys.rowGroup(1), 100)
    await storage.writeAtomic('parquet-files/batch_00001_extra.parquet', 'mine')
    const damaged = await storage.read(keys.rowGroup(1))
    const repair = await repairFolder(storage, Date.now)
    expect(repair.setAside.map(({ from }) => from)).toEqual([keys.rowGroup(1), 'parquet-files/batch_00001_extra.parquet'])
    expect(await storage.read(repair.setAside[0]?.to ?? '')).toEqual(damaged)
    expect(repair.after).toMatchObject({ state: 'incomplete', rowsWritten: 8, rowsMissing: 4, problems: [] })
    expect((await readMetadata(storage)) as unknown).toMatchObject({
      value: { actual_num_records: 8, num_completed_batches: 2, parquetry: { state: 'stopped', totals: { rowGroups: 2 } } },
    })
    const again = await repairFolder(storage, Date.now)
    expect(again).toMatchObject({ setAside: [], putBack: [], isCheckpointRewritten: false })
  })

  it('puts exchanged row groups back, since they are paid for', async () => {
    const storage = await restore(made)
    await storage.writeAtomic(keys.rowGroup(0), made.get(keys.rowGroup(2)) as Uint8Array)
    await storage.writeAtomic(keys.rowGroup(2), made.get(keys.rowGroup(0)) as Uint8Array)
    const repair = await repairFolder(storage, Date.now)
    expect(repair.putBack).toHaveLength(2)
    expect(repair.after).toMatchObject({ state: 'complete', problems: [] })
    for (const id of [0, 2]) expect(await storage.read(keys.rowGroup(id))).toEqual(made.get(keys.rowGroup(id)))
  })

  it('sets a row group aside whose sidecar is lost, since its values are nowhere else', async () => {
    const storage = await restore(made)
    await flip(storage, 'dropped-columns-parquet-files/batch_00001.parquet', 50)
    const repair = await repairFolder(storage, Date.now)
    expect(repair.setAside.map(({ from }) => from)).toEqual([keys.rowGroup(1), 'dropped-columns-parquet-files/batch_00001.parquet'])
    expect(repair.after).toMatchObject({ state: 'incomplete', rowsMissing: 4, problems: [] })
  })

  it('writes a checkpoint that is off anew from the receipts', async () => {
    const storage = await restore(made)
    await changeMetadata(storage, () => ({ actual_num_records: 13 }))
    const repair = await repairFolder(storage, Date.now)
    expect(repair).toMatchObject({ setAside: [], isCheckpointRewritten: true, after: { state: 'complete', problems: [] } })
  })

  it('is refused while a run has the folder, and leaves everything as it is', async () => {
    const storage = await restore(made)
    await flip(storage, keys.rowGroup(1), 100)
    await claimOwner(storage, { server: 's', namespace: 'n', workflowId: 'w', firstRunId: 'r' }, Date.now())
    await expect(repairFolder(storage, Date.now)).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
    expect(await storage.list(keys.quarantineFolder)).toEqual([])
    // A minute without a sign of life later the run counts as dead.
    expect((await repairFolder(storage, () => Date.now() + 60_000)).setAside).toHaveLength(1)
  })
})
