/** Where a row of a dataset on this machine came from. Needs no server, and calls nobody. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { ColumnGenerators } from '../columns/custom-generator.ts'
import type { RowExplanation } from '../dataset/explain/explain-row.ts'
import { explainRow as explain } from '../dataset/explain/explain-row.ts'
import { openDataset } from '../dataset/open-dataset.ts'
import { requireMetadata } from '../dataset/read-rows.ts'
import { openStorage } from '../storage/open.ts'
import { createPeopleCount } from './managed-people.ts'

/** What explaining takes beside the folder. */
export interface ExplainOptions {
  /** Code of custom columns; without it their cells are shown, not what they asked. */
  readonly columnGenerators?: ColumnGenerators
}

/**
 * Explains the row at an index: what was sampled and computed, the prompts as they were rendered, the requests and answers on record
 * (an open row group's journal, or what `traces` keeps), tokens and cost, and which run and attempt wrote it.
 * Throws `DATASET_NOT_FOUND`, `DATASET_DAMAGED`, and `USAGE` for an index outside.
 */
export async function explainRow(location: string, row: number, options: ExplainOptions = {}): Promise<RowExplanation> {
  const folder = resolve(location)
  const { parquetry } = await requireMetadata(openStorage(folder))
  const ref = { location: folder, datasetId: parquetry.dataset_id, fingerprint: parquetry.fingerprint.hash }
  const ports = {
    openStorage,
    log: () => undefined,
    openPeople: createPeopleCount(process.env, homedir()),
    ...(options.columnGenerators === undefined ? {} : { columnGenerators: options.columnGenerators }),
  }
  return await explain(await openDataset(ports, ref, null), row)
}
