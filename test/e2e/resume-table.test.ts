/** Every row of the resume table (design section 5), through the real client, worker and server. */
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CreateOptions } from '../../src/client/parquetry-client.ts'
import type { RunHandle } from '../../src/client/run-handle.ts'
import { readRecord, verifyFiles } from '../../src/client/dataset-files.ts'
import { GENERATE_DATASET, taskQueueOf, workflowIdOf } from '../../src/contract.ts'
import type { DatasetResult, Finding, GenerateDatasetInput } from '../../src/contract.ts'
import type { Metadata } from '../../src/dataset/metadata.ts'
import { openStorage } from '../../src/storage/open.ts'
import { openWorkshop, QUICK_RUN, rowsOf, until } from '../helpers/datasets.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { askPython } from '../parquet/python.ts'

let workshop: Workshop
let stub: ModelStub
let reference: Awaited<ReturnType<typeof rowsOf>>

const MODES = ['always', 'if_possible'] as const
const SIZE = { numRecords: 50, bufferSize: 10, seed: 7 } as const

beforeAll(async () => {
  workshop = await openWorkshop()
  stub = await startModelStub()
  reference = await rowsOf((await make('reference')).location)
})
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
})
beforeEach(async () => {
  await stub.reset({ latencyMs: 5 })
})

function config(changes: { readonly prompt?: string; readonly columns?: readonly object[] } = {}): object {
  return {
    columns: [
      { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: { short_form: true } },
      { name: 'size', column_type: 'sampler', sampler_type: 'uniform', params: { low: 1, high: 9, decimal_places: 2 } },
      { name: 'text', column_type: 'llm-text', model_alias: 'm', prompt: changes.prompt ?? 'Write about {{ id }}.' },
      ...(changes.columns ?? []),
    ],
    model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: 8 } }],
    model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai' }],
  }
}

async function make(datasetName: string, options: CreateOptions = {}, from: object = config()): Promise<DatasetResult> {
  return await workshop.make(from, { ...SIZE, datasetName, ...options })
}

/** As `make`, with the notes of the run. */
async function go(options: CreateOptions, from: object = config()): Promise<DatasetResult & { notes: string }> {
  return await workshop.go(from, options)
}

/** A run that was stopped after some calls, its row groups one after the other; journal and all. */
async function interrupt(datasetName: string, options: CreateOptions = {}, { latencyMs = 60, calls = 24 } = {}): Promise<string> {
  await stub.reset({ latencyMs })
  const run = await workshop.start(config(), { ...SIZE, datasetName, ...options, run: { ...QUICK_RUN, maxConcurrentRowGroups: 1 } })
  await workshop.withWorker(run, async () => {
    await until(async () => (await stub.stats()).requests >= calls)
    await run.stop({ now: true })
    expect(await run.result()).toMatchObject({ state: 'stopped' })
  })
  return run.location
}

const folderOf = (datasetName: string): string => join(workshop.artifactPath, datasetName)
const fileOf = (location: string, id: number): string => join(location, 'parquet-files', `batch_0000${id}.parquet`)
const listed = async (location: string, folder: string): Promise<string[]> =>
  (await readdir(join(location, folder)).catch((): string[] => [])).sort()
type Checkpoint = Metadata & { readonly config_hash?: string }
const metadataOf = async (location: string): Promise<Checkpoint> =>
  JSON.parse(await readFile(join(location, 'metadata.json'), 'utf8')) as Checkpoint
const findingOf = (result: DatasetResult, kind: Finding['kind']): Finding | undefined =>
  result.findings.find((finding) => finding.kind === kind)
const bytesOf = async (location: string, ids: readonly number[]): Promise<Buffer[]> =>
  await Promise.all(ids.map((id) => readFile(fileOf(location, id))))
const STAMPED = /^[a-z-]+_\d\d-\d\d-\d{4}_\d{6}(_\w+)?$/

async function expectWhole(location: string): Promise<void> {
  expect(await rowsOf(location)).toEqual(reference)
  expect(await verifyFiles(location)).toMatchObject({ rowsWritten: 50, rowsDropped: 0, rowsMissing: 0, problems: [] })
  const metadata = await metadataOf(location)
  expect(metadata).toMatchObject({
    actual_num_records: 50,
    num_completed_batches: 5,
    parquetry: { state: 'complete', committed: [[0, 5]] },
  })
}

describe('a folder that is absent or empty', () => {
  it.each(['never', 'if_possible', false] as const)('with %s begins afresh under its own name', async (resume) => {
    const name = `fresh-${String(resume)}`
    if (resume === 'if_possible') await mkdir(folderOf(name))
    const result = await make(name, { resume })
    expect(result).toMatchObject({ state: 'complete', generated: true, location: folderOf(name) })
    await expectWhole(result.location)
  })

  it.each(['always', true] as const)('with %s is refused: there is nothing to resume', async (resume) => {
    await mkdir(folderOf('nothing'), { recursive: true })
    for (const datasetName of ['nothing', 'nowhere']) {
      await expect(workshop.start(config(), { datasetName, resume })).rejects.toMatchObject({ code: 'NOTHING_TO_RESUME' })
    }
    expect(await readdir(folderOf('nothing'))).toEqual([])
  })
})

