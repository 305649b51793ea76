import { describe, expect, it } from 'vitest'
import { keys } from '../../src/dataset/layout.ts'
import { checkReceipt, differenceOf, parseReceipt, readCommittedReceipt, readReceipt } from '../../src/dataset/read-receipt.ts'
import type { Receipt } from '../../src/dataset/receipt.ts'
import { encodeTable } from '../../src/parquet/encode-table.ts'
import { planSegments, rowGroupById } from '../../src/plan/row-groups.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Table } from '../../src/values.ts'
import { DATASET, receiptOf } from './receipts.ts'

const segments = planSegments(25, 10)
const dataset = { ref: DATASET }
const tableOf = (rowCount: number): Table => ({ rowCount, columns: new Map([['x', Array.from({ length: rowCount }, (_, i) => i)]]) })
const fileOf = (rowCount: number, receipt: string | null): Promise<Uint8Array> =>
  encodeTable([{ name: 'x', type: { kind: 'int64' } }], tableOf(rowCount), receipt)

/** A storage with one file under the name of row group 1. */
async function holding(bytes: Uint8Array | string): Promise<Storage> {
  const storage = createMemoryStorage()
  await storage.writeAtomic(keys.rowGroup(1), bytes)
  return storage
}

describe('reading a receipt', () => {
  it('gives back what was committed', async () => {
    const receipt = receiptOf(segments, 1, [12, 19], {
      sidecars: [
        {
          stagedKey: keys.stagedSidecar(keys.processorFolder('chat'), 1, { runId: 'r', attempt: 1 }),
          finalKey: keys.sidecar(keys.processorFolder('chat'), 1),
          checksum: 'sha256:00',
        },
      ],
    })
    const storage = await holding(await fileOf(8, JSON.stringify(receipt)))
    expect(await readReceipt(storage, keys.rowGroup(1))).toEqual({ kind: 'receipt', rowCount: 8, receipt })
    expect(await readCommittedReceipt(storage, dataset, rowGroupById(segments, 1))).toEqual(receipt)
  })

  it('tells nothing, junk, a cut file and a plain parquet file apart', async () => {
    expect(await readReceipt(createMemoryStorage(), keys.rowGroup(1))).toEqual({ kind: 'absent' })
    const whole = await fileOf(10, JSON.stringify(receiptOf(segments, 1)))
    for (const junk of ['', 'PAR1', 'hello world, this is no parquet', whole.subarray(0, whole.length - 1), whole.subarray(0, 100)]) {
      expect(await readReceipt(await holding(junk), keys.rowGroup(1))).toMatchObject({
        kind: 'damaged',
        reason: expect.stringMatching(/./),
      })
      expect(await readCommittedReceipt(await holding(junk), dataset, rowGroupById(segments, 1))).toBeNull()
    }
    expect(await readReceipt(await holding(await fileOf(3, null)), keys.rowGroup(1))).toEqual({ kind: 'plain', rowCount: 3 })
  })

  it('does not believe a receipt whose rows are not in the file', async () => {
    const storage = await holding(await fileOf(9, JSON.stringify(receiptOf(segments, 1))))
    expect(await readReceipt(storage, keys.rowGroup(1))).toEqual({ kind: 'damaged', reason: 'its receipt says 10 rows, the file has 9' })
  })

  it('passes a fault of the disk on instead of calling the file bad', async () => {
    const storage = await holding(await fileOf(10, null))
    const fault = Object.assign(new Error('io'), { code: 'STORAGE_FAILED' })
    const broken = {
      stat: (key: string) => storage.stat(key),
      // As if the footer were longer than what is read at first.
      readTail: (key: string) => storage.readTail(key, 100),
      readRange: () => Promise.reject(fault),
    }
    for (const faults of [broken, { ...broken, readTail: () => Promise.reject(fault) }]) {
      await expect(readReceipt(Object.assign(Object.create(storage) as Storage, faults), keys.rowGroup(1))).rejects.toBe(fault)
    }
  })

  it('calls a file absent that goes while it is read', async () => {
    const storage = await holding(await fileOf(10, null))
    const vanishing: Storage = Object.assign(Object.create(storage) as Storage, {
      stat: (key: string) => storage.stat(key),
      readTail: (key: string) => storage.readTail(key, 100),
      readRange: async (key: string, start: number, end: number) => {
        await storage.remove(key)
        return await storage.readRange(key, start, end)
      },
    })
    expect(await readReceipt(vanishing, keys.rowGroup(1))).toEqual({ kind: 'absent' })
  })
})

