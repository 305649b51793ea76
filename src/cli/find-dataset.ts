/** From what a person types to a dataset's folder. */
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ParquetryError } from '../errors.ts'
import { shownPath } from './shell.ts'

/**
 * Absolute folder of a dataset given as a folder, or as a name below the artifact path. Throws `DATASET_NOT_FOUND`, naming the datasets
 * that are there.
 */
export function findDataset(dataset: string, artifactPath: string): string {
  const isName = !/[/\\]/u.test(dataset)
  const candidates = isName ? [resolve(artifactPath, dataset), resolve(dataset)] : [resolve(dataset), resolve(artifactPath, dataset)]
  const found = candidates.find((folder) => existsSync(join(folder, 'dataset.json')) || existsSync(join(folder, 'metadata.json')))
  if (found !== undefined) return found
  const known = namesBelow(resolve(artifactPath))
  throw new ParquetryError(
    'DATASET_NOT_FOUND',
    `expected a dataset in ${candidates.map((folder) => shownPath(folder)).join(' or ')}, found none`,
    {
      wayOut:
        known.length === 0
          ? `give the dataset's folder, or with --artifact-path the folder that holds it; ${shownPath(resolve(artifactPath))} holds no dataset`
          : `datasets in ${shownPath(resolve(artifactPath))}: ${known.slice(0, 10).join(', ')}${known.length > 10 ? ` and ${known.length - 10} more` : ''}`,
    },
  )
}

function namesBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => existsSync(join(folder, name, 'dataset.json')))
      .sort()
  } catch {
    return []
  }
}
