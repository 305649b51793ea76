/** Texts on disk, read back one by one and at once: for what is too much for memory and is drawn from in a loop that does not wait. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskError } from './disk-error.ts'
import type { DiskAction } from './disk-error.ts'

/** Texts by index, 0, 1, 2 … in the order in which they were appended. */
export interface Spool {
  append(text: string): void
  /** Throws `STORAGE_FAILED` when the disk does. */
  read(index: number): string
}

/** Texts are written in pieces of this size. */
const PIECE_BYTES = 1 << 20

const closers = new FinalizationRegistry<number>((descriptor) => {
  try {
    closeSync(descriptor)
  } catch {
    // closed by the end of the process
  }
})

/** A spool in the system's temporary folder. Its file has no name any more when this returns, and is gone with the spool. */
export function createSpool(): Spool {
  const descriptor = openNameless()
  const starts: number[] = [0]
  let pending: Buffer[] = []
  let pendingBytes = 0
  let written = 0
  const flush = (): void => {
    if (pendingBytes === 0) return
    const bytes = Buffer.concat(pending)
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done, written + done)
    written += bytes.length
    pending = []
    pendingBytes = 0
  }
  const spool: Spool = {
    append(text): void {
      const bytes = Buffer.from(text)
      pending.push(bytes)
      pendingBytes += bytes.length
      starts.push(starts.at(-1)! + bytes.length)
      if (pendingBytes >= PIECE_BYTES) guard('write', flush)
    },
    read(index): string {
      if (pendingBytes > 0) guard('write', flush)
      const [start, end] = [starts[index]!, starts[index + 1]!]
      const bytes = Buffer.allocUnsafe(end - start)
      guard('read', () => {
        for (let done = 0; done < bytes.length;) {
          const count = readSync(descriptor, bytes, done, bytes.length - done, start + done)
          if (count === 0) throw new Error('the spool is shorter than what was written to it')
          done += count
        }
      })
      return bytes.toString()
    },
  }
  closers.register(spool, descriptor)
  return spool
}

function openNameless(): number {
  return guard('write', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parquetry-spool-'))
    const descriptor = openSync(join(folder, 'texts'), 'w+', 0o600)
    rmSync(folder, { recursive: true, force: true })
    return descriptor
  })
}

function guard<Result>(action: DiskAction, operation: () => Result): Result {
  try {
    return operation()
  } catch (error) {
    throw diskError(error, action, tmpdir())
  }
}
