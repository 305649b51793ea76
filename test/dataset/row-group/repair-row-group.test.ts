import { beforeAll, describe, expect, it } from 'vitest'
import type { RepairResult } from '../../../src/contract.ts'
import { commitRepair } from '../../../src/dataset/row-group/commit-repair.ts'
import { keys } from '../../../src/dataset/layout.ts'
import type { OpenDataset } from '../../../src/dataset/open-dataset.ts'
import { readCommittedReceipt } from '../../../src/dataset/read-receipt.ts'
import type { Receipt } from '../../../src/dataset/receipt.ts'
import { repairRowGroup } from '../../../src/dataset/row-group/repair-row-group.ts'
import { scanPage } from '../../../src/dataset/scan/scan-page.ts'
import { verifyDataset } from '../../../src/dataset/verify/verify.ts'
import { ParquetryError } from '../../../src/errors.ts'
import type { ChatRequest } from '../../../src/model/client.ts'
import { encodeTable } from '../../../src/parquet/encode-table.ts'
import { readTable } from '../../../src/parquet/read-table.ts'
import { planSegments, rowGroupById } from '../../../src/plan/row-groups.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import type { Table, Value } from '../../../src/values.ts'
import { column, group, HARD_TEXTS, list, tableOf } from '../../parquet/builders.ts'
import { askPython, makeFolder, tagged } from '../../parquet/python.ts'
import type { MadeDataset } from '../made-dataset.ts'
import { fittingAnswer, makeDataset, prepareMade, restore, RICH_CONFIG, snapshotOf } from '../made-dataset.ts'
import { DATASET, receiptOf } from '../receipts.ts'

/** One try a row, so that a refused text is a dropped row. */
const CONFIG = { ...RICH_CONFIG, parquetry: { refill_attempts: 0, max_drop_share: 1 } }
const ROWS = 24

/** A model that refuses some texts; which ones depends on the row's id, so on its refill number. */
function moodyAnswer(request: ChatRequest): string {
  const answer = fittingAnswer(request)
  const digit = /Row (.)/.exec(request.messages.at(-1)?.content ?? '')?.[1]
  if (digit !== undefined && parseInt(digit, 16) % 3 === 0) throw new ParquetryError('MODEL_CONTENT_FILTERED', 'refused')
  return answer
}

function refusingAnswer(request: ChatRequest): string {
  if (/Row /.test(request.messages.at(-1)?.content ?? '')) throw new ParquetryError('MODEL_CONTENT_FILTERED', 'refused again')
  return fittingAnswer(request)
}

/** The dataset in a storage that holds it already, with a model of the test's choice. */
async function reopen(storage: Storage, answer = fittingAnswer): Promise<MadeDataset> {
  return await prepareMade(storage, { config: CONFIG, numRecords: ROWS, bufferSize: ROWS, answer })
}

async function receiptIn(made: MadeDataset): Promise<Receipt> {
  const dataset = await made.open()
  const receipt = await readCommittedReceipt(made.storage, dataset, rowGroupById(dataset.segments, 0))
  if (receipt === null) throw new Error('the row group is gone')
  return receipt
}

async function tableIn(storage: Storage, key: string): Promise<Table> {
  return (await readTable((await storage.read(key)) as Uint8Array)).table
}

/** Row index → values, of a file in which the row groups' written rows stand. */
function rowsOf(table: Table, { rowGroup: { start, end }, dropped }: Receipt): Map<number, Record<string, Value>> {
  const gone = new Set(dropped.map(({ row }) => row))
  const rows = Array.from({ length: end - start }, (_, offset) => start + offset).filter((row) => !gone.has(row))
  expect(table.rowCount).toBe(rows.length)
  return new Map(rows.map((row, at) => [row, Object.fromEntries([...table.columns].map(([name, values]) => [name, values[at] ?? null]))]))
}

const NONE_TWICE = { calls: 0, inputTokens: 0, outputTokens: 0 }
const FILES = [keys.rowGroup(0), keys.sidecar(keys.droppedColumnsFolder, 0), keys.sidecar(keys.processorFolder('short'), 0)]

let holed: ReadonlyMap<string, Uint8Array>
let before: Receipt

beforeAll(async () => {
  const made = await makeDataset(createMemoryStorage(), { config: CONFIG, numRecords: ROWS, bufferSize: ROWS, answer: moodyAnswer })
  before = await receiptIn(made)
  holed = await snapshotOf(made.storage)
  expect(before.dropped.length).toBeGreaterThan(3)
  expect(before.rowsWritten).toBeGreaterThan(3)
})

