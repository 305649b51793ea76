/** A dataset made for real (prepare, generate, checkpoint) in any storage, without Temporal and with answers of the test's own. */
import { prepareConfig } from '../../src/config/prepare-config.ts'
import type { DatasetRef, RepairResult, RowGroupResult } from '../../src/contract.ts'
import { NO_TOTALS } from '../../src/contract.ts'
import { writeCheckpoint } from '../../src/dataset/scan/checkpoint.ts'
import { generateRowGroup } from '../../src/dataset/row-group/generate-row-group.ts'
import { keys } from '../../src/dataset/layout.ts'
import { openDataset } from '../../src/dataset/open-dataset.ts'
import type { OpenDataset } from '../../src/dataset/open-dataset.ts'
import { createOpenGroups } from '../../src/dataset/row-group/open-groups.ts'
import { createControlWatch } from '../../src/dataset/control/control-watch.ts'
import { createOwnerWatch } from '../../src/dataset/owner/owner-watch.ts'
import type { DatasetPorts } from '../../src/dataset/ports.ts'
import { prepareDataset } from '../../src/dataset/resume/prepare.ts'
import { repairRowGroup } from '../../src/dataset/row-group/repair-row-group.ts'
import { stageRequest } from '../../src/dataset/resume/request.ts'
import type { AttemptOptions } from '../../src/dataset/row-group/work-on-row-group.ts'
import type { ChatAnswer, ChatRequest } from '../../src/model/client.ts'
import type { ModelShares } from '../../src/model/models.ts'
import { encodeTable } from '../../src/parquet/encode-table.ts'
import { addResult } from '../../src/plan/progress.ts'
import { fromIds } from '../../src/plan/range-set.ts'
import { rowGroupCount, rowGroupsOf } from '../../src/plan/row-groups.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'

