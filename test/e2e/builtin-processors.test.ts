import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { processorSteps } from '../../src/dataset/processors/processor-steps.ts'
import { openTables, outputKeys, rowGroupKeys } from '../../src/dataset/processors/dataset-tables.ts'
import { requireMetadata } from '../../src/dataset/read-rows.ts'
import { readStored } from '../../src/dataset/stored-files.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop } from '../helpers/datasets.ts'
import { startWorkerProcess } from './worker-process.ts'

let workshop: Workshop
beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
}, 300_000)
afterAll(async () => {
  await workshop?.close()
})

/** A fifth of the rows says the same; what is left fills two files. */
const config = {
  columns: [
    { name: 'n', column_type: 'sampler', sampler_type: 'uniform', params: { low: 0, high: 100 } },
    { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
    { name: 'text', column_type: 'expression', expr: '{% if n < 20 %}the same words once again{% else %}{{ id }} of its own{% endif %}' },
  ],
  parquetry: {
    processors: [
      { processor_type: 'deduplicate', method: 'near', columns: ['text'] },
      { processor_type: 'export', format: 'jsonl' },
    ],
  },
}

/** Bytes of each output file of a built-in processor, made again in this process. */
async function madeAgain(location: string, index: number): Promise<Readonly<Record<string, string>>> {
  const storage = createLocalStorage(location)
  const { segments, seed } = (await requireMetadata(storage)).parquetry
  const compiled = await readStored(storage)
  const step = processorSteps(compiled, seed, [])[index]!
  const { input } = step
  const tables = openTables(storage, () => (typeof input === 'string' ? outputKeys(storage, input) : rowGroupKeys(storage, segments)))
  const scratch = { write: async () => undefined, read: async () => new Uint8Array() }
  const files: Record<string, string> = {}
  for await (const { name, bytes } of step.process(tables, compiled.schema, { options: {}, scratch })) {
    const parts: Uint8Array[] = []
    if (bytes instanceof Uint8Array) parts.push(bytes)
    else for await (const part of bytes) parts.push(part)
    files[name] = Buffer.concat(parts).toString('base64')
  }
  return files
}

function outputOf(location: string, name: string): Readonly<Record<string, string>> {
  const folder = join(location, 'processors-files', name)
  const names = readdirSync(folder).filter((file) => !file.startsWith('.'))
  return Object.fromEntries(names.map((file) => [file, readFileSync(join(folder, file)).toString('base64')]))
}

describe('a built-in processor', () => {
  it('killed with kill -9 half way is done again from its start, and ends with the right rows', { timeout: 180_000 }, async () => {
    const address = inject('temporalAddress')
    const run = await workshop.start(config, {
      datasetName: 'killed',
      numRecords: 13_500,
      bufferSize: 4_500,
      seed: 1,
      run: { heartbeatTimeoutMs: 2_000 },
    })
    // Its rows are judged, and its second file of rows is half on disk.
    const killPoint = { operation: 'stage', key: 'processor\\.deduplicate\\..*/part-00001', when: 'during' } as const
    const first = await startWorkerProcess(address, run.taskQueue, { killPoint })
    expect(await Promise.race([first.ended, run.result()])).toMatchObject({ signal: 'SIGKILL' })
    expect(existsSync(join(run.location, 'processors-files'))).toBe(false)
    const last = await startWorkerProcess(address, run.taskQueue)
    expect(await run.result()).toMatchObject({ state: 'complete', totals: { rowsWritten: 13_500 } })
    await last.terminate()
    const deduplicated = outputOf(run.location, 'deduplicate')
    expect(Object.keys(deduplicated).toSorted()).toEqual(['_duplicates.jsonl', 'part-00000.parquet', 'part-00001.parquet'])
    expect(deduplicated).toEqual(await madeAgain(run.location, 0))
    expect(outputOf(run.location, 'export')).toEqual(await madeAgain(run.location, 1))
    expect(existsSync(join(run.location, 'tmp-partial-parquet-files'))).toBe(false)
  })
})
