/**
 * Which tool server (MCP) a name means: the config's own `mcp_providers`, then `--mcp-providers FILE`, then `mcp_providers.yaml` in the
 * home folders. Secrets are known here by the names of their variables only; those that stand in a home file stay there.
 *
 * A program to be started comes from the user's own files only: a config is made to be shared, and must not start anything.
 */
import type { LocalToolProvider, RemoteToolProvider, ToolProvider } from '../mcp/tools.ts'
import { BUILT_IN_PROVIDERS } from './builtin-models.ts'
import { readPart } from './issues.ts'
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import { createReport } from './problems.ts'
import type { Report } from './problems.ts'
import { checkEndpoint } from './providers.ts'
import type { Placed } from './read-config.ts'
import { localMcpProvider, remoteMcpProvider } from './schema-tools.ts'
import type { McpProviderConfig } from './schema-tools.ts'
import { isSecret, isVariableName } from './secrets.ts'
import type { Environment } from './secrets.ts'
import type { LoadedFile } from './sources.ts'

/** A tool server that tool configs may name. */
export interface KnownToolProvider {
  readonly provider: ToolProvider
  /** Said once, when a tool config that is used names it. */
  readonly warning: string | null
}

/** Where tool servers come from. */
export interface ToolProviderSources {
  readonly env: Environment
  /** `--mcp-providers FILE`. */
  readonly mcpProvidersFile?: LoadedFile | null
  /** `mcp_providers.yaml` of the home folders, the first one first. */
  readonly homeMcpProviders?: readonly LoadedFile[]
}

type Origin = 'config' | 'file' | 'home'

/**
 * All of them by name; mistakes in the config's own and in `--mcp-providers` are reported, those in home files are warnings. Null stands
 * for one of the config's own that is wrong.
 */
export function collectToolProviders(
  own: readonly Placed<unknown>[],
  sources: ToolProviderSources,
  report: Report,
): ReadonlyMap<string, KnownToolProvider | null> {
  const { env } = sources
  const known = new Map<string, KnownToolProvider | null>()
  for (const { part, path } of own) {
    const name = isMapping(part) && typeof part['name'] === 'string' ? part['name'] : null
    if (name !== null && known.has(name)) report.error([...path, 'name'], `expected unique names of MCP providers, found "${name}" twice`)
    const provider = readProvider(part, path, 'config', env, report)
    if (name !== null) known.set(name, provider)
  }
  const add = (found: KnownToolProvider): void => {
    if (!known.has(found.provider.name)) known.set(found.provider.name, found)
  }
  if (sources.mcpProvidersFile) readFile(sources.mcpProvidersFile, 'file', env, report).forEach(add)
  for (const file of sources.homeMcpProviders ?? []) readFile(file, 'home', env, report).forEach(add)
  return known
}

function readFile(file: LoadedFile, origin: Origin, env: Environment, report: Report): readonly KnownToolProvider[] {
  const fail = (message: string): readonly KnownToolProvider[] => {
    if (origin === 'home') report.warn([], `${file.path} is ignored: ${message}`)
    else report.error([], `${file.path}: ${message}`)
    return []
  }
  if ('problem' in file) return fail(file.problem)
  const list = listIn(file.value)
  if (list === null) return fail('expected a list under "providers"')
  return list.flatMap((entry, index) => {
    const inner = createReport()
    const provider = readProvider(entry, ['providers', index], origin, env, inner)
    for (const problem of inner.problems) fail(`${problem.path}: ${problem.message}`)
    return provider === null ? [] : [provider]
  })
}

/** The entries of a provider file; `providers` is DataDesigner's name of the list. */
export function listIn(value: unknown): readonly unknown[] | null {
  const list = isMapping(value) ? (value['providers'] ?? value['mcp_providers']) : undefined
  return Array.isArray(list) ? list : null
}

