import { beforeEach, describe, expect, it } from 'vitest'
import { keys } from '../../../src/dataset/layout.ts'
import { readMetadata } from '../../../src/dataset/metadata.ts'
import { claimOwner } from '../../../src/dataset/owner/owner.ts'
import type { DatasetProcessor } from '../../../src/dataset/ports.ts'
import { isProcessingDue } from '../../../src/dataset/processors/processing-due.ts'
import { profileDataset } from '../../../src/dataset/profile/profile-dataset.ts'
import type { OpenDataset } from '../../../src/dataset/open-dataset.ts'
import { hasAllRowGroups, hashOfRowGroups } from '../../../src/dataset/processors/row-groups-hash.ts'
import { extendSegments } from '../../../src/plan/row-groups.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { COMPILED, copying, run, SEGMENTS, writeDataset, writePlan, writeRowGroup } from '../processed-datasets.ts'

let storage: Storage

beforeEach(async () => {
  storage = createMemoryStorage()
  await writeDataset(storage, 'old')
})

const profile = async (epoch = 1, signal = new AbortController().signal): Promise<void> => {
  const dataset = { storage, segments: SEGMENTS, compiled: COMPILED } as unknown as OpenDataset
  const { findings } = await profileDataset(dataset, {
    epoch,
    signal,
    log: () => undefined,
    models: { client: () => fail(), close: async () => undefined },
  })
  expect(findings).toEqual([])
}

function fail(): never {
  throw new Error('no model is to be asked')
}

async function isDue(processors: readonly DatasetProcessor[] = [copying('one')]): Promise<boolean> {
  const metadata = await readMetadata(storage)
  if (metadata.kind !== 'ours') throw new Error(metadata.kind)
  return await isProcessingDue(storage, metadata.value, COMPILED, processors)
}

async function process(): Promise<void> {
  await run(storage, [copying('one')])
  await profile()
}

describe('processing is due', () => {
  it('until the outputs and the profile are made of the row groups, and no longer', async () => {
    expect(await isDue()).toBe(true)
    await profile()
    expect(await isDue()).toBe(true)
    expect(await isDue([])).toBe(false)
    await run(storage, [copying('one')])
    expect(await isDue()).toBe(false)
  })

  it('when only the profile is missing, as after a death between processors and profile', async () => {
    await run(storage, [copying('one')])
    expect(await isDue()).toBe(true)
    await profile()
    expect(await isDue()).toBe(false)
  })

  it.each<[string, () => Promise<unknown>]>([
    ['a row group was repaired', async () => writeRowGroup(storage, 2, 'old', { generation: 1 })],
    ['a row group was made anew', async () => writeRowGroup(storage, 0, 'other')],
    ['a row group is gone', async () => storage.remove(keys.rowGroup(1))],
    ['the plan was extended', async () => writePlan(storage, extendSegments(SEGMENTS, 8, 2))],
    ['the report is gone', async () => storage.remove(keys.report)],
    ['an output is gone', async () => storage.remove(keys.processorFolder('one'))],
    ['an output has lost a file', async () => storage.remove('processors-files/one/count.txt')],
    [
      'an attempt left staged files behind',
      async () => storage.writeAtomic(`${keys.stagedProcessor('one', { runId: 'r', attempt: 1 })}/half.txt`, ''),
    ],
    [
      'an old version was not cleared',
      async () => storage.writeAtomic(`${keys.processorVersion('one', '0123456789abcdef')}/count.txt`, ''),
    ],
  ])('again when %s', async (_what, change) => {
    await process()
    await change()
    expect(await isDue()).toBe(true)
  })

  it('again for a processor that is new, or of another version', async () => {
    await process()
    expect(await isDue([copying('one'), copying('two')])).toBe(true)
    expect(await isDue([{ ...copying('one'), version: '2' }])).toBe(true)
    expect(await isDue([])).toBe(false)
  })
})

describe('the profile', () => {
  it('is made once of the same row groups', async () => {
    await profile()
    const first = await readMetadata(storage)
    await storage.writeAtomic(keys.rowGroup(0), (await storage.read(keys.rowGroup(0))) ?? '')
    await profile()
    expect(await readMetadata(storage)).toEqual(first)
    await writeRowGroup(storage, 0, 'new')
    await profile()
    expect(await readMetadata(storage)).not.toEqual(first)
  })

  it('is not recorded by an attempt that shall end, or whose run was followed by another', async () => {
    const before = await storage.read(keys.metadata)
    const reason = new Error('cancelled')
    await expect(profile(1, AbortSignal.abort(reason))).rejects.toBe(reason)
    const owner = { server: 's', namespace: 'n', workflowId: 'w', firstRunId: 'first' }
    await claimOwner(storage, owner, 0)
    await claimOwner(storage, { ...owner, firstRunId: 'second' }, 1)
    await expect(profile(1)).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
    expect(await storage.read(keys.metadata)).toEqual(before)
  })
})

describe('the hash of the row groups', () => {
  const hash = async (): Promise<string> => hashOfRowGroups(storage, SEGMENTS)

  it('stays as long as no file changes, whatever the order in which they came or are listed', async () => {
    const before = await hash()
    const contents = await Promise.all([0, 1, 2].map(async (id) => (await storage.read(keys.rowGroup(id))) ?? ''))
    storage = createMemoryStorage()
    for (const id of [2, 0, 1]) await storage.writeAtomic(keys.rowGroup(id), contents[id] ?? '')
    await storage.writeAtomic('parquet-files/notes.txt', 'not a row group')
    expect(await hash()).toBe(before)
    expect(before).toMatch(/^[0-9a-f]{16}$/)
  })

  it('changes with every kind of change', async () => {
    const seen = new Set([await hash()])
    await writeRowGroup(storage, 1, 'old', { generation: 1 })
    seen.add(await hash())
    await writeRowGroup(storage, 1, 'new', { generation: 1 })
    seen.add(await hash())
    const [one, two] = [await storage.read(keys.rowGroup(1)), await storage.read(keys.rowGroup(2))]
    await storage.writeAtomic(keys.rowGroup(1), two ?? '')
    await storage.writeAtomic(keys.rowGroup(2), one ?? '')
    seen.add(await hash())
    await storage.remove(keys.rowGroup(2))
    seen.add(await hash())
    await storage.writeAtomic(keys.rowGroup(2), 'no parquet at all')
    seen.add(await hash())
    await storage.writeAtomic(keys.rowGroup(2), 'no parquet at alL')
    seen.add(await hash())
    expect(seen.size).toBe(7)
  })

  it('knows whether all row groups of the plan are there', async () => {
    expect(await hasAllRowGroups(storage, SEGMENTS)).toBe(true)
    expect(await hasAllRowGroups(storage, extendSegments(SEGMENTS, 7, 2))).toBe(false)
    await storage.remove(keys.rowGroup(1))
    expect(await hasAllRowGroups(storage, SEGMENTS)).toBe(false)
  })
})
