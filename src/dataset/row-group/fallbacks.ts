/**
 * Asks an alias's own model, and while that one is blocked those that stand in for it, in their order.
 *
 * F1  Only what keeps a whole model from answering (kind `blocked`) moves a call on; what this very request is refused for is the answer.
 * F2  A stand-in that refuses the request unread (too long for it, a parameter it does not know) proves nothing about the row: the next
 *     one is asked, and when none is left the call ends with the own model's error, so that the run waits.
 * F3  A blocked model rests, on all calls of the worker, those that wait for a slot or a retry included; after that one call tries it,
 *     and the others follow when it answers.
 */
import type { CompiledModel } from '../../config/compiled.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'

/** Milliseconds for which a blocked model is not asked while another can stand in for it; what the provider says comes first. */
const REST_MS = 30_000
const LONGEST_REST_MS = 600_000

/** Which models rest. */
export interface Resting {
  /** True while the model rests. */
  rests(model: CompiledModel): boolean
  /** Whether to ask the model: `trial` for the first call after a rest, which the others wait for. */
  turnOf(model: CompiledModel): 'ask' | 'trial' | 'rest'
  rest(model: CompiledModel, retryAfterMs: number | undefined): void
  wake(model: CompiledModel): void
}

const restingOf = new WeakMap<object, Resting>()

/** What rests for all who share `owner`: the models of a worker. `now` is a clock in ms that never jumps. */
export function sharedResting(owner: object, now: () => number = () => performance.now()): Resting {
  const known = restingOf.get(owner)
  if (known !== undefined) return known
  const resting = createResting(now)
  restingOf.set(owner, resting)
  return resting
}

/** Nothing rests at first. */
export function createResting(now: () => number): Resting {
  const untilOf = new Map<string, number>()
  const keyOf = ({ target: { model, provider } }: CompiledModel): string => JSON.stringify([provider.endpoint, provider.apiKeyEnv, model])
  return {
    rests: (model) => now() < (untilOf.get(keyOf(model)) ?? 0),
    turnOf(model) {
      const until = untilOf.get(keyOf(model))
      if (until === undefined) return 'ask'
      if (now() < until) return 'rest'
      untilOf.set(keyOf(model), now() + REST_MS)
      return 'trial'
    },
    rest(model, retryAfterMs = REST_MS) {
      untilOf.set(keyOf(model), now() + Math.min(LONGEST_REST_MS, Math.max(REST_MS, retryAfterMs)))
    },
    wake(model) {
      untilOf.delete(keyOf(model))
    },
  }
}

/** What an answer in turn takes. */
export interface Turn<Answer> {
  /** The alias's own model. */
  readonly own: CompiledModel
  /** Those that stand in for it, in their order. */
  readonly fallbacks: readonly CompiledModel[]
  readonly resting: Resting
  /** Once it is aborted, errors are those of the stop, and nobody else is asked. */
  readonly stop: AbortSignal
  /** `beforeSending` is to be called whenever a request is about to go out; what it throws ends the call, and is thrown on. */
  readonly ask: (model: CompiledModel, beforeSending: () => void) => Promise<Answer>
}

/** Ends a call to a model that rests by now; nobody sees it. */
class ModelRests extends Error {}

/** The first answer. Throws what the own model's call throws, with a word on what came of the others. */
export async function askInTurn<Answer>(options: Turn<Answer>): Promise<Answer> {
  const { own, fallbacks, resting, stop, ask } = options
  if (fallbacks.length === 0) return await ask(own, () => undefined)
  const failures: Failed[] = []
  const later: CompiledModel[] = []
  /** Null when another model is to be asked. */
  async function askOne(model: CompiledModel, isSure: boolean): Promise<{ readonly answer: Answer } | null> {
    try {
      const answer = await ask(model, () => {
        if (!isSure && resting.rests(model)) throw new ModelRests()
      })
      resting.wake(model)
      return { answer }
    } catch (error) {
      if (error instanceof ModelRests) {
        later.push(model)
        return null
      }
      if (stop.aborted || !movesOn(error, model === own)) throw error
      if (error.kind === 'blocked') resting.rest(model, error.details.retryAfterMs)
      failures.push({ model, error })
      return null
    }
  }
  for (const model of [own, ...fallbacks]) {
    const turn = resting.turnOf(model)
    if (turn === 'rest') later.push(model)
    const found = turn === 'rest' ? null : await askOne(model, turn === 'trial')
    if (found !== null) return found.answer
  }
  // When all the others failed, those that rest are asked after all.
  for (const model of later) {
    const found = await askOne(model, true)
    if (found !== null) return found.answer
  }
  throw allFailed(own, failures)
}

interface Failed {
  readonly model: CompiledModel
  readonly error: ParquetryError
}

/** Refusals of a request by a model that did not read it (F2). */
const UNREAD: readonly string[] = ['MODEL_BAD_REQUEST', 'MODEL_CONTEXT_TOO_LONG']

function movesOn(error: unknown, isOwn: boolean): error is ParquetryError {
  if (!isParquetryError(error)) return false
  return (error.kind === 'blocked' && error.code.startsWith('MODEL_')) || (!isOwn && UNREAD.includes(error.code))
}

function allFailed(own: CompiledModel, failures: readonly Failed[]): ParquetryError {
  const { error } = failures.find(({ model }) => model === own)!
  const others = failures.filter(({ model }) => model !== own).map(({ model, error: { code } }) => `"${model.target.alias}" (${code})`)
  return new ParquetryError(error.code, `${error.message} Nor did its fallbacks answer: ${others.join(', ')}.`, error.details, error)
}
