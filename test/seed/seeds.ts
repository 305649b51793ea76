/** Seed data for tests: files in a folder of their own, and what reading them gives. */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openSeed } from '../../src/seed/seed-reader.ts'
import type { SeedFacts, SeedPlace, SeedRow, SeedSource } from '../../src/seed/source.ts'
import { isParquetryError } from '../../src/errors.ts'
import { describeType } from '../../src/parquet/footer-schema.ts'

/** A folder with files; remove it when done. */
export interface SeedFolder {
  readonly path: string
  readonly place: SeedPlace
  write(name: string, content: string | Uint8Array): Promise<string>
  remove(): Promise<void>
}

export async function makeSeedFolder(): Promise<SeedFolder> {
  const path = await mkdtemp(join(tmpdir(), 'parquetry-seed-'))
  return {
    path,
    place: { folders: [path], homeFolder: path, env: {}, cacheFolder: join(path, 'cache') },
    async write(name, content) {
      const file = join(path, name)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content)
      return file
    },
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

/** Facts and all rows of a source. */
export async function readAll(
  source: SeedSource,
  place: SeedPlace,
): Promise<{ facts: SeedFacts; types: Record<string, string>; rows: SeedRow[] }> {
  const reader = await openSeed(source, place)
  const facts = await reader.inspect()
  const rows: SeedRow[] = []
  for await (const batch of reader.read(facts.schema, facts.contentHash)) rows.push(...batch)
  return { facts, types: Object.fromEntries(facts.schema.map(({ name, type }) => [name, describeType(type)])), rows }
}

export const local = (path: string): SeedSource => ({ seed_type: 'local', path })

/** The message of a refusal, with its way out. */
export async function refusalOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation
  } catch (error) {
    if (isParquetryError(error)) return `${error.code}: ${error.message}; ${error.details.wayOut}`
    throw error
  }
  throw new Error('expected a refusal, found none')
}
