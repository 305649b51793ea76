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
 * A6  A probe sends its first call alone; the others wait for its answer (ruling 21).
 */
import type { CompiledModel } from '../../config/compiled.ts'
import { forModel, withDrawnParameters } from '../../columns/inference-parameters.ts'
import type { CallOrdinal } from '../../columns/generator.ts'
import { askInTurn, sharedResting } from './fallbacks.ts'
import { addUsage, NO_USAGE } from '../../contract.ts'
import type { Usage } from '../../contract.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { ChatAnswer, ChatRequest, KeptAnswer, ModelClient, Models } from '../../model/client.ts'
import { costOf } from '../../plan/pricing.ts'
import type { Random } from '../../random/random.ts'
import { compactAnswer } from '../media/compact-answer.ts'
import type { ImageStore } from '../media/image-store.ts'
import type { AnswerPlace, Journal } from '../journal/journal.ts'
import { answerKey } from '../journal/journal.ts'

/** The cell that asks. */
export interface AskingCell {
  readonly row: number
  readonly column: string
  readonly refill: number
}

/** Asks models on behalf of cells. */
export interface AnswerBook {
  ask(cell: AskingCell, alias: string, request: ChatRequest, ordinal: CallOrdinal): Promise<ChatAnswer>
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
  readonly compiledModels: Readonly<Record<string, CompiledModel>>
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
}

/** Milliseconds between two looks whether calls may go on. */
const MAY_CALL_LOOK_MS = 100

/** An answer book of one attempt at one row group. */
export function createAnswerBook(options: AnswerBookOptions): AnswerBook {
  const { journal, stop } = options
  const aliases = openAliases(options)
  const send = createSender(options, aliases)
  let usage = NO_USAGE
  let callsInFlight = 0
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

  async function call(place: AnswerPlace, key: string, alias: string, request: ChatRequest): Promise<ChatAnswer> {
    stop.throwIfAborted()
    callsInFlight += 1
    try {
      return await send({ own: aliases.modelOf(alias), place, request, keep: (answer, endpoint) => keep(place, key, answer, endpoint) })
    } finally {
      callsInFlight -= 1
    }
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
      const answer = await probing(() => call(place, key, alias, request))
      // Vectors and pictures are used as they are kept.
      return request.wants === undefined ? answer : (journal.lookup(key) ?? answer)
    } catch (error) {
      const refusal = journal.lookup(key)
      if (refusal === undefined) throw error
      return refusal
    }
  }

  return {
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
    callsInFlight: () => callsInFlight,
    callsMade: () => callsMade,
    isRehearsal: () => isRehearsal,
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

  /** Called with the slot taken, so that no queue of calls goes out before the next look. */
  function untilAllowed(): Promise<void> | undefined {
    return options.mayCall?.() === false ? waitUntil(options.mayCall, stop) : undefined
  }

  async function sendTo(model: CompiledModel, { own, place, request, keep }: Sending, beforeSending: () => void): Promise<ChatAnswer> {
    const { alias, model: name } = model.target
    const by = model === own ? {} : { answeredBy: { alias, model: name } }
    const asked = model === own ? request : forModel(request, model, place, options.random)
    const answer = await aliases.clientOf(alias).complete(asked, {
      signal: abort,
      stopWaiting: stop,
      beforeSending() {
        beforeSending()
        return untilAllowed()
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

/** Lets the first call go alone; the others wait for what comes of it. */
function createProbe(isOn: boolean): <T>(call: () => Promise<T>) => Promise<T> {
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
function openAliases({ models, compiledModels }: Pick<AnswerBookOptions, 'models' | 'compiledModels'>) {
  const clients = new Map<string, ModelClient>()
  function modelOf(alias: string): CompiledModel {
    const model = compiledModels[alias]
    if (model === undefined) throw new ParquetryError('INTERNAL', `no compiled model for the alias ${alias}`)
    return model
  }
  return {
    modelOf,
    clientOf(alias: string): ModelClient {
      let client = clients.get(alias)
      if (client === undefined) {
        client = models.client(modelOf(alias).target)
        clients.set(alias, client)
      }
      return client
    },
    /** Money in the currency of the alias's price; 0 when it has none. */
  }
}

/** Resolves once the condition holds; rejects with the signal's reason when it aborts first. */
async function waitUntil(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition()) {
    signal.throwIfAborted()
    await new Promise<void>((resolve) => setTimeout(resolve, MAY_CALL_LOOK_MS))
  }
  signal.throwIfAborted()
}
