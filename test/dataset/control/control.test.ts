import { afterEach, describe, expect, it } from 'vitest'
import { readControl, writeControl } from '../../../src/dataset/control/control-file.ts'
import { createControlWatch } from '../../../src/dataset/control/control-watch.ts'
import type { Controlled } from '../../../src/dataset/control/control-watch.ts'
import { claimOwner } from '../../../src/dataset/owner/owner.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
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
    for (const controlled of open.splice(0)) controlled.leave()
  })

  async function follow(storage: Storage, epoch: () => number = () => 1): Promise<Controlled> {
    const controlled = await createControlWatch(10).follow(storage, { epoch })
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
    await Promise.all(over)
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
