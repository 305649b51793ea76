import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerKey } from '../../../src/dataset/journal/answer-key.ts'
import type { AnswerPlace } from '../../../src/dataset/journal/answer-key.ts'
import type { ChatRequest } from '../../../src/model/client.ts'

const place: AnswerPlace = { row: 7, column: 'review', refill: 0, restart: 0, step: 0 }
const request: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'Hi "there" 😀' }] }

/** Rebuilds a value with the fields of all its objects in the opposite order. */
function reorder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reorder)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reorder(item)]),
  )
}

describe('the key of an answer', () => {
  it('never changes between releases, or open journals would be paid for again', () => {
    const full: ChatRequest = {
      ...request,
      temperature: 0.7,
      topP: 1,
      maxTokens: 100,
      responseSchema: { name: 's', schema: { type: 'object', properties: { b: { type: 'string' }, a: {} } } },
      extraBody: { seed: 1, stop: ['x'] },
    }
    expect(answerKey(request, place)).toBe('789871e285d7cc49e9e341f55090c4ecd19f4fe49b1a9b8d8ff954b1abc9bc78')
    expect(answerKey(full, place)).toBe('0d3e216e893b48b3057e5f04c71c1c1de9cd43d2a631c971e706c59efe62ed72')
  })

  it('tells what is asked for and what is shown apart, by what it is and not by how it is loaded', () => {
    const shown = (id: string, data: string | (() => Promise<string>)): ChatRequest => ({
      model: 'm',
      messages: [
        {
          role: 'user',
          content: 'Hi',
          media: [{ modality: 'image', id, label: id, source: { type: 'base64', mediaType: 'image/png', data } }],
        },
      ],
    })
    const wants = { kind: 'embeddings', texts: ['a', 'b'], encodingFormat: 'float', dimensions: null } as const
    const requests: readonly ChatRequest[] = [
      request,
      shown('one', 'AAAA'),
      shown('two', 'AAAA'),
      { ...request, wants: { kind: 'images', route: 'chat' } },
      { ...request, wants: { kind: 'images', route: 'images' } },
      { ...request, wants },
      { ...request, wants: { ...wants, texts: ['a,b'] } },
      { ...request, wants: { ...wants, dimensions: 8 } },
    ]
    expect(new Set(requests.map((one) => answerKey(one, place))).size).toBe(requests.length)
    expect(
      answerKey(
        shown('one', () => Promise.resolve('BBBB')),
        place,
      ),
    ).toBe(answerKey(shown('one', 'AAAA'), place))
  })

  it('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (extraBody, schema) => {
        const one: ChatRequest = { ...request, temperature: 1, extraBody, responseSchema: { name: 'n', schema } }
        const other = reorder(one) as ChatRequest
        expect(answerKey(other, reorder(place) as AnswerPlace)).toBe(answerKey(one, place))
      }),
    )
  })

  it('differs for everything that makes another call', () => {
    const variants: [ChatRequest, AnswerPlace][] = [
      [request, place],
      [request, { ...place, row: 8 }],
      [request, { ...place, column: 'price' }],
      [request, { ...place, refill: 1 }],
      [request, { ...place, restart: 1 }],
      [request, { ...place, step: 1 }],
      [{ ...request, model: 'n' }, place],
      [{ ...request, temperature: 0 }, place],
      [{ ...request, topP: 0 }, place],
      [{ ...request, maxTokens: 1 }, place],
      [{ ...request, extraBody: {} }, place],
      [{ ...request, extraBody: { a: 1 } }, place],
      [{ ...request, extraBody: { a: '1' } }, place],
      [{ ...request, responseSchema: { name: 'x', schema: {} } }, place],
      [{ ...request, messages: [] }, place],
      [{ ...request, messages: [{ role: 'system', content: 'Hi "there" 😀' }] }, place],
      [{ ...request, messages: [...request.messages, { role: 'assistant', content: '' }] }, place],
      [{ ...request, messages: [{ role: 'user', content: 'Hi "there" 😀"],["user","' }] }, place],
    ]
    expect(new Set(variants.map(([asked, at]) => answerKey(asked, at))).size).toBe(variants.length)
  })

  it('keeps texts apart wherever they are split', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const two = answerKey(
          {
            model: 'm',
            messages: [
              { role: 'user', content: a },
              { role: 'user', content: b },
            ],
          },
          place,
        )
        const one = answerKey({ model: 'm', messages: [{ role: 'user', content: a + b }] }, place)
        const swapped = answerKey(
          {
            model: 'm',
            messages: [
              { role: 'user', content: b },
              { role: 'user', content: a },
            ],
          },
          place,
        )
        expect(two).not.toBe(one)
        expect(two === swapped).toBe(a === b)
      }),
    )
  })
})
