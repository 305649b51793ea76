/**
 * `control.json`: what a run tells the workers of row groups that are open already (ruling 10). A worker that opens a row group reads it
 * first, so what it says outlives any worker.
 *
 * 1. It counts only for work of its own epoch: a run begins with nothing said, whatever the one before has left.
 * 2. (epoch, revision) never goes back.
 */
import { z } from 'zod'
import type { Control, ControlInput } from '../../contract.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import { requireEpoch } from '../owner/owner.ts'

/** Content of `control.json`. */
export interface ControlFile extends Control {
  readonly epoch: number
}

const controlShape = z.object({
  epoch: z.int().min(0),
  revision: z.int().min(0),
  paused: z.boolean(),
  limits: z
    .record(
      z.string(),
      z.object({
        parallel: z.int().min(1),
        requestsPerMinute: z.number().positive().nullable(),
        tokensPerMinute: z.number().positive().nullable(),
      }),
    )
    .exactOptional(),
  slots: z.array(z.int().min(0)).exactOptional(),
  ceilings: z.array(z.tuple([z.int().min(0), z.number().min(0).nullable(), z.number().min(0).nullable()])).exactOptional(),
})

/** What stands there; null when nothing does, or nothing that can be understood. */
export async function readControl(storage: Storage): Promise<ControlFile | null> {
  const bytes = await storage.read(keys.control)
  if (bytes === null) return null
  try {
    return controlShape.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    return null
  }
}

/** Publishes the control, unless a later one stands. Throws `DATASET_OPEN_ELSEWHERE`. */
export async function writeControl(storage: Storage, { epoch, control }: ControlInput): Promise<void> {
  await requireEpoch(storage, epoch)
  const before = await readControl(storage)
  if (before !== null && (before.epoch > epoch || (before.epoch === epoch && before.revision >= control.revision))) return
  const file: ControlFile = { epoch, ...control }
  await storage.writeAtomic(keys.control, `${JSON.stringify(file)}\n`)
}
