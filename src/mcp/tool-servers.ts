/** The tool servers of one worker: a connection for each that is used, shared by all aliases and datasets. */
import { setMaxListeners } from 'node:events'
import { ParquetryError } from '../errors.ts'
import type { ToolDefinition } from '../model/client.ts'
import { ToolConnection } from './connection.ts'
import type { ConnectionPorts } from './connection.ts'
import type { ToolProvider, ToolResult, ToolServers, ToolSignals, ToolTarget } from './tools.ts'

/** An alias's tools, and whose each of them is. */
interface OfferedTools {
  readonly definitions: readonly ToolDefinition[]
  readonly owners: ReadonlyMap<string, ToolConnection>
}

/** Nothing is connected, and the SDK is not loaded, before the first use. */
export function createToolServers(ports: ConnectionPorts): ToolServers {
  const connections = new Map<string, ToolConnection>()
  const offered = new Map<string, OfferedTools>()

  function connectionTo(provider: ToolProvider): ToolConnection {
    const key = JSON.stringify(provider)
    const connection = connections.get(key) ?? new ToolConnection(provider, ports)
    connections.set(key, connection)
    return connection
  }

  async function offer(target: ToolTarget, signals: ToolSignals): Promise<OfferedTools> {
    // All calls of a row group listen to the same two; Node takes more than ten listeners for a leak.
    setMaxListeners(0, signals.signal, signals.stopWaiting)
    const { alias, providers, allowTools } = target
    const listed = await Promise.all(providers.map((provider) => connectionTo(provider).tools(signals)))
    const key = JSON.stringify([alias, providers, allowTools])
    const known = offered.get(key)
    if (known !== undefined) return known
    try {
      const tools = offerOf(target, listed, connectionTo)
      offered.set(key, tools)
      return tools
    } catch (error) {
      // Somebody may put it right while the run waits.
      for (const provider of providers) connectionTo(provider).forgetTools()
      throw error
    }
  }

  return {
    list: async (target, signals) => (await offer(target, signals)).definitions,
    async call(target, { name, arguments: given }, signals): Promise<ToolResult> {
      const { definitions, owners } = await offer(target, signals)
      const owner = owners.get(name)
      if (owner === undefined) {
        const names = definitions.map((tool) => tool.name).join(', ')
        return { content: `There is no tool "${name}". Tools that can be called: ${names}.`, isError: true }
      }
      const args = readArguments(given)
      if (args === null) return { content: `The arguments of "${name}" are not a JSON object: ${given.slice(0, 200)}`, isError: true }
      return await owner.call(name, args, target.timeoutMs, signals)
    },
    async close(): Promise<void> {
      await Promise.all([...connections.values()].map((connection) => connection.close()))
    },
  }
}

/** Checks as DataDesigner does: names are unique over all servers of an alias, and all allowed ones are there. */
function offerOf(
  { alias, providers, allowTools }: ToolTarget,
  listed: readonly (readonly ToolDefinition[])[],
  connectionTo: (provider: ToolProvider) => ToolConnection,
): OfferedTools {
  const owners = new Map<string, ToolProvider>()
  for (const [index, tools] of listed.entries()) {
    const provider = providers[index]!
    for (const { name } of tools) {
      const other = owners.get(name)
      if (other !== undefined) {
        throw notOffered(alias, `tool names that are unique, found "${name}" at "${other.name}" and at "${provider.name}"`, {
          wayOut: 'Put the two providers into tool configs of their own; a column then uses one of them.',
        })
      }
      owners.set(name, provider)
    }
  }
  const missing = allowTools?.filter((name) => !owners.has(name)) ?? []
  if (missing.length > 0) {
    const from = providers.map(({ name }) => `"${name}"`).join(', ')
    throw notOffered(alias, `the allowed tools ${missing.join(', ')} at ${from}, found ${[...owners.keys()].join(', ') || 'none'}`, {
      wayOut: 'Correct allow_tools, or leave it out to allow all tools.',
    })
  }
  const definitions = listed.flat().filter(({ name }) => allowTools === null || allowTools.includes(name))
  return { definitions, owners: new Map(definitions.map(({ name }) => [name, connectionTo(owners.get(name)!)])) }
}

function notOffered(alias: string, expected: string, details: { readonly wayOut: string }): ParquetryError {
  return new ParquetryError('TOOL_NOT_OFFERED', `Tool alias "${alias}": expected ${expected}.`, { alias, ...details })
}

/** Models write nothing at all where a tool takes no arguments. */
function readArguments(text: string): Readonly<Record<string, unknown>> | null {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
