/** Datasets that this worker has open: compiled once, used by all their row groups. */
import type { DatasetRef } from '../contract.ts'
import type { OpenDataset } from '../dataset/open-dataset.ts'
import { openDataset } from '../dataset/open-dataset.ts'
import type { DatasetPorts } from '../dataset/ports.ts'

/** Datasets kept compiled; the one used longest ago goes first. */
const MAX_OPEN_DATASETS = 16

/** `openDataset`, remembered by location, identity, fingerprint and plan. */
export function createDatasetCache(ports: DatasetPorts): (ref: DatasetRef) => Promise<OpenDataset> {
  const cache = new Map<string, OpenDataset>()
  return async (ref) => {
    const key = JSON.stringify([ref.location, ref.datasetId, ref.fingerprint])
    const known = cache.get(key)
    const dataset = await openDataset(ports, ref, known ?? null)
    cache.delete(key)
    cache.set(key, dataset)
    const oldest = cache.keys().next()
    if (cache.size > MAX_OPEN_DATASETS && oldest.done !== true) cache.delete(oldest.value)
    return dataset
  }
}