describe('a folder that holds an interrupted run', () => {
  it.each([...MODES, true] as const)(
    'is gone on with by %s: no call is repeated, and the rows are those of an unbroken run',
    async (resume) => {
      const location = await interrupt(`interrupted-${String(resume)}`)
      const before = await listed(location, 'parquet-files')
      const kept = await bytesOf(location, [...before.keys()])
      const result = await go({ datasetName: basename(location), resume })
      expect(result).toMatchObject({ state: 'complete', location, produced: { rowGroups: 5 - before.length } })
      expect(await stub.stats()).toMatchObject({ requests: 50, distinct: 50, aborted: 0 })
      expect(await bytesOf(location, [...before.keys()])).toEqual(kept)
      await expectWhole(location)
      expect(await listed(location, 'journal')).toEqual([])
    },
  )

  it('is left alone by never, which begins beside it and says what could be resumed', async () => {
    const location = await interrupt('beside')
    const before = await readFile(join(location, 'metadata.json'))
    const result = await go({ ...SIZE, datasetName: 'beside', resume: 'never' })
    expect(basename(result.location)).toMatch(STAMPED)
    expect(result.notes).toMatch(/holds an unfinished run \(\d+ of 50 rows\) that --resume always would go on with/)
    await expectWhole(result.location)
    expect(await readFile(join(location, 'metadata.json'))).toEqual(before)
  })

  it('is never paid for again unasked: without a mode it is refused, also when it stands in a timestamped folder', async () => {
    const location = await interrupt('unasked')
    await expect(workshop.start(config(), { ...SIZE, datasetName: 'unasked' })).rejects.toMatchObject({ code: 'DATASET_UNFINISHED' })
    await go({ datasetName: 'unasked', resume: 'always' })
    // The plain name is taken by a complete dataset; a second one of the same config is begun beside it, and interrupted.
    const second = await interrupt('unasked')
    expect(dirname(second)).toBe(dirname(location))
    expect(basename(second)).toMatch(STAMPED)
    await expect(workshop.start(config(), { ...SIZE, datasetName: 'unasked' })).rejects.toMatchObject({
      code: 'DATASET_UNFINISHED',
      message: expect.stringContaining(second),
      details: { location: second },
    })
    await go({ datasetName: basename(second), resume: 'always' })
    await expectWhole(second)
  })

  it('with files of others only is begun in place by always and if_possible, and not by never', async () => {
    for (const resume of MODES) {
      const location = folderOf(`notes-${resume}`)
      await mkdir(location)
      await writeFile(join(location, 'notes.txt'), 'mine')
      expect(await make(basename(location), { resume })).toMatchObject({ location, generated: true })
      expect(await readFile(join(location, 'notes.txt'), 'utf8')).toBe('mine')
    }
    await mkdir(folderOf('notes-never'))
    await writeFile(join(folderOf('notes-never'), 'notes.txt'), 'mine')
    expect(basename((await make('notes-never', { resume: 'never' })).location)).toMatch(STAMPED)
  })
})

describe('a folder without metadata.json and without row groups', () => {
  it.each(MODES)('is begun again in place by %s: partial results are cleared and said, answers in the journal are kept', async (resume) => {
    const location = await interrupt(`begun-${resume}`, { bufferSize: 50 }, { latencyMs: 700, calls: 9 })
    expect(await listed(location, 'parquet-files')).toEqual([])
    await rm(join(location, 'metadata.json'))
    await mkdir(join(location, 'tmp-partial-parquet-files'), { recursive: true })
    await writeFile(join(location, 'tmp-partial-parquet-files', 'batch_00000.parquet'), 'half a file')
    const { seed: _, ...size } = SIZE
    const logged: string[] = []
    const run = await workshop.start(config(), { ...size, bufferSize: 50, datasetName: basename(location), resume })
    expect(run.notes.join()).toContain('starting from the beginning in the same folder')
    const result = await workshop.withWorker(run, () => run.result(), { log: (message) => logged.push(message) })
    expect(result).toMatchObject({ state: 'complete', location })
    expect(logged).toContainEqual(expect.stringContaining('partial results are cleared'))
    expect(await listed(location, 'tmp-partial-parquet-files')).toEqual([])
    // The seed was kept too, or the journal would hold answers to questions that nobody asks any more.
    expect(await stub.stats()).toMatchObject({ requests: 50, distinct: 50 })
    expect(await rowsOf(location)).toEqual(reference)
  })
})

