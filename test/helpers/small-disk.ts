/**
 * A disk that can be filled up. As root a real one, of some megabytes in memory; where mounting is not allowed a folder whose storage says
 * what a full disk says, so that the test proves the same of everything above the storage.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskError } from '../../src/storage/disk-error.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { Storage } from '../../src/storage/storage.ts'

/** See the head of the file. */
export interface SmallDisk {
  readonly folder: string
  /** What workers open datasets on this disk with. */
  readonly openStorage: (location: string) => Storage
  fill(): Promise<void>
  empty(): Promise<void>
  close(): Promise<void>
}

const SIZE = 3 * 1024 * 1024
const WRITES: ReadonlySet<string | symbol> = new Set(['writeAtomic', 'createExclusive', 'stage', 'openAppend'])

/** Opens a disk; close it when done. */
export async function openSmallDisk(): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'parquetry-small-disk-'))
  const filler = join(folder, 'filler')
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'ignore' }).status === 0
  let isFull = false

  function refuse(location: string): void {
    if (isFull) throw diskError(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }), 'write', location)
  }
  function openFillable(location: string): Storage {
    const storage = openStorage(location)
    return new Proxy(storage, {
      get(target, name) {
        const operation = (target as unknown as Record<string | symbol, (...args: unknown[]) => unknown>)[name]
        if (typeof operation !== 'function') return operation
        if (!WRITES.has(name)) return operation.bind(target)
        return async (...args: unknown[]) => {
          refuse(location)
          const result = await operation.apply(target, args)
          if (name !== 'openAppend') return result
          const handle = result as Awaited<ReturnType<Storage['openAppend']>>
          return {
            append: async (text: string) => {
              refuse(location)
              await handle.append(text)
            },
            close: () => handle.close(),
          }
        }
      },
    })
  }

  return {
    folder,
    openStorage: isMounted ? openStorage : openFillable,
    async fill() {
      isFull = true
      if (isMounted) await writeFile(filler, Buffer.alloc(SIZE)).catch(() => undefined)
    },
    async empty() {
      isFull = false
      await rm(filler, { force: true })
    },
    async close() {
      if (isMounted) spawnSync('umount', ['-l', folder])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
