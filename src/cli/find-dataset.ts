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
  const candidates = candidatesOf(dataset, artifactPath)
  const found = candidates.find((folder) => existsSync(join(folder, 'dataset.json')) || existsSync(join(folder, 'metadata.json')))
  if (found !== undefined) return found
  refuseComposite(candidates)
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

/** Absolute folder of a composite given in the same way; null when it is none. */
export function findComposite(composite: string, artifactPath: string): string | null {
  return candidatesOf(composite, artifactPath).find((folder) => existsSync(join(folder, 'composite.json'))) ?? null
}

function candidatesOf(name: string, artifactPath: string): readonly string[] {
  const [below, here] = [resolve(artifactPath, name), resolve(name)]
  return /[/\\]/u.test(name) ? [here, below] : [below, here]
}

function refuseComposite(candidates: readonly string[]): void {
  const composite = candidates.find((folder) => existsSync(join(folder, 'composite.json')))
  if (composite === undefined) return
  const stages = namesBelow(composite).filter((name) => name.startsWith('stage-'))
  throw new ParquetryError('DATASET_NOT_FOUND', `expected a dataset, found the composite ${shownPath(composite)}`, {
    wayOut: `give one of its stages: ${stages.map((name) => shownPath(join(composite, name))).join(', ') || 'it has none yet'}`,
  })
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
