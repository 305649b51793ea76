/**
 * What is remembered of a row group that was not committed because too many of its rows would drop (ruling 1). Its answers stay in the
 * journal, and asking the journal again gives the same drops; so when somebody says that the cause is gone, the failed rows are tried
 * with refill numbers that were not tried yet. Whatever goes on by itself (a probe, an attempt after a death) pays for nothing anew.
 */
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'

interface Refusal {
  /** Refill numbers 0 … `tried` − 1 were tried. */
  readonly tried: number
  /** True once somebody has said that the rows shall be tried again. */
  readonly isReleased: boolean
}

/**
 * Refill numbers that do not count any more: 0 unless the row group was refused before and then asked for again. `isAskedFor` is true
 * for the first attempt of a run, or after the `resume` signal.
 */
export async function releasedRefills(storage: Storage, rowGroupId: number, isAskedFor: boolean): Promise<number> {
  const refusal = await readRefusal(storage, rowGroupId)
  if (refusal === null) return 0
  if (refusal.isReleased) return refusal.tried
  if (!isAskedFor) return 0
  await writeRefusal(storage, rowGroupId, { ...refusal, isReleased: true })
  return refusal.tried
}

/** Remembers that too many rows would drop after refill numbers 0 … `tried` − 1. */
export async function noteRefusal(storage: Storage, rowGroupId: number, tried: number): Promise<void> {
  await writeRefusal(storage, rowGroupId, { tried, isReleased: false })
}

/** Forgets it, when the row group is committed. */
export async function removeRefusal(storage: Storage, rowGroupId: number): Promise<void> {
  await storage.remove(keys.refusal(rowGroupId))
}

async function readRefusal(storage: Storage, rowGroupId: number): Promise<Refusal | null> {
  const bytes = await storage.read(keys.refusal(rowGroupId))
  if (bytes === null) return null
  try {
    const { tried, isReleased } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Refusal>
    return Number.isSafeInteger(tried) && (tried as number) >= 0 ? { tried: tried as number, isReleased: isReleased === true } : null
  } catch {
    return null
  }
}

async function writeRefusal(storage: Storage, rowGroupId: number, refusal: Refusal): Promise<void> {
  await storage.writeAtomic(keys.refusal(rowGroupId), JSON.stringify(refusal))
}
