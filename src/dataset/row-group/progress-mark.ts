/** What has been got done on a dataset, as a text that changes with every answer and every commit, wherever it is made. */
import { createHash } from 'node:crypto'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'

/** 16 hex digits: names and sizes of the journals, and the checkpoint. Reads names and sizes only. */
export async function progressMark(storage: Storage): Promise<string> {
  const hash = createHash('sha256')
  for (const name of await storage.list(keys.journalFolder)) {
    // Pictures: the lines that name them are in the files.
    if (name.endsWith('/')) continue
    hash.update(`${name} ${(await storage.stat(`${keys.journalFolder}/${name}`))?.sizeBytes ?? 0}\n`)
  }
  const checkpoint = await storage.stat(keys.metadata)
  hash.update(`${checkpoint?.sizeBytes ?? 0} ${checkpoint?.modifiedMs ?? 0}`)
  return hash.digest('hex').slice(0, 16)
}
