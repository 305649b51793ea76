/**
 * The models of one worker: alias → client, with limiter, connections and counts shared by all clients of one endpoint, key
 * variable and model, across all datasets that the worker has open.
 */
import { ParquetryError } from '../errors.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import type { ModelClient, Models, ModelTarget } from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import { endpointForPeople } from './failure-report.ts'
import { type HttpOrigin, MAX_ANSWER_BYTES, openOrigin } from './http.ts'
import { type Environment, readKey, type ResolveKey } from './key.ts'
import { Limiter, type LimiterState } from './limiter.ts'
import { type Destination, fixedDestination, type Lane, laneKey, lazyDestination, parseEndpoint } from './lane.ts'
import { AliasClient, type ModelEvent } from './model-client.ts'
import { openaiCompatible } from './openai-compatible.ts'
import { createPictureFetch } from './fetch-picture.ts'
import { proxyFor } from './proxy.ts'
import type { PooledShare } from '../plan/shares.ts'
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from './retry.ts'
import { RunShares } from './shares.ts'
import { type ModelUsage, UsageCounter } from './usage.ts'
import type { WireFormat } from './wire-format.ts'

/** Settings of `createModels`. */
export interface ModelsOptions {
  /** Keys are read from here by name, at each request, and the proxy once for each origin. Usually `process.env`. */
  readonly env: Environment
  /** A further place for keys, asked first. */
  readonly resolveKey?: ResolveKey
  /** Base URL of the worker's rehearsal endpoint, for providers of type `rehearsal`; asked at the first call. */
  readonly rehearsal?: { endpoint(): Promise<string> }
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Uniform in [0, 1), for the jitter of retry pauses; default Math.random. */
  readonly random?: () => number
  readonly observe?: (event: ModelEvent) => void
  /** Numbers of the retry layer that differ from the defaults. */
  readonly retry?: Partial<RetryPolicy>
  /** Bytes of one answer; default 32 MiB. */
  readonly maxAnswerBytes?: number
}

/** A limiter as it stands, and whose it is. */
export interface ModelLimit extends LimiterState {
  readonly provider: string
  readonly model: string
}

/** What runs may do of the models. */
export interface ModelShares {
  /**
   * Lets a share of an alias's calls hold for a run from now on, in place of the config's limits of that alias; null brings those back.
   * Calls that are open beyond it finish.
   */
  setShare(owner: string, target: ModelTarget, share: PooledShare | null): void
  /** Resolves once the run has no more calls open than its shares allow. */
  drained(owner: string): Promise<void>
  /** The run has no row group open here any more. */
  release(owner: string): void
}

/** `Models`, with its counts and controls. */
export interface ControlledModels extends Models, ModelShares {
  /** Use of every provider and model since the worker started. */
  usage(): readonly ModelUsage[]
  /** All limiters as they stand. */
  limits(): readonly ModelLimit[]
  /** Changes an alias's share of calls open at once, ≥ 1, while calls run; the smallest of the aliases sharing holds. */
  setCap(target: ModelTarget, cap: number): void
  /** Calls a minute at most for this provider and model; null for no such limit. */
  setRequestsPerMinute(target: ModelTarget, perMinute: number | null): void
}

/** A lane, and how hard each alias on it may push. */
interface OpenLane extends Lane {
  /** Alias → its cap in the config when last seen, and the one that holds now (`setCap`). */
  readonly caps: Map<string, { readonly configured: number; readonly cap: number }>
  /** Alias → its limits by the minute in the config. */
  readonly rates: Map<string, Pick<ModelTarget, 'requestsPerMinute' | 'tokensPerMinute'>>
  /** Aliases of which a run's share holds, and not the config. */
  readonly shared: Map<string, { readonly owner: string; readonly target: ModelTarget }>
  /** What holds of them now, for the limiter is told only of changes. */
  rate: { readonly requests: number | null; readonly tokens: number | null }
}

/** Opens the models of a worker. Nothing is connected before the first call. */
export function createModels(options: ModelsOptions): ControlledModels {
  return new WorkerModels(options)
}

class WorkerModels implements ControlledModels {
  readonly #options: ModelsOptions
  readonly #clock: Clock
  readonly #policy: RetryPolicy
  readonly #origins = new Map<string, HttpOrigin>()
  readonly #lanes = new Map<string, OpenLane>()
  readonly #shares: RunShares
  #isClosed = false

  constructor(options: ModelsOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#policy = { ...DEFAULT_RETRY_POLICY, ...options.retry }
    this.#shares = new RunShares(this.#clock, this.#policy.maxRateLimitWaitMs)
  }

