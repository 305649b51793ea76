/** Limits of a model that are set while a run is under way: what is refused, and what holds afterwards. Pure. */
import type { ModelLimitsRequest } from '../contract.ts'
import type { RunLimits } from './shares.ts'

/** Most calls of one model that may be open at once. */
const MAX_PARALLEL = 10_000
/** Most requests or tokens a minute that can be meant. */
const MAX_PER_MINUTE = 1_000_000_000

/** Why the request cannot be followed, or null. `models` are the aliases of the dataset; undefined while they are not known yet. */
export function refusalOfLimits(request: ModelLimitsRequest, models: Readonly<Record<string, RunLimits>> | undefined): string | null {
  const { alias, parallel, requestsPerMinute, tokensPerMinute } = request
  if (models !== undefined && !Object.hasOwn(models, alias)) {
    const known = Object.keys(models)
    return `expected the alias of a model that this dataset asks (${known.length === 0 ? 'it asks none' : known.join(', ')}), found ${JSON.stringify(alias)}`
  }
  if (parallel === undefined && requestsPerMinute === undefined && tokensPerMinute === undefined) {
    return 'expected at least one limit: parallel calls, requests a minute or tokens a minute; found none'
  }
  if (parallel !== undefined && !(Number.isInteger(parallel) && parallel >= 1 && parallel <= MAX_PARALLEL)) {
    return `expected a whole number of parallel calls from 1 to ${MAX_PARALLEL}, found ${String(parallel)}`
  }
  return refusalOfRate('requests', requestsPerMinute) ?? refusalOfRate('tokens', tokensPerMinute)
}

function refusalOfRate(what: string, perMinute: number | null | undefined): string | null {
  if (perMinute === undefined || perMinute === null) return null
  if (Number.isFinite(perMinute) && perMinute > 0 && perMinute <= MAX_PER_MINUTE) return null
  return `expected ${what} a minute above 0, up to ${MAX_PER_MINUTE}, found ${String(perMinute)}`
}

/** The limits with what is named in the request; null takes a limit away. */
export function mergeLimits(before: RunLimits, { parallel, requestsPerMinute, tokensPerMinute }: ModelLimitsRequest): RunLimits {
  return {
    parallel: parallel ?? before.parallel,
    requestsPerMinute: requestsPerMinute === undefined ? before.requestsPerMinute : requestsPerMinute,
    tokensPerMinute: tokensPerMinute === undefined ? before.tokensPerMinute : tokensPerMinute,
  }
}
