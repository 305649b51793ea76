import { describe, expect, it } from 'vitest'
import type { RunRequest } from '../../../src/dataset/resume/decide-resume.ts'
import { readIdentity } from '../../../src/dataset/resume/folder-facts.ts'
import { writeMetadata } from '../../../src/dataset/metadata.ts'
import { resolveDataset } from '../../../src/dataset/resume/resolve-dataset.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { FINGERPRINT, metadataOf } from '../metadata.ts'

const request: RunRequest = {
  mode: 'never',
  isModeExplicit: true,
  fingerprint: FINGERPRINT,
  numRecords: null,
  bufferSize: null,
  seed: null,
  preservesDroppedColumns: true,
  usesReferenceTime: false,
}

function world() {
  const folders = new Map<string, Storage>()
  let ids = 0
  const openStorage = (location: string): Storage => {
    if (location === '/data')
      return { ...createMemoryStorage('/data'), list: async () => [...folders.keys()].map((path) => `${path.slice(6)}/`) }
    const storage = folders.get(location) ?? createMemoryStorage(location)
    folders.set(location, storage)
    return storage
  }
  const ports = { openStorage, now: () => Date.UTC(2026, 0, 2, 3, 4, 5), newId: () => `id-${(ids += 1)}` }
  return {
    openStorage,
    resolve: (changes: object = {}) =>
      resolveDataset({ artifactPath: '/data', datasetName: 'reviews', requestId: 'r1', request, parquetryFile: {}, ...changes }, ports),
  }
}

describe('resolving a dataset', () => {
  it('gives an absent folder an identity that names its place', async () => {
    const { resolve, openStorage } = world()
    const resolved = await resolve()
    expect(resolved).toMatchObject({ location: '/data/reviews', datasetName: 'reviews', isFresh: true, note: null })
    expect(await readIdentity(openStorage('/data/reviews'))).toMatchObject({ dataset_id: resolved.datasetId, location: '/data/reviews' })
  })

  it('gives the same answer when the same request comes again', async () => {
    const { resolve } = world()
    expect(await resolve()).toEqual(await resolve())
  })

  it('takes a timestamped folder beside one that holds something, and another one when that is taken too', async () => {
    const { resolve, openStorage } = world()
    await openStorage('/data/reviews').writeAtomic('notes.txt', 'mine')
    const first = await resolve()
    expect(first.datasetName).toMatch(/^reviews_\d\d-\d\d-\d{4}_\d{6}$/)
    expect(first.note).toContain('taken')
    const second = await resolve({ requestId: 'r2' })
    expect(second.datasetName).toMatch(/^reviews_\d\d-\d\d-\d{4}_\d{6}_[a-z0-9]+$/)
    expect(second.datasetId).not.toBe(first.datasetId)
    expect(await openStorage('/data/reviews').list('')).toEqual(['notes.txt'])
  })

  it.each(['../reviews', 'a/b', '', '..', 'a:b'])('refuses the name %j, which could leave the artifact folder', async (datasetName) => {
    await expect(world().resolve({ datasetName })).rejects.toMatchObject({ code: 'DATASET_NAME_INVALID' })
  })

  it('refuses a copy while its original stands', async () => {
    const { resolve, openStorage } = world()
    await resolve()
    const identity = (await openStorage('/data/reviews').read('dataset.json')) as Uint8Array
    await openStorage('/data/copy').writeAtomic('dataset.json', identity)
    await expect(resolve({ datasetName: 'copy', ...resume })).rejects.toMatchObject({
      code: 'DATASET_MOVED',
      message: expect.stringMatching(/\/data\/copy .*\/data\/reviews/),
    })
  })

  it('tells a moved dataset its new place', async () => {
    const { resolve, openStorage } = world()
    const { datasetId } = await resolve()
    const identity = (await openStorage('/data/reviews').read('dataset.json')) as Uint8Array
    await openStorage('/data/moved').writeAtomic('dataset.json', identity)
    await openStorage('/data/reviews').remove('dataset.json')
    expect(await resolve({ datasetName: 'moved', ...resume })).toMatchObject({
      location: '/data/moved',
      datasetId,
      note: expect.stringContaining('moved here from /data/reviews'),
    })
    expect(await readIdentity(openStorage('/data/moved'))).toMatchObject({ dataset_id: datasetId, location: '/data/moved' })
  })

  it('knows one folder under two paths as one', async () => {
    const { resolve, openStorage } = world()
    const { datasetId } = await resolve()
    const folder = openStorage('/data/reviews')
    const aliased = { openStorage: (location: string) => (location === '/mnt/reviews' ? renamed(folder, location) : openStorage(location)) }
    const dataset = await resolveDataset(
      { artifactPath: '/mnt', datasetName: 'reviews', parquetryFile: {}, ...resume },
      { ...aliased, now: () => 0, newId: () => 'probe' },
    )
    expect(dataset).toMatchObject({ datasetId, note: null })
    expect(await readIdentity(folder)).toMatchObject({ location: '/data/reviews' })
    expect(await folder.list('requests')).toEqual([])
  })

  it.each([
    ['missing', null],
    ['damaged', '{"dataset_id": 7}'],
  ])('writes a %s dataset.json anew from what metadata.json remembers', async (state, content) => {
    const { resolve, openStorage } = world()
    const storage = openStorage('/data/reviews')
    await writeMetadata(storage, metadataOf('remembered', 20))
    if (content !== null) await storage.writeAtomic('dataset.json', content)
    expect(await resolve(resume)).toMatchObject({ datasetId: 'remembered', note: expect.stringContaining(`dataset.json was ${state}`) })
    expect(await readIdentity(storage)).toMatchObject({ dataset_id: 'remembered' })
    expect(await storage.list('quarantine')).toHaveLength(content === null ? 0 : 1)
  })

  it('refuses a dataset.json that names another dataset than the checkpoint', async () => {
    const { resolve, openStorage } = world()
    await writeMetadata(openStorage('/data/reviews'), metadataOf('one', 20))
    await openStorage('/data/reviews').writeAtomic('dataset.json', JSON.stringify({ dataset_id: 'two', location: '/data/reviews' }))
    await expect(resolve(resume)).rejects.toMatchObject({ code: 'DATASET_DAMAGED', message: expect.stringMatching(/one.*two/) })
  })

  it('notices an unfinished run of the same config in a timestamped folder, unless it is told to begin afresh', async () => {
    const { resolve, openStorage } = world()
    await writeMetadata(openStorage('/data/reviews'), metadataOf('done', 50))
    await writeMetadata(openStorage('/data/reviews_01-01-2026_120000_0a1b2c3d'), metadataOf('begun', 20))
    await writeMetadata(openStorage('/data/reviews_of_mine'), metadataOf('other', 20))
    await expect(resolve({ request: { ...request, isModeExplicit: false } })).rejects.toMatchObject({
      code: 'DATASET_UNFINISHED',
      message: expect.stringContaining(
        '/data/reviews_01-01-2026_120000_0a1b2c3d holds an unfinished run of the same config: 20 of 50 rows',
      ),
      details: { location: '/data/reviews_01-01-2026_120000_0a1b2c3d' },
    })
    expect((await resolve()).note).toContain('/data/reviews_01-01-2026_120000_0a1b2c3d')
  })
})

const resume = { requestId: 'r2', request: { ...request, mode: 'if_possible' } } as const

function renamed(storage: Storage, location: string): Storage {
  return new Proxy(storage, {
    get(target, name): unknown {
      if (name === 'describe') return () => location
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