describe('a folder whose metadata.json is lost, and whose receipts are not', () => {
  const losses = {
    absent: (path: string) => rm(path),
    unreadable: (path: string) => writeFile(path, '{"dataset_name": "rev'),
    'of the wrong shape': async (path: string) => {
      const metadata = JSON.parse(await readFile(path, 'utf8')) as { parquetry: { committed: number[][] } }
      metadata.parquetry.committed = [[0, 99]]
      await writeFile(path, JSON.stringify(metadata))
    },
  }
  const cases = Object.keys(losses).flatMap((loss) =>
    MODES.map((resume) => [loss, resume] as [keyof typeof losses, (typeof MODES)[number]]),
  )
  it.each(cases)('%s, is rebuilt by %s, and that is said', async (loss, resume) => {
    const location = await interrupt(`lost-${loss.replaceAll(' ', '-')}-${resume}`)
    await losses[loss](join(location, 'metadata.json'))
    const result = await go({ datasetName: basename(location), resume })
    expect(result.notes).toMatch(
      /metadata\.json is (missing|damaged).*: rebuilt from the receipts of \d row groups, planned for 50 records; an extension/,
    )
    expect(findingOf(result, 'rebuilt')?.message).toMatch(/rebuilt from the receipts/)
    expect(await listed(location, 'quarantine')).toEqual(loss === 'absent' ? [] : [expect.stringMatching(/^metadata\..*\.json$/)])
    expect(await stub.stats()).toMatchObject({ requests: 50, distinct: 50 })
    await expectWhole(location)
  })

  it('is compared all the same', async () => {
    const location = await interrupt('lost-compared')
    await rm(join(location, 'metadata.json'))
    const datasetName = basename(location)
    await expect(workshop.start(config({ prompt: 'Other {{ id }}' }), { datasetName, resume: 'always' })).rejects.toMatchObject({
      code: 'RESUME_INCOMPATIBLE',
      message: expect.stringMatching(/in text$/),
    })
    await expect(workshop.start(config(), { datasetName, resume: 'always', numRecords: 49 })).rejects.toMatchObject({
      code: 'NUM_RECORDS_MISMATCH',
    })
    await expect(workshop.start(config(), { datasetName, resume: 'always', seed: 8 })).rejects.toMatchObject({ code: 'SEED_MISMATCH' })
    await expect(workshop.start(config(), { datasetName })).rejects.toMatchObject({ code: 'DATASET_UNFINISHED' })
  })

  it('with dataset.json, builder_config.json and parquetry.json lost as well keeps its identity, its seed and its rows', async () => {
    const location = await interrupt('lost-all')
    const { dataset_id: id } = JSON.parse(await readFile(join(location, 'dataset.json'), 'utf8')) as { dataset_id: string }
    for (const name of ['metadata', 'dataset', 'builder_config']) await rm(join(location, `${name}.json`))
    await writeFile(join(location, 'parquetry.json'), 'not JSON')
    const result = await go({ datasetName: 'lost-all', resume: 'always' })
    expect(result.notes).toMatch(/dataset\.json was missing: written anew/)
    expect(findingOf(result, 'rebuilt')).toMatchObject({
      count: 3,
      message: expect.stringMatching(/builder_config\.json was missing.*parquetry\.json was damaged/),
    })
    expect(JSON.parse(await readFile(join(location, 'dataset.json'), 'utf8'))).toMatchObject({ dataset_id: id, location })
    expect(await listed(location, 'quarantine')).toEqual([expect.stringMatching(/^parquetry\..*\.json$/)])
    await expectWhole(location)
  })

  it('forgets an extension of which nothing was committed, and goes on with the plan of the receipts', async () => {
    const first = await make('lost-extension', { numRecords: 20 })
    const run = await workshop.start(config(), { datasetName: 'lost-extension', numRecords: 50, resume: 'always' })
    await workshop.withWorker(run, async () => {
      await run.stop({ now: true })
      await run.result()
    })
    for (const id of [2, 3, 4]) await rm(fileOf(first.location, id), { force: true })
    await rm(join(first.location, 'metadata.json'))
    expect(await go({ datasetName: 'lost-extension', resume: 'always' })).toMatchObject({ targetNumRecords: 20, generated: false })
    expect(await go({ datasetName: 'lost-extension', resume: 'always', numRecords: 50 })).toMatchObject({ targetNumRecords: 50 })
    expect(await rowsOf(first.location)).toEqual(reference)
  })
})

describe('a folder whose metadata.json is lost, and no receipt is there', () => {
  it.each(['truncated files', 'damaged without files', 'files of others'])(
    '(%s): always names the file, if_possible begins beside it',
    async (what) => {
      const datasetName = `hopeless-${what.replaceAll(' ', '-')}`
      const { location } = await make(datasetName, { numRecords: 10 })
      if (what === 'damaged without files') {
        await rm(fileOf(location, 0))
        await writeFile(join(location, 'metadata.json'), '[]')
      } else {
        if (what === 'truncated files') await writeFile(fileOf(location, 0), (await readFile(fileOf(location, 0))).subarray(0, 500))
        else await askPython([{ reader: 'write-foreign', file: fileOf(location, 0) }])
        await rm(join(location, 'metadata.json'))
      }
      const before = await readdir(location, { recursive: true })
      await expect(workshop.start(config(), { datasetName, resume: 'always' })).rejects.toMatchObject({
        code: 'METADATA_DAMAGED',
        message: expect.stringContaining(join(location, 'metadata.json')),
      })
      const result = await make(datasetName, { numRecords: 10, resume: 'if_possible' })
      expect(basename(result.location)).toMatch(STAMPED)
      expect((await readdir(location, { recursive: true })).sort()).toEqual(before.sort())
    },
  )
})

