/**
 * What is kept of a row group's answers once its journal is removed: the journal's lines of all of its rows, or of a sample, as
 * `traces/batch_NNNNN.jsonl.gz`. Written before the commit, so that a committed row group of a dataset that keeps traces has them.
 */
import { hash, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { KeptTraces } from '../../config/compiled.ts'
import type { Storage } from '../../storage/storage.ts'
import { readEntries } from '../journal/journal.ts'
import type { JournalEntry } from '../journal/journal-lines.ts'
import { keys } from '../layout.ts'

/** One row in so many is in the sample, besides the first few. */
const SAMPLE_OF = 100
/** The first rows of a dataset are in every sample. */
const FIRST_ROWS = 5

/** Whether the answers for a row are kept: the same rows at any size of row group, on any worker. */
export function isTraced(traces: KeptTraces, seed: string, row: number): boolean {
  if (traces === 'all' || row < FIRST_ROWS) return true
  return Number.parseInt(hash('sha256', `${seed}/traces/${row}`, 'hex').slice(0, 8), 16) % SAMPLE_OF === 0
}

/** Keeps what the journal has of the traced rows, besides what was kept before (a repair adds to it). */
export async function keepTraces(
  storage: Storage,
  rowGroupId: number,
  { fingerprint, traces, seed }: { readonly fingerprint: string; readonly traces: KeptTraces; readonly seed: string },
): Promise<void> {
  const entries = await readEntries(storage, rowGroupId, fingerprint)
  const traced = entries.filter(({ row }) => isTraced(traces, seed, row))
  const before = (await readTraces(storage, rowGroupId)) ?? (await setAside(storage, rowGroupId))
  const known = new Set(before.map(sameness))
  const added = traced.filter((entry) => !known.has(sameness(entry)))
  if (added.length === 0) return
  const lines = [...before, ...added].map((entry) => `${JSON.stringify(entry)}\n`)
  await storage.writeAtomic(keys.traces(rowGroupId), await promisify(gzip)(lines.join('')))
}

function sameness({ k, t, row }: JournalEntry): string {
  return `${k} ${t} ${row}`
}

/** Traces that cannot be read are nobody's to delete. */
async function setAside(storage: Storage, rowGroupId: number): Promise<readonly JournalEntry[]> {
  const key = keys.traces(rowGroupId)
  await storage.move(key, keys.quarantinedOther(key, randomUUID()))
  return []
}

/** The kept lines of a row group, in the order of their time; none when nothing was kept, null when what was kept cannot be read. */
export async function readTraces(storage: Storage, rowGroupId: number): Promise<readonly JournalEntry[] | null> {
  const bytes = await storage.read(keys.traces(rowGroupId))
  if (bytes === null) return []
  try {
    const text = (await promisify(gunzip)(bytes)).toString('utf8')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalEntry)
  } catch {
    return null
  }
}
