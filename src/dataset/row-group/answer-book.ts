/**
 * The answers of one open row group: a journalled answer is used, a missing one is asked for and journalled before it is used.
 *
 * A1  No answer is used before the journal has it (design section 6), and its call holds its slot until then: of the calls that were
 *     issued, at most as many as there are slots are not in the journal. An answer that the journal refuses is the last one asked for.
 * A2  After `stop` no new call is issued; a call on the wire finishes and is journalled, until `abort`.
 * A3  While `mayCall` says no, no call goes out; it waits with its slot until it may, or `stop`.
 * A4  A refusal that was paid for is an answer: journalled, counted, and found again instead of being asked for again.
 * A5  An answer of a model that stood in is the answer to the request that was asked: it is journalled under that request's key, with who
 *     answered beside it, and found again whichever model would answer by then.
 * A6  While the run is paused no call is begun: it waits without a slot, so that another dataset's calls go on.
 * A7  No call goes out before the most that it may cost was set aside (`budget/purse.ts`).
 * A8  A probe sends its first call alone; the others wait for its answer (ruling 21).
 */
import type { CompiledDataset, CompiledModel } from '../../config/compiled.ts'
import { forModel, withDrawnParameters } from '../../columns/inference-parameters.ts'
import type { CallOrdinal, CellTools } from '../../columns/generator.ts'
import { askInTurn, sharedResting } from './fallbacks.ts'
import { addUsage, NO_USAGE } from '../../contract.ts'
import type { Usage } from '../../contract.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { ChatAnswer, ChatRequest, KeptAnswer, ModelClient, Models } from '../../model/client.ts'
import type { ToolServers } from '../../mcp/tools.ts'
import { spendOf } from '../../plan/budget.ts'
import type { Spend } from '../../plan/budget.ts'
import { costOf } from '../../plan/pricing.ts'
import type { Random } from '../../random/random.ts'
import { compactAnswer } from '../media/compact-answer.ts'
import type { ImageStore } from '../media/image-store.ts'
import type { Purse } from '../budget/purse.ts'
import { createWorstCase } from '../budget/worst-case.ts'
import { untilEither } from '../until-either.ts'
import type { AnswerPlace, Journal } from '../journal/journal.ts'
import { answerKey } from '../journal/journal.ts'
import { createToolBook } from './tool-book.ts'

/** The cell that asks. */
export interface AskingCell {
  readonly row: number
  readonly column: string
  readonly refill: number
}

/** Asks models on behalf of cells. */
export interface AnswerBook {
  ask(cell: AskingCell, alias: string, request: ChatRequest, ordinal: CallOrdinal): Promise<ChatAnswer>
  /** The tools of a cell; absent where the dataset uses none. */
  readonly toolsOf?: ((cell: AskingCell) => CellTools) | undefined
  /** Of all answers used so far, journalled ones included. */
  usage(): Usage
  /** Calls on the wire or waiting for a slot. */
  callsInFlight(): number
  /** Calls really made by this attempt. */
  callsMade(): number
  /** True once an answer came from the rehearsal endpoint. */
  isRehearsal(): boolean
}

/** What an answer book works with. */
export interface AnswerBookOptions {
  readonly models: Models
  /** Names the run whose share of the models its calls are; default: none. */
  readonly owner?: string
  readonly compiledModels: Readonly<Record<string, CompiledModel>>
  /** Default: nothing can be called. */
  readonly toolServers?: ToolServers | undefined
  readonly compiledTools?: CompiledDataset['tools']
  readonly journal: Journal
  /** The dataset's random streams, for parameters that are drawn for each request. */
  readonly random: Random
  /** No new calls from here on. */
  readonly stop: AbortSignal
  /** Calls on the wire are given up. */
  readonly abort: AbortSignal
  readonly isProbe: boolean
  /** Where the pictures of answers go before the journal names them. */
  readonly images: ImageStore
  /** Called when an answer could not be journalled, before its slot is free again: no further call may be issued. Default: nothing. */
  readonly onLost?: (error: unknown) => void
  /** False while the attempt is cut off from the server, which may have given the row group to another. Default: always true. */
  readonly mayCall?: () => boolean
  /** While the run is paused: resolves when it goes on; null while it is not. Default: never paused. */
  readonly pause?: () => Promise<void> | null
  /** What the calls may cost. Default: nothing limits it. */
  readonly purse?: Purse
}

