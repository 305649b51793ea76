import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { verifyDataset } from '../../src/dataset/verify/verify.ts'
import { openStorage } from '../../src/storage/open.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf, until } from '../helpers/datasets.ts'
import type { MediaModel } from '../helpers/media-model.ts'
import { startMediaModel } from '../helpers/media-model.ts'
import { askPython } from '../parquet/python.ts'
import { startWorkerProcess } from './worker-process.ts'

let workshop: Workshop
let provider: MediaModel
beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  provider = await startMediaModel(40)
}, 180_000)
afterAll(async () => {
  await workshop?.close()
  await provider?.close()
})

const PARALLEL = 4
const model = (alias: string, name: string, generation_type?: string): object => ({
  alias,
  model: name,
  provider: 'media',
  inference_parameters: { max_parallel_requests: PARALLEL, ...(generation_type === undefined ? {} : { generation_type }) },
})

function config(): object {
  const seen = [{ modality: 'image', column_name: 'picture' }]
  return {
    columns: [
      { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'words', column_type: 'expression', expr: "['{{ id }}', 'second']" },
      { name: 'vector', column_type: 'embedding', target_column: 'words', model_alias: 'embed' },
      { name: 'picture', column_type: 'image', prompt: 'Draw {{ id }}', model_alias: 'images' },
      { name: 'sketch', column_type: 'image', prompt: 'Sketch this', model_alias: 'draw', multi_modal_context: seen, drop: true },
      {
        name: 'caption',
        column_type: 'llm-text',
        prompt: 'What is it?',
        model_alias: 'look',
        multi_modal_context: seen,
        with_trace: 'all_messages',
      },
    ],
    model_configs: [
      model('embed', 'embed-1', 'embedding'),
      model('images', 'dall-e-3', 'image'),
      model('draw', 'draw-1', 'image'),
      model('look', 'look-1'),
    ],
    model_providers: [{ name: 'media', endpoint: provider.endpoint }],
  }
}

const pictureIn = (row: Readonly<Record<string, unknown>>): string => String((row['picture'] as string[])[0])
const imagesIn = (location: string, column: string): string[] => readdirSync(join(location, 'images', column)).toSorted()

describe('vectors and pictures in a dataset', () => {
  it('are made once, also when the worker is killed, and the files hold what the rows name', { timeout: 180_000 }, async () => {
    const run = await workshop.start(config(), { datasetName: 'media', numRecords: 24, bufferSize: 12, seed: 7 })
    const address = inject('temporalAddress')
    const first = await startWorkerProcess(address, run.taskQueue)
    await until(() => provider.asked.length >= 40)
    await first.kill()
    const second = await startWorkerProcess(address, run.taskQueue)
    const result = await run.result()
    expect(await second.terminate()).toBe(0)
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 24, rowsDropped: 0, usage: { calls: 96 } } })
    // Four models, each with so many calls that may be open when the worker dies.
    expect(provider.distinct()).toBe(96)
    expect(provider.asked.length - 96).toBeLessThanOrEqual(4 * PARALLEL)

    const rows = await rowsOf(result.location)
    for (const [index, row] of rows.entries()) {
      expect(row['vector']).toEqual({
        embeddings: [
          [32, 0, 0.5],
          [6, 1, 0.5],
        ],
        num_embeddings: 2,
        dimension: 3,
      })
      const path = pictureIn(row)
      expect(path).toMatch(new RegExp(`^images/picture/${String(index).padStart(8, '0')}-0-0-[0-9a-f]{32}\\.png$`))
      const bytes = readFileSync(join(result.location, path))
      expect(createHash('sha256').update(bytes).digest('hex')).toContain(/([0-9a-f]{32})\.png$/.exec(path)?.[1])
      expect(row['caption__trace']).toMatchObject([{ content: [{ type: 'image', text: path }, { type: 'text' }] }, { role: 'assistant' }])
    }
    const named = rows.map((row) => pictureIn(row).slice('images/picture/'.length))
    // Names begin with the row, so their order is that of the rows.
    expect(imagesIn(result.location, 'picture')).toEqual(named)
    expect(imagesIn(result.location, 'sketch')).toHaveLength(24)
    expect(existsSync(join(result.location, 'journal', 'batch_00000.images'))).toBe(false)
    expect(await verifyDataset(openStorage(result.location))).toMatchObject({ state: 'complete', problems: [], notes: [] })

    const shown = provider.asked.filter(({ body }) => body['model'] === 'look-1' || body['model'] === 'draw-1')
    for (const { body } of shown) {
      expect(body['messages']).toEqual([
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: expect.stringMatching(/^data:image\/png;base64,iVBOR/) } },
            { type: 'text', text: expect.any(String) },
          ],
        },
      ])
    }

    const file = join(result.location, 'parquet-files', 'batch_00000.parquet')
    const [pyarrow, duckdb] = await askPython([
      { reader: 'pyarrow', file },
      { reader: 'duckdb', file, sql: 'select vector.embeddings[2][1]::int as found, len(picture) as pictures from file limit 1' },
    ])
    expect(pyarrow?.types['vector']).toContain('embeddings: list<element: list<element: double>>')
    expect(pyarrow?.columns['vector']).toEqual(rows.slice(0, 12).map((row) => row['vector']))
    expect(pyarrow?.columns['picture']).toEqual(rows.slice(0, 12).map((row) => row['picture']))
    expect(duckdb?.columns).toEqual({ found: [6], pictures: [1] })

    await rm(join(result.location, pictureIn(rows[3] ?? {})))
    expect(await verifyDataset(openStorage(result.location))).toMatchObject({
      state: 'damaged',
      problems: [{ kind: 'image', rowGroup: 0, message: expect.stringContaining('it is not there') as string }],
    })
  })
})
