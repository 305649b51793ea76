import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NO_MEDIA } from '../../src/columns/media/cell-media.ts'
import type { CellPorts } from '../../src/columns/generator.ts'
import { compileLlmStructured } from '../../src/columns/llm-structured.ts'
import { compileLlmText } from '../../src/columns/llm-text.ts'
import { createToolServers } from '../../src/mcp/tool-servers.ts'
import type { ToolServers } from '../../src/mcp/tools.ts'
import { readChatAnswer, toChatBody } from '../../src/model/openai-compatible.ts'
import { options, row, structuredColumn, textColumn } from '../columns/llm-builders.ts'
import { target } from '../helpers/tool-servers.ts'

type Message = Readonly<Record<string, unknown>>

/** What DataDesigner itself did; made by make-dd-traces.py. */
const { schema, tools, cases } = JSON.parse(readFileSync(new URL('dd-traces.json', import.meta.url), 'utf8')) as {
  schema: Record<string, unknown>
  tools: readonly object[]
  cases: {
    name: string
    kind: 'text' | 'structured'
    settings: { system_prompt?: string; max_tool_call_turns?: number; max_conversation_restarts?: number }
    script: Message[]
    value: unknown
    trace: Message[]
    reasoning: string | null
    asked: Message[][]
  }[]
}

let servers: ToolServers
const of = target([
  { type: 'stdio', name: 'catalogue', command: process.execPath, args: ['examples/tools/catalogue.mjs'], env: {}, hasHomeSecrets: false },
])
beforeAll(() => {
  servers = createToolServers({ env: {} })
})
afterAll(async () => {
  await servers.close()
})

/** The model of the script, and real tools. */
function portsOf(script: readonly Message[]): { ports: CellPorts; bodies: Message[] } {
  const { signal } = new AbortController()
  const signals = { signal, stopWaiting: signal }
  const bodies: Message[] = []
  return {
    bodies,
    ports: {
      signal,
      media: NO_MEDIA,
      ask(_alias, request) {
        const text = JSON.stringify({ choices: [{ message: script[bodies.length], finish_reason: 'stop' }] })
        bodies.push(toChatBody(request))
        const read = readChatAnswer(text, request)
        return read.kind === 'answer' ? Promise.resolve(read.answer) : Promise.reject(new Error(read.kind))
      },
      tools: {
        list: () => servers.list(of, signals),
        call: async (_alias, call) => (await servers.call(of, call, signals)).content,
      },
    },
  }
}

/** The words of a structured column's prompt are ours. */
function withoutPrompt(messages: readonly Message[], kind: string): readonly Message[] {
  return messages.map((message) => (kind === 'structured' && message['role'] === 'user' ? { ...message, content: '(prompt)' } : message))
}

/** DataDesigner sends all content as blocks. */
function inBlocks(message: Message): Message {
  const { content } = message
  return typeof content === 'string' ? { ...message, content: [{ type: 'text', text: content }] } : message
}

describe('a conversation with tools', () => {
  it.each(cases)('is what DataDesigner has it: $name', async ({ kind, settings, script, value, trace, reasoning, asked }) => {
    const column = {
      name: 'answer',
      prompt: 'What does it cost?',
      system_prompt: settings.system_prompt ?? null,
      with_trace: 'all_messages',
      extract_reasoning_content: true,
    } as const
    const more = options({
      types: { answer: kind === 'text' ? { kind: 'string' } : { kind: 'group', fields: [{ name: 'price', type: { kind: 'double' } }] } },
      limits: { maxConversationRestarts: settings.max_conversation_restarts ?? 0, maxConversationCorrectionSteps: 0 },
      tools: { alias: 'tools', maxTurns: settings.max_tool_call_turns ?? 5 },
    })
    const generator =
      kind === 'text'
        ? compileLlmText(textColumn(column), more)
        : compileLlmStructured(structuredColumn({ ...column, output_format: schema }), more)
    const { ports, bodies } = portsOf(script)
    const cells = row({})
    expect(await generator.generate(cells, ports)).toEqual(value)
    for (const body of bodies) expect(body['tools']).toEqual(tools)
    const said = bodies.map((body) => withoutPrompt((body['messages'] as Message[]).map(inBlocks), kind))
    expect(said).toEqual(asked.map((messages) => withoutPrompt(messages, kind)))
    // Fields that a message does not have are null in a file.
    const fields = { reasoning_content: null, tool_calls: null, tool_call_id: null }
    const kept = cells.get('answer__trace') as readonly Message[]
    expect(withoutPrompt(kept, kind)).toEqual(withoutPrompt(trace, kind).map((message) => ({ ...fields, ...message })))
    expect(cells.get('answer__reasoning_content')).toBe(reasoning)
  })
})