/** Ends a call whose request would go out while the run is paused; it is begun again later, and nobody sees it. */
class HeldBack extends Error {}

/** Milliseconds between two looks whether calls may go on. */
const MAY_CALL_LOOK_MS = 100

/** An answer book of one attempt at one row group. */
export function createAnswerBook(options: AnswerBookOptions): AnswerBook {
  const { journal } = options
  const aliases = openAliases(options)
  const caller = createCaller(options, aliases, keep)
  let usage = NO_USAGE
  let callsMade = 0
  let isRehearsal = false
  const probing = createProbe(options.isProbe)

  function count(alias: string, answer: ChatAnswer): void {
    const { inputTokens, outputTokens } = answer.usage
    const cost = costOf(answer.usage, aliases.modelOf(answer.answeredBy?.alias ?? alias).price)
    const fallbackCalls = answer.answeredBy === undefined ? {} : { fallbackCalls: 1 }
    usage = addUsage(usage, { calls: 1, inputTokens, outputTokens, cost, ...fallbackCalls })
    isRehearsal ||= answer.rehearsal === true
  }

  async function keep(place: AnswerPlace, key: string, answer: KeptAnswer, endpoint: string): Promise<void> {
    callsMade += 1
    try {
      await journal.record(key, place, await compactAnswer(answer, options.images), endpoint)
    } catch (error) {
      options.onLost?.(error)
      throw error
    }
  }

  /** A refusal that was paid for is in the journal like any answer. */
  async function askModel(place: AnswerPlace, key: string, alias: string, request: ChatRequest): Promise<KeptAnswer> {
    try {
      const answer = await probing(() => caller.call(place, key, alias, request))
      // Vectors and pictures are used as they are kept.
      return request.wants === undefined ? answer : (journal.lookup(key) ?? answer)
    } catch (error) {
      const refusal = journal.lookup(key)
      if (refusal === undefined) throw error
      return refusal
    }
  }

  return {
    toolsOf: createToolBook({
      servers: options.toolServers,
      targets: options.compiledTools,
      journal,
      stop: options.stop,
      abort: options.abort,
      untilAllowed: async () => {
        await untilGoesOn(options)
        await untilAllowed(options)
      },
      onLost: options.onLost,
    }),
    async ask(cell, alias, asked, ordinal): Promise<ChatAnswer> {
      const place: AnswerPlace = { ...cell, ...ordinal }
      const request = withDrawnParameters(asked, aliases.modelOf(alias), place, options.random)
      const key = answerKey(request, place)
      const answer = journal.lookup(key) ?? (await askModel(place, key, alias, request))
      count(alias, answer)
      if (answer.refused !== undefined) throw new ParquetryError('MODEL_CONTENT_FILTERED', answer.refused, { alias })
      return answer
    },
    usage: () => usage,
    callsInFlight: caller.inFlight,
    callsMade: () => callsMade,
    isRehearsal: () => isRehearsal,
  }
}

/** Puts an answer where it survives. */
type Keep = (place: AnswerPlace, key: string, answer: KeptAnswer, endpoint: string) => Promise<void>

/** Makes calls: not while the run is paused (A6), and not before there is enough for them (A7). */
function createCaller(options: AnswerBookOptions, aliases: ReturnType<typeof openAliases>, keep: Keep) {
  const send = createSender(options, aliases)
  const worstCase = createWorstCase()
  let inFlight = 0

  function spentOn(alias: string, { usage, answeredBy }: KeptAnswer): Spend {
    const by = answeredBy?.alias ?? alias
    worstCase.learn(by, usage)
    return spendOf({ ...usage, cost: costOf(usage, aliases.modelOf(by).price) })
  }

  return {
    inFlight: (): number => inFlight,
    async call(place: AnswerPlace, key: string, alias: string, request: ChatRequest): Promise<ChatAnswer> {
      const own = aliases.modelOf(alias)
      for (;;) {
        await untilGoesOn(options)
        const reservation = await options.purse?.reserve(worstCase.of(aliases.mayAnswer(own), request))
        inFlight += 1
        try {
          return await send({
            own,
            place,
            request,
            keep: async (answer, endpoint) => {
              await keep(place, key, answer, endpoint)
              reservation?.settle(spentOn(alias, answer))
            },
          })
        } catch (error) {
          if (!(error instanceof HeldBack)) throw error
        } finally {
          inFlight -= 1
          reservation?.release()
        }
      }
    },
  }
}