describe('a receipt', () => {
  const good = receiptOf(segments, 1, [12])
  const problemOf = (changes: Record<string, unknown>): unknown => checkReceipt(JSON.stringify({ ...good, ...changes }))

  it('may say what was paid twice, and is whole without it', () => {
    const paidTwice = { calls: 2, inputTokens: 7, outputTokens: 9 }
    expect(checkReceipt(JSON.stringify(receiptOf(segments, 1, [], { paidTwice })))).toMatchObject({ paidTwice })
    expect(checkReceipt(JSON.stringify(receiptOf(segments, 1)))).not.toHaveProperty('paidTwice')
    const text = JSON.stringify({ ...receiptOf(segments, 1), paidTwice: { calls: -1, inputTokens: 0, outputTokens: 0 } })
    expect(checkReceipt(text)).toHaveProperty('problem')
  })

  it('may have fields of a later release', () => {
    expect(problemOf({ colour: 'green' })).toEqual({ ...good, colour: 'green' })
  })

  it.each([
    ['a wrong version', { version: 2 }, /version/],
    ['a missing id', { datasetId: undefined }, /datasetId/],
    ['a negative count', { rowsWritten: -1 }, /rowsWritten/],
    ['a broken row group', { rowGroup: { id: 1, start: 10 } }, /rowGroup\.end/],
    ['counts that do not add up', { rowsWritten: 10 }, /contradicts itself/],
    ['rows that are not its own', { dropped: [{ ...good.dropped[0], row: 3 }] }, /row 3 is dropped/],
    ['a row dropped twice', { rowsWritten: 8, dropped: [good.dropped[0], good.dropped[0]] }, /twice/],
    [
      'a sidecar that would replace the checkpoint',
      { sidecars: [{ stagedKey: 'tmp-partial-parquet-files/x', finalKey: 'metadata.json', checksum: '' }] },
      /finalKey/,
    ],
    [
      'a sidecar taken from elsewhere',
      { sidecars: [{ stagedKey: '../x', finalKey: 'dropped-columns-parquet-files/x', checksum: '' }] },
      /stagedKey/,
    ],
  ])('with %s is refused', (_what, changes, problem) => {
    expect(problemOf(changes)).toEqual({ problem: expect.stringMatching(problem) })
  })

  it.each(['', 'null', '[]', '{}', '{"version":1', '5'])('is not %j', (text) => {
    expect(checkReceipt(text)).toEqual({ problem: expect.any(String) })
  })

  it('is read from the metadata of a footer, or the file is damaged', () => {
    expect(parseReceipt(new Map([['parquetry.receipt', JSON.stringify(good)]]))).toEqual(good)
    expect(() => parseReceipt(new Map())).toThrow(expect.objectContaining({ code: 'DATASET_DAMAGED' }))
    expect(() => parseReceipt(new Map([['parquetry.receipt', '{}']]))).toThrow(expect.objectContaining({ code: 'DATASET_DAMAGED' }))
  })

  it('is that of a row group only with the same dataset, config and rows', () => {
    const expected = { ...DATASET, rowGroup: rowGroupById(segments, 1) }
    const difference = (changes: Partial<Receipt>): string | null => differenceOf({ ...good, ...changes }, expected)
    expect(difference({})).toBeNull()
    expect(difference({ datasetId: 'other' })).toMatch(/dataset other/)
    expect(difference({ fingerprint: 'sha256:other' })).toMatch(/another config/)
    expect(difference({ rowGroup: { id: 2, start: 10, end: 20 } })).toMatch(/row group 2/)
    expect(difference({ rowGroup: { id: 1, start: 10, end: 21 } })).toMatch(/rows 10 to 21, not 10 to 20/)
  })
})
