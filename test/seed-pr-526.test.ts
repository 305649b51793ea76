/**
 * The 20 tests of NVIDIA-NeMo/DataDesigner pull request 526 ("resume interrupted dataset generation runs") by their names, each in both
 * of its modes where a mode plays a part: `sequential` is a window of one row group, in order; `concurrent` is a window, out of order.
 * Both run through the same workflow, the same scan and the same reconcile. Where our rule differs, the test says so.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CreateOptions } from '../src/client/parquetry-client.ts'
import { GENERATE_DATASET, NO_TOTALS } from '../src/contract.ts'
import type { CarriedState, DatasetResult, GenerateDatasetInput, Totals } from '../src/contract.ts'
import type { RunRequest } from '../src/dataset/resume/decide-resume.ts'
import { keys } from '../src/dataset/layout.ts'
import { clearPartialResults } from '../src/dataset/resume/prepare.ts'
import { readReceipt } from '../src/dataset/read-receipt.ts'
import { resolveDataset } from '../src/dataset/resume/resolve-dataset.ts'
import type { ResolvedDataset } from '../src/dataset/resume/resolve-dataset.ts'
import { scanDataset } from '../src/dataset/scan/scan.ts'
import { encodeTable } from '../src/parquet/encode-table.ts'
import { fromIds } from '../src/plan/range-set.ts'
import { planSegments, rowGroupById } from '../src/plan/row-groups.ts'
import { startAt } from '../src/plan/start.ts'
import { createMemoryStorage } from '../src/storage/memory.ts'
import { openStorage } from '../src/storage/open.ts'
import type { Storage } from '../src/storage/storage.ts'
import { DATASET, receiptOf } from './dataset/receipts.ts'
import type { Workshop } from './helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from './helpers/datasets.ts'
import type { ModelStub } from './helpers/model-stub.ts'
import { startModelStub } from './helpers/model-stub.ts'
import type { Harness } from './helpers/temporal.ts'
import { openHarness } from './helpers/temporal.ts'
import { createFakes } from './workflows/fake-activities.ts'
import type { FakeDisk } from './workflows/fake-activities.ts'

let workshop: Workshop
let harness: Harness
let stub: ModelStub

beforeAll(async () => {
  workshop = await openWorkshop()
  harness = await openHarness()
  stub = await startModelStub()
}, 180_000)
afterAll(async () => {
  await workshop?.close()
  await harness?.close()
  await stub?.stop()
})
beforeEach(async () => {
  await stub.reset({ latencyMs: 5 })
})

/** One call a row. */
function config(): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'price', column_type: 'sampler', sampler_type: 'uniform', params: { low: 5, high: 500, decimal_places: 2 } },
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }} at {{ price }}: review it' },
    ],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: 8 } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
  }
}

/** Four row groups: 0–3, 4–7, 8–11, 12–13. */
const SIZE = { numRecords: 14, bufferSize: 4, seed: 526 } as const
const PROCESSOR = 'counting'

const MODES = [
  ['sequential', 1],
  ['concurrent', 4],
] as const

describe('resolved_dataset_name', () => {
  const request: RunRequest = {
    mode: 'always',
    isModeExplicit: true,
    fingerprint: { hash: 'sha256:a', parts: {} },
    numRecords: null,
    bufferSize: null,
    seed: null,
    preservesDroppedColumns: true,
    usesReferenceTime: false,
  }
  const resolveIn = (storage: Storage): Promise<ResolvedDataset> =>
    resolveDataset(
      { artifactPath: '/data', datasetName: 'dataset', requestId: 'r', request, parquetryFile: {} },
      { openStorage: () => storage, now: () => 0, newId: () => 'id' },
    )

  it('test_resolved_dataset_name_resume_uses_existing_folder', async () => {
    const storage = createMemoryStorage('/data/dataset')
    await storage.writeAtomic('tmp-partial-parquet-files/batch_00000.run.1.parquet', 'begun')
    expect(await resolveIn(storage)).toMatchObject({ datasetName: 'dataset', location: '/data/dataset', isFresh: false })
  })

  it('test_resolved_dataset_name_resume_raises_when_no_existing_folder', async () => {
    await expect(resolveIn(openStorage(join(workshop.artifactPath, 'never-made')))).rejects.toMatchObject({
      code: 'NOTHING_TO_RESUME',
      message: expect.stringContaining('never-made'),
    })
    expect(existsSync(join(workshop.artifactPath, 'never-made'))).toBe(false)
  })

  it('test_resolved_dataset_name_resume_raises_when_folder_is_empty', async () => {
    const location = join(workshop.artifactPath, 'empty')
    await mkdir(location)
    await expect(resolveIn(openStorage(location))).rejects.toMatchObject({ code: 'NOTHING_TO_RESUME' })
    expect(await readdir(location)).toEqual([])
  })
})

