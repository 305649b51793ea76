import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConversationLimits } from '../../src/columns/conversation.ts'
import { converse } from '../../src/columns/conversation.ts'
import { ParquetryError } from '../../src/errors.ts'
import type { ChatAnswer, ChatRequest } from '../../src/model/client.ts'
import { rejection, scripted } from './llm-builders.ts'

const request: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'Say yes' }] }
const read = (answer: ChatAnswer): { isUsable: true; value: string } | { isUsable: false; kind: 'parse'; message: string } =>
  answer.content === 'yes' ? { isUsable: true, value: 'yes' } : { isUsable: false, kind: 'parse', message: `it says ${answer.content}.` }

function talk(
  script: readonly (string | Error)[],
  limits: ConversationLimits,
  firstRestart?: number,
): { result: Promise<string>; asked: ReturnType<typeof scripted>['asked'] } {
  const { ports, asked } = scripted(...script)
  const conversation = {
    column: 'c',
    request,
    read,
    ask: ports.ask.bind(ports, 'a'),
    ...(firstRestart === undefined ? {} : { firstRestart }),
  }
  return { result: converse(conversation, limits).then(({ value }) => value), asked }
}

describe('a conversation', () => {
  it('corrects within one conversation: the bad answer and the error become its next turns', async () => {
    const { result, asked } = talk(['maybe', 'no', 'yes'], { maxConversationRestarts: 0, maxConversationCorrectionSteps: 2 })
    expect(await result).toBe('yes')
    expect(asked.map(({ ordinal }) => ordinal)).toEqual([
      { restart: 0, step: 0 },
      { restart: 0, step: 1 },
      { restart: 0, step: 2 },
    ])
    expect(asked[2]?.request.messages).toEqual([
      { role: 'user', content: 'Say yes' },
      { role: 'assistant', content: 'maybe' },
      { role: 'user', content: expect.stringContaining('it says maybe.') as unknown },
      { role: 'assistant', content: 'no' },
      { role: 'user', content: expect.stringContaining('it says no.') as unknown },
    ])
  })

  it('starts afresh when the correction rounds are used up, forgetting what was said', async () => {
    const { result, asked } = talk(['a', 'b', 'c', 'yes'], { maxConversationRestarts: 1, maxConversationCorrectionSteps: 1 })
    expect(await result).toBe('yes')
    expect(asked.map(({ ordinal }) => [ordinal.restart, ordinal.step])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ])
    expect(asked[2]?.request).toEqual(request)
  })

  it('sends no empty turn after an empty answer', async () => {
    const { result, asked } = talk(['', 'yes'], { maxConversationRestarts: 0, maxConversationCorrectionSteps: 1 })
    await result
    for (const message of asked[1]?.request.messages ?? []) expect(message.content.trim()).not.toBe('')
  })

  it('makes exactly (1 + restarts) × (1 + steps) calls with distinct ordinals before it gives up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(5), fc.nat(3), fc.nat(2), async (restarts, steps, first) => {
        const calls = (1 + restarts) * (1 + steps)
        const { result, asked } = talk(
          Array.from({ length: calls }, () => 'no'),
          { maxConversationRestarts: restarts, maxConversationCorrectionSteps: steps },
          first,
        )
        expect(await rejection(result)).toMatchObject({
          code: 'ANSWER_INVALID',
          details: { calls, reason: 'parse', lastError: 'it says no.', truncated: false },
        })
        expect(new Set(asked.map(({ ordinal }) => JSON.stringify(ordinal))).size).toBe(calls)
        expect(asked[0]?.ordinal).toEqual({ restart: first, step: 0 })
      }),
    )
  })

  it('uses up no round for what asking itself throws', async () => {
    const failure = new ParquetryError('MODEL_AUTH', 'refused')
    const { result, asked } = talk(['no', failure, 'yes'], { maxConversationRestarts: 5, maxConversationCorrectionSteps: 0 })
    expect(await rejection(result)).toBe(failure)
    expect(asked.length).toBe(2)
  })
})
