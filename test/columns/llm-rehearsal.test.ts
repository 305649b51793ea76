import { afterEach, describe, expect, it } from 'vitest'
import type { CellPorts } from '../../src/columns/generator.ts'
import { compileLlmCode } from '../../src/columns/llm-code.ts'
import { compileLlmJudge } from '../../src/columns/llm-judge.ts'
import { compileLlmStructured } from '../../src/columns/llm-structured.ts'
import { compileLlmText } from '../../src/columns/llm-text.ts'
import { CODE_LANGUAGES } from '../../src/config/schema-columns.ts'
import type { RehearsalOptions, RehearsalServer } from '../../src/rehearsal/index.ts'
import { startRehearsalServer } from '../../src/rehearsal/index.ts'
import { NO_MEDIA } from '../../src/columns/media/cell-media.ts'
import { SCHEMAS } from '../rehearsal/schemas.ts'
import { codeColumn, judgeColumn, model, options, row, structuredColumn, textColumn } from './llm-builders.ts'

const open: RehearsalServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

/** Asks a rehearsal server over HTTP, without retries of its own. */
async function rehearse(settings: RehearsalOptions = {}): Promise<{ server: RehearsalServer; ports: CellPorts }> {
  const server = await startRehearsalServer(settings)
  open.push(server)
  const ports: CellPorts = {
    media: NO_MEDIA,
    signal: new AbortController().signal,
    ask: async (_alias, request) => {
      const { responseSchema, model: name, messages } = request
      const format = responseSchema === undefined ? {} : { response_format: { type: 'json_schema', json_schema: responseSchema } }
      const response = await fetch(`${server.endpoint}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: name, messages, ...format }),
      })
      const body = (await response.json()) as { choices: [{ message: { content: string }; finish_reason: string }] }
      return {
        content: body.choices[0].message.content,
        finishReason: body.choices[0].finish_reason,
        usage: { inputTokens: 0, outputTokens: 0 },
      }
    },
  }
  return { server, ports }
}

const limits = { maxConversationRestarts: 12, maxConversationCorrectionSteps: 1 }

describe('model columns against the rehearsal endpoint', () => {
  it('write labelled text', async () => {
    const { ports } = await rehearse()
    const text = await compileLlmText(textColumn(), options()).generate(row({ product: 'purple hose' }), ports)
    expect(text).toMatch(/^\[rehearsal\] Review purple hose, /)
  })

  it.each([true, false])('write labelled records, native structured output being %s', async (nativeStructuredOutput) => {
    const { ports, server } = await rehearse()
    const generator = compileLlmStructured(structuredColumn(), options({ model: model({ nativeStructuredOutput }) }))
    const record = await generator.generate(row({ product: 'purple hose' }), ports)
    expect(record).toEqual({
      title: expect.stringMatching(/^\[rehearsal\] (?:Review|purple|hose)/) as unknown,
      rating: expect.any(Number) as unknown,
    })
    expect(server.stats().requests).toBe(1)
  })

  it.each(Object.entries(SCHEMAS))('fit %s at the first try, by prompt', async (_name, schema) => {
    const { ports } = await rehearse()
    const column = structuredColumn({ output_format: schema as Record<string, unknown> })
    const generator = compileLlmStructured(column, options({ types: { summary: { kind: 'json' } } }))
    for (let at = 0; at < 5; at += 1) await generator.generate(row({ product: `hose ${at}` }), ports)
  })

  it('score with reasons, by an option of each score', async () => {
    const { ports } = await rehearse()
    const generator = compileLlmJudge(judgeColumn(), options())
    for (let at = 0; at < 10; at += 1) {
      expect(await generator.generate(row({ product: `hose ${at}` }), ports)).toEqual({
        accuracy: { reasoning: expect.stringContaining('[rehearsal] '), score: expect.any(Number) },
        tone: { reasoning: expect.stringContaining('[rehearsal] '), score: expect.stringMatching(/^(?:Rude|Friendly)$/) },
      })
    }
  })

  it.each(CODE_LANGUAGES)('write labelled code in %s', async (code_lang) => {
    const { ports, server } = await rehearse()
    const code = await compileLlmCode(codeColumn({ code_lang }), options()).generate(row({ product: 'purple "hose"' }), ports)
    expect(code).toContain('[rehearsal] Code for purple hose\n')
    expect(server.stats().requests).toBe(1)
  })

  it('get every row in the end although half of the answers are malformed, paying one call for each bad one', async () => {
    const { ports, server } = await rehearse({ malformedRate: 0.5 })
    const text = compileLlmText(textColumn(), options({ limits }))
    const code = compileLlmCode(codeColumn(), options({ limits }))
    const structured = compileLlmStructured(structuredColumn(), options({ limits }))
    for (let at = 0; at < 30; at += 1) {
      await text.generate(row({ product: `hose ${at}` }), ports)
      await code.generate(row({ product: `hose ${at}` }), ports)
      await structured.generate(row({ product: `hose ${at}` }), ports)
    }
    const { malformed, requests } = server.stats()
    expect(malformed).toBeGreaterThan(20)
    expect(requests).toBe(90 + malformed)
  })
})