describe('making dropped rows again', () => {
  it('fills them, carries every other row over exactly, in sidecars too, and keeps the old files', async () => {
    const made = await reopen(await restore(holed))
    const result = await made.repair(0, 'pass-1')
    const filled = before.dropped.length
    expect(result).toMatchObject({ rowsWritten: ROWS, rowsDropped: 0, rowsFilled: filled, usageAdded: { calls: 2 * filled }, isNew: true })
    expect(made.calls()).toBe(2 * filled)
    const after = await receiptIn(made)
    expect(after).toMatchObject({ generation: 1, rowsWritten: ROWS, dropped: [], repair: { token: 'pass-1', rowsFilled: filled } })
    expect(after.usage.calls).toBe(before.usage.calls + 2 * filled)
    expect(after.refilled).toEqual(before.dropped.map(({ row }) => [row, 1]))
    for (const key of FILES) {
      const old = rowsOf((await readTable(holed.get(key) as Uint8Array)).table, before)
      const now = rowsOf(await tableIn(made.storage, key), after)
      for (const [row, values] of old) expect(now.get(row)).toEqual(values)
    }
    const kept = await snapshotOf(made.storage, 'quarantine/')
    expect([...kept.values()]).toEqual(expect.arrayContaining(FILES.map((key) => holed.get(key))))
    await made.finish([result])
    expect(await verifyDataset(made.storage)).toMatchObject({ state: 'complete', problems: [], notes: [], rowsWritten: ROWS })
  })

  it('gives the rows that an unbroken dataset would have had at that refill number', async () => {
    const [one, two] = [await reopen(await restore(holed)), await reopen(await restore(holed))]
    await one.repair(0, 'a')
    await two.repair(0, 'b')
    expect(await tableIn(two.storage, FILES[0] as string)).toEqual(await tableIn(one.storage, FILES[0] as string))
  })

  it('raises the refill number of rows that fail again, each time, and stays healthy', async () => {
    const storage = await restore(holed)
    for (const pass of [1, 2, 3]) {
      const made = await reopen(storage, refusingAnswer)
      const result = await made.repair(0, `pass-${pass}`)
      expect(result).toMatchObject({ rowsFilled: 0, rowsDropped: before.dropped.length, dropReasons: [{ rows: before.dropped.length }] })
      const receipt = await receiptIn(made)
      expect(receipt.generation).toBe(pass)
      expect(new Set(receipt.dropped.map(({ refill }) => refill))).toEqual(new Set([pass]))
      // Only the checkpoint is still that of the run before.
      expect((await verifyDataset(storage)).problems.filter(({ kind }) => kind !== 'checkpoint')).toEqual([])
    }
    const result = await (await reopen(storage)).repair(0, 'pass-4')
    expect(result).toMatchObject({ rowsWritten: ROWS, rowsDropped: 0 })
  })

  it('is done once a pass: an attempt that comes again finds it done, and so does one where nothing is dropped', async () => {
    const made = await reopen(await restore(holed), moodyAnswer)
    const first = await made.repair(0, 'pass-1')
    const calls = made.calls()
    expect(await made.repair(0, 'pass-1')).toEqual(first)
    expect(made.calls()).toBe(calls)
    const well = await reopen(made.storage)
    await well.repair(0, 'pass-2')
    const files = await snapshotOf(made.storage, 'parquet-files/')
    expect(await well.repair(0, 'pass-3')).toMatchObject({ isNew: false, rowsFilled: 0, usageAdded: { calls: 0 } })
    expect(await snapshotOf(made.storage, 'parquet-files/')).toEqual(files)
  })

  it('refuses to carry over what is damaged, and leaves everything as it is', async () => {
    for (const key of FILES) {
      const storage = await restore(holed)
      const bytes = ((await storage.read(key)) as Uint8Array).slice()
      bytes[40] = (bytes[40] as number) ^ 1
      await storage.writeAtomic(key, bytes)
      await expect((await reopen(storage)).repair(0, 'pass-1')).rejects.toMatchObject({ code: 'DATASET_DAMAGED' })
      expect(await snapshotOf(storage, 'parquet-files/')).toEqual(
        key === FILES[0] ? new Map([[key, bytes]]) : new Map([...holed].filter(([name]) => name === FILES[0])),
      )
    }
  })

  it('a late attempt does not replace what its successor has committed', async () => {
    const storage = await restore(holed)
    const late = await reopen(storage, moodyAnswer)
    const dataset = await late.open()
    const rowGroup = rowGroupById(dataset.segments, 0)
    const made = { rows: [], dropped: before.dropped }
    const facts = {
      dataset,
      ports: late.ports,
      rowGroup,
      made,
      live: before,
      usage: before.usage,
      paidTwice: NONE_TWICE,
      isRehearsal: false,
    }
    await (await reopen(storage)).repair(0, 'pass-1')
    const live = await snapshotOf(storage, 'parquet-files/')
    const attempt = { runId: 'run-1', attempt: 1 }
    // The same pass: the successor's receipt is the result. Another one: the row group has changed.
    expect(await commitRepair({ ...facts, attempt, token: 'pass-1' })).toMatchObject({ generation: 1, rowsWritten: ROWS })
    await expect(commitRepair({ ...facts, attempt, token: 'pass-0' })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await snapshotOf(storage, 'parquet-files/')).toEqual(live)
    expect(await storage.list(keys.partialFolder)).toEqual([])
  })
})

