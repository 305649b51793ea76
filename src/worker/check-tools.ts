/** Lists the tools of every used alias before anything is started, so that a server that is not there is told before the first paid call. */
import { homedir } from 'node:os'
import type { CompiledDataset } from '../config/compiled.ts'
import { createHomeToolSecrets } from '../config/home-tool-secrets.ts'
import { createToolServers } from '../mcp/tool-servers.ts'

/** Somebody is waiting for the answer. */
const CHECK_PAUSES_MS = [250]

/** Costs nothing. Throws the first `TOOL_*` error. */
export async function checkTools(
  { tools = {} }: Pick<CompiledDataset, 'tools'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const targets = Object.values(tools)
  if (targets.length === 0) return
  const readHomeSecrets = createHomeToolSecrets(env, env['HOME'] ?? homedir())
  const servers = createToolServers({ env, readHomeSecrets, retryPausesMs: CHECK_PAUSES_MS })
  const { signal } = new AbortController()
  try {
    for (const target of targets) await servers.list(target, { signal, stopWaiting: signal })
  } finally {
    await servers.close()
  }
}
