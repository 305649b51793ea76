/** The datasets below an artifact folder, and those of open runs elsewhere. */
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { mapBounded } from '../dataset/map-bounded.ts'
import type { DatasetSummary } from './dataset-summary.ts'
import { summarizeDataset } from './dataset-summary.ts'
import type { OpenRun } from './open-runs.ts'

/** A dataset, and the run that is open on it. */
export interface ListedDataset extends DatasetSummary {
  /** Null when no run is open, or no server was asked. */
  readonly run: OpenRun | null
}

/** Folders that are looked at side by side. */
const PARALLEL = 16

/**
 * Lists the datasets below an artifact folder and, when a server was asked, those of its open runs anywhere: newest checkpoint first.
 * `open` are that server's runs, or null where none was asked. A folder that cannot be read is left out.
 */
export async function listDatasets(artifactPath: string, open: readonly OpenRun[] | null, now: number): Promise<readonly ListedDataset[]> {
  const runs = new Map((open ?? []).map((run) => [run.location, run]))
  const below = (await foldersIn(resolve(artifactPath))).map((name) => join(resolve(artifactPath), name))
  const locations = [...new Set([...below, ...[...runs.keys()].filter((location) => location !== '')])]
  const found = await mapBounded(locations, PARALLEL, async (location): Promise<ListedDataset | null> => {
    const run = runs.get(location) ?? null
    const summary = await summarizeDataset(location, { isOpen: open === null ? null : run !== null, now }).catch(() => null)
    return summary === null ? null : { ...summary, run }
  })
  return found.filter((dataset) => dataset !== null).sort((a, b) => (b.updatedAt ?? now) - (a.updatedAt ?? now))
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name)
}
