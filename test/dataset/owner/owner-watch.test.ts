import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Owner } from '../../../src/contract.ts'
import { createOwnerWatch } from '../../../src/dataset/owner/owner-watch.ts'
import { claimOwner, readOwner } from '../../../src/dataset/owner/owner.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'

const owner: Owner = { server: 'a', namespace: 'default', workflowId: 'parquetry/1', firstRunId: 'run-1' }

describe('watching who owns a dataset', () => {
  it('tells work of an earlier epoch to end, once, and leaves the work of the owner alone', async () => {
    const storage = createMemoryStorage()
    const first = await claimOwner(storage, owner, 0)
    const watch = createOwnerWatch(() => 1, 5)
    const lost: unknown[] = []
    const unfollow = watch.follow(storage, { epoch: () => first, onLost: (error) => lost.push(error) })
    await delay(30)
    expect(lost).toEqual([])
    const second = await claimOwner(storage, { ...owner, firstRunId: 'run-2' }, 1)
    const kept: unknown[] = []
    const unfollowSecond = watch.follow(storage, { epoch: () => second, onLost: (error) => kept.push(error) })
    await delay(60)
    expect(lost).toEqual([expect.objectContaining({ code: 'DATASET_OPEN_ELSEWHERE' })])
    expect(kept).toEqual([])
    unfollow()
    unfollowSecond()
  })

  it('renews the claim for as long as work is open, so that no other server takes a long row group for abandoned', async () => {
    const storage = createMemoryStorage()
    let now = 1_000_000
    const epoch = await claimOwner(storage, owner, now)
    const watch = createOwnerWatch(() => now, 5)
    const unfollow = watch.follow(storage, { epoch: () => epoch, onLost: () => undefined })
    now += 10_000
    await delay(40)
    expect((await readOwner(storage))?.renewedAt).toBe(now)
    unfollow()
    now += 10_000
    await delay(40)
    expect((await readOwner(storage))?.renewedAt).toBe(now - 10_000)
  })
})
