import { describe, expect, it } from 'vitest'
import type { RunRequest } from '../../src/dataset/decide-resume.ts'
import { readIdentity } from '../../src/dataset/folder-facts.ts'
import { resolveDataset } from '../../src/dataset/resolve-dataset.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'

const request: RunRequest = {
  mode: 'never',
  isModeExplicit: true,
  fingerprint: { hash: 'sha256:a', parts: {} },
  numRecords: null,
  bufferSize: null,
  seed: null,
}

function world() {
  const folders = new Map<string, Storage>()
  let ids = 0
  const openStorage = (location: string): Storage => {
    const storage = folders.get(location) ?? createMemoryStorage(location)
    folders.set(location, storage)
    return storage
  }
  const ports = { openStorage, now: () => Date.UTC(2026, 0, 2, 3, 4, 5), newId: () => `id-${(ids += 1)}` }
  return {
    openStorage,
    resolve: (changes: object = {}) =>
      resolveDataset({ artifactPath: '/data', datasetName: 'reviews', requestId: 'r1', request, ...changes }, ports),
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

  it('refuses a copy while its original stands, and lets a moved dataset be', async () => {
    const { resolve, openStorage } = world()
    await resolve()
    const identity = (await openStorage('/data/reviews').read('dataset.json')) as Uint8Array
    await openStorage('/data/copy').writeAtomic('dataset.json', identity)
    const resume = { datasetName: 'copy', requestId: 'r2', request: { ...request, mode: 'if_possible' } }
    await expect(resolve(resume)).rejects.toMatchObject({ code: 'DATASET_MOVED', message: expect.stringContaining('/data/reviews') })
    await openStorage('/data/reviews').remove('dataset.json')
    expect((await resolve(resume)).location).toBe('/data/copy')
  })
})
