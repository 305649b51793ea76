/** Whether two paths lead to one folder: a share may be mounted twice, and a path may go over a symbolic link. */
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'

/** True when what is written in `here` is seen in `there`. `unique` names the probe, which is removed again. */
export async function isSameFolder(here: Storage, there: Storage, unique: string): Promise<boolean> {
  if (here.describe() === there.describe()) return true
  const probe = keys.request(`probe-${unique}`)
  await here.writeAtomic(probe, '{}')
  try {
    return (await there.stat(probe)) !== null
  } finally {
    await here.remove(probe)
  }
}
