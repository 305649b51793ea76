/**
 * Removing journals that nobody will read again, at the end of a run.
 *
 * 1. A journal goes when its row group is committed, when the plan has no such row group, or when another config wrote it.
 * 2. The journal of an open row group stays, and so does that of a repair: it holds answers to rows which the committed file dropped.
 * 3. Whatever else lies in the folder is not ours and stays.
 */
import type { DatasetRef, PlanSegment } from '../../contract.ts'
import { parseBatchName, rowGroupById, rowGroupCount } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import { configMark, readLines } from './journal-lines.ts'
import { isJournalOf, keys } from '../layout.ts'
import { removeKeptImages, removeLinkedImages, settleImages } from '../media/link-images.ts'
import { readCommittedReceipt } from '../read-receipt.ts'
import type { Receipt } from '../receipt.ts'

/** What journals are judged by. */
export interface CleanOptions {
  readonly ref: Pick<DatasetRef, 'datasetId' | 'fingerprint'>
  /** The plan as it stands on disk. */
  readonly segments: readonly PlanSegment[]
}

/** Removes them; answers the names of the removed files. Safe to repeat. Call it only as the owner of the folder. */
export async function cleanJournals(storage: Storage, options: CleanOptions): Promise<readonly string[]> {
  const total = rowGroupCount(options.segments)
  const receipts = new Map<number, Receipt | null>()
  const removed: string[] = []
  for (const name of await storage.list(keys.journalFolder)) {
    const id = rowGroupOf(name)
    if (id === null) continue
    const key = `${keys.journalFolder}/${name}`
    if (id < total && !receipts.has(id)) {
      receipts.set(id, await readCommittedReceipt(storage, options, rowGroupById(options.segments, id)))
    }
    const receipt = receipts.get(id) ?? null
    const isUnused =
      id >= total || (receipt === null ? await isOfAnotherConfig(storage, key, options) : !(await isOfRepair(storage, key, receipt)))
    if (!isUnused) continue
    await storage.remove(key)
    removed.push(name)
  }
  await cleanImages(storage, options, total)
  return removed
}

/** Pictures beside the journal go with the last journal of their row group; where none is left, nobody will commit what was linked. */
async function cleanImages(storage: Storage, options: CleanOptions, total: number): Promise<void> {
  const names = await storage.list(keys.journalFolder)
  for (const name of names) {
    const id = name.endsWith('.images/') ? parseBatchName(name.slice(0, -'.images/'.length)) : null
    if (id === null || names.some((other) => isJournalOf(id, other))) continue
    const receipt = id < total ? await readCommittedReceipt(storage, options, rowGroupById(options.segments, id)) : null
    if (receipt !== null) await settleImages(storage, receipt)
    // A file of whoever it may be could name them.
    else if ((await storage.stat(keys.rowGroup(id))) === null) await removeLinkedImages(storage, id)
    await removeKeptImages(storage, id)
  }
}

/** The row group that a file in the journal's folder belongs to, or null when it is none of ours. */
function rowGroupOf(name: string): number | null {
  return name.endsWith('.jsonl') ? parseBatchName(name.slice(0, name.indexOf('.'))) : null
}

/** An attempt writes for one config only, so its first whole line tells; without one nothing is known, and the file stays. */
const HEAD_BYTES = 256 * 1024

async function isOfAnotherConfig(storage: Storage, key: string, { ref }: CleanOptions): Promise<boolean> {
  const facts = await storage.stat(key)
  if (facts === null) return false
  const head = await storage.readRange(key, 0, Math.min(facts.sizeBytes, HEAD_BYTES))
  const [first] = readLines(head).entries
  return first !== undefined && first.f !== configMark(ref.fingerprint)
}

/** Commits remove journals themselves, so a journal of answers beyond the receipt's refills is that of a repair which was cut short. */
async function isOfRepair(storage: Storage, key: string, { dropped }: Receipt): Promise<boolean> {
  if (dropped.length === 0) return false
  const refillOf = new Map(dropped.map(({ row, refill }) => [row, refill]))
  const { entries } = readLines((await storage.read(key)) ?? new Uint8Array())
  return entries.some(({ row, refill }) => refill > (refillOf.get(row) ?? Number.POSITIVE_INFINITY))
}
