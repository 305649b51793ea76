/** The secrets of a tool server: read late, by name, for one connection, and kept nowhere. */
import { ParquetryError } from '../errors.ts'
import { isLoopback } from '../model/key.ts'
import type { Environment } from '../model/key.ts'
import type { ToolProvider } from './tools.ts'

/** What stands in a home file for a server. */
export interface HomeToolSecrets {
  readonly apiKey: string | null
  readonly env: Readonly<Record<string, string>>
}

/** Looks a server up in the home files; null when they do not know it. */
export type ReadHomeToolSecrets = (provider: ToolProvider) => Promise<HomeToolSecrets | null>

/** What one connection is made with. */
export interface ConnectionSecrets {
  /** Bearer token of a remote server, or null. */
  readonly token: string | null
  /** Environment of a local server beside what every program gets. */
  readonly env: Readonly<Record<string, string>>
  /** Values to keep out of messages. */
  readonly secrets: readonly string[]
}

/** Reads them. Throws `TOOL_KEY_MISSING`, naming the variable. */
export async function readToolSecrets(
  provider: ToolProvider,
  env: Environment,
  readHome?: ReadHomeToolSecrets,
): Promise<ConnectionSecrets> {
  const home = provider.hasHomeSecrets ? ((await readHome?.(provider)) ?? null) : null
  if (provider.type === 'stdio') {
    const named = Object.entries(provider.env).map(([name, value]) => [name, valueOf(provider.name, name, value, env)] as const)
    const all = { ...Object.fromEntries(named), ...home?.env }
    // What was written in the config itself is no secret.
    const secrets = Object.entries(all).flatMap(([name, value]) => (provider.env[name] === value ? [] : [value]))
    return { token: null, env: all, secrets }
  }
  const token = (home?.apiKey ?? (provider.apiKeyEnv === null ? '' : (env[provider.apiKeyEnv] ?? ''))).trim()
  if (token !== '') return { token, env: {}, secrets: [token] }
  if (provider.apiKeyEnv !== null && !isLoopback(new URL(provider.endpoint).hostname)) throw missingToken(provider.name, provider.apiKeyEnv)
  return { token: null, env: {}, secrets: [] }
}

/** Variables under such names hold secrets: what they are to hold must be there. */
const SECRET = /key|token|secret|password|credential/i

/** The name of a variable that is set stands for its value; anything else for itself. */
function valueOf(provider: string, name: string, text: string, env: Environment): string {
  if (!/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(text)) return text
  const value = env[text]
  if (value === undefined && SECRET.test(name)) throw missingToken(provider, text)
  return value ?? text
}

function missingToken(provider: string, variable: string): ParquetryError {
  return new ParquetryError(
    'TOOL_KEY_MISSING',
    `MCP provider "${provider}" needs the key in the environment variable ${variable}, but it is not set where the worker runs.`,
    { provider, variable, wayOut: `export ${variable}=<your key>, then start the worker again; the run goes on where it stands.` },
  )
}
