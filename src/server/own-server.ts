/** The embedded server that commands have left running on this machine; nothing is started. */
import { userCacheDir, type Environment } from './cache-folder.ts'
import { embeddedNamespace } from './connection.ts'
import { serverStatus } from './stop-server.ts'

/** Where it is. */
export interface OwnServer {
  /** `host:port`. */
  readonly address: string
  readonly namespace: string
  /** Root of the web UI. */
  readonly uiUrl: string
}

/** The server of the user's cache folder, if it answers; else null. */
export async function findOwnServer(env: Environment): Promise<OwnServer | null> {
  const { isAnswering, record } = await serverStatus({ cacheDir: userCacheDir(env) })
  if (!isAnswering || record === null) return null
  return { address: record.address, namespace: embeddedNamespace(env), uiUrl: record.uiUrl }
}
