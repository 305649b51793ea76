/** From the tool aliases that columns use to tools with all it takes to call them. */
import type { ToolProvider, ToolTarget } from '../mcp/tools.ts'
import type { AliasUse } from './models.ts'
import { readPart } from './issues.ts'
import { conversesWithModel } from './model-columns.ts'
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import { createReport } from './problems.ts'
import type { Report } from './problems.ts'
import type { ConfigParts, Placed } from './read-config.ts'
import type { ColumnConfig } from './schema-columns.ts'
import { toolConfig } from './schema-tools.ts'
import type { ToolConfig } from './schema-tools.ts'
import type { LoadedFile } from './sources.ts'
import { suggest } from './suggest.ts'
import type { KnownToolProvider } from './tool-providers.ts'

/** The parts of a config that are about tools. */
export interface ToolParts {
  readonly configs: readonly Placed<ToolConfig>[]
  /** Aliases of all tool configs, unreadable ones included. */
  readonly aliases: readonly string[]
  /** The config's own tool servers, not read yet. */
  readonly providers: readonly Placed<unknown>[]
}

/** What aliases of tools are resolved with. */
export interface ToolSources {
  readonly providers: ReadonlyMap<string, KnownToolProvider | null>
  /** Tool configs beside the config's own. */
  readonly defaults: readonly ToolConfig[]
}

/** A resolved alias of tools. */
export interface ResolvedTools {
  readonly config: ToolConfig
  readonly target: ToolTarget
}

/** Reads `tool_configs` and finds `mcp_providers`, part by part. */
export function readTools(configs: readonly Placed<unknown>[], providers: readonly Placed<unknown>[], report: Report): ToolParts {
  return {
    configs: configs.flatMap(({ part, path }) => {
      const config = readPart(toolConfig, part, path, report)
      return config === null ? [] : [{ part: config, path }]
    }),
    aliases: configs.flatMap(({ part }) => (isMapping(part) && typeof part['tool_alias'] === 'string' ? [part['tool_alias']] : [])),
    providers,
  }
}

/** The tool configs of a home file (`tool_configs.yaml`); its mistakes are warnings. */
export function defaultTools(file: LoadedFile | null, report: Report): readonly ToolConfig[] {
  if (file === null) return []
  const ignore = (message: string): readonly ToolConfig[] => {
    report.warn([], `${file.path} is ignored: ${message}`)
    return []
  }
  if ('problem' in file) return ignore(file.problem)
  const list = isMapping(file.value) ? file.value['tool_configs'] : undefined
  if (!Array.isArray(list)) return ignore('expected a list under "tool_configs"')
  return list.flatMap((entry: unknown, index) => {
    const inner = createReport()
    const config = readPart(toolConfig, entry, ['tool_configs', index], inner)
    for (const problem of inner.problems) report.warn([], `${file.path}, ${problem.path} is ignored: ${problem.message}`)
    return config === null ? [] : [config]
  })
}

/** True where a column asks for tools: files at home are none of the business of other configs. */
export function usesTools(columns: readonly Placed<ColumnConfig>[]): boolean {
  return toolUses(columns).length > 0
}

function toolUses(columns: readonly Placed<ColumnConfig>[]): readonly AliasUse[] {
  return columns.flatMap(({ part, path }) =>
    conversesWithModel(part) && part.tool_alias !== null ? [{ alias: part.tool_alias, path: [...path, 'tool_alias'] }] : [],
  )
}

/** Resolves the used aliases; reports unknown aliases and providers, and what is named twice. */
export function resolveTools(
  { tools, columns }: Pick<ConfigParts, 'tools' | 'columns'>,
  sources: ToolSources,
  report: Report,
): ReadonlyMap<string, ResolvedTools> {
  checkOwn(tools, report)
  const resolved = new Map<string, ResolvedTools>()
  const warned = new Set<string>()
  for (const { alias, path } of toolUses(columns)) {
    if (resolved.has(alias)) continue
    const own = tools.configs.find(({ part }) => part.tool_alias === alias)
    // One that could not be read is reported already.
    if (own === undefined && tools.aliases.includes(alias)) continue
    const config = own?.part ?? sources.defaults.find((one) => one.tool_alias === alias)
    if (config === undefined) {
      const known = [...tools.aliases, ...sources.defaults.map((one) => one.tool_alias)]
      report.error(path, `no tool config has the alias "${alias}".${suggest(alias, known) || ` Known: ${known.join(', ') || 'none'}.`}`)
      continue
    }
    const providers = providersOf(config, own === undefined ? path : [...own.path, 'providers'], sources, warned, report)
    if (providers !== null) resolved.set(alias, { config, target: targetOf(config, providers) })
  }
  return resolved
}

function checkOwn({ configs }: ToolParts, report: Report): void {
  const seen = new Set<string>()
  for (const { part, path } of configs) {
    const { tool_alias: alias, allow_tools: allowed, providers } = part
    if (seen.has(alias)) report.error([...path, 'tool_alias'], `expected unique tool aliases, found "${alias}" twice`)
    seen.add(alias)
    reportTwice(allowed ?? [], 'tool', [...path, 'allow_tools'], report)
    reportTwice(providers, 'provider', [...path, 'providers'], report)
  }
}

function reportTwice(names: readonly string[], what: string, path: Path, report: Report): void {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) report.error([...path, index], `expected each ${what} once, found "${name}" twice`)
  }
}

/** Null when one of them is missing or wrong. */
function providersOf(
  config: ToolConfig,
  path: Path,
  { providers }: ToolSources,
  warned: Set<string>,
  report: Report,
): readonly ToolProvider[] | null {
  const found = config.providers.map((name, index) => {
    const known = providers.get(name)
    if (known === undefined) {
      const place = path.at(-1) === 'providers' ? [...path, index] : path
      report.error(
        place,
        `no MCP provider has the name "${name}".${suggest(name, providers.keys())} ` +
          'They are given by mcp_providers in the config, by --mcp-providers FILE, or by mcp_providers.yaml in the home folder.',
      )
    }
    const warning = known?.warning ?? null
    if (warning !== null && !warned.has(warning)) report.warn(path, warning)
    if (warning !== null) warned.add(warning)
    return known?.provider ?? null
  })
  return found.includes(null) ? null : found.filter((provider) => provider !== null)
}

function targetOf(config: ToolConfig, providers: readonly ToolProvider[]): ToolTarget {
  return {
    alias: config.tool_alias,
    providers,
    // As in DataDesigner, an empty list allows all.
    allowTools: config.allow_tools === null || config.allow_tools.length === 0 ? null : config.allow_tools,
    maxTurns: config.max_tool_call_turns,
    timeoutMs: config.timeout_sec === null ? null : Math.ceil(config.timeout_sec * 1_000),
  }
}

/** What of an alias's tools can change a value: whose they are, which may be used and how often; never where they are, or how long they may take. */
export function toolsPart(target: ToolTarget | undefined): object | null {
  if (target === undefined) return null
  const { providers, allowTools, maxTurns } = target
  return { providers: providers.map(({ name }) => name), allow_tools: allowTools?.toSorted() ?? null, max_tool_call_turns: maxTurns }
}
