import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createOrders } from '../../examples/create-dataset.ts'
import { readTable } from '../../src/parquet/read-table.ts'
import { verifyBytes } from '../../src/parquet/verify-bytes.ts'
import type { Value } from '../../src/values.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, rowsOf } from '../helpers/datasets.ts'
import type { ModelStub } from '../helpers/model-stub.ts'
import { startModelStub } from '../helpers/model-stub.ts'
import { readFileSync, readdirSync } from 'node:fs'

const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
const python =
  process.env['PARQUETRY_TEST_PYTHON'] ?? fileURLToPath(new URL('../../node_modules/.cache/parquetry-python/bin/python', import.meta.url))

let workshop: Workshop
let stub: ModelStub
beforeAll(async () => {
  workshop = await openWorkshop()
  stub = await startModelStub(5)
})
afterAll(async () => {
  await workshop?.close()
  await stub?.stop()
})

/** Rows of all files as pyarrow sees them, one JSON line each. */
function rowsInPyarrow(location: string): string[] {
  const program = `
import json, sys, pyarrow.dataset as ds
table = ds.dataset(sys.argv[1] + '/parquet-files', format='parquet').to_table()
for row in table.to_pylist(): print(json.dumps(row, default=str, sort_keys=True))
`
  const result = spawnSync(python, ['-c', program, location], { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (result.status !== 0) throw new Error(`run node scripts/python-env.mjs first; python said: ${result.stderr || String(result.error)}`)
  return result.stdout.trim().split('\n')
}

describe('the examples', () => {
  it('product-reviews asks exactly three questions a row', { timeout: 180_000 }, async () => {
    const result = await workshop.make(example('product-reviews.yaml'), {
      datasetName: 'product-reviews',
      numRecords: 300,
      bufferSize: 100,
      seed: 7,
      provider: 'stub',
      sources: { providersFile: await providersFile() },
    })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 300, rowsDropped: 0, usage: { calls: 900 } } })
    expect(await stub.stats()).toMatchObject({ requests: 900, distinct: 900 })
    expect(rowsInPyarrow(result.location).length).toBe(300)
  })

  it.each(['product-reviews.yaml', 'support-tickets.yaml', 'code-exercises.yaml', 'product-pictures.yaml'])(
    '%s runs against the rehearsal model, and every text says so',
    { timeout: 120_000 },
    async (name) => {
      const result = await workshop.make(example(name), {
        datasetName: `rehearsed-${name}`,
        numRecords: 20,
        provider: 'rehearsal',
        seed: 7,
      })
      expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 20 } })
      const [row] = await rowsOf(result.location)
      expect(JSON.stringify(row)).toContain('[rehearsal]')
      for (const file of readdirSync(join(result.location, 'parquet-files'))) {
        expect(await verifyBytes(readFileSync(join(result.location, 'parquet-files', file)))).toEqual({ ok: true })
      }
    },
  )

  it('iot-readings has the same rows in pyarrow at two sizes of row group', { timeout: 180_000 }, async () => {
    const rows = []
    for (const bufferSize of [1_000, 770]) {
      const result = await workshop.make(example('iot-readings.yaml'), {
        datasetName: `iot-${bufferSize}`,
        numRecords: 10_000,
        seed: 7,
        bufferSize,
      })
      expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 10_000 } })
      rows.push(rowsInPyarrow(result.location))
    }
    expect(rows[0]?.length).toBe(10_000)
    expect(rows[1]).toEqual(rows[0])
  })

  it('intent-training leaves no near duplicates, and no sentence on both sides of the split', { timeout: 120_000 }, async () => {
    const result = await workshop.make(example('intent-training.yaml'), { datasetName: 'intents', numRecords: 1_500 })
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 1_500, rowsDropped: 0 } })
    const output = (path: string): string => join(result.location, 'processors-files', path)
    const lines = readFileSync(output('training-lines/training-lines.jsonl'), 'utf8').trimEnd().split('\n')
    const repeated = readFileSync(output('deduplicate/_duplicates.jsonl'), 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(100)
    expect(lines.length + repeated.length).toBe(1_500)
    expect(Object.keys(JSON.parse(lines[0]!) as object)).toEqual(['text', 'intent'])
    const pieces = new Map<string, string>()
    let rows = 0
    for (const split of ['train', 'validation', 'test']) {
      const { table } = await readTable(readFileSync(output(`split/${split}.parquet`)))
      const column = (name: string): readonly Value[] => table.columns.get(name)!
      for (let row = 0; row < table.rowCount; row += 1) {
        const piece = JSON.stringify([column('opening')[row], column('wish')[row], column('item')[row]])
        expect(pieces.get(piece) ?? split).toBe(split)
        pieces.set(piece, split)
      }
      rows += table.rowCount
    }
    expect(rows).toBe(lines.length)
  })

  it('create-dataset.ts makes, follows and reads a dataset', { timeout: 120_000 }, async () => {
    const rows = await createOrders(workshop.artifactPath, { ...process.env, TEMPORAL_ADDRESS: inject('temporalAddress') })
    expect(rows.length).toBe(3)
    expect(rows[0]).toMatchObject({ product: expect.any(String), review: expect.stringContaining('[rehearsal]') })
  })
})

let folder: string | null = null
async function providersFile(): Promise<string> {
  folder ??= await mkdtemp(join(tmpdir(), 'parquetry-providers-'))
  const path = join(folder, 'providers.yaml')
  const { writeFile } = await import('node:fs/promises')
  await writeFile(path, `providers:\n  - { name: stub, endpoint: '${stub.endpoint}', provider_type: openai }\n`)
  return path
}
afterAll(async () => {
  if (folder !== null) await rm(folder, { recursive: true, force: true })
})