describe('clear_partial_results', () => {
  it('test_clear_partial_results_removes_partial_folder', async () => {
    const storage = createMemoryStorage()
    await storage.writeAtomic('tmp-partial-parquet-files/batch_00000.run.1.parquet', 'half')
    await storage.writeAtomic('journal/batch_00000.run.1.jsonl', 'answers')
    const said: string[] = []
    await clearPartialResults(storage, { log: (line) => said.push(line) })
    expect(await storage.list('')).toEqual(['journal/'])
    expect(said).toEqual([expect.stringContaining('partial results are cleared')])
    // Idempotent.
    await clearPartialResults(storage, { log: (line) => said.push(line) })
    expect(said.length).toBe(1)
  })

  it('test_clear_partial_results_is_noop_when_no_partial_folder', async () => {
    const storage = createMemoryStorage()
    await storage.writeAtomic('notes.txt', 'mine')
    await clearPartialResults(storage, { log: () => expect.unreachable() })
    expect(await storage.list('')).toEqual(['notes.txt'])
  })
})

/** Theirs is `DatasetBatchManager.start(start_batch, initial_actual_num_records)`; ours is `startAt`, where continue-as-new enters a run. */
describe.each(MODES)('start, %s', (_mode, maxConcurrentRowGroups) => {
  const segments = planSegments(14, 4)
  const counted = (rowGroups: number, rowsWritten: number): Totals => ({ ...NO_TOTALS, rowGroups, rowsWritten })

  /** The real workflow over a disk on which the first row groups stand already. */
  async function runFrom(
    start: { readonly cursor: number; readonly totals: Totals } | null,
  ): Promise<{ disk: FakeDisk; result: DatasetResult }> {
    const { disk, activities } = createFakes({ numRecords: 14, bufferSize: 4, groupMs: 5 })
    for (let id = 0; id < (start?.cursor ?? 0); id += 1) disk.committed.add(id)
    const taskQueue = `seed-${randomUUID()}`
    const carried: CarriedState | undefined = start === null ? undefined : { ...CARRIED, ...start }
    const input: GenerateDatasetInput = {
      dataset: { location: '/fake', datasetId: taskQueue, fingerprint: 'sha256:0' },
      requestId: 'request',
      server: 'server',
      options: { maxConcurrentRowGroups, checkpointIntervalMs: 20 },
      ...(carried === undefined ? {} : { carried }),
    }
    const result = await harness.withWorker({ taskQueue, activities }, () =>
      harness.client.workflow.execute(GENERATE_DATASET, { taskQueue, workflowId: taskQueue, args: [input] }),
    )
    return { disk, result: result as DatasetResult }
  }
  const CARRIED: CarriedState = {
    prepared: {
      datasetName: 'fake',
      segments,
      targetNumRecords: 14,
      maxConcurrentRowGroups,
      maxDroppedRows: 0,
      rehearsal: false,
      currency: null,
      epoch: 1,
      isProcessingDue: false,
    },
    cursor: 0,
    totals: NO_TOTALS,
    produced: NO_TOTALS,
    findings: [],
    sequence: 0,
    isPaused: false,
    blocked: null,
    maxConcurrentRowGroups,
    startedAt: 0,
  }
  const inOrder = (ids: readonly number[]): readonly number[] => (maxConcurrentRowGroups === 1 ? ids : [...ids].sort((a, b) => a - b))

  it('test_start_with_start_batch', async () => {
    expect(startAt(segments, { firstRowGroup: 2 })).toEqual({ cursor: 2, totals: NO_TOTALS })
    const { disk } = await runFrom({ cursor: 2, totals: counted(2, 8) })
    expect(inOrder(disk.generated)).toEqual([2, 3])
    expect(disk.scans.map(({ firstId }) => firstId)).toEqual([2])
  })

  it('test_start_with_initial_actual_num_records', () => {
    // Theirs takes any count at batch 0. Counts are of the row groups before the start, so ours refuses rows that nothing can hold.
    expect(startAt(segments, { firstRowGroup: 1, initialTotals: counted(1, 3) }).totals.rowsWritten).toBe(3)
    expect(() => startAt(segments, { initialTotals: counted(0, 4) })).toThrow(RangeError)
    expect(() => startAt(segments, { firstRowGroup: 1, initialTotals: counted(1, 5) })).toThrow(RangeError)
    expect(() => startAt(segments, { firstRowGroup: 1, initialTotals: counted(1, -1) })).toThrow(RangeError)
  })

  it('test_start_with_start_batch_and_initial_actual_num_records', async () => {
    const { disk, result } = await runFrom({ cursor: 2, totals: counted(2, 8) })
    expect(disk.checkpoints[0]?.totals).toMatchObject({ rowGroups: 2, rowsWritten: 8 })
    expect(result).toMatchObject({ state: 'complete', totals: { rowGroups: 4, rowsWritten: 14 }, produced: { rowsWritten: 6 } })
    expect(() => startAt(segments, { firstRowGroup: 5, initialTotals: counted(4, 14) })).toThrow(/0 to 4, found 5/)
  })

  it('test_start_default_values_unchanged', async () => {
    expect(startAt(segments)).toEqual({ cursor: 0, totals: NO_TOTALS })
    const { disk, result } = await runFrom(null)
    expect(inOrder(disk.generated)).toEqual([0, 1, 2, 3])
    expect(result).toMatchObject({ state: 'complete', totals: { rowGroups: 4, rowsWritten: 14 }, produced: { rowsWritten: 14 } })
  })
})

