/** Systems that folders are replaced with: without links, and dying in the middle. */
import { lstat, readdir, rename, rm, symlink } from 'node:fs/promises'
import { syncFolder } from '../../src/storage/local-folders.ts'
import type { ReplaceSystem } from '../../src/storage/local-replace.ts'

const system: ReplaceSystem = { lstat, readdir, rename, rm, symlink, syncFolder }

/** A file system that refuses symbolic links, as Windows does without the privilege. */
export const systemWithoutLinks: ReplaceSystem = {
  ...system,
  symlink: async () => {
    throw Object.assign(new Error('no links here'), { code: 'EPERM' })
  },
}

/** A system whose process dies after `calls` calls: nothing works from then on. */
export function dyingSystem(calls: number, base: ReplaceSystem = system): ReplaceSystem & { readonly isDead: () => boolean } {
  let left = calls
  const mortal =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      left -= 1
      if (left < 0) throw Object.assign(new Error('died'), { code: 'EIO' })
      return await work(...args)
    }
  return {
    lstat: mortal(base.lstat),
    readdir: mortal(base.readdir),
    rename: mortal(base.rename),
    rm: mortal(base.rm),
    symlink: mortal(base.symlink),
    syncFolder: mortal(base.syncFolder),
    isDead: () => left < 0,
  }
}
