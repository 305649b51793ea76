/** What a dataset's folder holds, as far as starting on it is concerned. */
import type { Storage } from '../../storage/storage.ts'
import { readAdoptable } from './adopt.ts'
import type { FolderFacts } from './decide-resume.ts'
import { keys } from '../layout.ts'
import { readMetadata } from '../metadata.ts'
import { listRowGroupFiles, readRowGroupFiles, rebuildFromReceipts } from './rebuild.ts'
import { readStoredFacts } from '../stored-files.ts'

/** Content of `dataset.json`: what the folder is, from its creation on. */
export interface DatasetIdentity {
  readonly dataset_id: string
  /** The request that created it. */
  readonly request_id: string
  /** Where it is: where it was created, or where it was moved to. */
  readonly location: string
  /** ISO 8601, UTC. */
  readonly created_at: string
}

/** Entries that a fresh folder of ours has before anything is generated. */
const BEGINNINGS: ReadonlySet<string> = new Set(['dataset.json', 'requests/', 'owner.json', 'owner-claims/', 'seed-data/'])

/**
 * Reads the facts; touches nothing. `parquetryFile` is the content of `parquetry.json` as the new run would write it: DataDesigner's config
 * is compiled with its providers. Footers are read only when the checkpoint does not describe the dataset.
 */
export async function factsOf(storage: Storage, parquetryFile: object): Promise<FolderFacts> {
  const entries = await storage.list('')
  const ids = await listRowGroupFiles(storage)
  const identity = await readIdentity(storage)
  const metadata = await readMetadata(storage)
  const facts = {
    location: storage.describe(),
    holdsAnything: entries.some((entry) => !BEGINNINGS.has(entry)),
    datasetId: identity?.dataset_id ?? null,
    metadata,
    rowGroupFiles: ids.length,
  }
  if (metadata.kind === 'ours' || (ids.length === 0 && metadata.kind !== 'data-designer'))
    return { ...facts, rebuilt: null, adoptable: null }
  const files = await readRowGroupFiles(storage, ids)
  const stored = await readStoredFacts(storage)
  const rebuilt = rebuildFromReceipts(files, { datasetId: facts.datasetId, stored })
  const adoptable = metadata.kind === 'data-designer' ? await readAdoptable(storage, metadata.value, files, rebuilt, parquetryFile) : null
  return { ...facts, rebuilt, adoptable }
}

/** Reads `dataset.json`; null when there is none or it is unreadable. */
export async function readIdentity(storage: Storage): Promise<DatasetIdentity | null> {
  const bytes = await storage.read(keys.identity)
  if (bytes === null) return null
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as DatasetIdentity
    return typeof value.dataset_id === 'string' && value.dataset_id !== '' ? value : null
  } catch {
    return null
  }
}