describe('find_completed_row_group_ids', () => {
  const segments = planSegments(55, 10)
  const completedIn = async (storage: Storage) =>
    (
      await scanDataset(
        { storage, readReceipt: (key) => readReceipt(storage, key) },
        { ...DATASET, firstId: 0, endId: 6, segments, checkpointed: [] },
      )
    ).result
  async function commit(storage: Storage, id: number): Promise<void> {
    const { start, end } = rowGroupById(segments, id)
    const table = { rowCount: end - start, columns: new Map([['x', Array.from({ length: end - start }, () => 'x')]]) }
    const bytes = await encodeTable([{ name: 'x', type: { kind: 'string' } }], table, JSON.stringify(receiptOf(segments, id)))
    await storage.writeAtomic(keys.rowGroup(id), bytes)
  }

  it('test_find_completed_row_group_ids_empty_dir', async () => {
    expect(await completedIn(createMemoryStorage())).toMatchObject({ committed: [], findings: [], totals: NO_TOTALS })
  })

  it('test_find_completed_row_group_ids_with_files', async () => {
    const storage = createMemoryStorage()
    for (const id of [5, 0, 2]) await commit(storage, id)
    expect(await completedIn(storage)).toMatchObject({ committed: fromIds([0, 2, 5]), totals: { rowGroups: 3, rowsWritten: 25 } })
  })

  it('test_find_completed_row_group_ids_ignores_non_batch_files', async () => {
    const storage = createMemoryStorage()
    await commit(storage, 1)
    const others = ['batch_00003_extra.parquet', 'batch_.parquet', 'batch_3.parquet', 'notes.txt', 'other_00002.parquet', 'batch_00002.csv']
    for (const name of others) await storage.writeAtomic(`parquet-files/${name}`, 'x')
    const { committed, findings } = await completedIn(storage)
    expect(committed).toEqual(fromIds([1]))
    expect(findings).toEqual([expect.objectContaining({ kind: 'ignored', count: others.length })])
    expect((await storage.list('parquet-files')).length).toBe(others.length + 1)
  })
})

