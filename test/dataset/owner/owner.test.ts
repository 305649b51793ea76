import { describe, expect, it } from 'vitest'
import type { Owner } from '../../../src/contract.ts'
import { claimOwner, OWNER_FRESH_MS, readOwner, releaseOwner, renewOwner, requireEpoch } from '../../../src/dataset/owner/owner.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'

const owner: Owner = { server: 'a', namespace: 'default', workflowId: 'parquetry/1', firstRunId: 'run-1' }

describe('the owner of a dataset folder', () => {
  it('keeps its epoch however often the same run claims it', async () => {
    const storage = createMemoryStorage()
    expect(await claimOwner(storage, owner, 0)).toBe(1)
    expect(await claimOwner(storage, owner, 10)).toBe(1)
  })

  it('is followed at once by the next run of the same workflow, whose epoch is higher', async () => {
    const storage = createMemoryStorage()
    await claimOwner(storage, owner, 0)
    expect(await claimOwner(storage, { ...owner, firstRunId: 'run-2' }, 1)).toBe(2)
    await expect(renewOwner(storage, 1, 2)).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
    await renewOwner(storage, 2, 2)
  })

  it('keeps another server out while it is alive, and no longer', async () => {
    const storage = createMemoryStorage()
    await claimOwner(storage, owner, 0)
    await renewOwner(storage, 1, OWNER_FRESH_MS - 1)
    const other = { ...owner, server: 'b', firstRunId: 'run-9' }
    await expect(claimOwner(storage, other, OWNER_FRESH_MS + 1_000)).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
    expect(await claimOwner(storage, other, 2 * OWNER_FRESH_MS)).toBe(2)
  })

  it('lets any server in once it has given the folder up', async () => {
    const storage = createMemoryStorage()
    await claimOwner(storage, owner, 1_000_000)
    await releaseOwner(storage, 1)
    expect(await claimOwner(storage, { ...owner, server: 'b', firstRunId: 'run-9' }, 1_000_001)).toBe(2)
  })

  it('goes to exactly one of two servers that claim it in the same moment', async () => {
    const storage = createMemoryStorage()
    const claims = ['a', 'b', 'c'].map((server) => claimOwner(storage, { ...owner, server, firstRunId: `run-${server}` }, 1_000_000))
    const outcomes = await Promise.allSettled(claims)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
    }
  })

  it('is not taken back by a late renewal of an owner before', async () => {
    const storage = createMemoryStorage()
    await claimOwner(storage, owner, 0)
    const before = (await storage.read('owner.json')) as Uint8Array
    await claimOwner(storage, { ...owner, firstRunId: 'run-2' }, 1)
    // What an attempt of the first run had read before the second one claimed, written after.
    await storage.writeAtomic('owner.json', before)
    await expect(requireEpoch(storage, 1)).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
    expect((await readOwner(storage))?.firstRunId).toBe('run-2')
  })

  it('is still known when owner.json is damaged', async () => {
    const storage = createMemoryStorage()
    await claimOwner(storage, owner, 1_000_000)
    await storage.writeAtomic('owner.json', '{"epo')
    const other = { ...owner, server: 'b', firstRunId: 'run-9' }
    await expect(claimOwner(storage, other, 1_000_001)).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
  })
})
