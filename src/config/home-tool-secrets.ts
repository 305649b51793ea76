/** Secrets of tool servers that stand in plain text in a home file: read by the worker, late, and only for the server they were written for. */
import type { ReadHomeToolSecrets } from '../mcp/secrets.ts'
import type { ToolProvider } from '../mcp/tools.ts'
import { loadHomeFiles } from './load.ts'
import { isMapping } from './paths.ts'
import type { Environment } from './secrets.ts'
import { isVariableName } from './secrets.ts'
import { listIn } from './tool-providers.ts'

/** Looks servers up in the home files: name and address, or name and command, must be those of the file. */
export function createHomeToolSecrets(env: Environment, homeFolder: string): ReadHomeToolSecrets {
  return async (provider) => {
    const { homeMcpProviders } = await loadHomeFiles(env, homeFolder)
    for (const file of homeMcpProviders) {
      const entry = ('value' in file ? (listIn(file.value) ?? []) : []).find((one) => isMapping(one) && isEntryOf(one, provider))
      if (!isMapping(entry)) continue
      const key = entry['api_key']
      return { apiKey: typeof key === 'string' && !isVariableName(key, env) ? key : null, env: textsOf(entry['env'], provider) }
    }
    return null
  }
}

function isEntryOf(entry: Readonly<Record<string, unknown>>, provider: ToolProvider): boolean {
  if (entry['name'] !== provider.name) return false
  if (provider.type !== 'stdio') return entry['endpoint'] === provider.endpoint
  return entry['command'] === provider.command && JSON.stringify(entry['args'] ?? []) === JSON.stringify(provider.args)
}

/** Those variables that the stored form leaves out. */
function textsOf(variables: unknown, provider: ToolProvider): Readonly<Record<string, string>> {
  if (!isMapping(variables) || provider.type !== 'stdio') return {}
  const texts = Object.entries(variables).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(texts.filter(([name]) => !Object.hasOwn(provider.env, name)))
}
