/** A complete dataset with all that may lie in a folder: processors' outputs, statistics, images, and things that are nobody else's business. */
import { processorSteps } from '../../src/dataset/processors/processor-steps.ts'
import { runProcessors } from '../../src/dataset/processors/run-processors.ts'
import { profileDataset } from '../../src/dataset/profile/profile-dataset.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { makeDataset, RICH_CONFIG } from '../dataset/made-dataset.ts'
import type { MadeDataset } from '../dataset/made-dataset.ts'

/** `RICH_CONFIG`, with a JSON column; its rows are deduplicated, shuffled, split and exported too. */
export const PUSHED_CONFIG = {
  ...RICH_CONFIG,
  columns: [
    ...RICH_CONFIG.columns,
    // Whose fields nobody has fixed: a JSON column.
    { name: 'loose', column_type: 'llm-structured', model_alias: 'm', prompt: 'Facts of {{ id }}', output_format: { type: 'object' } },
  ],
  parquetry: {
    processors: [
      { processor_type: 'shuffle', name: 'shuffled' },
      { processor_type: 'split', name: 'data', shares: { train: 0.6, test: 0.4 }, input: null },
      { processor_type: 'export', name: 'lines', format: 'jsonl', input: null },
    ],
  },
}

/** Makes it, processors, profile and last checkpoint included. */
export async function makeFinished(storage: Storage, config: object = PUSHED_CONFIG): Promise<MadeDataset> {
  const made = await makeDataset(storage, { config, numRecords: 20 })
  const dataset = await made.open()
  const { signal } = new AbortController()
  const processors = processorSteps(dataset.compiled, dataset.seed, [])
  await runProcessors({ dataset, processors, epoch: 1, attempt: { runId: 'run', attempt: 1 }, signal, onProgress: () => undefined })
  await profileDataset(dataset, { epoch: 1, signal })
  await made.finish(await Promise.all([0, 1, 2, 3, 4].map((id) => made.generate(id))))
  return made
}

/** Puts things into the folder that must never leave it, and two images. */
export async function addBelongings(storage: Storage): Promise<void> {
  for (const key of [
    'journal/batch_00000.run.1.jsonl',
    'quarantine/batch_00000.x.parquet',
    'seed-data/0123/part-00000.bin',
    'requests/r.json',
    'tmp-partial-parquet-files/batch_00009.run.1.parquet',
    'parquet-files/batch_99999.parquet',
    'parquet-files/notes.txt',
    'images/.hidden/a.png',
    'control.json',
    'report.html',
  ]) {
    await storage.writeAtomic(key, `secret of ${key}`)
  }
  await storage.writeAtomic('images/photo/a.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]))
  await storage.writeAtomic('images/photo/b.jpg', new Uint8Array([0xff, 0xd8, 0xff, 9]))
}
