/** Keys that stand in plain text in a home file: read by the worker, late, and only for the provider they were written for. */
import type { ModelProviderTarget } from '../model/client.ts'
import { loadHomeFiles } from './load.ts'
import { isMapping } from './paths.ts'
import type { Environment } from './secrets.ts'
import { isVariableName } from './secrets.ts'

/** A key is asked for with every request; the files are read again only after this long, in ms, so that a mended key is soon seen. */
const KEEP_MS = 5_000

/**
 * Looks keys up in the home files, for providers without a variable: name and endpoint must both be those of the file, so that a
 * shared config cannot have a key sent elsewhere. The answer is null for all others.
 */
export function createHomeKeys(env: Environment, homeFolder: string): (provider: ModelProviderTarget) => Promise<string | null> {
  let read: { readonly atMs: number; readonly files: ReturnType<typeof loadHomeFiles> } | null = null
  return async (provider) => {
    if (provider.apiKeyEnv !== null || provider.type === 'rehearsal') return null
    const now = performance.now()
    if (read === null || now - read.atMs > KEEP_MS) read = { atMs: now, files: loadHomeFiles(env, homeFolder) }
    const { homeProviders } = await read.files
    for (const file of homeProviders) {
      const value = 'value' in file ? file.value : null
      const list = isMapping(value) ? (value['providers'] ?? value['model_providers']) : null
      if (!Array.isArray(list)) continue
      const entry: unknown = list.find(
        (one: unknown) => isMapping(one) && one['name'] === provider.name && one['endpoint'] === provider.endpoint,
      )
      const key = isMapping(entry) ? entry['api_key'] : null
      if (typeof key === 'string' && key !== '' && !isVariableName(key, env)) return key
    }
    return null
  }
}
