/**
 * Which provider a name means: the config's own `model_providers`, then `--providers FILE`, then the files in the home folders, then
 * the built-in ones. A key is known here by the name of its variable only; one that stands in a home file stays there.
 */
import type { ModelProviderTarget } from '../model/client.ts'
import { BUILT_IN_PROVIDERS, REHEARSAL } from './builtin-models.ts'
import { checkExtraBody, checkExtraHeaders } from './extra-fields.ts'
import { readPart } from './issues.ts'
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import { createReport } from './problems.ts'
import type { Report } from './problems.ts'
import type { ConfigParts } from './read-config.ts'
import { modelProvider } from './schema-models.ts'
import type { ModelProviderConfig } from './schema-models.ts'
import { isVariableName, secretEntries } from './secrets.ts'
import type { Environment } from './secrets.ts'
import type { LoadedFile } from './sources.ts'

/** A provider that models may name. */
export interface KnownProvider {
  readonly target: ModelProviderTarget
  /** True when its key stands in a home file: the worker reads it there, late. */
  readonly hasHomeKey: boolean
  /** Where it comes from, for people. */
  readonly origin: string
  /** Said once, when a model uses it. */
  readonly warning: string | null
}

/** Where providers come from. */
export interface ProviderSources {
  readonly env: Environment
  /** `--providers FILE`. */
  readonly providersFile?: LoadedFile | null
  /** `model_providers.yaml` of the home folders, the first one first. */
  readonly homeProviders?: readonly LoadedFile[]
}

/**
 * All providers by name; mistakes in the config's own and in `--providers` are reported, those in home files are warnings. Null
 * stands for one of the config's own that is wrong.
 */
export function collectProviders(
  { providers: own, providerNames }: Pick<ConfigParts, 'providers' | 'providerNames'>,
  sources: ProviderSources,
  report: Report,
): ReadonlyMap<string, KnownProvider | null> {
  const known = new Map<string, KnownProvider | null>(providerNames.map((name) => [name, null]))
  const add = (provider: KnownProvider): void => {
    if (!known.has(provider.target.name)) known.set(provider.target.name, provider)
  }
  const seen = new Set<string>()
  for (const { part, path } of own) {
    if (seen.has(part.name)) report.error([...path, 'name'], `expected unique names of providers, found "${part.name}" twice`)
    seen.add(part.name)
    known.set(part.name, checkProvider(part, path, 'the config', sources.env, report))
  }
  if (sources.providersFile) for (const provider of readFile(sources.providersFile, sources.env, report, false)) add(provider)
  for (const file of sources.homeProviders ?? []) for (const provider of readFile(file, sources.env, report, true)) add(provider)
  for (const target of BUILT_IN_PROVIDERS) add({ target, hasHomeKey: false, origin: 'built in', warning: null })
  return redirectOpenAi(known, sources.env)
}

/** OPENAI_BASE_URL moves the built-in openai provider, also where a home file only repeats it. */
function redirectOpenAi(known: Map<string, KnownProvider | null>, env: Environment): ReadonlyMap<string, KnownProvider | null> {
  const endpoint = env['OPENAI_BASE_URL']?.trim()
  const provider = known.get('openai')
  const usual = BUILT_IN_PROVIDERS.find(({ name }) => name === 'openai')!.endpoint
  if (!endpoint || !provider || provider.target.endpoint !== usual || provider.origin === 'the config') return known
  return known.set('openai', { ...provider, target: { ...provider.target, endpoint }, hasHomeKey: false, origin: 'OPENAI_BASE_URL' })
}

/** Entries of a provider file; `providers` is DataDesigner's name of the list. */
function readFile(file: LoadedFile, env: Environment, report: Report, isHome: boolean): readonly KnownProvider[] {
  const fail = (message: string): readonly KnownProvider[] => {
    if (isHome) report.warn([], `${file.path} is ignored: ${message}`)
    else report.error([], `${file.path}: ${message}`)
    return []
  }
  if ('problem' in file) return fail(file.problem)
  const list = isMapping(file.value) ? (file.value['providers'] ?? file.value['model_providers']) : undefined
  if (!Array.isArray(list)) return fail('expected a list under "providers"')
  return list.flatMap((entry: unknown, index) => {
    const inner = createReport()
    const part = readPart(modelProvider, entry, ['providers', index], inner)
    const provider = part === null ? null : checkProvider(part, ['providers', index], isHome ? 'a home file' : file.path, env, inner)
    for (const problem of inner.problems) fail(`${problem.path}: ${problem.message}`)
    return provider === null ? [] : [provider]
  })
}

const KEY_HINT = 'give the key as api_key, by the name of its variable'

function checkProvider(part: ModelProviderConfig, path: Path, origin: string, env: Environment, report: Report): KnownProvider | null {
  const before = report.problems.length
  const isHome = origin === 'a home file'
  if (part.name === REHEARSAL) {
    report.error([...path, 'name'], `"${REHEARSAL}" is the name of the built-in provider whose answers are labelled; choose another name`)
  }
  checkEndpoint(part.endpoint, [...path, 'endpoint'], report)
  checkExtraHeaders(part.extra_headers ?? {}, [...path, 'extra_headers'], KEY_HINT, report)
  checkExtraBody(part.extra_body ?? {}, [...path, 'extra_body'], KEY_HINT, report)
  const hasPlainKey = part.api_key !== null && !isVariableName(part.api_key, env)
  if (hasPlainKey && !isHome) {
    report.error(
      [...path, 'api_key'],
      'expected the name of an environment variable, found what looks like the key itself (not shown). ' +
        'Put the key into the environment, write the name of the variable here, such as MY_API_KEY without "$", and renew the key if this file was shared',
    )
  }
  if (report.problems.length > before) return null
  const type = part.provider_type.toLowerCase()
  return {
    target: {
      name: part.name,
      endpoint: part.endpoint,
      type: type as ModelProviderTarget['type'],
      apiKeyEnv: hasPlainKey ? null : part.api_key,
      extraHeaders: part.extra_headers ?? {},
      extraBody: part.extra_body ?? {},
    },
    hasHomeKey: hasPlainKey,
    origin,
    warning: hasPlainKey
      ? `the key of provider "${part.name}" stands in plain text in a home file; it is used from there and never copied. Safer: an environment variable`
      : foreignKeyWarning(part, origin),
  }
}

/** A shared config can send a well-known key to a host of its choice: said, before it happens. */
function foreignKeyWarning(part: ModelProviderConfig, origin: string): string | null {
  const owner = BUILT_IN_PROVIDERS.find(({ apiKeyEnv }) => apiKeyEnv !== null && apiKeyEnv === part.api_key)
  if (origin !== 'the config' || owner === undefined) return null
  const host = new URL(part.endpoint).host
  if (host === new URL(owner.endpoint).host) return null
  return `this config sends the key in ${part.api_key} to ${host}, which is not ${owner.name}'s own address`
}

/** Base URLs are http or https, and hold no user, password or key. */
export function checkEndpoint(endpoint: string, path: Path, report: Report): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    report.error(path, 'expected an http or https address such as http://127.0.0.1:8000/v1, found something else')
  } else if (url.username !== '' || url.password !== '' || secretEntries(Object.fromEntries(url.searchParams)).length > 0) {
    report.error(
      path,
      'expected an address without user, password or key, found one inside (not shown); give the key as api_key, by the name of its variable',
    )
  }
}