describe('an attempt that is held back just before its rename', () => {
  it.each(['pass-1', 'pass-2'])('while its successor commits %s, discards its own work and leaves no trace', async (token) => {
    const disk = await restore(holed)
    let isHeld = true
    const held = new Proxy(disk, {
      get(target, name: keyof Storage) {
        const method = target[name] as unknown
        if (typeof method !== 'function') return method
        return async (...given: readonly unknown[]): Promise<unknown> => {
          if (name === 'link' && isHeld) {
            isHeld = false
            await (await reopen(disk)).repair(0, token)
          }
          return (await method.apply(target, given)) as unknown
        }
      },
    })
    const outcome = repairOver(await reopen(disk, refusingAnswer), held)
    if (token === 'pass-1') expect(await outcome).toMatchObject({ rowsWritten: ROWS, rowsDropped: 0, rowsFilled: before.dropped.length })
    else await expect(outcome).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect((await verifyDataset(disk)).problems.filter(({ kind }) => kind !== 'checkpoint')).toEqual([])
    expect(await verifyDataset(disk)).toMatchObject({ rowsWritten: ROWS, rowsDropped: 0 })
    expect(await disk.list(keys.partialFolder)).toEqual([])
    const kept = await snapshotOf(disk, 'quarantine/')
    expect([...kept.values()]).toEqual(expect.arrayContaining(FILES.map((key) => holed.get(key))))
    expect(kept.size).toBe(FILES.length)
  })
})

/** A storage whose process dies at the nth change, just before or just after it: from then on nothing works. */
function dyingStorage(storage: Storage, dieAt: number, when: 'before' | 'after'): Storage {
  let changes = 0
  let isDead = false
  const CHANGING = new Set(['stage', 'publish', 'move', 'link', 'remove', 'writeAtomic', 'createExclusive'])
  const proxy = new Proxy(storage, {
    get(target, name: keyof Storage) {
      const method = target[name] as unknown
      if (typeof method !== 'function' || name === 'describe') return typeof method === 'function' ? method.bind(target) : method
      return async (...given: readonly unknown[]): Promise<unknown> => {
        if (isDead) throw new Error('the process is dead')
        const call = (): Promise<unknown> => method.apply(target, given) as Promise<unknown>
        if (!CHANGING.has(name)) return await call()
        changes += 1
        if (changes !== dieAt) return await call()
        isDead = true
        if (when === 'after') await call()
        throw new Error('the process dies')
      }
    },
  })
  return proxy
}

describe('a repair that is cut short at any step', () => {
  it('leaves the old or the new row group, never none, and the next attempt ends it without repeating a call', async () => {
    const endings: string[] = []
    for (const when of ['before', 'after'] as const) {
      for (let dieAt = 1; ; dieAt += 1) {
        const disk = await restore(holed)
        // Preparing changes files too; only the repair is to be cut short.
        const first = await reopen(disk)
        const outcome = await repairOver(first, dyingStorage(disk, dieAt, when)).then(
          () => 'done',
          () => 'died',
        )
        const live = await verifyDataset(disk)
        expect(live.problems.filter(({ kind }) => kind !== 'checkpoint')).toEqual([])
        expect(live.rowsWritten + live.rowsDropped).toBe(ROWS)
        endings.push(`${live.rowsDropped === 0 ? 'new' : 'old'}`)
        const next = await reopen(disk)
        const dataset = await next.open()
        await scanPage(dataset, { dataset: next.ref, firstId: 0, endId: 1 })
        const result = await next.repair(0, 'pass-1')
        expect(result).toMatchObject({ rowsWritten: ROWS, rowsDropped: 0, rowsFilled: before.dropped.length })
        expect(first.calls() + next.calls()).toBe(2 * before.dropped.length)
        await next.finish([result])
        expect(await verifyDataset(disk)).toMatchObject({ state: 'complete', problems: [] })
        expect(await disk.list(keys.journalFolder)).toEqual([])
        if (outcome === 'done') break
      }
    }
    expect(new Set(endings)).toEqual(new Set(['old', 'new']))
    expect(endings.length).toBeGreaterThan(20)
  })
})

