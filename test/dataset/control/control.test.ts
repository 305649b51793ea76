import { afterEach, describe, expect, it } from 'vitest'
import { readControl, writeControl } from '../../../src/dataset/control/control-file.ts'
import { createControlWatch } from '../../../src/dataset/control/control-watch.ts'
import type { Controlled } from '../../../src/dataset/control/control-watch.ts'
import { claimOwner } from '../../../src/dataset/owner/owner.ts'
import type { CompiledModel } from '../../../src/config/compiled.ts'
import type { ModelTarget } from '../../../src/model/client.ts'
import type { PooledShare } from '../../../src/plan/shares.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { NO_SHARES } from '../made-dataset.ts'
import { until } from '../../helpers/datasets.ts'

const dataset = { location: '/memory', datasetId: 'd', fingerprint: 'sha256:0' }
const owner = { server: 's', namespace: 'n', workflowId: 'w', firstRunId: 'first' }

async function say(storage: Storage, epoch: number, revision: number, paused: boolean): Promise<void> {
  await writeControl(storage, { dataset, epoch, control: { revision, paused } })
}

describe('control.json', () => {
  it('never goes back to an earlier revision or epoch', async () => {
    const storage = createMemoryStorage()
    await say(storage, 2, 5, true)
    await say(storage, 2, 4, false)
    await say(storage, 1, 9, false)
    expect(await readControl(storage)).toEqual({ epoch: 2, revision: 5, paused: true })
    await say(storage, 3, 1, false)
    expect(await readControl(storage)).toMatchObject({ epoch: 3, paused: false })
  })

  it('is not written by a run that does not own the folder any more', async () => {
    const storage = createMemoryStorage()
    await claimOwner(storage, owner, 0)
    await claimOwner(storage, { ...owner, firstRunId: 'second' }, 0)
    await expect(say(storage, 1, 1, true)).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
    expect(await readControl(storage)).toBeNull()
  })

  it('counts for nothing when it is no control', async () => {
    const storage = createMemoryStorage()
    for (const text of ['', '{', '{"epoch":1}', '[]']) {
      await storage.writeAtomic('control.json', text)
      expect(await readControl(storage)).toBeNull()
    }
  })
})

describe('a control watch', () => {
  const open: Controlled[] = []
  afterEach(() => {
    for (const controlled of open.splice(0)) void controlled.leave(new AbortController().signal)
  })

  async function follow(storage: Storage, epoch: () => number = () => 1): Promise<Controlled> {
    const controlled = await createControlWatch(NO_SHARES, 10).follow({ storage, compiled: { models: {} } }, { epoch, slot: () => 0 })
    open.push(controlled)
    return controlled
  }

  it('tells work that begins while the run is paused, and work that is under way', async () => {
    const storage = createMemoryStorage()
    const early = await follow(storage)
    expect(early.pause()).toBeNull()
    await say(storage, 1, 1, true)
    const late = await follow(storage)
    expect(late.pause()).not.toBeNull()
    await until(() => early.pause() !== null)
    const over = [early.pause(), late.pause()]
    await say(storage, 1, 2, false)
    await over[0]
    await over[1]
    expect([early.pause(), late.pause()]).toEqual([null, null])
  })

  it('does not hold work of another run: what an earlier one said is over', async () => {
    const storage = createMemoryStorage()
    await say(storage, 1, 1, true)
    let epoch = 2
    const later = await follow(storage, () => epoch)
    expect(later.pause()).toBeNull()
    epoch = 1
    await until(() => later.pause() !== null)
    // A later run takes the work over.
    const over = later.pause()
    epoch = 2
    await over
  })

  it('holds to what it read when the file cannot be read now', async () => {
    const storage = createMemoryStorage()
    await say(storage, 1, 1, true)
    const controlled = await follow(storage)
    await storage.remove('control.json')
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(controlled.pause()).not.toBeNull()
  })
})

describe('shares of a run', () => {
  const target: ModelTarget = {
    alias: 'm',
    model: 'm-1',
    provider: { name: 'p', endpoint: 'http://127.0.0.1:9/v1', type: 'openai', apiKeyEnv: null, extraHeaders: {}, extraBody: {} },
    maxParallelRequests: 16,
    timeoutMs: 1_000,
  }
  const never = new AbortController().signal

  /** A worker that remembers what it was told, and has calls open until they are let go. */
  function worker(storage: Storage) {
    const shares: (PooledShare | null)[] = []
    const released: string[] = []
    let free: () => void = () => undefined
    let isBusy = false
    const watch = createControlWatch(
      {
        setShare: (_owner, _target, share) => {
          if (JSON.stringify(share) !== JSON.stringify(shares.at(-1))) shares.push(share)
        },
        drained: () => (isBusy ? new Promise((resolve) => (free = resolve)) : Promise.resolve()),
        release: (owner) => released.push(owner),
      },
      20,
    )
    return {
      shares,
      released,
      now: () => shares.at(-1)?.parallel,
      setBusy: (busy: boolean) => {
        isBusy = busy
        free()
      },
      follow: (slot: number) =>
        watch.follow({ storage, compiled: { models: { m: { target } as CompiledModel } } }, { epoch: () => 1, slot: () => slot }),
    }
  }

  async function share(storage: Storage, revision: number, parallel: number, slots: readonly number[]): Promise<void> {
    const limits = { m: { parallel, requestsPerMinute: 60, tokensPerMinute: null } }
    await writeControl(storage, { dataset, epoch: 1, control: { revision, paused: false, limits, slots } })
  }

  it('are pooled by a worker over its open row groups, and given back as they end', async () => {
    const storage = createMemoryStorage()
    const [a, b] = [worker(storage), worker(storage)]
    const groups = [await a.follow(0), await a.follow(1), await b.follow(2)]
    expect(a.shares).toEqual([])
    await share(storage, 1, 7, [0, 1, 2])
    await until(() => a.now() === 5 && b.now() === 2)
    expect(a.shares.at(-1)?.requestsPerMinute).toBeCloseTo((60 * 5) / 7)
    a.setBusy(true)
    let hasLeft = false
    const leaving = groups[0]!.leave(never).then(() => (hasLeft = true))
    expect(a.now()).toBe(2)
    // Not before its calls are done: until then nobody else may have its share.
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(hasLeft).toBe(false)
    a.setBusy(false)
    await leaving
    await share(storage, 2, 7, [1, 2])
    await until(() => a.now() === 4 && b.now() === 3)
    await groups[1]!.leave(never)
    expect(a.released).toEqual([storage.describe()])
    await groups[2]!.leave(never)
  })

  it('that others still have are taken later, and those that others get are given up at once', async () => {
    const storage = createMemoryStorage()
    await share(storage, 1, 8, [0])
    const one = worker(storage)
    const group = await one.follow(0)
    expect(one.now()).toBe(8)
    await share(storage, 2, 8, [1, 0])
    await until(() => one.now() === 4)
    await share(storage, 3, 3, [0, 1])
    await until(() => one.now() === 2)
    // In the old order it had one call, in the new one two.
    expect(one.shares.map((each) => each?.parallel)).toEqual([8, 4, 1, 2])
    await group.leave(never)
  })

  it('are over once the run has no limits any more, and say nothing to a later run', async () => {
    const storage = createMemoryStorage()
    await share(storage, 1, 8, [0])
    const one = worker(storage)
    const group = await one.follow(0)
    await writeControl(storage, { dataset, epoch: 2, control: { revision: 2, paused: false } })
    await until(() => one.shares.at(-1) === null)
    await group.leave(never)
  })
})