describe('a folder of another config, number of records or buffer size', () => {
  it('with another config: always names the first differences, if_possible begins beside it', async () => {
    const location = await interrupt('config')
    const other = config({ prompt: 'Another question about {{ id }}.' })
    await expect(workshop.start(other, { datasetName: 'config', resume: 'always' })).rejects.toMatchObject({
      code: 'RESUME_INCOMPATIBLE',
      message: expect.stringMatching(/differs from that of .* in text$/),
    })
    const result = await go({ ...SIZE, numRecords: 10, datasetName: 'config', resume: 'if_possible' }, other)
    expect(basename(result.location)).toMatch(STAMPED)
    expect(result.notes).toContain(`cannot go on with ${location}`)
  })

  it.each(MODES)('with fewer records or another buffer size: %s is refused with both numbers', async (resume) => {
    await interrupt(`numbers-${resume}`)
    const datasetName = `numbers-${resume}`
    await expect(workshop.start(config(), { datasetName, resume, numRecords: 49 })).rejects.toMatchObject({
      code: 'NUM_RECORDS_MISMATCH',
      message: expect.stringMatching(/50.*49/),
    })
    await expect(workshop.start(config(), { datasetName, resume, bufferSize: 11 })).rejects.toMatchObject({
      code: 'BUFFER_SIZE_MISMATCH',
      message: expect.stringMatching(/10.*11/),
    })
    expect((await readdir(workshop.artifactPath)).filter((name) => name.startsWith(datasetName))).toEqual([datasetName])
  })

  it.each(MODES)(
    'with more records: %s extends; what was committed stays byte for byte, and the rows are those of a larger dataset',
    async (resume) => {
      const datasetName = `larger-${resume}`
      const first = await make(datasetName, { numRecords: 23 })
      const kept = await bytesOf(first.location, [0, 1, 2])
      const result = await make(datasetName, { resume, bufferSize: 10 })
      expect(result).toMatchObject({ location: first.location, targetNumRecords: 50, produced: { rowsWritten: 27 } })
      expect(await bytesOf(first.location, [0, 1, 2])).toEqual(kept)
      expect(await rowsOf(first.location)).toEqual(reference)
      expect((await metadataOf(first.location)).parquetry.segments).toEqual([
        { firstId: 0, start: 0, end: 23, size: 10 },
        { firstId: 3, start: 23, end: 50, size: 10 },
      ])
    },
  )
})

describe('a folder with a complete dataset', () => {
  it.each([...MODES, true] as const)(
    'is answered by %s with a note and its path; nothing is generated, called or processed',
    async (resume) => {
      const processed: string[] = []
      const counting = {
        name: 'counting',
        async *process(tables: AsyncIterable<{ rowCount: number }>) {
          for await (const _ of tables) processed.push('table')
          yield { name: 'done.txt', bytes: new TextEncoder().encode('done') }
        },
      }
      const datasetName = `complete-${String(resume)}`
      const { location } = await workshop.make(config(), { ...SIZE, datasetName }, { datasetProcessors: [counting] })
      expect(processed).toHaveLength(5)
      await stub.reset()
      const before = await metadataOf(location)
      const run = await workshop.start(config(), { ...SIZE, datasetName, resume })
      expect(run.notes.join()).toMatch(/is complete already/)
      const result = await workshop.withWorker(run, () => run.result(), { datasetProcessors: [counting] })
      expect(result).toMatchObject({
        state: 'complete',
        generated: false,
        location,
        totals: { rowsWritten: 50 },
        produced: { rowGroups: 0 },
      })
      expect(processed).toHaveLength(5)
      expect((await stub.stats()).requests).toBe(0)
      expect((await metadataOf(location)).column_statistics).toEqual(before.column_statistics)
    },
  )
})

describe('a folder whose files are not what they should be', () => {
  it.each(MODES)('with holes, in any order: %s makes each missing row group at its own rows', async (resume) => {
    const { location } = await make(`holes-${resume}`)
    const kept = await bytesOf(location, [2, 4])
    for (const id of [0, 1, 3]) await rm(fileOf(location, id))
    const result = await go({ datasetName: basename(location), resume })
    expect(result).toMatchObject({ state: 'complete', produced: { rowGroups: 3, rowsWritten: 30 } })
    expect(findingOf(result, 'missing')).toMatchObject({
      count: 3,
      message: expect.stringMatching(/row groups 0, 1, 3: counted as done, but not on disk/),
    })
    expect(await bytesOf(location, [2, 4])).toEqual(kept)
    await expectWhole(location)
  })

  it.each(MODES)('with names that are no row groups: %s leaves them alone and says so', async (resume) => {
    const { location } = await make(`names-${resume}`)
    const names = ['batch_00003_extra.parquet', 'batch_.parquet', 'notes.txt']
    for (const name of names) await writeFile(join(location, 'parquet-files', name), 'mine')
    await rm(fileOf(location, 3))
    const result = await go({ datasetName: basename(location), resume })
    expect(result).toMatchObject({ state: 'complete', produced: { rowGroups: 1 } })
    const ignored = findingOf(result, 'ignored')
    expect(ignored?.count).toBe(3)
    for (const name of names) {
      expect(ignored?.message).toContain(name)
      expect(await readFile(join(location, 'parquet-files', name), 'utf8')).toBe('mine')
    }
  })

  it.each(MODES)(
    'truncated, empty, of another dataset or in another place: %s sets them aside, says so, and makes them again',
    async (resume) => {
      const { location } = await make(`damaged-${resume}`)
      const foreign = await make(`foreign-${resume}`, { numRecords: 10 })
      const truncated = (await readFile(fileOf(location, 0))).subarray(0, 700)
      await writeFile(fileOf(location, 0), truncated)
      await writeFile(fileOf(location, 1), '')
      await cp(fileOf(foreign.location, 0), fileOf(location, 2))
      await cp(fileOf(location, 4), fileOf(location, 3))
      const result = await go({ datasetName: basename(location), resume })
      expect(result).toMatchObject({ state: 'complete', produced: { rowGroups: 4 } })
      expect(findingOf(result, 'damaged')).toMatchObject({
        count: 2,
        message: expect.stringMatching(/batch_00000\.parquet moved to quarantine.*batch_00001/),
      })
      expect(findingOf(result, 'foreign')).toMatchObject({
        count: 2,
        message: expect.stringMatching(/belongs to dataset .*it holds row group 4/),
      })
      const aside = await listed(location, 'quarantine')
      expect(aside.map((name) => name.slice(0, 11))).toEqual(['batch_00000', 'batch_00001', 'batch_00002', 'batch_00003'])
      expect(await readFile(join(location, 'quarantine', aside[0] ?? ''))).toEqual(truncated)
      await expectWhole(location)
    },
  )

  it.each(MODES)(
    'in the crash window between link and checkpoint: %s counts what the footers say, real rows and not planned ones',
    async (resume) => {
      // Of every 10 rows some drop, so that planned and real rows differ.
      const dropping = {
        ...config({ columns: [{ name: 'share', column_type: 'expression', expr: '{{ 1 // ((size | int) - 3) }}' }] }),
        parquetry: { refill_attempts: 0, max_dropped: 50 },
      }
      const datasetName = `window-${resume}`
      const { location, totals } = await make(datasetName, {}, dropping)
      expect(totals.rowsDropped).toBeGreaterThan(0)
      const metadata = await metadataOf(location)
      const early = {
        ...metadata.parquetry,
        state: 'generating',
        committed: [[0, 2]],
        totals: { ...totals, rowGroups: 2, rowsWritten: 20, rowsDropped: 0 },
      }
      await writeFile(
        join(location, 'metadata.json'),
        JSON.stringify({ ...metadata, actual_num_records: 20, num_completed_batches: 2, parquetry: early }),
      )
      await rm(fileOf(location, 4))
      const result = await go({ datasetName, resume }, dropping)
      expect(result).toMatchObject({
        state: 'complete',
        totals: { rowsWritten: totals.rowsWritten, rowsDropped: totals.rowsDropped },
        produced: { rowGroups: 1 },
      })
      expect(findingOf(result, 'unknown-to-checkpoint')).toMatchObject({ count: 2, message: expect.stringContaining('row groups 2, 3') })
      expect(await metadataOf(location)).toMatchObject({ actual_num_records: totals.rowsWritten, num_completed_batches: 5 })
    },
  )
})

