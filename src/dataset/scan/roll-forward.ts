/**
 * Sidecars of committed row groups (ruling 5). The link of the main file is the commit; if its winner died before it had moved its
 * sidecars into place, whoever scans next does it.
 */
import { createHash } from 'node:crypto'
import type { Storage } from '../../storage/storage.ts'
import type { Findings } from './findings.ts'
import { keys } from '../layout.ts'
import type { Receipt, Sidecar } from '../receipt.ts'

/** Moves staged sidecars into place, and says which ones are lost. Staged files that no receipt names are left alone. */
export async function rollForwardSidecars(storage: Storage, receipts: readonly Receipt[], findings: Findings): Promise<void> {
  const sidecars = receipts.flatMap((receipt) => receipt.sidecars)
  if (sidecars.length === 0) return
  const staged = new Set((await storage.list(keys.partialFolder)).map((name) => `${keys.partialFolder}/${name}`))
  const finals = await listFolders(storage, new Set(sidecars.map(({ finalKey }) => folderOf(finalKey))))
  for (const sidecar of sidecars) {
    if (staged.has(sidecar.stagedKey)) await rollForward(storage, sidecar, findings)
    else if (!finals.has(sidecar.finalKey)) findings.add('stale', `${sidecar.finalKey} is gone, though its row group stands`)
  }
}

async function rollForward(storage: Storage, { stagedKey, finalKey, checksum }: Sidecar, findings: Findings): Promise<void> {
  const bytes = await storage.read(stagedKey)
  // The winner itself may be moving them now.
  if (bytes === null) return
  if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== checksum) {
    findings.add('damaged', `${stagedKey} is not what its receipt names; ${finalKey} is not made from it`)
    return
  }
  try {
    await storage.move(stagedKey, finalKey)
  } catch (error) {
    if ((await storage.stat(stagedKey)) !== null) throw error
    return
  }
  findings.add('rebuilt', `${finalKey} put into place`)
}

async function listFolders(storage: Storage, folders: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const folder of folders) for (const name of await storage.list(folder)) found.add(`${folder}/${name}`)
  return found
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/'))
}