/** A request on its way. */
interface Sending {
  readonly own: CompiledModel
  readonly place: AnswerPlace
  /** As the own model is asked. */
  readonly request: ChatRequest
  readonly keep: (answer: KeptAnswer, endpoint: string) => Promise<void>
}

/** Sends requests to the alias's own model, or to one that stands in for it. */
function createSender(options: AnswerBookOptions, aliases: ReturnType<typeof openAliases>): (sending: Sending) => Promise<ChatAnswer> {
  const { stop, abort } = options

  async function sendTo(model: CompiledModel, { own, place, request, keep }: Sending, beforeSending: () => void): Promise<ChatAnswer> {
    const { alias, model: name } = model.target
    const by = model === own ? {} : { answeredBy: { alias, model: name } }
    const asked = model === own ? request : forModel(request, model, place, options.random)
    const answer = await aliases.clientOf(alias).complete(asked, {
      signal: abort,
      stopWaiting: stop,
      beforeSending() {
        beforeSending()
        if ((options.pause?.() ?? null) !== null) throw new HeldBack()
        return untilAllowed(options)
      },
      priority: place.row,
      keep: (kept, endpoint) => keep({ ...kept, ...by }, endpoint),
    })
    return { ...answer, ...by }
  }

  return (sending) =>
    askInTurn({
      own: sending.own,
      fallbacks: (sending.own.fallbacks ?? []).map((alias) => aliases.modelOf(alias)),
      resting: sharedResting(options.models),
      stop,
      ask: (model, beforeSending) => sendTo(model, sending, beforeSending),
    })
}

/** Called with the slot taken, so that no queue of calls goes out before the next look. */
function untilAllowed({ mayCall, stop }: Pick<AnswerBookOptions, 'mayCall' | 'stop'>): Promise<void> | undefined {
  return mayCall?.() === false ? waitUntil(mayCall, stop) : undefined
}

/** Lets the first call go alone; the others wait for what comes of it. */
export function createProbe(isOn: boolean): <T>(call: () => Promise<T>) => Promise<T> {
  let isProbing = isOn
  let probe: Promise<void> | null = null

  async function callProbing<T>(call: () => Promise<T>): Promise<T> {
    if (probe !== null) {
      await probe
      return await call()
    }
    const first = call()
    // One that refuses this very request is there as well.
    probe = first
      .catch((error: unknown) => {
        if (!isParquetryError(error) || error.kind !== 'content') throw error
      })
      .then(() => {
        isProbing = false
      })
    probe.catch(() => undefined)
    return await first
  }

  return (call) => (isProbing ? callProbing(call) : call())
}

/** Models and clients by alias. */
function openAliases({ models, owner, compiledModels }: Pick<AnswerBookOptions, 'models' | 'owner' | 'compiledModels'>) {
  const clients = new Map<string, ModelClient>()
  function modelOf(alias: string): CompiledModel {
    const model = compiledModels[alias]
    if (model === undefined) throw new ParquetryError('INTERNAL', `no compiled model for the alias ${alias}`)
    return model
  }
  return {
    modelOf,
    /** The model and those that may stand in for it. */
    mayAnswer: (own: CompiledModel): readonly CompiledModel[] => [own, ...(own.fallbacks ?? []).map((alias) => modelOf(alias))],
    clientOf(alias: string): ModelClient {
      let client = clients.get(alias)
      if (client === undefined) {
        client = models.client(modelOf(alias).target, owner)
        clients.set(alias, client)
      }
      return client
    },
  }
}

/** Resolves once the run is not paused; rejects with the reason of `stop` when that comes first. */
async function untilGoesOn({ pause, stop }: Pick<AnswerBookOptions, 'pause' | 'stop'>): Promise<void> {
  stop.throwIfAborted()
  for (let over = pause?.() ?? null; over !== null; over = pause?.() ?? null) {
    await untilEither(over, stop)
    stop.throwIfAborted()
  }
}

/** Resolves once the condition holds; rejects with the signal's reason when it aborts first. */
export async function waitUntil(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition()) {
    signal.throwIfAborted()
    await new Promise<void>((resolve) => setTimeout(resolve, MAY_CALL_LOOK_MS))
  }
  signal.throwIfAborted()
}