describe('a folder of DataDesigner', () => {
  const columns = [
    { name: 'colour', column_type: 'sampler', sampler_type: 'category', params: { values: ['red', 'green'], weights: [1, 3] } },
    { name: 'size', column_type: 'sampler', sampler_type: 'uniform', params: { low: 1, high: 9 } },
    { name: 'label', column_type: 'expression', expr: '{{ colour }} of {{ size }}' },
  ]
  /** As DataDesigner 0.9.6 writes it: defaults filled in, weights normalised, absent parts null, another order of fields. */
  const theirColumns = [
    {
      name: 'colour',
      drop: false,
      column_type: 'sampler',
      skip: null,
      propagate_skip: true,
      sampler_type: 'category',
      params: { values: ['red', 'green'], weights: [0.25, 0.75], sampler_type: 'category' },
      conditional_params: {},
      convert_to: null,
    },
    {
      name: 'size',
      drop: false,
      column_type: 'sampler',
      skip: null,
      propagate_skip: true,
      sampler_type: 'uniform',
      params: { low: 1, high: 9, decimal_places: null, sampler_type: 'uniform' },
      conditional_params: {},
      convert_to: null,
    },
    {
      name: 'label',
      drop: false,
      column_type: 'expression',
      skip: null,
      propagate_skip: true,
      expr: '{{ colour }} of {{ size }}',
      dtype: 'str',
    },
  ]

  /** 23 records in row groups of 5, extended from 12: [5, 5, 2] and [5, 5, 1]. Writes the given row groups with these numbers of rows. */
  async function write(datasetName: string, rowsOfId: Readonly<Record<number, number>>, changes: object = {}): Promise<string> {
    const location = folderOf(datasetName)
    await mkdir(join(location, 'parquet-files'), { recursive: true })
    const builderConfig = {
      data_designer: {
        columns: theirColumns,
        model_configs: [],
        tool_configs: [],
        seed_config: null,
        constraints: null,
        profilers: null,
        processors: null,
      },
      library_version: '0.9.6',
    }
    await writeFile(join(location, 'builder_config.json'), JSON.stringify(builderConfig))
    const metadata = {
      actual_num_records: 5,
      buffer_size: 5,
      config_hash: 'sha256:00',
      config_hash_algo: 'sha256',
      config_hash_version: 2,
      dataset_name: datasetName,
      file_paths: { 'parquet-files': ['parquet-files/batch_00000.parquet'] },
      num_completed_batches: 1,
      original_target_num_records: 12,
      preserve_dropped_columns: true,
      target_num_records: 23,
      total_num_batches: 1,
      ...changes,
    }
    await writeFile(join(location, 'metadata.json'), JSON.stringify(metadata))
    await askPython(
      Object.entries(rowsOfId).map(([id, rows]) => ({
        reader: 'write-columns' as const,
        file: fileOf(location, Number(id)),
        columns: {
          colour: Array.from({ length: rows }, () => 'red'),
          size: Array.from({ length: rows }, (_, row) => row + 0.5),
          label: Array.from({ length: rows }, (_, row) => `theirs ${id}.${row}`),
        },
      })),
    )
    return location
  }

  it.each(MODES)(
    'is taken over by %s: its files stay, missing row groups are made, rows they lack are dropped, and all readers cope',
    async (resume) => {
      const location = await write(`theirs-${resume}`, { 0: 5, 1: 3, 3: 5 })
      const kept = await bytesOf(location, [0, 1, 3])
      const allowing = { columns, parquetry: { max_dropped: 2 } }
      const result = await go({ datasetName: basename(location), resume }, allowing)
      expect(result.notes).toMatch(
        /written by DataDesigner: its 3 row groups with 13 rows are taken over; 2 rows are dropped, which ones is not known/,
      )
      expect(result).toMatchObject({
        state: 'complete',
        location,
        targetNumRecords: 23,
        totals: { rowGroups: 6, rowsWritten: 21, rowsDropped: 2 },
        produced: { rowGroups: 3, rowsWritten: 8 },
      })
      expect(findingOf(result, 'adopted')).toMatchObject({
        count: 1,
        message: 'parquet-files/batch_00001.parquet has 3 rows, 2 dropped, index unknown',
      })
      expect(await bytesOf(location, [0, 1, 3])).toEqual(kept)
      expect(await listed(location, 'quarantine')).toEqual([])
      expect(await metadataOf(location)).toMatchObject({
        config_hash: 'sha256:00',
        actual_num_records: 21,
        num_completed_batches: 6,
        buffer_size: 5,
        original_target_num_records: 12,
        parquetry: { adopted: true, segments: [{ end: 12 }, { firstId: 3, start: 12, end: 23, size: 5 }] },
      })
      const rows = await rowsOf(location)
      expect(rows).toHaveLength(21)
      expect(rows[0]).toEqual({ colour: 'red', size: 0.5, label: 'theirs 0.0' })
      expect(rows[8]?.['label']).toMatch(/^(red|green) of [\d.]+$/)
      expect(await readRecord(location, 2)).toMatchObject({ kind: 'written', receipt: null, values: { label: 'theirs 0.2' } })
      expect(await readRecord(location, 5)).toEqual({ kind: 'unknown', row: 5, rowsWritten: 3, rowsDropped: 2 })
      expect(await verifyFiles(location)).toMatchObject({ rowsWritten: 21, rowsDropped: 2, rowsMissing: 0, problems: [] })
      const [read] = await askPython([{ reader: 'pandas', file: join(location, 'parquet-files') }])
      expect(read).toMatchObject({ rowCount: 21 })

      // Taken over once, it is a dataset like any other: it can be extended, and rebuilt when its checkpoint is lost.
      const larger = await go({ datasetName: basename(location), resume, numRecords: 30 }, allowing)
      expect(larger).toMatchObject({ totals: { rowGroups: 8, rowsWritten: 28 }, produced: { rowsWritten: 7 } })
      await rm(join(location, 'metadata.json'))
      const rebuilt = await go({ datasetName: basename(location), resume }, allowing)
      expect(rebuilt).toMatchObject({ generated: false, totals: { rowGroups: 8, rowsWritten: 28, rowsDropped: 2 } })
      expect(await bytesOf(location, [0, 1, 3])).toEqual(kept)
    },
  )

  it('that lacks more rows than allowed ends incomplete', async () => {
    const location = await write('theirs-short', { 0: 5, 1: 3 })
    expect(await go({ datasetName: basename(location), resume: 'always' }, { columns })).toMatchObject({
      state: 'incomplete',
      totals: { rowsDropped: 2 },
    })
  })

  it.each([
    ['another config', {}, { columns: [columns[0], { ...columns[1], params: { low: 2, high: 9 } }, columns[2]] }, /in size$/],
    ['half rewritten rows', { post_generation_state: 'started' }, { columns }, /half rewritten/],
    [
      'rows rewritten after generation',
      { post_generation_state: 'complete', post_generation_processed: true },
      { columns },
      /rewritten its row groups/,
    ],
    ['a contradictory target', { original_target_num_records: 99 }, { columns }, /first 99 records/],
    ['dropped columns thrown away', { preserve_dropped_columns: false }, { columns }, /does not keep dropped columns/],
    ['a row group larger than planned', { buffer_size: 4 }, { columns }, /batch_00000\.parquet has 5 rows/],
  ])('with %s is refused by always, touched by nobody, and if_possible begins beside it', async (what, changes, asked, said) => {
    const location = await write(`refused-${what.replaceAll(' ', '-')}`, { 0: 5 }, changes)
    const before = await readFile(join(location, 'metadata.json'))
    const datasetName = basename(location)
    await expect(workshop.start(asked, { datasetName, resume: 'always' })).rejects.toMatchObject({
      code: 'RESUME_INCOMPATIBLE',
      message: expect.stringMatching(said),
    })
    const beside = await workshop.start(asked, { datasetName, numRecords: 3, resume: 'if_possible' })
    expect(beside.datasetName).toMatch(STAMPED)
    await beside.cancel()
    expect(await readFile(join(location, 'metadata.json'))).toEqual(before)
    expect(await listed(location, 'parquet-files')).toEqual(['batch_00000.parquet'])
  })

  it('whose metadata.json is damaged has nothing to rebuild from', async () => {
    const location = await write('theirs-damaged', { 0: 5 })
    await writeFile(join(location, 'metadata.json'), '{"buffer_size": 5')
    await expect(workshop.start({ columns }, { datasetName: 'theirs-damaged', resume: 'always' })).rejects.toMatchObject({
      code: 'METADATA_DAMAGED',
      message: expect.stringMatching(/metadata\.json.*none of the 1 files in parquet-files has a receipt/),
    })
  })

  it('that DataDesigner made of one of ours goes on with both kinds of files', async () => {
    const ours = await make('theirs-again', { numRecords: 23, bufferSize: 5 }, { columns })
    const seed = (await metadataOf(ours.location)).parquetry.seed
    const kept = await bytesOf(ours.location, [0, 2])
    for (const id of [1, 3]) await rm(fileOf(ours.location, id))
    await write('theirs-again', { 1: 5 }, { original_target_num_records: 23 })
    const result = await go({ datasetName: 'theirs-again', resume: 'always' }, { columns })
    expect(result).toMatchObject({ state: 'complete', produced: { rowGroups: 1 }, totals: { rowsWritten: 23 } })
    expect((await metadataOf(ours.location)).parquetry).toMatchObject({ seed, adopted: true })
    expect(await bytesOf(ours.location, [0, 2])).toEqual(kept)
    expect(await listed(ours.location, 'quarantine')).toEqual([])
  })
})

