/** Tool servers as they stand in `parquetry.json`: with the names of their variables, never with a secret. */
import { z } from 'zod'
import type { ToolProvider } from '../mcp/tools.ts'
import type { KnownToolProvider } from './tool-providers.ts'
import type { ResolvedTools } from './tools.ts'

const common = { name: z.string(), has_home_secrets: z.boolean() } as const

/** One stored tool server. */
export const storedToolProvider = z.discriminatedUnion('provider_type', [
  z.object({ provider_type: z.enum(['sse', 'streamable_http']), ...common, endpoint: z.string(), api_key_env: z.string().nullable() }),
  z.object({
    provider_type: z.literal('stdio'),
    ...common,
    command: z.string(),
    args: z.array(z.string()),
    env: z.record(z.string(), z.string()),
  }),
])

/** The servers of all used aliases, each once. */
export function toolProvidersAsStored(tools: ReadonlyMap<string, ResolvedTools>): readonly object[] {
  const providers = new Map([...tools.values()].flatMap(({ target }) => target.providers.map((provider) => [provider.name, provider])))
  return [...providers.values()].map(asStored)
}

function asStored(provider: ToolProvider): z.input<typeof storedToolProvider> {
  const { name, hasHomeSecrets } = provider
  if (provider.type === 'stdio') {
    const { command, args, env } = provider
    return { provider_type: 'stdio', name, has_home_secrets: hasHomeSecrets, command, args: [...args], env: { ...env } }
  }
  return {
    provider_type: provider.type,
    name,
    has_home_secrets: hasHomeSecrets,
    endpoint: provider.endpoint,
    api_key_env: provider.apiKeyEnv,
  }
}

/** By name, as they were. */
export function toolProvidersFromStored(stored: readonly z.output<typeof storedToolProvider>[]): ReadonlyMap<string, KnownToolProvider> {
  return new Map(stored.map((one) => [one.name, { provider: fromStored(one), warning: null }]))
}

function fromStored(one: z.output<typeof storedToolProvider>): ToolProvider {
  const { name, has_home_secrets: hasHomeSecrets } = one
  if (one.provider_type === 'stdio') return { type: 'stdio', name, command: one.command, args: one.args, env: one.env, hasHomeSecrets }
  return { type: one.provider_type, name, endpoint: one.endpoint, apiKeyEnv: one.api_key_env, hasHomeSecrets }
}
