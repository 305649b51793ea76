/** Servers of tools as processes of their own, and what configs say of them. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { LocalToolProvider, RemoteToolProvider, ToolTarget } from '../../src/mcp/tools.ts'
import { freePort } from './model-stub.ts'

/** The program; test/helpers/tool-server.mjs says what its environment may hold. */
export const TOOL_SERVER = fileURLToPath(new URL('tool-server.mjs', import.meta.url))

/** A server that runs as a program of the worker. */
export function localProvider(env: Readonly<Record<string, string>> = {}, name = 'local'): LocalToolProvider {
  return { type: 'stdio', name, command: process.execPath, args: [TOOL_SERVER, 'stdio'], env, hasHomeSecrets: false }
}

export function target(providers: ToolTarget['providers'], more: Partial<ToolTarget> = {}): ToolTarget {
  return { alias: 'tools', providers, allowTools: null, maxTurns: 5, timeoutMs: null, ...more }
}

/** A server on a port of loopback that can be ended and started again. */
export interface RemoteToolServer {
  readonly provider: RemoteToolProvider
  start(): Promise<void>
  kill(): Promise<void>
}

/** Starts it; `kill` it when done. */
export async function startToolServer(
  type: RemoteToolProvider['type'],
  env: Readonly<Record<string, string>> = {},
  name: string = type,
): Promise<RemoteToolServer> {
  const port = await freePort()
  let child: ReturnType<typeof spawn> | null = null
  const server: RemoteToolServer = {
    provider: {
      type,
      name,
      endpoint: `http://127.0.0.1:${port}/${type === 'sse' ? 'sse' : 'mcp'}`,
      apiKeyEnv: null,
      hasHomeSecrets: false,
    },
    async start() {
      const started = spawn(process.execPath, [TOOL_SERVER, type, String(port)], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child = started
      await new Promise<void>((resolve, reject) => {
        started.stdout.once('data', () => resolve())
        started.once('exit', (code) => reject(new Error(`the tool server ended with ${code}`)))
      })
    },
    async kill() {
      const killed = child
      child = null
      if (killed === null || killed.exitCode !== null) return
      const ended = new Promise((resolve) => killed.once('exit', resolve))
      killed.kill('SIGKILL')
      await ended
    },
  }
  await server.start()
  return server
}

/** Calls of tools that a server has written to its log, without the server's process. */
export function callsIn(log: string): readonly string[] {
  try {
    return readFileSync(log, 'utf8').trim().split('\n').map((line) => line.slice(line.indexOf(' ') + 1)) // prettier-ignore
  } catch {
    return []
  }
}