describe('a folder on which a run is open', () => {
  async function withOpenRun(datasetName: string, operation: (run: RunHandle) => Promise<void>): Promise<void> {
    const run = await workshop.start(config(), { ...SIZE, datasetName })
    await operation(run)
    await workshop.withWorker(run, () => run.result())
    await expectWhole(run.location)
  }

  it.each([undefined, ...MODES] as const)('is joined with %s', async (resume) => {
    await withOpenRun(`open-${resume ?? 'unsaid'}`, async (run) => {
      const joined = await workshop.start(config(), { datasetName: run.datasetName, ...(resume === undefined ? {} : { resume }) })
      expect(joined).toMatchObject({ workflowId: run.workflowId, isAttached: true, location: run.location })
      expect(joined.notes.join()).toContain('joined it')
      await expect(
        workshop.start(config({ prompt: 'Other {{ id }}' }), { datasetName: run.datasetName, ...(resume === undefined ? {} : { resume }) }),
      ).rejects.toMatchObject({ code: 'RESUME_INCOMPATIBLE', message: expect.stringContaining('a run with another config is open') })
    })
  })

  it('is joined while it generates, and says which wishes it does not follow', async () => {
    await stub.reset({ latencyMs: 60 })
    const run = await workshop.start(config(), { ...SIZE, datasetName: 'open-busy' })
    await workshop.withWorker(run, async () => {
      await until(async () => (await stub.stats()).requests >= 10)
      const joined = await workshop.start(config(), { datasetName: 'open-busy', numRecords: 70, bufferSize: 10 })
      expect(joined.notes.join()).toMatch(/it makes 50 records, not 70; start again/)
      expect(await joined.result()).toMatchObject({ targetNumRecords: 50 })
    })
    expect(await stub.stats()).toMatchObject({ requests: 50, distinct: 50 })
  })

  it('is left alone by never, which begins beside it and says that a run is open', async () => {
    await withOpenRun('open-never', async (run) => {
      const beside = await workshop.start(config(), { ...SIZE, numRecords: 10, datasetName: 'open-never', resume: 'never' })
      expect(beside.datasetName).toMatch(STAMPED)
      expect(beside.notes.join()).toContain(`a run is open on ${run.location}`)
      await workshop.withWorker(beside, () => beside.result())
    })
  })
})

