/** Managed people as a client needs them: what there is of a locale, and whether anybody is as a config wants them. */
import { homedir } from 'node:os'
import type { OpenPeople } from '../columns/sampler/people.ts'
import type { FoundPeople } from '../config/check-people.ts'
import { managedFolderOf } from '../config/managed-folder.ts'
import type { Environment } from '../config/secrets.ts'
import { createOpenPeople, findPeople } from '../dataset/row-group/people.ts'
import { isParquetryError } from '../errors.ts'
import { openStorage } from '../storage/open.ts'

/** What DataDesigner has downloaded of these locales. */
export function findManagedPeople(locales: readonly string[], env: Environment, homeFolder: string): Promise<FoundPeople> {
  return findPeople(openStorage(managedFolderOf(env, homeFolder)), locales)
}

/** Counts people without keeping any. Where the client does not see the file of the dataset, its workers may: nobody is counted then. */
export function createPeopleCount(env: Environment = process.env, homeFolder: string = homedir()): OpenPeople {
  const open = createOpenPeople({ folder: openStorage(managedFolderOf(env, homeFolder)), createSpool: null })
  return async (request) => {
    try {
      return await open(request)
    } catch (error) {
      if (!isParquetryError(error) || error.code !== 'STORAGE_FAILED') throw error
      return { size: 1, at: () => ({}) }
    }
  }
}
