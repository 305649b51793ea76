/**
 * Seed data in a dataset's folder: the rows as they were when the dataset was begun, in small compressed blocks, so that any worker reads
 * row i alone and nothing that happens to the file later changes a row.
 *
 * 1. The index is written last: where it stands, the snapshot is whole. A death in the middle leaves parts that are written again.
 * 2. Blocks are zlib streams, whose checksum finds a damaged one.
 */
import { promisify } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { deflate, inflate } from 'node:zlib'
import { z } from 'zod'
import type { CompiledSeed } from '../../config/compiled.ts'
import { ParquetryError } from '../../errors.ts'
import { openSeed } from '../../seed/seed-reader.ts'
import type { SeedPlace, SeedRow } from '../../seed/source.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Value } from '../../values.ts'
import { keys } from '../layout.ts'
import { tryReadJson } from '../stored-files.ts'

const VERSION = 1
/** Size of a block's rows at which it is closed, roughly; a row larger than that is a block of its own. */
const BLOCK_BYTES = 64 * 1024
const PART_BYTES = 8 * 1024 * 1024
/** Fast: the rows are read far more often than they are worth packing. */
const LEVEL = 1

const indexShape = z.object({
  version: z.literal(VERSION),
  content_hash: z.string(),
  row_count: z.int().min(0),
  /** Part → its blocks: rows, and bytes in the file. */
  parts: z.array(z.array(z.tuple([z.int().min(1), z.int().min(1)]))),
})
type Index = z.output<typeof indexShape>

/** Makes the snapshot, unless it is there. Throws `SEED_DATA_CHANGED` when the data are not what the config was compiled with. */
export async function ensureSeedSnapshot(storage: Storage, seed: CompiledSeed, place: SeedPlace): Promise<void> {
  const { contentHash, schema, rowCount } = seed.data
  if ((await readIndex(storage, contentHash)) !== null) return
  const reader = await openSeed(seed.source, place)
  const writer = createWriter(storage, contentHash)
  for await (const rows of reader.read(schema, contentHash)) for (const row of rows) await writer.add(row)
  await writer.end(rowCount)
}

/** Takes the snapshot over from another folder, unless it is there. Throws `DATASET_DAMAGED` when it is in neither. */
export async function copySeedSnapshot(from: Storage, to: Storage, contentHash: string): Promise<void> {
  if ((await readIndex(to, contentHash)) !== null) return
  const index = await readIndex(from, contentHash)
  if (index === null) throw damaged(from, keys.seedIndex(contentHash))
  for (const part of index.parts.keys()) {
    const bytes = await from.read(keys.seedPart(contentHash, part))
    if (bytes === null) throw damaged(from, keys.seedPart(contentHash, part))
    await to.writeAtomic(keys.seedPart(contentHash, part), bytes)
  }
  await to.writeAtomic(keys.seedIndex(contentHash), `${JSON.stringify(index)}\n`)
}

function createWriter(storage: Storage, contentHash: string): { add(row: SeedRow): Promise<void>; end(rowCount: number): Promise<void> } {
  const parts: [number, number][][] = []
  let rows: SeedRow[] = []
  let size = 0
  let blocks: [number, number][] = []
  let packed: Uint8Array[] = []
  let packedSize = 0
  let total = 0

  async function endBlock(): Promise<void> {
    if (rows.length === 0) return
    const bytes = await promisify(deflate)(serialize(rows), { level: LEVEL })
    blocks.push([rows.length, bytes.length])
    packed.push(bytes)
    packedSize += bytes.length
    total += rows.length
    rows = []
    size = 0
  }
  async function endPart(): Promise<void> {
    if (blocks.length === 0) return
    await storage.writeAtomic(keys.seedPart(contentHash, parts.length), Buffer.concat(packed))
    parts.push(blocks)
    blocks = []
    packed = []
    packedSize = 0
  }
  return {
    async add(row): Promise<void> {
      rows.push(row)
      size += sizeOf(row)
      if (size >= BLOCK_BYTES) await endBlock()
      if (packedSize >= PART_BYTES) await endPart()
    },
    async end(rowCount): Promise<void> {
      await endBlock()
      await endPart()
      if (total !== rowCount) {
        throw new ParquetryError(
          'SEED_DATA_CHANGED',
          `expected ${rowCount} rows of seed data, as when they were first read, found ${total}`,
          {
            wayOut: 'start again while nobody writes the seed data',
          },
        )
      }
      const index: Index = { version: VERSION, content_hash: contentHash, row_count: total, parts }
      await storage.writeAtomic(keys.seedIndex(contentHash), `${JSON.stringify(index)}\n`)
    },
  }
}

/** Rough size of a value in bytes. */
function sizeOf(value: Value): number {
  if (typeof value === 'string') return value.length + 8
  if (typeof value !== 'object' || value === null || value instanceof Date) return 8
  let size = 8
  for (const inner of Object.values(value)) size += sizeOf(inner as Value)
  return size
}

