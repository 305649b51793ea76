/** Reading a provider's key: late, by name, and never onto an object that could be logged. */
import { ParquetryError } from '../errors.ts'
import type { ModelProviderTarget } from './client.ts'

/** The worker's environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * A further place for keys, asked before the environment (such as a provider file in the user's home folder). Null or undefined:
 * it has none.
 */
export type ResolveKey = (provider: ModelProviderTarget) => string | null | undefined | Promise<string | null | undefined>

/**
 * The key to send, or null when the provider needs none. Loopback servers (Ollama, vLLM) go without when the variable is unset.
 * Throws `MODEL_KEY_MISSING`. Answers without a promise unless `resolveKey` gives one.
 */
export function readKey(
  provider: ModelProviderTarget,
  endpoint: URL,
  env: Environment,
  resolveKey?: ResolveKey,
): string | null | Promise<string | null> {
  if (provider.type === 'rehearsal') return null
  const resolved = resolveKey?.(provider)
  if (resolved instanceof Promise) return resolved.then((key) => checkKey(key ?? fromEnvironment(provider, env), provider, endpoint))
  return checkKey(resolved ?? fromEnvironment(provider, env), provider, endpoint)
}

function fromEnvironment(provider: ModelProviderTarget, env: Environment): string | undefined {
  return provider.apiKeyEnv === null ? undefined : env[provider.apiKeyEnv]
}

/** A line break at the end, as `$(cat key.txt)` in some shells leaves it, is not part of the key. */
function checkKey(found: string | undefined, provider: ModelProviderTarget, endpoint: URL): string | null {
  const key = found?.trim() ?? ''
  if (key === '') {
    if (provider.apiKeyEnv === null || isLoopback(endpoint.hostname)) return null
    throw missingKey(provider)
  }
  if (/[^\x21-\x7e]/u.test(key)) {
    const place = provider.apiKeyEnv === null ? 'The key' : `The variable ${provider.apiKeyEnv}`
    throw new ParquetryError(
      'MODEL_AUTH',
      `${place} for provider "${provider.name}" should hold one key of plain ASCII, but it has blanks or other characters inside.`,
      {
        provider: provider.name,
        wayOut: 'Check how the key was copied, export it again where the worker runs, and restart the worker.',
      },
    )
  }
  return key
}

/** The error for a key that is needed and not there; names the variable. */
export function missingKey(provider: ModelProviderTarget): ParquetryError {
  const variable = provider.apiKeyEnv
  return new ParquetryError(
    'MODEL_KEY_MISSING',
    variable === null
      ? `Provider "${provider.name}" wants a key, but its configuration names none.`
      : `Provider "${provider.name}" needs the key in the environment variable ${variable}, but it is not set where the worker runs.`,
    {
      provider: provider.name,
      variable,
      wayOut:
        variable === null
          ? `Give provider "${provider.name}" an api_key: the name of an environment variable that holds it.`
          : `export ${variable}=<your key>, then start the worker again; the run goes on where it stands.`,
    },
  )
}

/** True for this machine's own addresses. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/u.test(hostname)
}
