import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { summarizeDataset } from '../../src/client/dataset-summary.ts'
import { listDatasets } from '../../src/client/list-datasets.ts'
import type { RunState } from '../../src/contract.ts'
import { OWNER_FRESH_MS } from '../../src/dataset/owner/owner.ts'
import { metadataOf } from '../dataset/metadata.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
let artifacts: string

beforeAll(async () => {
  artifacts = await mkdtemp(join(tmpdir(), 'parquetry-summary-'))
})
afterAll(async () => {
  await rm(artifacts, { recursive: true, force: true })
})

/** A dataset folder with a checkpoint of that state, claimed by an owner that was renewed so long ago. */
async function folder(name: string, state: RunState, { renewedAgoMs = 0, updatedAt = '2026-03-01T11:00:00.000Z' } = {}): Promise<string> {
  const location = join(artifacts, name)
  await mkdir(location, { recursive: true })
  const metadata = metadataOf('d', 20)
  const ours = { ...metadata, parquetry: { ...metadata.parquetry, state, updated_at: updatedAt } }
  await writeFile(join(location, 'dataset.json'), JSON.stringify({ dataset_id: 'd' }))
  await writeFile(join(location, 'metadata.json'), JSON.stringify(ours))
  const owner = { server: 's', namespace: 'n', workflowId: 'w', firstRunId: 'r', epoch: 1, renewedAt: NOW - renewedAgoMs }
  await writeFile(join(location, 'owner.json'), JSON.stringify(owner))
  return location
}

describe('a dataset whose checkpoint says that it generates', () => {
  it('is interrupted when the server knows of no open run', async () => {
    const location = await folder('killed', 'generating')
    const summary = await summarizeDataset(location, { isOpen: false, now: NOW })
    expect(summary).toMatchObject({ state: 'interrupted', rowsWritten: 20, targetNumRecords: 50, rowGroups: 2, location })
    expect(summary?.updatedAt).toBe(Date.parse('2026-03-01T11:00:00Z'))
  })

  it('generates while a run is open', async () => {
    const location = await folder('open', 'generating', { renewedAgoMs: 10 * OWNER_FRESH_MS })
    expect(await summarizeDataset(location, { isOpen: true, now: NOW })).toMatchObject({ state: 'generating' })
  })

  it('is judged by the claim on its folder when no server was asked', async () => {
    const fresh = await folder('claimed', 'waiting', { renewedAgoMs: OWNER_FRESH_MS / 2 })
    const old = await folder('left', 'waiting', { renewedAgoMs: 2 * OWNER_FRESH_MS })
    expect(await summarizeDataset(fresh, { isOpen: null, now: NOW })).toMatchObject({ state: 'waiting' })
    expect(await summarizeDataset(old, { isOpen: null, now: NOW })).toMatchObject({ state: 'interrupted' })
  })
})

describe('a folder', () => {
  it('that ended keeps its state, and is being prepared again while a run is open on it', async () => {
    const location = await folder('ended', 'complete')
    expect(await summarizeDataset(location, { isOpen: false, now: NOW })).toMatchObject({ state: 'complete' })
    expect(await summarizeDataset(location, { isOpen: true, now: NOW })).toMatchObject({ state: 'preparing' })
  })

  it('without a checkpoint is unbegun, with an unreadable one damaged, of DataDesigner said to be so, and else no dataset', async () => {
    const unbegun = join(artifacts, 'unbegun')
    const damaged = await folder('damaged', 'complete')
    const theirs = await folder('theirs', 'complete')
    await mkdir(unbegun)
    await writeFile(join(unbegun, 'dataset.json'), JSON.stringify({ dataset_id: 'd' }))
    await writeFile(join(damaged, 'metadata.json'), '{"torn')
    await writeFile(join(theirs, 'metadata.json'), JSON.stringify({ dataset_name: 'x', buffer_size: 5, target_num_records: 12 }))
    const states = await Promise.all([unbegun, damaged, theirs].map((location) => summarizeDataset(location, { isOpen: false, now: NOW })))
    expect(states.map((summary) => summary?.state)).toEqual(['unbegun', 'damaged', 'data-designer'])
    expect(states[2]?.targetNumRecords).toBe(12)
    expect(await summarizeDataset(artifacts, { isOpen: false, now: NOW })).toBeNull()
  })
})

describe('the list of datasets', () => {
  it('holds those of the folder and of open runs elsewhere, newest checkpoint first, and nothing that is no dataset', async () => {
    const base = join(artifacts, 'list')
    await mkdir(join(base, 'notes'), { recursive: true })
    await folder('list/old', 'complete', { updatedAt: '2026-02-01T00:00:00.000Z' })
    await folder('list/new', 'complete', { updatedAt: '2026-02-28T00:00:00.000Z' })
    const elsewhere = await folder('elsewhere', 'generating', { updatedAt: '2026-02-27T00:00:00.000Z' })
    const run = { workflowId: 'parquetry/d', datasetName: 'elsewhere', location: elsewhere, taskQueue: 'q', startedAt: NOW }
    const listed = await listDatasets(base, [run], NOW)
    expect(listed.map(({ location, state, run: open }) => [location, state, open?.workflowId ?? null])).toEqual([
      [join(base, 'new'), 'complete', null],
      [elsewhere, 'generating', 'parquetry/d'],
      [join(base, 'old'), 'complete', null],
    ])
    expect(await listDatasets(join(base, 'nowhere'), null, NOW)).toEqual([])
  })
})
