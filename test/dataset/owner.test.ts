import { describe, expect, it } from 'vitest'
import type { Owner } from '../../src/contract.ts'
import { claimOwner, OWNER_FRESH_MS, releaseOwner, renewOwner } from '../../src/dataset/owner.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'

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
})