describe('a folder that was moved', () => {
  it.each(MODES)('is gone on with by %s where it is now', async (resume) => {
    const from = await interrupt(`moving-${resume}`)
    const location = folderOf(`moved-${resume}`)
    await rename(from, location)
    const result = await go({ datasetName: basename(location), resume })
    expect(result.notes).toContain(`moved here from ${from}`)
    expect(JSON.parse(await readFile(join(location, 'dataset.json'), 'utf8'))).toMatchObject({ location })
    expect(await stub.stats()).toMatchObject({ requests: 50, distinct: 50 })
    await expectWhole(location)
    expect(await readdir(workshop.artifactPath)).not.toContain(basename(from))
  })

  it('while a run of its old place is open: that run is ended with a reason, and a new one goes on', async () => {
    await stub.reset({ latencyMs: 60 })
    const run = await workshop.start(config(), { ...SIZE, datasetName: 'moved-open' })
    // As after a `create` that was killed: the run stays open, and nobody serves it.
    const identity = `${spawnSync('true').pid}@${hostname()}`
    await workshop.withWorker(run, () => until(async () => (await stub.stats()).requests >= 24), {
      temporal: { identity },
    })
    const location = folderOf('moved-open-to')
    await rename(run.location, location)
    const result = await go({ ...SIZE, datasetName: 'moved-open-to', resume: 'always' })
    expect(result.notes).toContain(`the open run of ${run.location} was ended`)
    expect(await stub.stats()).toMatchObject({ requests: 50, distinct: 50 })
    await expectWhole(location)
    const runs = []
    for await (const { status, runId } of workshop.client.temporal.workflow.list({ query: `WorkflowId = '${run.workflowId}'` }))
      runs.push({ status: status.name, runId })
    expect(runs.map(({ status }) => status).sort()).toEqual(['COMPLETED', 'TERMINATED'])
    const ended = workshop.client.temporal.workflow.getHandle(run.workflowId, runs.find(({ status }) => status === 'TERMINATED')?.runId)
    const history = await ended.fetchHistory()
    expect(history.events?.at(-1)?.workflowExecutionTerminatedEventAttributes?.reason).toBe(
      `the dataset was moved from ${run.location} to ${location}`,
    )
  })

  it('is a copy while its original stands, and then refused, naming both; so is one whose dataset.json was taken away', async () => {
    const original = await interrupt('original')
    const copy = folderOf('copy')
    await cp(original, copy, { recursive: true })
    for (const resume of MODES) {
      const refused = expect(workshop.start(config(), { datasetName: 'copy', resume })).rejects
      await refused.toMatchObject({ code: 'DATASET_MOVED', message: expect.stringContaining(original) })
      await rm(join(copy, 'dataset.json'))
    }
  })
})