describe.each(MODES)('build, %s', (mode, maxConcurrentRowGroups) => {
  const run = { maxConcurrentRowGroups, checkpointIntervalMs: 20 }
  const nameOf = (name: string): string => `${name}-${mode}`
  let processed: number

  beforeEach(() => {
    processed = 0
  })
  const worker = {
    datasetProcessors: [
      {
        name: PROCESSOR,
        async *process(tables: AsyncIterable<unknown>) {
          for await (const _table of tables);
          processed += 1
          yield { name: 'done.txt', bytes: new Uint8Array() }
        },
      },
    ],
  }
  const make = (name: string, options: CreateOptions = {}): Promise<DatasetResult> =>
    workshop.make(config(), { datasetName: nameOf(name), ...SIZE, run, ...options }, worker)
  const resume = (name: string, options: CreateOptions = {}): Promise<DatasetResult> =>
    workshop.make(config(), { datasetName: nameOf(name), resume: 'always', run, ...options }, worker)
  const read = async (location: string): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(join(location, 'metadata.json'), 'utf8')) as Record<string, unknown>

  /** A complete dataset that has lost row groups 1 and 3, and whose checkpoint knows of none: the window after a rename, twice. */
  async function interrupted(name: string): Promise<string> {
    const { location } = await make(name)
    for (const id of [1, 3]) await rm(join(location, keys.rowGroup(id)))
    const metadata = await read(location)
    const parquetry = { ...(metadata['parquetry'] as object), totals: NO_TOTALS, committed: [], state: 'generating' }
    const stale = { ...metadata, actual_num_records: 0, total_num_batches: 0, num_completed_batches: 0, parquetry }
    await writeFile(join(location, 'metadata.json'), JSON.stringify(stale))
    return location
  }

  /** The first checkpoint of a resumed run that says more than the stale one; no row group can end before. */
  async function firstCheckpoint(name: string): Promise<{ metadata: Record<string, unknown>; files: readonly string[] }> {
    const location = await interrupted(name)
    await stub.reset({ latencyMs: 60_000 })
    const open = await workshop.start(config(), { datasetName: nameOf(name), resume: 'always', run })
    const seen = await workshop.withWorker(
      open,
      async () => {
        await until(async () => (await read(location))['actual_num_records'] !== 0)
        return { metadata: await read(location), files: (await readdir(join(location, 'parquet-files'))).sort() }
      },
      { drainMs: 100 },
    )
    await workshop.client.temporal.workflow.getHandle(open.workflowId).terminate('seen enough')
    return seen
  }

  it('test_build_resume_raises_without_metadata', async () => {
    // Theirs raised at first and came to the same rule as ours: nothing was committed, so it starts fresh in the same folder.
    const location = join(workshop.artifactPath, nameOf('no-metadata'))
    await mkdir(join(location, 'tmp-partial-parquet-files'), { recursive: true })
    await writeFile(join(location, 'tmp-partial-parquet-files', 'batch_00000.run.1.parquet'), 'half')
    const open = await workshop.start(config(), { datasetName: nameOf('no-metadata'), ...SIZE, run, resume: 'always' })
    expect(open.location).toBe(location)
    expect(open.notes).toEqual([expect.stringContaining('no metadata.json')])
    const result = await workshop.withWorker(open, () => open.result(), worker)
    expect(result).toMatchObject({ state: 'complete', generated: true, totals: { rowGroups: 4, rowsWritten: 14 } })
    expect(existsSync(join(location, 'tmp-partial-parquet-files', 'batch_00000.run.1.parquet'))).toBe(false)
  })

  it('test_build_resume_raises_on_num_records_mismatch', async () => {
    await make('records')
    await expect(resume('records', { numRecords: 13 })).rejects.toMatchObject({
      code: 'NUM_RECORDS_MISMATCH',
      message: expect.stringMatching(/14 records, 13 were asked for/),
    })
    // Theirs refuses more records too; ours extends, the row groups before staying as they are.
    expect(await resume('records', { numRecords: 17 })).toMatchObject({
      state: 'complete',
      totals: { rowsWritten: 17 },
      produced: { rowGroups: 1, rowsWritten: 3 },
    })
  })

  it('test_build_resume_raises_on_buffer_size_mismatch', async () => {
    await make('buffer')
    await expect(resume('buffer', { bufferSize: 5 })).rejects.toMatchObject({
      code: 'BUFFER_SIZE_MISMATCH',
      message: expect.stringMatching(/row groups of 4 rows, 5 were asked for/),
    })
    expect(await resume('buffer', { bufferSize: 4 })).toMatchObject({ state: 'complete', generated: false })
  })

  it('test_build_resume_logs_warning_when_already_complete', async () => {
    const { location } = await make('complete')
    expect(processed).toBe(1)
    await stub.reset()
    expect(await resume('complete')).toMatchObject({ state: 'complete', generated: false, location, totals: { rowsWritten: 14 } })
    expect((await stub.stats()).requests).toBe(0)
    expect(processed).toBe(1)
  })

  // Their second engine has tests of its own; both of our modes run both. Here the folder comes from the other mode.
  it('test_build_async_resume_logs_warning_when_already_complete', async () => {
    const other = maxConcurrentRowGroups === 1 ? 4 : 1
    const { location } = await make('complete-async', { run: { maxConcurrentRowGroups: other } })
    await stub.reset()
    // The files decide: a checkpoint that knows of nothing makes nobody generate again.
    const metadata = await read(location)
    const parquetry = { ...(metadata['parquetry'] as object), totals: NO_TOTALS, committed: [] }
    await writeFile(join(location, 'metadata.json'), JSON.stringify({ ...metadata, actual_num_records: 0, parquetry }))
    const again = await resume('complete-async', { numRecords: 14, bufferSize: 4 })
    expect(again).toMatchObject({ state: 'complete', generated: false, totals: { rowGroups: 4, rowsWritten: 14 } })
    expect(again.findings).toEqual([expect.objectContaining({ kind: 'unknown-to-checkpoint', count: 4 })])
    expect((await stub.stats()).requests).toBe(0)
    expect(processed).toBe(1)
  })

  it('test_build_async_resume_raises_without_metadata', async () => {
    // As above, after a run that began and was ended before its first row group.
    const begun = await workshop.start(config(), { datasetName: nameOf('no-metadata-async'), ...SIZE, run })
    await stub.reset({ latencyMs: 60_000 })
    await workshop.withWorker(begun, () => until(async () => (await stub.stats()).inFlight > 0), { drainMs: 100 })
    await workshop.client.temporal.workflow.getHandle(begun.workflowId).terminate('ended early')
    await rm(join(begun.location, 'metadata.json'))
    await stub.reset({ latencyMs: 5 })
    expect(await resume('no-metadata-async', SIZE)).toMatchObject({
      state: 'complete',
      generated: true,
      location: begun.location,
      totals: { rowGroups: 4, rowsWritten: 14 },
    })
  })

  it('test_initial_actual_num_records', async () => {
    const { metadata, files } = await firstCheckpoint('initial-records')
    expect(metadata['actual_num_records']).toBe(8)
    expect(files).toEqual(['batch_00000.parquet', 'batch_00002.parquet'])
    await stub.reset({ latencyMs: 5 })
    expect(await resume('initial-records')).toMatchObject({ totals: { rowsWritten: 14 }, produced: { rowsWritten: 6 } })
  })

  it('test_initial_total_num_batches_reflected_in_metadata', async () => {
    const { metadata } = await firstCheckpoint('initial-batches')
    expect(metadata).toMatchObject({ total_num_batches: 2, num_completed_batches: 2, target_num_records: 14 })
    await stub.reset({ latencyMs: 5 })
    const { location } = await resume('initial-batches')
    expect(await read(location)).toMatchObject({ total_num_batches: 4, num_completed_batches: 4, actual_num_records: 14 })
  })

  it('counts the rows that are in the files, not the rows that were planned', async () => {
    const droppy = {
      columns: [
        { name: 'code', column_type: 'sampler', sampler_type: 'category', params: { values: ['1', 'x'] } },
        { name: 'number', column_type: 'expression', expr: '{{ code }}', dtype: 'int' },
      ],
      parquetry: { refill_attempts: 0, max_drop_share: 1, max_dropped: '100%' },
    }
    const datasetName = nameOf('dropped')
    const first = await workshop.make(droppy, { datasetName, numRecords: 40, bufferSize: 10, seed: 1, run })
    expect(first.totals.rowsDropped).toBeGreaterThan(0)
    const metadata = await read(first.location)
    const parquetry = { ...(metadata['parquetry'] as object), totals: NO_TOTALS, committed: [] }
    await writeFile(join(first.location, 'metadata.json'), JSON.stringify({ ...metadata, actual_num_records: 0, parquetry }))
    await workshop.make(droppy, { datasetName, resume: 'always', run })
    expect(await read(first.location)).toMatchObject({ actual_num_records: first.totals.rowsWritten, num_completed_batches: 4 })
  })
})

describe('both modes', () => {
  const made: string[] = []
  afterEach(() => {
    made.length = 0
  })

  it('give the same dataset, value for value, unbroken or interrupted in one and resumed in the other', async () => {
    for (const [mode, maxConcurrentRowGroups] of MODES) {
      const { location } = await workshop.make(config(), { datasetName: `same-${mode}`, ...SIZE, run: { maxConcurrentRowGroups } })
      made.push(location)
    }
    const expected = await rowsOf(made[0] ?? '')
    expect(expected.length).toBe(14)
    expect(await rowsOf(made[1] ?? '')).toEqual(expected)
    for (const [index, maxConcurrentRowGroups] of [4, 1].entries()) {
      const location = made[index] ?? ''
      for (const id of [0, 2]) await rm(join(location, keys.rowGroup(id)))
      const datasetName = `same-${MODES[index]?.[0] ?? ''}`
      await workshop.make(config(), { datasetName, resume: 'always', run: { maxConcurrentRowGroups } })
      expect(await rowsOf(location)).toEqual(expected)
    }
  })
})