/** Columns of each kind that a file can hold, a model's among them; one column is dropped, and one file made beside. */
export const RICH_CONFIG = {
  columns: [
    { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
    { name: 'day', column_type: 'sampler', sampler_type: 'datetime', params: { start: '2020-01-01', end: '2024-01-01', unit: 's' } },
    { name: 'price', column_type: 'sampler', sampler_type: 'uniform', params: { low: 1, high: 9 } },
    { name: 'secret', column_type: 'sampler', sampler_type: 'category', params: { values: ['a', 'b'] } },
    { name: 'text', column_type: 'llm-text', model_alias: 'm', prompt: 'Row {{ id }} says {{ secret }}' },
    {
      name: 'facts',
      column_type: 'llm-structured',
      model_alias: 'm',
      prompt: 'Facts of {{ id }}',
      output_format: {
        type: 'object',
        properties: { title: { type: 'string' }, rating: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
        required: ['title', 'rating', 'tags'],
        additionalProperties: false,
      },
    },
  ],
  processors: [
    { processor_type: 'drop_columns', name: 'no-secret', column_names: ['secret'] },
    { processor_type: 'schema_transform', name: 'short', template: { said: '{{ text }}', nested: { id: '{{ id }}' } } },
  ],
  model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub' }],
  model_providers: [{ name: 'stub', endpoint: 'http://127.0.0.1:9/v1', provider_type: 'openai' }],
}

/** A dataset in a storage. */
export interface MadeDataset {
  readonly storage: Storage
  readonly ref: DatasetRef
  readonly ports: DatasetPorts
  /** The dataset as it stands on disk now. */
  open(): Promise<OpenDataset>
  /** Makes a row group, or finds it made. */
  generate(id: number): Promise<RowGroupResult>
  /** Makes the dropped rows of a row group again, as the pass `token` of a run. */
  repair(id: number, token: string): Promise<RepairResult>
  /** Writes the checkpoint of these row groups as the last of a run. */
  finish(results: readonly RowGroupResult[], state?: 'complete' | 'incomplete' | 'stopped'): Promise<void>
  readonly calls: () => number
}

/** Settings of a made dataset. */
export interface MakeOptions {
  readonly config?: object
  readonly numRecords?: number
  readonly bufferSize?: number
  readonly datasetId?: string
  /** What a model answers; default: any text, and fitting facts. Throw a `ParquetryError` to fail. */
  readonly answer?: (request: ChatRequest) => string | Partial<ChatAnswer>
}

/** An answer that fits `RICH_CONFIG`, a function of the prompt. */
export function fittingAnswer(request: ChatRequest): string {
  const prompt = request.messages.at(-1)?.content ?? ''
  if (!prompt.includes('Facts of')) return `an answer to ${prompt.length} characters: 😀`
  return JSON.stringify({ title: `title ${prompt.length}`, rating: 3, tags: ['x', 'ü', ''] })
}

/** Models that share nothing out. */
export const NO_SHARES: ModelShares = { setShare: () => undefined, drained: async () => undefined, release: () => undefined }

/** Prepares the dataset; nothing is generated yet. */
export async function prepareMade(storage: Storage, options: MakeOptions = {}): Promise<MadeDataset> {
  const datasetId = options.datasetId ?? 'made-1'
  const prepared = await prepareConfig(options.config ?? RICH_CONFIG, { env: {}, homeFolder: '/nowhere' })
  const fingerprint = prepared.compiled.fingerprint.hash
  const ref = { location: storage.describe(), datasetId, fingerprint }
  const identity = { dataset_id: datasetId, request_id: 'request-1', location: ref.location, created_at: '2025-01-01T00:00:00.000Z' }
  await storage.createExclusive(keys.identity, JSON.stringify(identity))
  await stageRequest(storage, {
    request_id: 'request-1',
    fingerprint,
    builder_config: prepared.builderConfig,
    parquetry: prepared.parquetryFile,
    dataset_name: 'made',
    num_records: options.numRecords ?? 12,
    buffer_size: options.bufferSize ?? 4,
    seed: '7',
  })
  let calls = 0
  const answer = options.answer ?? fittingAnswer
  const ports: DatasetPorts = {
    openStorage: () => storage,
    models: {
      client: () => ({
        async complete(request, { keep }) {
          calls += 1
          const said = answer(request)
          const more = typeof said === 'string' ? { content: said } : said
          const answered = { content: '', finishReason: 'stop', usage: { inputTokens: 10, outputTokens: 5 }, ...more }
          await keep?.(answered, 'http://127.0.0.1:9/v1')
          return answered
        },
      }),
      close: async () => undefined,
    },
    encoder: {
      encode: (schema, table, receipt) => encodeTable(schema, table, receipt === null ? null : JSON.stringify(receipt)),
      close: async () => undefined,
    },
    openGroups: createOpenGroups(),
    ownerWatch: createOwnerWatch(Date.now),
    controlWatch: createControlWatch(NO_SHARES),
    now: () => Date.now(),
    log: () => undefined,
    datasetProcessors: [],
  }
  const owner = { server: 'server', namespace: 'default', workflowId: `parquetry/${datasetId}`, firstRunId: 'run-1' }
  const { epoch, segments } = await prepareDataset(
    storage,
    { dataset: ref, requestId: 'request-1', owner },
    { now: Date.now, drawSeed: () => '7', log: () => undefined },
  )
  const open = (): Promise<OpenDataset> => openDataset(ports, ref, null)
  let sequence = 0
  const optionsOf = async (id: number): Promise<AttemptOptions> => {
    const rowGroup = [...rowGroupsOf(segments, id, id + 1)][0]
    if (rowGroup === undefined) throw new Error(`no row group ${id}`)
    return {
      input: { dataset: ref, rowGroup, epoch, isProbe: false },
      dataset: await open(),
      ports,
      attempt: { runId: 'run-1', attempt: 1 },
      trace: { mark: '', deaths: 0, hasEnded: false },
      signal: new AbortController().signal,
      drainMs: 0,
      isInTouch: () => true,
      onProgress: () => undefined,
    }
  }
  return {
    storage,
    ref,
    ports,
    open,
    generate: async (id) => generateRowGroup(await optionsOf(id)),
    async repair(id, token) {
      const options = await optionsOf(id)
      return await repairRowGroup({ ...options, input: { ...options.input, token } })
    },
    async finish(results, state = 'complete') {
      sequence += 1
      const page = { firstId: 0, endId: rowGroupCount(segments), committed: fromIds(results.map(({ id }) => id)) }
      const totals = results.reduce(addResult, NO_TOTALS)
      await writeCheckpoint(storage, { dataset: ref, epoch, sequence, state, segments, totals, page, isFinal: true }, Date.now())
    },
    calls: () => calls,
  }
}

/** Makes the whole dataset. */
export async function makeDataset(storage: Storage, options: MakeOptions = {}): Promise<MadeDataset> {
  const made = await prepareMade(storage, options)
  const count = rowGroupCount((await made.open()).segments)
  const results: RowGroupResult[] = []
  for (let id = 0; id < count; id += 1) results.push(await made.generate(id))
  const dropped = results.reduce((sum, { rowsDropped }) => sum + rowsDropped, 0)
  await made.finish(results, dropped > 0 ? 'incomplete' : 'complete')
  return made
}

/** Everything a storage holds, by key, to be compared or copied. */
export async function snapshotOf(storage: Storage, folder = ''): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for (const name of await storage.list(folder)) {
    const key = `${folder}${name}`
    if (name.endsWith('/')) for (const [below, bytes] of await snapshotOf(storage, key)) found.set(below, bytes)
    else found.set(key, (await storage.read(key)) ?? new Uint8Array())
  }
  return found
}

/** A storage in memory with what a snapshot holds. */
export async function restore(snapshot: ReadonlyMap<string, Uint8Array>): Promise<Storage> {
  const storage = createMemoryStorage()
  for (const [key, bytes] of snapshot) await storage.writeAtomic(key, bytes)
  return storage
}
