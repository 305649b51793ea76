import { beforeEach, describe, expect, it } from 'vitest'
import { cleanJournals } from '../../../src/dataset/journal/clean-journals.ts'
import { openJournal } from '../../../src/dataset/journal/journal.ts'
import { keys } from '../../../src/dataset/layout.ts'
import type { Receipt } from '../../../src/dataset/receipt.ts'
import { encodeTable } from '../../../src/parquet/encode-table.ts'
import { planSegments } from '../../../src/plan/row-groups.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { DATASET, receiptOf } from '../receipts.ts'

const segments = planSegments(30, 10)
let storage: Storage

beforeEach(() => {
  storage = createMemoryStorage('/data')
})

async function commit(receipt: Receipt): Promise<void> {
  const table = { rowCount: receipt.rowsWritten, columns: new Map([['x', Array.from({ length: receipt.rowsWritten }, () => 'x')]]) }
  const bytes = await encodeTable([{ name: 'x', type: { kind: 'string' } }], table, JSON.stringify(receipt))
  await storage.writeAtomic(keys.rowGroup(receipt.rowGroup.id), bytes)
}

async function answered(id: number, options: { runId?: string; fingerprint?: string; row?: number; refill?: number } = {}): Promise<void> {
  const { runId = 'run', fingerprint = DATASET.fingerprint, row = id * 10, refill = 0 } = options
  const journal = await openJournal(storage, id, { runId, attempt: 1, fingerprint })
  const usage = { inputTokens: 1, outputTokens: 1 }
  await journal.record(`${row}.${refill}`, { row, column: 'c', refill, restart: 0, step: 0 }, { content: 'x', finishReason: 'stop', usage })
  await journal.close()
}

const clean = (): Promise<readonly string[]> => cleanJournals(storage, { ref: DATASET, segments })
const left = (): Promise<readonly string[]> => storage.list(keys.journalFolder)

describe('cleaning journals up', () => {
  it('removes those of committed row groups, of all attempts, and leaves those of open ones', async () => {
    await commit(receiptOf(segments, 0))
    await answered(0)
    await answered(0, { runId: 'earlier' })
    await answered(1)
    expect(await clean()).toEqual(['batch_00000.earlier.1.jsonl', 'batch_00000.run.1.jsonl'])
    expect(await left()).toEqual(['batch_00001.run.1.jsonl'])
    expect(await clean()).toEqual([])
  })

  it('does not take a foreign file under the name of a row group for its commit', async () => {
    await commit({ ...receiptOf(segments, 0), datasetId: 'another' })
    await storage.writeAtomic(keys.rowGroup(1), 'PAR1 cut off')
    await answered(0)
    await answered(1)
    expect(await clean()).toEqual([])
  })

  it('removes those of row groups that the plan does not have', async () => {
    await answered(2)
    await answered(3)
    expect(await clean()).toEqual(['batch_00003.run.1.jsonl'])
  })

  it('removes those that another config wrote, whatever the row group', async () => {
    await answered(1, { runId: 'before', fingerprint: 'sha256:other' })
    await answered(1)
    expect(await clean()).toEqual(['batch_00001.before.1.jsonl'])
    expect(await left()).toEqual(['batch_00001.run.1.jsonl'])
  })

  it('leaves a journal with answers to rows that the committed file dropped: a repair was cut short', async () => {
    await commit(receiptOf(segments, 0, [3]))
    await answered(0, { runId: 'leftover', row: 3, refill: 2 })
    await answered(0, { runId: 'repair', row: 3, refill: 3 })
    expect(await clean()).toEqual(['batch_00000.leftover.1.jsonl'])
  })

  it('leaves what it does not know, and a journal in which nothing whole is left', async () => {
    await commit(receiptOf(segments, 0))
    const others = ['notes.txt', 'batch_0.run.1.jsonl', 'batch_00000.jsonl.bak', 'other.jsonl']
    for (const name of others) await storage.writeAtomic(`${keys.journalFolder}/${name}`, 'x')
    await storage.writeAtomic(`${keys.journalFolder}/batch_00001.run.1.jsonl`, '{"k":"torn')
    expect(await clean()).toEqual([])
    expect((await left()).length).toBe(5)
  })
})
