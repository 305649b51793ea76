import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { verifyFiles } from '../../src/client/dataset-files.ts'
import type { RunHandle } from '../../src/client/run-handle.ts'
import type { RunOptions } from '../../src/contract.ts'
import { readTable } from '../../src/parquet/read-table.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { startWorkerProcess } from './worker-process.ts'
import type { KillPoint, WorkerEnd, WorkerProcess } from './worker-process.ts'

const ROWS = 24
const CALLS = 2 * ROWS
const PARALLEL = 8
/** Of the main file; those of sidecars go on with the folder they are for. */
const STAGED = '^tmp-partial-parquet-files/batch_[0-9]+[.][^.]+[.][0-9]+[.]parquet$'
const STAGED_SIDECAR = 'dropped-columns-parquet-files[.]parquet$'
const COMMITTED = '^parquet-files/batch_[0-9]+[.]parquet$'
const CHECKPOINT = '^metadata[.]json$'
/** Events of a history that ends with the first row group. */
const FULL = 20
/** The first writing of metadata.json is prepare's. */
const FIRST_CHECKPOINT = 2

let workshop: Workshop
let unbroken: Content

beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  const stub = await startModelStub()
  unbroken = await contentOf((await workshop.make(config(stub.endpoint), { ...options, datasetName: 'unbroken' })).location)
  await stub.stop()
}, 180_000)
afterAll(async () => {
  await workshop?.close()
})

function config(endpoint: string): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'secret', column_type: 'sampler', sampler_type: 'category', params: { values: ['a', 'b', 'c'] }, drop: true },
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }} ({{ secret }}): write a review' },
      { name: 'reply', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: answer {{ review }}' },
    ],
    processors: [{ processor_type: 'schema_transform', name: 'short', template: { id: '{{ order_id }}', text: '{{ review }}' } }],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: PARALLEL } }],
    model_providers: [{ name: 'stub', endpoint, provider_type: 'openai' }],
  }
}

const quick: RunOptions = { heartbeatTimeoutMs: 1_500, maxConcurrentRowGroups: 2, checkpointIntervalMs: 100 }
const options = { numRecords: ROWS, bufferSize: 8, seed: 11, run: quick } as const

/** What a dataset is made of, value for value. */
interface Content {
  readonly rows: unknown
  readonly droppedColumns: unknown
  readonly transformed: unknown
}

async function contentOf(location: string): Promise<Content> {
  return {
    rows: await rowsOf(location),
    droppedColumns: await tablesIn(join(location, 'dropped-columns-parquet-files')),
    transformed: await tablesIn(join(location, 'processors-files', 'short')),
  }
}

async function tablesIn(folder: string): Promise<unknown> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.parquet')).sort()
  return await Promise.all(names.map(async (name) => [name, (await readTable(await readFile(join(folder, name)))).table]))
}

/** Files that should be gone at the end of a run. */
async function leftoversIn(location: string): Promise<readonly string[]> {
  const all = await readdir(location, { recursive: true, withFileTypes: true })
  const isLeftover = /(^|\/)(journal|tmp-partial-parquet-files|requests|quarantine)\/|(^|\/)[.]parquetry-tmp-/
  return all.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name).slice(location.length + 1)
    return entry.isFile() && isLeftover.test(path) ? [path] : []
  })
}

async function diedAt(worker: WorkerProcess): Promise<number> {
  let end: WorkerEnd | undefined
  void worker.ended.then((ended) => (end = ended))
  await until(() => end !== undefined)
  expect(end).toMatchObject({ signal: 'SIGKILL', callsInFlight: expect.any(Number) })
  return end?.callsInFlight ?? 0
}

/** Kills a worker at the point, lets another finish, and looks at everything. */
async function killAndFinish(
  datasetName: string,
  killPoint: KillPoint,
  run: RunOptions = {},
  whenDead: (handle: RunHandle) => Promise<void> = async () => undefined,
): Promise<void> {
  // One of its own, so that its counts are those of this run.
  const stub = await startModelStub(20)
  const workers: WorkerProcess[] = []
  try {
    const handle = await workshop.start(config(stub.endpoint), { ...options, datasetName, run: { ...quick, ...run } })
    const start = async (more: { killPoint?: KillPoint } = {}): Promise<WorkerProcess> => {
      const worker = await startWorkerProcess(inject('temporalAddress'), handle.taskQueue, more)
      workers.push(worker)
      return worker
    }
    const callsInFlight = await diedAt(await start({ killPoint }))
    expect(callsInFlight).toBeLessThanOrEqual(2 * PARALLEL)
    await whenDead(handle)
    const next = await start()
    const result = await handle.result()
    expect(await next.terminate()).toBe(0)
    expect(result).toMatchObject({
      state: 'complete',
      totals: { rowGroups: 3, rowsWritten: ROWS, rowsDropped: 0, usage: { calls: CALLS } },
      produced: { rowsWritten: ROWS },
    })
    const { requests, distinct } = await stub.stats()
    expect(distinct).toBe(CALLS)
    expect(requests - distinct).toBeLessThanOrEqual(callsInFlight)
    await expectWhole(result.location)
  } finally {
    for (const worker of workers) await worker.kill()
    await stub.stop()
  }
}