function readProvider(value: unknown, path: Path, origin: Origin, env: Environment, report: Report): KnownToolProvider | null {
  const isLocal = isMapping(value) && value['provider_type'] === 'stdio'
  if (isLocal && origin === 'config') {
    report.error(
      [...path, 'provider_type'],
      'expected sse or streamable_http, found "stdio": a config is made to be shared, and must not start a program; ' +
        'move this provider into mcp_providers.yaml in the home folder, or into a file given by --mcp-providers',
    )
    return null
  }
  const part: McpProviderConfig | null = isLocal
    ? readPart(localMcpProvider, value, path, report)
    : readPart(remoteMcpProvider, value, path, report)
  if (part === null) return null
  return part.provider_type === 'stdio' ? localOf(part, path, origin, env, report) : remoteOf(part, path, origin, env, report)
}

type RemoteConfig = Exclude<McpProviderConfig, { provider_type: 'stdio' }>
type LocalConfig = Extract<McpProviderConfig, { provider_type: 'stdio' }>

function remoteOf(part: RemoteConfig, path: Path, origin: Origin, env: Environment, report: Report): KnownToolProvider | null {
  const before = report.problems.length
  checkEndpoint(part.endpoint, [...path, 'endpoint'], report)
  const hasPlainKey = part.api_key !== null && !isVariableName(part.api_key, env)
  if (hasPlainKey && origin !== 'home') {
    report.error(
      [...path, 'api_key'],
      'expected the name of an environment variable, found what looks like the key itself (not shown). ' +
        'Put the key into the environment, write the name of the variable here, such as MY_API_KEY without "$", and renew the key if this file was shared',
    )
  }
  if (report.problems.length > before) return null
  const provider: RemoteToolProvider = {
    type: part.provider_type,
    name: part.name,
    endpoint: part.endpoint,
    apiKeyEnv: hasPlainKey ? null : part.api_key,
    hasHomeSecrets: hasPlainKey,
  }
  return { provider, warning: hasPlainKey ? plainSecretWarning(part.name) : foreignKeyWarning(part, origin) }
}

function localOf(part: LocalConfig, path: Path, origin: Origin, env: Environment, report: Report): KnownToolProvider | null {
  const before = report.problems.length
  for (const [index, text] of part.args.entries()) {
    const [name, value] = text.startsWith('-') && text.includes('=') ? splitOption(text) : ['', text]
    if (isSecret(name, value) && !isVariableName(value, env)) {
      report.error([...path, 'args', index], 'expected no secret among the arguments, found one (not shown); give it to the program by env')
    }
  }
  const plain = Object.entries(part.env).filter(([name, value]) => isSecret(name, value) && !isVariableName(value, env))
  if (origin !== 'home') {
    for (const [name] of plain) {
      report.error(
        [...path, 'env', name],
        'expected the name of an environment variable, found what looks like a secret itself (not shown). ' +
          'Put it into the environment of the worker, and write the name of the variable here',
      )
    }
  }
  if (report.problems.length > before) return null
  const provider: LocalToolProvider = {
    type: 'stdio',
    name: part.name,
    command: part.command,
    args: part.args,
    env: Object.fromEntries(Object.entries(part.env).filter(([name]) => !plain.some(([secret]) => secret === name))),
    hasHomeSecrets: plain.length > 0,
  }
  return { provider, warning: plain.length > 0 ? plainSecretWarning(part.name) : null }
}

function splitOption(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  return [text.slice(0, at).replace(/^-+/, ''), text.slice(at + 1)]
}

function plainSecretWarning(name: string): string {
  return `a secret of MCP provider "${name}" stands in plain text in a home file; it is used from there and never copied. Safer: an environment variable`
}

/** A shared config can send a well-known key to a host of its choice: said, before it happens. */
function foreignKeyWarning(part: RemoteConfig, origin: Origin): string | null {
  const owner = BUILT_IN_PROVIDERS.find(({ apiKeyEnv }) => apiKeyEnv !== null && apiKeyEnv === part.api_key)
  if (origin !== 'config' || owner === undefined) return null
  return `this config sends the key in ${part.api_key} to ${new URL(part.endpoint).host}, which is not ${owner.name}'s own address`
}