/** A snapshot to read from. */
export interface SeedSnapshot {
  /** The rows of these numbers, by number; numbers may come in any order and more than once. Throws `DATASET_DAMAGED`. */
  read(rows: Iterable<number>): Promise<ReadonlyMap<number, SeedRow>>
}

interface Block {
  readonly part: number
  readonly start: number
  readonly end: number
  readonly firstRow: number
}

/** What is wrong with a snapshot, by part; files and bytes that were looked at. Null when it is not there, or was not finished. */
export interface SnapshotVerdict {
  readonly files: number
  readonly bytes: number
  readonly problems: readonly { readonly key: string; readonly message: string }[]
}

/** Looks at every block of the snapshot of this content, one in memory at a time. */
export async function judgeSnapshot(storage: Storage, contentHash: string): Promise<SnapshotVerdict | null> {
  const index = await readIndex(storage, contentHash)
  if (index === null) return null
  const problems: { key: string; message: string }[] = []
  let bytes = 0
  for (const [part, blocks] of index.parts.entries()) {
    const key = keys.seedPart(contentHash, part)
    const wanted = blocks.reduce((sum, [, size]) => sum + size, 0)
    const found = (await storage.stat(key))?.sizeBytes ?? null
    bytes += found ?? 0
    const message = found === wanted ? await wrongIn(storage, key, blocks) : `expected ${wanted} bytes, found ${found ?? 'no such file'}`
    if (message !== null) problems.push({ key, message })
  }
  return { files: index.parts.length + 1, bytes, problems }
}

async function wrongIn(storage: Storage, key: string, blocks: readonly (readonly [number, number])[]): Promise<string | null> {
  let start = 0
  for (const [rows, size] of blocks) {
    const unpacked = await promisify(inflate)(await storage.readRange(key, start, start + size)).catch(() => null)
    if (unpacked === null) return `expected the rows that were written, found damage in bytes ${start} to ${start + size}`
    const count = (deserialize(unpacked) as readonly unknown[]).length
    if (count !== rows) return `expected ${rows} rows in bytes ${start} to ${start + size}, found ${count}`
    start += size
  }
  return null
}

/** Opens the snapshot of this content. Throws `DATASET_DAMAGED` when it is not there. */
export async function openSeedSnapshot(storage: Storage, contentHash: string): Promise<SeedSnapshot> {
  const index = await readIndex(storage, contentHash)
  if (index === null) throw damaged(storage, keys.seedIndex(contentHash))
  const blocks: Block[] = []
  let firstRow = 0
  for (const [part, lengths] of index.parts.entries()) {
    let start = 0
    for (const [rows, bytes] of lengths) {
      blocks.push({ part, start, end: start + bytes, firstRow })
      start += bytes
      firstRow += rows
    }
  }
  return {
    async read(rows): Promise<ReadonlyMap<number, SeedRow>> {
      const wanted = new Map<Block, Set<number>>()
      for (const row of rows) {
        const block = blockOf(blocks, row)
        if (block === null || row >= firstRow) throw new ParquetryError('INTERNAL', `expected a seed row below ${firstRow}, found ${row}`)
        const known = wanted.get(block)
        if (known === undefined) wanted.set(block, new Set([row]))
        else known.add(row)
      }
      const found = new Map<number, SeedRow>()
      for (const [block, numbers] of wanted) {
        const read = await readBlock(storage, contentHash, block)
        for (const row of numbers) found.set(row, read[row - block.firstRow]!)
      }
      return found
    },
  }
}

/** The last block that begins at or before the row. */
function blockOf(blocks: readonly Block[], row: number): Block | null {
  let low = 0
  let high = blocks.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (blocks[middle]!.firstRow <= row) low = middle + 1
    else high = middle
  }
  return blocks[low - 1] ?? null
}

async function readBlock(storage: Storage, contentHash: string, { part, start, end }: Block): Promise<readonly SeedRow[]> {
  const key = keys.seedPart(contentHash, part)
  if (((await storage.stat(key))?.sizeBytes ?? 0) < end) throw damaged(storage, key)
  const bytes = await storage.readRange(key, start, end)
  try {
    return deserialize(await promisify(inflate)(bytes)) as readonly SeedRow[]
  } catch (error) {
    throw damaged(storage, key, error)
  }
}

async function readIndex(storage: Storage, contentHash: string): Promise<Index | null> {
  const found = indexShape.safeParse(await tryReadJson(storage, keys.seedIndex(contentHash)))
  return found.success && found.data.content_hash === contentHash ? found.data : null
}

function damaged(storage: Storage, key: string, cause?: unknown): ParquetryError {
  return new ParquetryError(
    'DATASET_DAMAGED',
    `expected ${storage.describe()}/${key} to hold rows of the seed data, found it missing or damaged`,
    { wayOut: `remove ${storage.describe()}/${keys.seedFolder} and start again with --resume always: it is made anew from the seed data` },
    cause,
  )
}
