/**
 * The processor `shuffle`: all rows in a random order, which depends on the seed and the positions of the rows only.
 *
 * Each row has a random key, and the order is that of the keys. What memory cannot hold goes through scratch files: first every row to
 * the bucket of its key, then bucket by bucket, each sorted in memory. So memory is bounded by a bucket, plus 8 bytes a row.
 */
import type { ShuffleConfig } from '../../../config/schema-dataset-processors.ts'
import { encodeTable } from '../../../parquet/encode-table.ts'
import { readTable } from '../../../parquet/read-table.ts'
import { createTableBuilder } from '../../../processors/index.ts'
import type { TableBuilder } from '../../../processors/index.ts'
import { createRandom } from '../../../random/random.ts'
import type { Schema, Table } from '../../../values.ts'
import type { DatasetTables, ProcessorContext, ProcessorOutput } from '../../ports.ts'
import { gather, giveWay, partsOf, TURN_ROWS } from './files.ts'

/** What memory may hold; smaller in tests. */
export interface ShuffleLimits {
  /** Rows of a bucket, about. */
  readonly bucketRows: number
  /** Bytes of the files that a bucket's rows come from, about. */
  readonly bucketFileBytes: number
  /** Bytes of rows, roughly, on their way to scratch files. */
  readonly waitingBytes: number
}

const LIMITS: ShuffleLimits = { bucketRows: 100_000, bucketFileBytes: 16 * 1024 * 1024, waitingBytes: 64 * 1024 * 1024 }

/** A bucket's rows: their positions, and those that are not in scratch files yet. */
interface Bucket {
  readonly positions: number[]
  readonly waiting: TableBuilder
  files: number
}

/** Runs it: rows as `part-NNNNN.parquet`. */
export async function* shuffle(
  config: ShuffleConfig & { readonly seed: string },
  tables: DatasetTables,
  schema: Schema,
  { scratch }: Pick<ProcessorContext, 'scratch'>,
  limits: ShuffleLimits = LIMITS,
): AsyncGenerator<ProcessorOutput> {
  const { rows, bytes } = await tables.size()
  const count = Math.max(1, Math.ceil(rows / limits.bucketRows), Math.ceil(bytes / limits.bucketFileBytes))
  const keyOf = createKeys(config.seed)
  const buckets = Array.from({ length: count }, (): Bucket => ({ positions: [], waiting: createTableBuilder(schema), files: 0 }))
  const write = async (): Promise<void> => {
    for (const [index, bucket] of buckets.entries()) {
      if (bucket.waiting.rowCount === 0) continue
      await scratch.write(scratchName(index, bucket.files), await encodeTable(schema, bucket.waiting.take(), null, { pause: giveWay }))
      bucket.files += 1
    }
  }
  let position = 0
  for await (const table of tables.select(schema.map(({ name }) => name))) {
    for (let row = 0; row < table.rowCount; row += 1, position += 1) {
      if (row % TURN_ROWS === TURN_ROWS - 1) await giveWay()
      const bucket = buckets[Math.floor(keyOf(position) * count)]!
      bucket.positions.push(position)
      bucket.waiting.add(table, row)
    }
    const waitingBytes = buckets.reduce((sum, { waiting }) => sum + waiting.sizeBytes, 0)
    if (count > 1 && waitingBytes >= limits.waitingBytes) await write()
  }
  if (count > 1) await write()

  async function* sorted(): AsyncGenerator<Table> {
    for (const [index, bucket] of buckets.entries()) {
      for (let file = 0; file < bucket.files; file += 1) {
        const { table } = await readTable(await scratch.read(scratchName(index, file)))
        for (let row = 0; row < table.rowCount; row += 1) bucket.waiting.add(table, row)
        await giveWay()
      }
      yield inOrder(bucket.waiting.take(), bucket.positions, keyOf)
    }
  }
  yield* partsOf(schema, gather(schema, sorted()))
}

function scratchName(bucket: number, file: number): string {
  return `bucket-${bucket}-${file}.parquet`
}

/** The key of a position, in [0, 1). */
function createKeys(seed: string): (position: number) => number {
  const stream = createRandom(seed).seekable('', 'shuffle')
  return (position) => {
    stream.seek(position, 0, 0)
    return stream.next()
  }
}

function inOrder(table: Table, positions: readonly number[], keyOf: (position: number) => number): Table {
  const keys = Float64Array.from(positions, keyOf)
  const order = Uint32Array.from(positions.keys()).sort((one, other) => keys[one]! - keys[other]! || one - other)
  const columns = [...table.columns].map(([name, column]) => [name, Array.from(order, (index) => column[index] ?? null)] as const)
  return { rowCount: table.rowCount, columns: new Map(columns) }
}
