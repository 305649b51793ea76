/** What outputs are made from, as one hash: it changes with every change of any row group, and with nothing else. */
import { createHash } from 'node:crypto'
import type { PlanSegment } from '../../contract.ts'
import { isParquetryError } from '../../errors.ts'
import { readFooter } from '../../parquet/read-footer.ts'
import { FOOTER_SHA256_KEY } from '../../parquet/seal.ts'
import { rowGroupCount, rowGroupsOf } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'

/** Footers in memory, as their seals. */
const PAGE_SIZE = 1_000
/** Footers read at once, as a scan does. */
const READS_AT_ONCE = 32
/** Last bytes of a file that has no seal: they hold its footer, or most of it. */
const TAIL_BYTES = 4_096

/** True when every row group of the plan has a file. */
export async function hasAllRowGroups(storage: Storage, segments: readonly PlanSegment[]): Promise<boolean> {
  const present = new Set((await storage.list(keys.rowGroupsFolder)).map((name) => `${keys.rowGroupsFolder}/${name}`))
  for (const { id } of rowGroupsOf(segments, 0, rowGroupCount(segments))) if (!present.has(keys.rowGroup(id))) return false
  return true
}

/**
 * Hash of the row groups of a plan, 16 hex digits: of each one's id and the seal of its footer, which covers the receipt with its
 * generation and the hash of all data. Files are not read beyond their footers. Throws `STORAGE_FAILED`, or the signal's reason.
 */
export async function hashOfRowGroups(storage: Storage, segments: readonly PlanSegment[], signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const total = rowGroupCount(segments)
  for (let firstId = 0; firstId < total; firstId += PAGE_SIZE) {
    signal?.throwIfAborted()
    const page = [...rowGroupsOf(segments, firstId, Math.min(total, firstId + PAGE_SIZE))]
    const seals = await mapBounded(page, READS_AT_ONCE, ({ id }) => sealOf(storage, keys.rowGroup(id)))
    for (const [index, seal] of seals.entries()) if (seal !== null) hash.update(`${firstId + index}:${seal}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

/** What no other file under this key has; null when there is none. */
async function sealOf(storage: Storage, key: string): Promise<string | null> {
  const facts = await storage.stat(key)
  if (facts === null) return null
  try {
    const slice = (start: number, end: number): Promise<Uint8Array> => storage.readRange(key, start, end)
    const seal = (await readFooter({ byteLength: facts.sizeBytes, slice })).metadata.get(FOOTER_SHA256_KEY)
    if (seal !== undefined) return seal
  } catch (error) {
    if (!isParquetryError(error) || error.code !== 'DATASET_DAMAGED') throw error
  }
  const tail = await storage.readRange(key, Math.max(0, facts.sizeBytes - TAIL_BYTES), facts.sizeBytes)
  return `${facts.sizeBytes}:${createHash('sha256').update(tail).digest('hex')}`
}