describe('a run that ended otherwise', () => {
  it.each(['terminated', 'cancelled', 'failed'] as const)('%s, is gone on with by starting again; no call is repeated', async (how) => {
    await stub.reset({ latencyMs: 40 })
    const datasetName = `ended-${how}`
    const run = await workshop.start(config(), { ...SIZE, datasetName, run: { ...QUICK_RUN, maxConcurrentRowGroups: 1 } })
    await workshop.withWorker(run, async () => {
      await until(async () => (await stub.stats()).requests >= 15)
      if (how === 'terminated') await workshop.client.temporal.workflow.getHandle(run.workflowId).terminate('by a person')
      if (how === 'cancelled') await run.cancel()
      if (how === 'failed') await writeFile(join(run.location, 'parquetry.json'), 'not JSON')
      await expect(run.result()).rejects.toMatchObject({ code: how === 'failed' ? 'DATASET_DAMAGED' : 'RUN_FAILED' })
    })
    await expect(workshop.start(config(), { ...SIZE, datasetName })).rejects.toMatchObject({ code: 'DATASET_UNFINISHED' })
    const result = await go({ datasetName, resume: 'always' })
    expect(result).toMatchObject({ state: 'complete' })
    expect(await stub.stats()).toMatchObject({ requests: 50, distinct: 50 })
    await expectWhole(result.location)
  })
})

describe('the input of the workflow', () => {
  /** Starts the workflow on a folder as a program without our client would, and answers what came of it. */
  async function startOn(location: string, resume: GenerateDatasetInput['resume'], requestId: string = randomUUID()): Promise<unknown> {
    const storage = openStorage(location)
    const { dataset_id: datasetId } = JSON.parse(await readFile(join(location, 'dataset.json'), 'utf8')) as { dataset_id: string }
    const [builderConfig, parquetry] = await Promise.all(
      ['builder_config.json', 'parquetry.json'].map(
        async (name) => JSON.parse(await readFile(join(folderOf('reference'), name), 'utf8')) as object,
      ),
    )
    const fingerprint = (await metadataOf(folderOf('reference'))).parquetry.fingerprint.hash
    const request = {
      request_id: requestId,
      fingerprint,
      builder_config: builderConfig,
      parquetry,
      dataset_name: basename(location),
      num_records: 10,
      buffer_size: 10,
      seed: '7',
    }
    await storage.writeAtomic(`requests/${requestId}.json`, JSON.stringify(request))
    const input: GenerateDatasetInput = {
      dataset: { location, datasetId, fingerprint },
      requestId,
      server: 's',
      ...(resume === undefined ? {} : { resume }),
    }
    const taskQueue = taskQueueOf(datasetId)
    const handle = await workshop.client.temporal.workflow.start(GENERATE_DATASET, {
      workflowId: workflowIdOf(datasetId),
      taskQueue,
      args: [input],
    })
    const ended = handle.result().catch((error: { cause?: { cause?: { type?: string } } }) => error.cause?.cause?.type)
    return await workshop.withWorker({ taskQueue } as RunHandle, () => ended)
  }

  async function emptyFolder(name: string): Promise<string> {
    const location = folderOf(name)
    await openStorage(location).writeAtomic(
      'dataset.json',
      JSON.stringify({ dataset_id: randomUUID(), request_id: 'r', location, created_at: '' }),
    )
    return location
  }

  it.each(['never', false] as const)('%s refuses a folder that another request prepared, and begins an empty one', async (resume) => {
    const { location } = await make(`input-${String(resume)}`, { numRecords: 10 })
    const before = await readFile(join(location, 'metadata.json'))
    expect(await startOn(location, resume)).toBe('RESUME_INCOMPATIBLE')
    expect(await readFile(join(location, 'metadata.json'))).toEqual(before)
    expect(await startOn(await emptyFolder(`input-empty-${String(resume)}`), resume)).toMatchObject({ state: 'complete', generated: true })
  })

  it('never lets the request that prepared the folder prepare it again', async () => {
    const location = await emptyFolder('input-again')
    const requestId = randomUUID()
    expect(await startOn(location, 'never', requestId)).toMatchObject({ state: 'complete', generated: true })
    // As after a crash between the checkpoint and the removal of the request.
    expect(await startOn(location, 'never', requestId)).toMatchObject({ state: 'complete', generated: false })
  })

  it.each(['always', true] as const)('%s refuses a folder that holds nothing, and goes on with one that does', async (resume) => {
    const { location } = await make(`input-${String(resume)}`, { numRecords: 10 })
    expect(await startOn(location, resume)).toMatchObject({ state: 'complete', generated: false })
    expect(await startOn(await emptyFolder(`input-empty-${String(resume)}`), resume)).toBe('NOTHING_TO_RESUME')
  })

  it.each(['if_possible', undefined] as const)('%s goes on with a dataset and begins an empty folder', async (resume) => {
    const { location } = await make(`input-${String(resume)}`, { numRecords: 10 })
    expect(await startOn(location, resume)).toMatchObject({ state: 'complete', generated: false })
    expect(await startOn(await emptyFolder(`input-empty-${String(resume)}`), resume)).toMatchObject({ state: 'complete', generated: true })
  })
})
