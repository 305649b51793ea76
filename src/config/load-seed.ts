/** Looks at the seed data a config names, before it is compiled. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isParquetryError } from '../errors.ts'
import { openSeed } from '../seed/seed-reader.ts'
import type { SeedFacts, SeedFile, SeedPlace } from '../seed/source.ts'
import { seedConfigOf } from './read-seed.ts'
import type { SeedReading } from './seed-columns.ts'
import { seedFacts } from './stored-seed.ts'

/**
 * One streaming pass over the seed data; null when the config names none. Where `datasetFolder` recorded files of the same places, sizes
 * and times, they are not read again, and a note says so. Never throws for what the data are: `problem` says it.
 */
export async function loadSeed(config: unknown, place: SeedPlace, datasetFolder: string | null): Promise<SeedReading | null> {
  const seed = seedConfigOf(config)
  if (seed === null) return null
  try {
    const reader = await openSeed(seed.source, place)
    const recorded = datasetFolder === null ? null : await recordedFacts(datasetFolder)
    if (recorded === null || !isSameFiles(recorded.files, reader.files)) return await reader.inspect()
    const { length } = reader.files
    const files = length === 1 ? 'the seed file has' : `the ${length} seed files have`
    return {
      ...recorded,
      notes: [`${files} the size and time of when it was read for ${datasetFolder}; taken as unchanged and not read again`],
    }
  } catch (error) {
    if (!isParquetryError(error) || error.kind !== 'user') throw error
    const { wayOut } = error.details
    return { problem: wayOut === undefined ? error.message : `${error.message}; ${wayOut}` }
  }
}

async function recordedFacts(datasetFolder: string): Promise<SeedFacts | null> {
  try {
    const file = JSON.parse(await readFile(join(datasetFolder, 'parquetry.json'), 'utf8')) as { readonly seed_data?: unknown }
    return seedFacts.safeParse(file.seed_data).data ?? null
  } catch {
    return null
  }
}

function isSameFiles(recorded: readonly SeedFile[], found: readonly SeedFile[]): boolean {
  return (
    recorded.length === found.length &&
    found.length > 0 &&
    found.every(({ path, sizeBytes, modifiedMs }, index) => {
      const before = recorded[index]!
      return before.path === path && before.sizeBytes === sizeBytes && before.modifiedMs === modifiedMs
    })
  )
}
