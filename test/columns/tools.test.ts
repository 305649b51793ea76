import { describe, expect, it } from 'vitest'
import { compileLlmStructured } from '../../src/columns/llm-structured.ts'
import { compileLlmText } from '../../src/columns/llm-text.ts'
import type { CellPorts, ToolCallOrdinal } from '../../src/columns/generator.ts'
import { ParquetryError } from '../../src/errors.ts'
import type { ChatAnswer, ToolCall } from '../../src/model/client.ts'
import { options, rejection, row, scripted, structuredColumn, textColumn } from './llm-builders.ts'

const definitions = [{ name: 'look_up', description: 'Looks up.', parameters: { type: 'object' } }]
const tools = { alias: 't', maxTurns: 2 }
const call = (id: string, topic: string): ToolCall => ({ id, name: 'look_up', arguments: JSON.stringify({ topic }) })
const calls = (...wanted: readonly ToolCall[]): { toolCalls: readonly ToolCall[]; finishReason: string } => ({
  toolCalls: wanted,
  finishReason: 'tool_calls',
})

/** Ports of a scripted model with tools that echo; `called` holds what was called, and where. */
function withTools(...script: readonly (string | Partial<ChatAnswer>)[]): {
  ports: CellPorts
  asked: ReturnType<typeof scripted>['asked']
  called: [string, ToolCallOrdinal][]
} {
  const { ports, asked } = scripted(...script)
  const called: [string, ToolCallOrdinal][] = []
  const cellTools: CellPorts['tools'] = {
    list: () => Promise.resolve(definitions),
    call: (_alias, wanted, ordinal) => {
      called.push([wanted.id, ordinal])
      return Promise.resolve(`of ${wanted.arguments}`)
    },
  }
  return { ports: { ...ports, tools: cellTools }, asked, called }
}

describe('a model column with tools', () => {
  it('offers them, makes the calls of a turn at once, and gives their results back in order', async () => {
    let running = 0
    let peak = 0
    const { ports, asked, called } = withTools(calls(call('a', 'tea'), call('b', 'oil')), 'Tea and oil.')
    const slow = {
      ...ports.tools!,
      call: async (...args: Parameters<NonNullable<CellPorts['tools']>['call']>): Promise<string> => {
        peak = Math.max(peak, (running += 1))
        await new Promise((resolve) => setTimeout(resolve, args[1].id === 'a' ? 20 : 5))
        running -= 1
        return await ports.tools!.call(...args)
      },
    }
    const value = await compileLlmText(textColumn(), options({ tools })).generate(row({ product: 'hose' }), { ...ports, tools: slow })
    expect(value).toBe('Tea and oil.')
    expect(peak).toBe(2)
    expect(called).toEqual([
      ['b', { restart: 0, step: 0, call: 1 }],
      ['a', { restart: 0, step: 0, call: 0 }],
    ])
    expect(asked.map(({ request, ordinal }) => [request.tools, ordinal])).toEqual([
      [definitions, { restart: 0, step: 0 }],
      [definitions, { restart: 0, step: 0, turn: 1 }],
    ])
    expect(asked[1]?.request.messages.slice(1)).toEqual([
      { role: 'assistant', content: '', toolCalls: [call('a', 'tea'), call('b', 'oil')] },
      { role: 'tool', content: 'of {"topic":"tea"}', toolCallId: 'a' },
      { role: 'tool', content: 'of {"topic":"oil"}', toolCallId: 'b' },
    ])
  })

  it('refuses calls once the turns are used up, without making them; a model that goes on has not answered', async () => {
    const wants = calls(call('a', 'tea'))
    const refused = withTools(wants, wants, wants, 'At last.')
    expect(await compileLlmText(textColumn(), options({ tools })).generate(row({}), refused.ports)).toBe('At last.')
    expect(refused.called.length).toBe(2)
    expect(refused.asked[3]?.request.messages.at(-1)).toMatchObject({ role: 'tool', content: expect.stringMatching(/^Tool call refused/) })
    const stubborn = withTools(wants, wants, wants, wants, wants, wants)
    expect(await rejection(compileLlmText(textColumn(), options({ tools })).generate(row({}), stubborn.ports))).toMatchObject({
      code: 'ANSWER_INVALID',
      message: expect.stringContaining('its 2 turns of tool calls are used up'),
    })
    expect(stubborn.called.length).toBe(2)
  })

  it('keeps results over a fresh conversation, which begins after them', async () => {
    const limits = { maxConversationRestarts: 1, maxConversationCorrectionSteps: 0 }
    const { ports, asked, called } = withTools(calls(call('a', 'tea')), 'no JSON', '{"title": "Tea", "rating": 4}')
    await compileLlmStructured(structuredColumn(), options({ limits, tools })).generate(row({}), ports)
    expect(called.length).toBe(1)
    expect(asked.map(({ ordinal }) => ordinal)).toEqual([
      { restart: 0, step: 0 },
      { restart: 0, step: 0, turn: 1 },
      { restart: 1, step: 0, turn: 1 },
    ])
    expect(asked[2]?.request.messages).toEqual(asked[1]?.request.messages)
  })

  it('fails as the tools fail, once all calls of the turn have ended', async () => {
    const { ports } = withTools(calls(call('a', 'tea'), call('b', 'oil')))
    let ended = false
    const away = new ParquetryError('TOOL_SERVER_UNREACHABLE', 'nobody there')
    const failing = {
      ...ports.tools!,
      call: async (_alias: string, { id }: ToolCall): Promise<string> => {
        if (id === 'a') throw away
        await new Promise((resolve) => setTimeout(resolve, 20))
        ended = true
        return ''
      },
    }
    const work = compileLlmText(textColumn(), options({ tools })).generate(row({}), { ...ports, tools: failing })
    expect(await rejection(work)).toBe(away)
    expect(ended).toBe(true)
  })
})
