import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { RangeSet } from '../../../src/contract.ts'
import { keys } from '../../../src/dataset/layout.ts'
import type { ReceiptReading } from '../../../src/dataset/read-receipt.ts'
import { readReceipt } from '../../../src/dataset/read-receipt.ts'
import type { Receipt } from '../../../src/dataset/receipt.ts'
import { scanDataset } from '../../../src/dataset/scan/scan.ts'
import type { Scan, ScanRequest } from '../../../src/dataset/scan/scan.ts'
import { encodeTable } from '../../../src/parquet/encode-table.ts'
import { fromIds } from '../../../src/plan/range-set.ts'
import { extendSegments, planSegments } from '../../../src/plan/row-groups.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { DATASET, receiptOf } from '../receipts.ts'

const segments = planSegments(55, 10)

async function commit(storage: Storage, receipt: Receipt | null, id: number, rowCount = receipt?.rowsWritten ?? 0): Promise<void> {
  const table = { rowCount, columns: new Map([['x', Array.from({ length: rowCount }, () => 'x')]]) }
  const text = receipt === null ? null : JSON.stringify(receipt)
  await storage.writeAtomic(keys.rowGroup(id), await encodeTable([{ name: 'x', type: { kind: 'string' } }], table, text))
}

const scan = (storage: Storage, changes: Partial<ScanRequest> = {}, read?: (key: string) => Promise<ReceiptReading>): Promise<Scan> =>
  scanDataset(
    { storage, readReceipt: read ?? ((key) => readReceipt(storage, key)) },
    { ...DATASET, firstId: 0, endId: 6, segments, checkpointed: [], ...changes },
  )