/** The repair of a dataset over another storage than its own. */
async function repairOver(made: MadeDataset, storage: Storage): Promise<RepairResult> {
  const dataset = { ...(await made.open()), storage }
  return await repairRowGroup({
    input: { dataset: made.ref, rowGroup: rowGroupById(dataset.segments, 0), epoch: 1, isProbe: false, token: 'pass-1' },
    dataset,
    ports: made.ports,
    attempt: { runId: 'run-1', attempt: 1 },
    trace: { mark: '', deaths: 0, hasEnded: false },
    signal: new AbortController().signal,
    drainMs: 0,
    isInTouch: () => true,
    onProgress: () => undefined,
  })
}

describe('carrying rows over', () => {
  it('keeps values of every type as they were, as pyarrow sees them too', async () => {
    const schema = [
      column('text', 'string'),
      column('int', 'int64'),
      column('double', 'double'),
      column('flag', 'boolean'),
      column('time', 'timestamp'),
      column('json', 'json'),
      column('tags', list({ kind: 'string' })),
      column('deep', group(column('n', 'int64'), column('items', list(group(column('at', 'timestamp'), column('x', 'double')))))),
    ]
    const rows: Record<string, Value>[] = HARD_TEXTS.map((text, index) => ({
      text,
      int: [0, -1, Number.MAX_SAFE_INTEGER, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, null][index % 7] ?? null,
      double: [0.1, -0, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, null][index % 7] ?? null,
      flag: [true, false, null][index % 3] ?? null,
      time: [new Date(0), new Date(-1), new Date(253_402_300_799_999), null][index % 4] ?? null,
      json: [{ b: 1, '2': [null, { a: '😀' }] }, [], 'text', 1e21, null][index % 5] ?? null,
      tags: [['a', null, ''], [], null][index % 3] ?? null,
      deep: [{ n: 2n ** 60n, items: [{ at: new Date(1), x: -0 }, null] }, { n: null, items: [] }, null][index % 3] ?? null,
    }))
    const segments = planSegments(rows.length + 1, rows.length + 1)
    const hole = 5
    const storage = createMemoryStorage()
    const tableOfRows = (of: readonly Record<string, Value>[]): Table =>
      tableOf(Object.fromEntries(schema.map(({ name }) => [name, of.map((row) => row[name] ?? null)])))
    const live = receiptOf(segments, 0, [hole])
    const old = await encodeTable(schema, tableOfRows(rows), JSON.stringify(live))
    await storage.writeAtomic(keys.rowGroup(0), old)
    const dataset = {
      ref: { location: 'memory', ...DATASET },
      storage,
      segments,
      targetNumRecords: rows.length + 1,
      compiled: { columns: [], schema, droppedSchema: [] },
      transforms: [],
    } as unknown as OpenDataset
    const { ports } = await prepareMade(createMemoryStorage())
    const values = rows[2] as Record<string, Value>
    const receipt = await commitRepair({
      dataset,
      ports,
      attempt: { runId: 'run-2', attempt: 1 },
      rowGroup: rowGroupById(segments, 0),
      token: 'pass-1',
      live,
      made: { rows: [{ row: hole, refill: 3, values }], dropped: [] },
      usage: live.usage,
      paidTwice: NONE_TWICE,
      isRehearsal: false,
    })
    expect(receipt).toMatchObject({ generation: 1, rowsWritten: rows.length + 1, refilled: [[hole, 3]] })
    const expected = [...rows.slice(0, hole), values, ...rows.slice(hole)]
    const merged = (await storage.read(keys.rowGroup(0))) as Uint8Array
    expect((await readTable(merged)).table).toEqual(tableOfRows(expected))
    const folder = await makeFolder()
    try {
      const [file, oldFile] = [await folder.write('merged.parquet', merged), await folder.write('old.parquet', old)]
      const [now, was] = await askPython([
        { reader: 'pyarrow', file },
        { reader: 'pyarrow', file: oldFile },
      ])
      expect(now?.types).toEqual(was?.types)
      for (const [name, column_] of Object.entries(was?.columns ?? {})) {
        expect(now?.columns[name]?.toSpliced(hole, 1)).toEqual(column_)
      }
      expect(now?.columns['int']?.[hole]).toEqual(tagged(values['int'] ?? null))
    } finally {
      await folder.remove()
    }
  })
})
