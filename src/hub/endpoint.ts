/** Where a hub is, which dataset of it is meant, and the token for it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ParquetryError } from '../errors.ts'

/** Hugging Face itself. */
export const HUGGING_FACE = 'https://huggingface.co'

/** Environment, by name. */
type Environment = Readonly<Record<string, string | undefined>>

/** Longest `owner/name` that Hugging Face takes. */
const MAX_ID_LENGTH = 96

/**
 * Checks `owner/name`, as Hugging Face's own client does: it becomes a part of addresses, and must lead nowhere else.
 * Throws `USAGE`.
 */
export function checkRepoId(repoId: string): void {
  const part = '[A-Za-z0-9_](?:[\\w.-]*[A-Za-z0-9_])?'
  const isValid = repoId.length <= MAX_ID_LENGTH && new RegExp(`^${part}/${part}$`, 'u').test(repoId) && !/--|\.\.|\.git$/u.test(repoId)
  if (isValid) return
  throw new ParquetryError('USAGE', `expected a dataset on the hub as owner/name, found ${JSON.stringify(repoId.slice(0, 120))}`, {
    wayOut: `use letters, digits, "-", "_" and "."; at most ${MAX_ID_LENGTH} characters, no "--" or "..", no .git at the end`,
  })
}

/** The hub's address without a slash at its end. The token goes there, so it must be https, or this machine. Throws `USAGE`. */
export function checkEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  const isLocal = url !== null && isLoopback(url)
  if (url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)) && url.username === '' && url.search === '') {
    return `${url.origin}${url.pathname.replace(/\/+$/u, '')}`
  }
  throw new ParquetryError('USAGE', 'expected the address of a hub that begins with https://, found something else', {
    wayOut: `leave --endpoint and HF_ENDPOINT away for ${HUGGING_FACE}`,
  })
}

/** True for this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u.test(hostname)
}

/**
 * The token: HF_TOKEN, or else the file in which `hf auth login` leaves it. Throws `HUB_TOKEN_MISSING`.
 */
export async function findToken(env: Environment, homeFolder: string): Promise<string> {
  const named = env['HF_TOKEN']?.trim() ?? ''
  const found = named === '' ? await readToken(tokenFile(env, homeFolder)) : named
  // A line break would end the header that the token stands in.
  if (/^[\x21-\x7e]+$/u.test(found)) return found
  throw new ParquetryError('HUB_TOKEN_MISSING', `expected a token for the hub in HF_TOKEN, found ${found === '' ? 'none' : 'no token'}`, {
    wayOut: 'put a token that may write into the environment variable HF_TOKEN, or run hf auth login',
  })
}

function tokenFile(env: Environment, homeFolder: string): string {
  const at = (name: string): string | null => (env[name] === undefined || env[name] === '' ? null : env[name])
  const home = at('HF_HOME') ?? join(at('XDG_CACHE_HOME') ?? join(homeFolder, '.cache'), 'huggingface')
  return at('HF_TOKEN_PATH') ?? join(home, 'token')
}

async function readToken(file: string): Promise<string> {
  return await readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => '',
  )
}
