import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareConfig } from '../../../src/config/prepare-config.ts'
import type { PreparedConfig } from '../../../src/config/prepare-config.ts'
import { keys } from '../../../src/dataset/layout.ts'
import { ensureSeedSnapshot } from '../../../src/dataset/seed/seed-snapshot.ts'
import { repairFolder } from '../../../src/dataset/verify/repair-folder.ts'
import { verifyDataset } from '../../../src/dataset/verify/verify.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { makeDataset, restore, snapshotOf } from '../made-dataset.ts'

let folder: string
let prepared: PreparedConfig
let made: ReadonlyMap<string, Uint8Array>
let index: string
let part: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parquetry-test-'))
  const path = join(folder, 'seed.csv')
  // Several blocks.
  writeFileSync(path, `n,text\n${Array.from({ length: 5_000 }, (_, row) => `${row},"the text of row number ${row}"\n`).join('')}`)
  const config = {
    seed_config: { source: { seed_type: 'local', path } },
    columns: [{ name: 'upper', column_type: 'expression', expr: '{{ text | upper }}' }],
  }
  prepared = await prepareConfig(config, { env: {}, homeFolder: '/nowhere' })
  const storage = createMemoryStorage()
  await ensureSeedSnapshot(storage, prepared.compiled.seed!, prepared.seedPlace)
  made = await snapshotOf((await makeDataset(storage, { config })).storage)
  const { contentHash } = prepared.compiled.seed!.data
  index = keys.seedIndex(contentHash)
  part = keys.seedPart(contentHash, 0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function change(storage: Storage, key: string, to: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  await storage.writeAtomic(key, to(((await storage.read(key)) as Uint8Array).slice()))
}

describe('verifying the copy of the seed data', () => {
  it('finds nothing wrong with a whole one, and counts its files', async () => {
    const found = await verifyDataset(await restore(made))
    expect(found).toMatchObject({ state: 'complete', problems: [], notes: [], files: 3 + 2 })
  })

  it('finds a part that is cut off, gone, or has a flipped byte in any of its blocks', async () => {
    const size = made.get(part)!.length
    const flips = [3, Math.floor(size / 2), size - 3]
    const changes: readonly (readonly [(storage: Storage) => Promise<void>, RegExp])[] = [
      ...flips.map(
        (at) =>
          [
            (storage: Storage) =>
              change(storage, part, (bytes) => {
                bytes[at]! ^= 0x40
                return bytes
              }),
            /found damage in bytes \d+ to \d+$/,
          ] as const,
      ),
      [(storage) => change(storage, part, (bytes) => bytes.subarray(0, -1)), new RegExp(`expected ${size} bytes, found ${size - 1}$`)],
      [(storage) => storage.remove(part), /found no such file$/],
    ]
    for (const [damage, message] of changes) {
      const storage = await restore(made)
      await damage(storage)
      const { state, problems } = await verifyDataset(storage)
      expect(state).toBe('damaged')
      expect(problems).toEqual([{ kind: 'seed', key: index, rowGroup: null, message: expect.stringMatching(message) as string }])
    }
  })

  it('takes one that is not there for no damage, and says so', async () => {
    const storage = await restore(made)
    await storage.remove(keys.seedFolder)
    expect(await verifyDataset(storage)).toMatchObject({
      state: 'complete',
      problems: [],
      notes: ['the copy of the seed data is not there; a run that needs it makes it anew'],
    })
  })

  it('sets the index aside with --repair, so that the next run copies the seed data anew', async () => {
    const storage = await restore(made)
    await change(storage, part, (bytes) => bytes.subarray(0, -1))
    const { after, setAside } = await repairFolder(storage, Date.now)
    expect(setAside.map(({ from }) => from)).toEqual([index])
    expect(after).toMatchObject({ state: 'complete', problems: [] })
    await ensureSeedSnapshot(storage, prepared.compiled.seed!, prepared.seedPlace)
    expect(await verifyDataset(storage)).toMatchObject({ state: 'complete', problems: [], files: 3 + 2 })
    expect(await storage.read(part)).toEqual(made.get(part))
  })
})