  client(target: ModelTarget, owner?: string): ModelClient {
    if (this.#isClosed) throw closedError()
    const lane = this.#laneOf(target)
    const configured = target.maxParallelRequests
    if (!lane.shared.has(target.alias)) {
      // A cap set by hand holds until the config itself changes.
      if (lane.caps.get(target.alias)?.configured !== configured) applyCap(lane, target.alias, { configured, cap: configured })
      applyRates(lane, target)
    }
    const { env, resolveKey, random, observe } = this.#options
    return new AliasClient(target, lane, {
      clock: this.#clock,
      random: random ?? Math.random,
      policy: this.#policy,
      format: formatOf(target.provider),
      readKey: (endpoint) => readKey(target.provider, endpoint, env, resolveKey),
      fetchPicture: createPictureFetch({ originOf: (url) => this.#originOf(url), clock: this.#clock }),
      observe,
      share: owner === undefined ? null : this.#shares.limiterOf(owner, target.alias),
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const lane of this.#lanes.values()) lane.limiter.close(closedError())
    this.#shares.close(closedError())
    await Promise.all([...this.#origins.values()].map((origin) => origin.destroy()))
  }

  setCap(target: ModelTarget, cap: number): void {
    applyCap(this.#laneOf(target), target.alias, { configured: target.maxParallelRequests, cap })
  }

  setRequestsPerMinute(target: ModelTarget, perMinute: number | null): void {
    this.#laneOf(target).limiter.setRequestsPerMinute(perMinute)
  }

  setShare(owner: string, target: ModelTarget, share: PooledShare | null): void {
    this.#shares.set(owner, target.alias, share)
    const lane = this.#laneOf(target)
    if (share === null) return returnToConfig(lane, target.alias, owner)
    lane.shared.set(target.alias, { owner, target })
    const configured = target.maxParallelRequests
    // The share holds back before; the worker's own limit only must not be in its way.
    applyCap(lane, target.alias, { configured, cap: Math.max(configured, share.parallel) })
    applyRates(lane, { alias: target.alias })
  }

  async drained(owner: string): Promise<void> {
    await this.#shares.drained(owner)
  }

  release(owner: string): void {
    this.#shares.release(owner)
    for (const lane of this.#lanes.values()) for (const alias of lane.shared.keys()) returnToConfig(lane, alias, owner)
  }

  usage(): readonly ModelUsage[] {
    return [...this.#lanes.values()].map((lane) => lane.usage.snapshot())
  }

  limits(): readonly ModelLimit[] {
    return [...this.#lanes.values()].map(({ provider, model, limiter }) => ({ provider, model, ...limiter.state() }))
  }

  #laneOf(target: ModelTarget): OpenLane {
    const key = laneKey(target)
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const lane = this.#openLane(target)
    this.#lanes.set(key, lane)
    return lane
  }

  #openLane({ provider, model, maxParallelRequests }: ModelTarget): OpenLane {
    const { observe } = this.#options
    const limiter = new Limiter({
      clock: this.#clock,
      cap: maxParallelRequests,
      maxBlockedMs: this.#policy.maxRateLimitWaitMs,
      ...(observe === undefined ? {} : { onChange: (change) => observe({ kind: 'limit', provider: provider.name, model, ...change }) }),
    })
    const where =
      provider.type === 'rehearsal'
        ? lazyDestination(async () => this.#toDestination(await this.#rehearsalEndpoint(), provider))
        : fixedDestination(this.#toDestination(provider.endpoint, provider))
    return {
      provider: provider.name,
      model,
      limiter,
      usage: new UsageCounter(provider.name, model),
      caps: new Map(),
      shared: new Map(),
      rates: new Map(),
      rate: { requests: null, tokens: null },
      ...where,
    }
  }

  async #rehearsalEndpoint(): Promise<string> {
    const { rehearsal } = this.#options
    if (rehearsal !== undefined) return rehearsal.endpoint()
    throw new ParquetryError('INTERNAL', 'A model of type rehearsal is called, but this worker has no rehearsal endpoint.')
  }

  #originOf(url: URL): HttpOrigin {
    const known = this.#origins.get(url.origin)
    if (known !== undefined) return known
    if (this.#isClosed) throw closedError()
    const { env, maxAnswerBytes = MAX_ANSWER_BYTES } = this.#options
    const http = openOrigin(url.origin, { clock: this.#clock, maxAnswerBytes, proxy: proxyFor(url, env) })
    this.#origins.set(url.origin, http)
    return http
  }

  #toDestination(endpoint: string, provider: ModelTarget['provider']): Destination {
    const url = parseEndpoint(endpoint, provider.name)
    const http = this.#originOf(url)
    return { http, endpoint: url, label: endpointForPeople(endpoint), base: url.pathname.replace(/\/+$/u, ''), search: url.search }
  }
}

function applyCap(lane: OpenLane, alias: string, cap: { readonly configured: number; readonly cap: number }): void {
  lane.caps.set(alias, cap)
  lane.limiter.setCap(Math.min(...[...lane.caps.values()].map((each) => each.cap)))
}

/** The share of the run ends; that of another one stays. */
function returnToConfig(lane: OpenLane, alias: string, owner: string): void {
  const shared = lane.shared.get(alias)
  if (shared === undefined || shared.owner !== owner) return
  lane.shared.delete(alias)
  const configured = shared.target.maxParallelRequests
  applyCap(lane, alias, { configured, cap: configured })
  applyRates(lane, shared.target)
}

/** The smallest limit of the aliases on a lane holds. */
function applyRates(
  lane: OpenLane,
  { alias, requestsPerMinute, tokensPerMinute }: Pick<ModelTarget, 'alias' | 'requestsPerMinute' | 'tokensPerMinute'>,
): void {
  lane.rates.set(alias, {
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
  })
  const rates = [...lane.rates.values()]
  const smallest = (limits: readonly (number | undefined)[]): number | null => {
    const given = limits.filter((limit) => limit !== undefined)
    return given.length === 0 ? null : Math.min(...given)
  }
  const rate = {
    requests: smallest(rates.map((each) => each.requestsPerMinute)),
    tokens: smallest(rates.map((each) => each.tokensPerMinute)),
  }
  if (rate.requests !== lane.rate.requests) lane.limiter.setRequestsPerMinute(rate.requests)
  if (rate.tokens !== lane.rate.tokens) lane.limiter.setTokensPerMinute(rate.tokens)
  lane.rate = rate
}

function closedError(): ParquetryError {
  return new ParquetryError('MODEL_UNREACHABLE', 'The model connections of this worker are closed: the worker is shutting down.', {
    wayOut: 'Start a worker again; answers that came are in the journal.',
  })
}

/** How a provider of this type is spoken to. */
function formatOf({ type }: ModelTarget['provider']): WireFormat {
  return type === 'anthropic' ? anthropicMessages : openaiCompatible
}
