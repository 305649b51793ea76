/** Managed people as a worker draws them. */
import type { OpenPeople } from '../columns/sampler/people.ts'
import { managedFolderOf } from '../config/managed-folder.ts'
import { createOpenPeople } from '../dataset/row-group/people.ts'
import { openStorage } from '../storage/open.ts'
import { createSpool } from '../storage/spool.ts'

/** Opens people from DataDesigner's managed assets; what is drawn from waits in the temporary folder. */
export function createPeople(env: Readonly<Record<string, string | undefined>>, homeFolder: string): OpenPeople {
  return createOpenPeople({ folder: openStorage(managedFolderOf(env, homeFolder)), createSpool })
}
