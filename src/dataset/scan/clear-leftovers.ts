/**
 * What killed attempts and writers left behind. Called when every row group of the plan is accounted for, and their sidecars are in place:
 * then nothing in staging can count any more, and an attempt that is still at it lost long ago.
 */
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'

/** An unfinished object that nobody touched for this long has no writer any more, in ms: writing one takes milliseconds. */
const UNFINISHED_MS = 1_000

/** Removes staged files and unfinished objects. Idempotent. */
export async function clearLeftovers(storage: Storage): Promise<void> {
  await storage.remove(keys.partialFolder)
  for (const folder of ['', keys.requestsFolder]) await storage.removeUnfinished(folder, UNFINISHED_MS)
}
