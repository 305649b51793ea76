/** What a dataset's folder holds, as far as starting on it is concerned. */
import { parseBatchName } from '../plan/row-groups.ts'
import type { Storage } from '../storage/storage.ts'
import type { FolderFacts } from './decide-resume.ts'
import { keys } from './layout.ts'
import { readMetadata } from './metadata.ts'

/** Content of `dataset.json`: what the folder is, from its creation on. */
export interface DatasetIdentity {
  readonly dataset_id: string
  /** The request that created it. */
  readonly request_id: string
  /** Where it was created. */
  readonly location: string
  /** ISO 8601, UTC. */
  readonly created_at: string
}

/** Entries that a fresh folder of ours has before anything is generated. */
const BEGINNINGS: ReadonlySet<string> = new Set(['dataset.json', 'requests/', 'owner.json', 'owner-claims/'])

/** Reads the facts; touches nothing. */
export async function factsOf(storage: Storage): Promise<FolderFacts> {
  const entries = await storage.list('')
  const files = await storage.list(keys.rowGroupsFolder)
  const identity = await readIdentity(storage)
  return {
    location: storage.describe(),
    holdsAnything: entries.some((entry) => !BEGINNINGS.has(entry)),
    datasetId: identity?.dataset_id ?? null,
    metadata: await readMetadata(storage),
    rowGroupFiles: files.filter((name) => name.endsWith('.parquet') && parseBatchName(name.slice(0, -'.parquet'.length)) !== null).length,
  }
}

/** Reads `dataset.json`; null when there is none or it is unreadable. */
export async function readIdentity(storage: Storage): Promise<DatasetIdentity | null> {
  const bytes = await storage.read(keys.identity)
  if (bytes === null) return null
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as DatasetIdentity
    return typeof value.dataset_id === 'string' ? value : null
  } catch {
    return null
  }
}
