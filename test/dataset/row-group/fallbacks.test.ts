import { beforeEach, describe, expect, it } from 'vitest'
import type { CompiledModel } from '../../../src/config/compiled.ts'
import { askInTurn, createResting } from '../../../src/dataset/row-group/fallbacks.ts'
import type { Resting } from '../../../src/dataset/row-group/fallbacks.ts'
import { ParquetryError } from '../../../src/errors.ts'
import type { ErrorCode } from '../../../src/errors.ts'
import { model as modelOf } from '../../columns/llm-builders.ts'

const named = (alias: string): CompiledModel => {
  const { target } = modelOf()
  return modelOf({ target: { ...target, alias, model: `model-of-${alias}` } })
}
const own = named('own')
const second = named('second')
const third = named('third')
let nowMs: number
let resting: Resting
let asked: string[]
let stop: AbortController

beforeEach(() => {
  nowMs = 0
  asked = []
  resting = createResting(() => nowMs)
  stop = new AbortController()
})

/** Asks in turn; aliases in `failing` answer with an error. */
function inTurn(failing: Readonly<Record<string, ErrorCode | ParquetryError>>, fallbacks = [second, third]): Promise<string> {
  return askInTurn({
    own,
    fallbacks,
    resting,
    stop: stop.signal,
    ask({ target: { alias } }) {
      asked.push(alias)
      const failure = failing[alias]
      if (failure === undefined) return Promise.resolve(alias)
      return Promise.reject(typeof failure === 'string' ? new ParquetryError(failure, `${alias} fails.`) : failure)
    },
  })
}

describe('asking in turn', () => {
  it.each<ErrorCode>([
    'MODEL_KEY_MISSING',
    'MODEL_AUTH',
    'MODEL_PERMISSION',
    'MODEL_NOT_FOUND',
    'MODEL_QUOTA',
    'MODEL_RATE_LIMITED',
    'MODEL_UNAVAILABLE',
    'MODEL_TIMEOUT',
    'MODEL_UNREACHABLE',
  ])('goes on after %s, in the order given', async (code) => {
    expect(await inTurn({ own: code, second: code })).toBe('third')
    expect(asked).toEqual(['own', 'second', 'third'])
  })

  it.each<ErrorCode>(['MODEL_BAD_REQUEST', 'MODEL_CONTEXT_TOO_LONG', 'MODEL_CONTENT_FILTERED', 'DISK_FULL'])(
    'takes %s for the answer: it is no fault of the model that is asked',
    async (code) => {
      await expect(inTurn({ own: code })).rejects.toMatchObject({ code })
      expect(asked).toEqual(['own'])
    },
  )

  it('takes no refusal of a stand-in that did not read the request for the answer', async () => {
    expect(await inTurn({ own: 'MODEL_QUOTA', second: 'MODEL_CONTEXT_TOO_LONG' })).toBe('third')
    const failing = { own: 'MODEL_QUOTA', second: 'MODEL_CONTEXT_TOO_LONG', third: 'MODEL_BAD_REQUEST' } as const
    await expect(inTurn(failing)).rejects.toMatchObject({ code: 'MODEL_QUOTA', kind: 'blocked' })
    await expect(inTurn({ own: 'MODEL_QUOTA', second: 'MODEL_CONTENT_FILTERED' })).rejects.toMatchObject({ code: 'MODEL_CONTENT_FILTERED' })
  })

  it('ends with the error of the own model, and says what became of the others', async () => {
    await expect(inTurn({ own: 'MODEL_AUTH', second: 'MODEL_TIMEOUT', third: 'MODEL_QUOTA' })).rejects.toMatchObject({
      code: 'MODEL_AUTH',
      message: 'own fails. Nor did its fallbacks answer: "second" (MODEL_TIMEOUT), "third" (MODEL_QUOTA).',
    })
  })

  it('asks nobody else once the work has stopped', async () => {
    const reason = new ParquetryError('MODEL_AUTH', 'another call stopped it')
    stop.abort(reason)
    await expect(inTurn({ own: reason })).rejects.toBe(reason)
    expect(asked).toEqual(['own'])
  })

  it('lets a blocked model rest, then tries it with one call, and goes back to it when it answers', async () => {
    await inTurn({ own: 'MODEL_UNAVAILABLE' })
    nowMs = 29_999
    await inTurn({})
    expect(asked).toEqual(['own', 'second', 'second'])
    nowMs = 30_000
    const trial = inTurn({})
    await inTurn({})
    await trial
    expect(asked.slice(3)).toEqual(['own', 'second'])
    await inTurn({})
    expect(asked.slice(5)).toEqual(['own'])
  })

  it('rests as long as the provider says, and asks a resting model after all when nobody else is left', async () => {
    await inTurn({ own: new ParquetryError('MODEL_RATE_LIMITED', 'later', { retryAfterMs: 90_000 }) }, [second])
    nowMs = 60_000
    await inTurn({}, [second])
    expect(asked).toEqual(['own', 'second', 'second'])
    expect(await inTurn({ second: 'MODEL_TIMEOUT' }, [second])).toBe('own')
  })

  it('takes calls that wait for a model which rests by now to the next one', async () => {
    let letGo = (): void => undefined
    const waits = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const waiting = askInTurn({
      own,
      fallbacks: [second],
      resting,
      stop: stop.signal,
      async ask({ target: { alias } }, beforeSending) {
        await waits
        beforeSending()
        asked.push(alias)
        return alias
      },
    })
    await inTurn({ own: 'MODEL_AUTH' }, [second])
    asked = []
    letGo()
    expect(await waiting).toBe('second')
    expect(asked).toEqual(['second'])
  })

  it('without stand-ins is asking', async () => {
    await expect(inTurn({ own: 'MODEL_AUTH' }, [])).rejects.toMatchObject({ message: 'own fails.' })
    expect(await inTurn({}, [])).toBe('own')
  })
})