async function expectWhole(location: string): Promise<void> {
  expect(await contentOf(location)).toEqual(unbroken)
  expect(await verifyFiles(location)).toMatchObject({ state: 'complete', rowsWritten: ROWS, rowsMissing: 0, problems: [] })
  expect(await leftoversIn(location)).toEqual([])
  const metadata = JSON.parse(await readFile(join(location, 'metadata.json'), 'utf8'))
  expect(metadata).toMatchObject({ actual_num_records: ROWS, num_completed_batches: 3, parquetry: { state: 'complete' } })
}

/** Where a worker dies, by a name that is also the dataset's. */
const points: readonly (readonly [name: string, point: KillPoint])[] = [
  ['prepare-before-anything', { operation: 'writeAtomic', key: '^parquetry[.]json$', when: 'before' }],
  ['prepare-half-a-config', { operation: 'writeAtomic', key: '^builder_config[.]json$', when: 'during' }],
  ['prepare-half-a-checkpoint', { operation: 'writeAtomic', key: CHECKPOINT, when: 'during' }],
  ['prepare-unsaid', { operation: 'remove', key: '^requests/', when: 'after' }],
  ['scanning', { operation: 'list', key: '^parquet-files', when: 'before', count: 2 }],
  ['journal-torn-line', { operation: 'append', key: '^journal/', when: 'during', count: 5 }],
  ['before-staging', { operation: 'stage', key: STAGED, when: 'before' }],
  ['half-a-staged-file', { operation: 'stage', key: STAGED, when: 'during' }],
  ['half-a-staged-sidecar', { operation: 'stage', key: STAGED_SIDECAR, when: 'during' }],
  ['staged', { operation: 'stage', key: STAGED, when: 'after' }],
  ['linked-still-staged', { operation: 'publish', key: COMMITTED, when: 'during' }],
  ['committed-sidecars-staged', { operation: 'publish', key: COMMITTED, when: 'after' }],
  ['committed-one-sidecar-staged', { operation: 'move', key: '^dropped-columns', when: 'after' }],
  ['committed-journal-left', { operation: 'remove', key: '^journal/', when: 'before' }],
  ['before-checkpoint', { operation: 'writeAtomic', key: CHECKPOINT, when: 'before', count: FIRST_CHECKPOINT }],
  ['half-a-checkpoint', { operation: 'writeAtomic', key: CHECKPOINT, when: 'during', count: FIRST_CHECKPOINT }],
  ['checkpoint-unsaid', { operation: 'writeAtomic', key: CHECKPOINT, when: 'after', count: FIRST_CHECKPOINT }],
]

// Most of the time is spent waiting for heartbeats to time out.
vi.setConfig({ maxConcurrency: 4 })

describe.concurrent('a worker killed at a chosen point', { timeout: 120_000 }, () => {
  it.each(points)('%s: the next one ends the dataset as if nothing had happened', async (name, point) => {
    await killAndFinish(name, point)
  })

  // One row group in flight, and no checkpoints but those that end a page: prepare, then first row group, then the flush before it continues.
  const tiny: RunOptions = { continueAsNewAfterEvents: FULL, maxConcurrentRowGroups: 1, checkpointIntervalMs: 3_600_000 }

  it('right before it continues as new', async () => {
    await killAndFinish(
      'before-continue-as-new',
      { operation: 'writeAtomic', key: CHECKPOINT, when: 'after', count: 3 },
      tiny,
      async (handle) => expect(await firstRunOf(handle)).toMatchObject({ status: 'RUNNING', isHistoryFull: true }),
    )
  })

  it('right after it continued as new', async () => {
    await killAndFinish(
      'after-continue-as-new',
      { operation: 'list', key: '^parquet-files', when: 'before', count: 4 },
      tiny,
      async (handle) => expect(await firstRunOf(handle)).toMatchObject({ status: 'CONTINUED_AS_NEW', isHistoryFull: true }),
    )
  })

  async function firstRunOf(handle: RunHandle): Promise<object> {
    const temporal = workshop.client.temporal.workflow
    const { firstRunId } = (await temporal.getHandle(handle.workflowId).describe()).raw.workflowExecutionInfo ?? {}
    const { status, historyLength } = await temporal.getHandle(handle.workflowId, firstRunId ?? '').describe()
    return { status: status.name, isHistoryFull: historyLength >= FULL }
  }
})
