/**
 * Which row of the seed data a row of the dataset begins with, and bringing it there.
 *
 * Row i takes selected row i mod n, in the order of the file or in a shuffled one. Each cycle of n rows has its own keyed permutation
 * (ruling 15): no state, no repeats within a cycle, and the same row whatever the buffer size, the run, or how far the dataset is extended.
 */
import type { SamplerProgram } from '../../columns/generator.ts'
import type { CompiledSeed } from '../../config/compiled.ts'
import { createPermutation } from '../../random/permutation.ts'
import type { Random } from '../../random/random.ts'
import { openSeed } from '../../seed/seed-reader.ts'
import type { SeedPlace, SeedRow } from '../../seed/source.ts'
import type { Storage } from '../../storage/storage.ts'
import { openSeedSnapshot } from './seed-snapshot.ts'

/** The seed rows of a dataset. */
export interface SeedRows {
  /** Columns of the seed data, in their order. */
  readonly columns: readonly string[]
  /** The seed rows of the dataset's rows [start, end), in order. */
  read(start: number, end: number): Promise<readonly SeedRow[]>
}

/** Opens the seed rows of a dataset. Throws `DATASET_DAMAGED` when they are not in its folder. */
export async function openSeedRows(storage: Storage, seed: CompiledSeed, random: Random): Promise<SeedRows> {
  const snapshot = await openSeedSnapshot(storage, seed.data.contentHash)
  const place = seedOrder(seed, random)
  return {
    columns: seed.data.schema.map(({ name }) => name),
    async read(start, end): Promise<readonly SeedRow[]> {
      const wanted = Array.from({ length: end - start }, (_, offset) => place(start + offset))
      const found = await snapshot.read(wanted)
      return wanted.map((row) => found.get(row)!)
    },
  }
}

/** The same from the seed data themselves, read as far as is needed and kept nowhere: for previews. */
export function streamSeedRows(seed: CompiledSeed, random: Random, seedPlace: SeedPlace): SeedRows {
  const place = seedOrder(seed, random)
  const { schema, contentHash } = seed.data
  return {
    columns: schema.map(({ name }) => name),
    async read(start, end): Promise<readonly SeedRow[]> {
      const wanted = Array.from({ length: end - start }, (_, offset) => place(start + offset))
      const numbers = new Set(wanted)
      const found = new Map<number, SeedRow>()
      let next = 0
      for await (const rows of (await openSeed(seed.source, seedPlace)).read(schema, contentHash)) {
        for (const row of rows) {
          if (numbers.has(next)) found.set(next, row)
          next += 1
        }
        if (found.size === numbers.size) break
      }
      return wanted.map((row) => found.get(row)!)
    },
  }
}

/** Row of the dataset → row of the seed data. */
export function seedOrder(
  { firstRow, rowCount, sampling_strategy: strategy }: Pick<CompiledSeed, 'firstRow' | 'rowCount' | 'sampling_strategy'>,
  random: Random,
): (row: number) => number {
  if (strategy === 'ordered') return (row) => firstRow + (row % rowCount)
  let known = { cycle: -1, permute: (value: number): number => value }
  return (row) => {
    const cycle = Math.floor(row / rowCount)
    if (known.cycle !== cycle) known = { cycle, permute: createPermutation(rowCount, random.stream('', cycle, 0, 0, 'seed-dataset')) }
    return firstRow + known.permute(row % rowCount)
  }
}

/** A dataset's samplers, which for these rows [start, end) first bring the values of the seed data. */
export async function withSeedRows(
  { samplers, seedRows }: { readonly samplers: SamplerProgram; readonly seedRows: SeedRows | null },
  { start, end }: { readonly start: number; readonly end: number },
): Promise<SamplerProgram> {
  if (seedRows === null) return samplers
  const { columns } = seedRows
  const rows = await seedRows.read(start, end)
  return {
    columns: [...columns, ...samplers.columns],
    sampleRow(rowIndex, refill, into): void {
      const row = rows[rowIndex - start]!
      for (let index = 0; index < columns.length; index += 1) into[columns[index]!] = row[index]!
      samplers.sampleRow(rowIndex, refill, into)
    },
  }
}
