/** Starting never deletes: what lies in a dataset's folder is there after a start as it was before, at its place or in quarantine. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CreateOptions } from '../../src/client/parquetry-client.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, until } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'

let workshop: Workshop
let stub: ModelStub

beforeAll(async () => {
  workshop = await openWorkshop()
  stub = await startModelStub()
})
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
})
beforeEach(async () => {
  await stub.reset({ latencyMs: 20 })
})

function config(): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'review', column_type: 'llm-text', model_alias: 'm', prompt: 'Order {{ order_id }}: write a review' },
    ],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: 4 } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
  }
}

const SIZE = { numRecords: 30, bufferSize: 10, seed: 1 } as const
/** Views and claims that every run rewrites, and requests, which it takes. */
const REWRITTEN = /^(?:metadata|builder_config|parquetry|owner)\.json$|^(?:requests|owner-claims)\//

/** What people and other programs may have put into the folder. */
const STRANGERS = [
  'notes.txt',
  'parquet-files/batch_00001_extra.parquet',
  'parquet-files/batch_.parquet',
  'parquet-files/batch_99999.parquet',
  'processors-files/theirs/batch_00000.parquet',
  'dropped-columns-parquet-files/batch_00000.parquet',
  'images/photo/0.png',
  'quarantine/batch_00000.old.parquet',
  'journal/batch_00077.run.1.jsonl',
  'journal/README',
]

async function put(location: string, name: string, content: string): Promise<void> {
  await mkdir(dirname(join(location, name)), { recursive: true })
  await writeFile(join(location, name), content)
}

/** Path → hash of the content, of every file. */
async function filesOf(location: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(location, { recursive: true, withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(location.length + 1))
  const hashes = names.map(
    async (name) =>
      [
        name,
        createHash('sha256')
          .update(await readFile(join(location, name)))
          .digest('hex'),
      ] as const,
  )
  return new Map(await Promise.all(hashes))
}

/** Starts a run on the folder and ends it while its first calls are on the wire: all that starting does has been done. */
async function startOnly(options: CreateOptions): Promise<void> {
  await stub.reset({ latencyMs: 60_000 })
  const run = await workshop.start(config(), options)
  await workshop.withWorker(run, () => until(async () => (await stub.stats()).inFlight > 0), { drainMs: 100 })
  await workshop.client.temporal.workflow.getHandle(run.workflowId).terminate('by the test')
}

/** Files that were there before and are nowhere after. */
function lost(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const inQuarantine = new Set([...after].filter(([name]) => name.startsWith('quarantine/')).map(([, hash]) => hash))
  return [...before]
    .filter(([name, hash]) => !REWRITTEN.test(name) && after.get(name) !== hash && !inQuarantine.has(hash))
    .map(([name]) => name)
}

describe('starting', () => {
  it('on a folder with committed row groups removes nothing: staged files, journals and strangers stay, damaged files are set aside', async () => {
    const { location } = await workshop.make(config(), { datasetName: 'kept', ...SIZE })
    await rm(join(location, 'parquet-files/batch_00002.parquet'))
    for (const name of STRANGERS) await put(location, name, `content of ${name}`)
    await put(location, 'parquet-files/batch_00001.parquet', 'PAR1 and no more')
    await put(location, 'tmp-partial-parquet-files/batch_00002.earlier.1.parquet', 'half a row group')
    await put(location, 'journal/batch_00002.earlier.1.jsonl', '{"k":"torn')
    const before = await filesOf(location)
    await startOnly({ datasetName: 'kept', resume: 'always' })
    const after = await filesOf(location)
    expect(lost(before, after)).toEqual([])
    expect(after.has('parquet-files/batch_00001.parquet')).toBe(false)
    expect([...after.keys()].filter((name) => name.startsWith('quarantine/')).length).toBe(2)
  })

  it('on a folder in which nothing was ever committed removes the staged partial results, and nothing else', async () => {
    const location = join(workshop.artifactPath, 'uncommitted')
    const strangers = STRANGERS.filter((name) => name !== 'parquet-files/batch_99999.parquet')
    for (const name of strangers) await put(location, name, `content of ${name}`)
    await put(location, 'tmp-partial-parquet-files/batch_00000.earlier.1.parquet', 'half a row group')
    const before = await filesOf(location)
    await startOnly({ datasetName: 'uncommitted', ...SIZE, resume: 'always' })
    expect(lost(before, await filesOf(location))).toEqual(['tmp-partial-parquet-files/batch_00000.earlier.1.parquet'])
  })

  it('beside a folder that is taken touches nothing in it', async () => {
    const location = join(workshop.artifactPath, 'taken')
    for (const name of STRANGERS) await put(location, name, `content of ${name}`)
    const before = await filesOf(location)
    await startOnly({ datasetName: 'taken', ...SIZE, resume: 'never' })
    expect(await filesOf(location)).toEqual(before)
  })
})
