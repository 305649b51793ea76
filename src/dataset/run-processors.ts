/**
 * Post-generation processors: they read committed row groups and write elsewhere. An output is built in staging, then takes the place
 * of the old one; its marker holds the hash of the row groups it was made from, so that missing and stale outputs are noticed.
 */
import { createHash } from 'node:crypto'
import type { RunProcessorsResult } from '../contract.ts'
import type { Storage } from '../storage/storage.ts'
import { keys } from './layout.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { DatasetProcessor } from './ports.ts'
import { readTables } from './read-rows.ts'

/** Content of `processors-files/<name>/made-from.json`. */
interface Marker {
  readonly hash: string
  readonly files: readonly string[]
}

const MARKER = 'made-from.json'

/** Runs those processors whose outputs are missing or made from other row groups. */
export async function runProcessors(dataset: OpenDataset, processors: readonly DatasetProcessor[]): Promise<RunProcessorsResult> {
  if (processors.length === 0) return { ran: [] }
  const hash = await hashOfRowGroups(dataset.storage)
  const ran: string[] = []
  for (const processor of processors) {
    if ((await readMarker(dataset.storage, processor.name))?.hash === hash) continue
    await runProcessor(dataset, processor, hash)
    ran.push(processor.name)
  }
  return { ran }
}

async function runProcessor({ storage, compiled }: OpenDataset, processor: DatasetProcessor, hash: string): Promise<void> {
  const folder = keys.processorFolder(processor.name)
  const staging = `${keys.partialFolder}/${processor.name}@${hash}`
  await storage.remove(staging)
  const files: string[] = []
  for await (const { name, bytes } of processor.process(readTables(storage), compiled.schema)) {
    await storage.writeAtomic(`${staging}/${name}`, bytes)
    files.push(name)
  }
  await storage.writeAtomic(`${staging}/${MARKER}`, JSON.stringify({ hash, files } satisfies Marker))
  // The old output goes only once the new one is whole; a crash in between leaves no marker, so the next run makes it again.
  await storage.remove(folder)
  await storage.move(staging, folder)
}

async function readMarker(storage: Storage, name: string): Promise<Marker | null> {
  const bytes = await storage.read(`${keys.processorFolder(name)}/${MARKER}`)
  return bytes === null ? null : (JSON.parse(new TextDecoder().decode(bytes)) as Marker)
}

/** Names and last bytes (the sealed footers) of all row groups: another file, another hash. */
async function hashOfRowGroups(storage: Storage): Promise<string> {
  const hash = createHash('sha256')
  for (const name of await storage.list(keys.rowGroupsFolder)) {
    const key = `${keys.rowGroupsFolder}/${name}`
    const facts = await storage.stat(key)
    if (facts === null) continue
    const tail = await storage.readRange(key, Math.max(0, facts.sizeBytes - 4_096), facts.sizeBytes)
    hash.update(`${name}\n${facts.sizeBytes}\n`).update(tail)
  }
  return hash.digest('hex').slice(0, 16)
}