describe('scanning', () => {
  it('an empty folder finds nothing', async () => {
    const { result, receipts } = await scan(createMemoryStorage())
    expect(result).toMatchObject({ committed: [], checkpointed: [], findings: [], totals: { rowGroups: 0 } })
    expect(receipts.size).toBe(0)
  })

  it('counts committed row groups from their files, holes and drops included', async () => {
    const storage = createMemoryStorage()
    await commit(storage, receiptOf(segments, 0), 0)
    await commit(storage, receiptOf(segments, 3, [31, 39]), 3)
    await commit(storage, receiptOf(segments, 5), 5)
    const { result, receipts } = await scan(storage, { checkpointed: fromIds([0, 1]) })
    expect(result.committed).toEqual(fromIds([0, 3, 5]))
    expect(result.totals).toEqual({
      rowGroups: 3,
      rowsWritten: 23,
      rowsDropped: 2,
      usage: { calls: 3, inputTokens: 6, outputTokens: 9, cost: 1.5 },
      dropReasons: [{ code: 'ANSWER_INVALID', column: 'c', rows: 2 }],
    })
    expect(result.checkpointed).toEqual([[0, 2]])
    expect(result.findings).toEqual([])
    expect(receipts.get(3)?.dropped.map(({ row }) => row)).toEqual([31, 39])
  })

  it('looks at its page only', async () => {
    const storage = createMemoryStorage()
    for (const id of [0, 1, 2, 3]) await commit(storage, receiptOf(segments, id), id)
    const everything: RangeSet = [[0, 6]]
    const { result } = await scan(storage, { firstId: 1, endId: 3, checkpointed: everything })
    expect(result.committed).toEqual([[1, 3]])
    expect(result.checkpointed).toEqual([[1, 3]])
    expect(result.totals.rowGroups).toBe(2)
    await expect(scan(storage, { endId: 7 })).rejects.toThrow(RangeError)
  })

  it('counts a row group of zero rows', async () => {
    const storage = createMemoryStorage()
    await commit(storage, receiptOf(segments, 5, [50, 51, 52, 53, 54]), 5)
    expect((await scan(storage)).result.totals).toMatchObject({ rowGroups: 1, rowsWritten: 0, rowsDropped: 5 })
  })

  it('accepts row groups of the plan as it was before it was extended', async () => {
    const storage = createMemoryStorage()
    await commit(storage, receiptOf(segments, 5), 5)
    const extended = extendSegments(segments, 80, 10)
    expect((await scan(storage, { segments: extended, endId: 9 })).result.committed).toEqual([[5, 6]])
  })

  it('moves aside what is no row group of this dataset, deletes nothing, and finds the rest', async () => {
    const storage = createMemoryStorage()
    await storage.writeAtomic(keys.rowGroup(0), 'truncated')
    await commit(storage, receiptOf(segments, 1, [], { datasetId: 'other' }), 1)
    await commit(storage, receiptOf(segments, 2, [], { fingerprint: 'sha256:other' }), 2)
    await commit(storage, receiptOf(segments, 4), 3)
    await commit(storage, receiptOf(segments, 4), 4)
    await commit(storage, null, 5, 5)
    const { result } = await scan(storage)
    expect(result.committed).toEqual([[4, 5]])
    expect(await storage.list(keys.rowGroupsFolder)).toEqual(['batch_00004.parquet'])
    const aside = await storage.list(keys.quarantineFolder)
    expect(aside.map((name) => name.slice(0, 11))).toEqual(['batch_00000', 'batch_00001', 'batch_00002', 'batch_00003', 'batch_00005'])
    expect(new TextDecoder().decode((await storage.read(`${keys.quarantineFolder}/${aside[0]}`)) ?? undefined)).toBe('truncated')
    expect(result.findings).toEqual([
      {
        kind: 'damaged',
        count: 1,
        message: expect.stringMatching(/parquet-files\/batch_00000\.parquet moved to quarantine\/batch_00000\..*parquet:/),
      },
      { kind: 'foreign', count: 4, message: expect.stringMatching(/other.*and 1 more$/) },
    ])
    const again = await scan(storage)
    expect(again.result).toEqual({ ...result, findings: [] })
  })

  it('keeps several files of one name apart in quarantine', async () => {
    const storage = createMemoryStorage()
    for (const content of ['one', 'two', 'three']) {
      await storage.writeAtomic(keys.rowGroup(0), content)
      await scan(storage)
    }
    expect(await storage.list(keys.quarantineFolder)).toHaveLength(3)
  })

  it('does not move what has been put right while it looked', async () => {
    const storage = createMemoryStorage()
    await storage.writeAtomic(keys.rowGroup(0), 'damaged')
    let reads = 0
    const { result } = await scan(storage, {}, async (key) => {
      const reading = await readReceipt(storage, key)
      if ((reads += 1) === 1) await commit(storage, receiptOf(segments, 0), 0)
      return reading
    })
    expect(result.committed).toEqual([[0, 1]])
    expect(result.findings).toEqual([])
    expect(await storage.list(keys.quarantineFolder)).toEqual([])
  })

  it('calls a file missing that goes while it looks', async () => {
    const storage = createMemoryStorage()
    await commit(storage, receiptOf(segments, 0), 0)
    const { result } = await scan(storage, {}, async () => ({ kind: 'absent' }))
    expect(result.committed).toEqual([])
  })

  it('takes no other name for a row group, says so once, and touches none of them', async () => {
    const storage = createMemoryStorage()
    const names = [
      'batch_00003_extra.parquet',
      'notes.txt',
      'batch_.parquet',
      'batch_3.parquet',
      'batch_00077.parquet',
      'batch_00001.parquet.tmp',
    ]
    for (const name of names) await storage.writeAtomic(`${keys.rowGroupsFolder}/${name}`, 'x')
    const { result } = await scan(storage, { endId: 3 })
    expect(result.committed).toEqual([])
    expect(result.findings).toEqual([{ kind: 'ignored', count: 6, message: expect.stringContaining('and 3 more') }])
    expect(await storage.list(keys.rowGroupsFolder)).toHaveLength(6)
    expect((await scan(storage, { firstId: 3 })).result.findings).toEqual([])
  })

  it('throws when the disk cannot be read, and moves nothing', async () => {
    const storage = createMemoryStorage()
    await commit(storage, receiptOf(segments, 0), 0)
    const fault = new Error('io')
    await expect(scan(storage, {}, () => Promise.reject(fault))).rejects.toBe(fault)
    expect(await storage.list(keys.rowGroupsFolder)).toHaveLength(1)
  })

  it('adopts plain files where it is told to, counting missing rows as dropped', async () => {
    const storage = createMemoryStorage()
    await commit(storage, null, 0, 10)
    await commit(storage, null, 1, 7)
    await commit(storage, null, 2, 11)
    const { result } = await scan(storage, { adoptsPlainFiles: true })
    expect(result.committed).toEqual([[0, 2]])
    expect(result.totals).toMatchObject({ rowsWritten: 17, rowsDropped: 3 })
    expect(result.findings.map(({ kind, count }) => [kind, count])).toEqual([
      ['adopted', 1],
      ['foreign', 1],
    ])
  })

  it('reads each footer once, a bounded number at a time', async () => {
    const storage = createMemoryStorage()
    const many = planSegments(1_000, 2)
    for (let id = 0; id < 500; id += 1) await storage.writeAtomic(keys.rowGroup(id), 'x')
    let [open, most, reads] = [0, 0, 0]
    const { result } = await scan(storage, { segments: many, endId: 500 }, async (key) => {
      reads += 1
      most = Math.max(most, (open += 1))
      await new Promise((resolve) => setImmediate(resolve))
      open -= 1
      return { kind: 'receipt', rowCount: 2, receipt: receiptOf(many, Number(key.slice(-13, -8))) }
    })
    expect(reads).toBe(500)
    expect(most).toBeLessThanOrEqual(32)
    expect(result.totals.rowsWritten).toBe(1_000)
  })
})

describe('sidecars of committed row groups', () => {
  const folder = keys.processorFolder('chat')
  const content = new TextEncoder().encode('sidecar')
  const sidecar = {
    stagedKey: keys.stagedSidecar(folder, 0, { runId: 'run', attempt: 1 }),
    finalKey: keys.sidecar(folder, 0),
    checksum: `sha256:${createHash('sha256').update(content).digest('hex')}`,
  }

  async function committedWithSidecar(): Promise<Storage> {
    const storage = createMemoryStorage()
    await commit(storage, receiptOf(segments, 0, [], { sidecars: [sidecar] }), 0)
    return storage
  }

  it('are put into place when the winner died before it could', async () => {
    const storage = await committedWithSidecar()
    await storage.stage(sidecar.stagedKey, content)
    await storage.stage(keys.stagedSidecar(folder, 0, { runId: 'run', attempt: 2 }), content)
    const { result } = await scan(storage)
    expect(result.findings).toEqual([
      { kind: 'rebuilt', count: 1, message: expect.stringContaining('processors-files/chat/batch_00000.parquet') },
    ])
    expect(await storage.read(sidecar.finalKey)).toEqual(content)
    expect(await storage.list(keys.partialFolder)).toHaveLength(1)
    expect((await scan(storage)).result.findings).toEqual([])
  })

  it('are not made from a staged file that is not the one named', async () => {
    const storage = await committedWithSidecar()
    await storage.stage(sidecar.stagedKey, content.subarray(1))
    const { result } = await scan(storage)
    expect(result.findings).toEqual([{ kind: 'damaged', count: 1, message: expect.stringContaining(sidecar.stagedKey) }])
    expect(await storage.read(sidecar.finalKey)).toBeNull()
  })

  it('are reported when they are gone', async () => {
    const { result } = await scan(await committedWithSidecar())
    expect(result.committed).toEqual([[0, 1]])
    expect(result.findings).toEqual([{ kind: 'stale', count: 1, message: expect.stringContaining('is gone') }])
  })

  it('may be moved by the winner itself in the same moment', async () => {
    const storage = await committedWithSidecar()
    await storage.stage(sidecar.stagedKey, content)
    const racing: Storage = Object.assign(Object.create(storage) as Storage, {
      list: (key: string) => storage.list(key),
      read: (key: string) => storage.read(key),
      stat: (key: string) => storage.stat(key),
      readRange: (key: string, start: number, end: number) => storage.readRange(key, start, end),
      move: async (from: string, to: string) => {
        await storage.move(from, to)
        await storage.move(from, to)
      },
    })
    expect((await scan(racing)).result.findings).toEqual([])
    expect(await storage.read(sidecar.finalKey)).toEqual(content)
  })
})
