import { describe, expect, it } from 'vitest'
import { compileLlmStructured } from '../../src/columns/llm-structured.ts'
import { ParquetryError } from '../../src/errors.ts'
import { model, options, PRODUCT_SCHEMA, rejection, row, scripted, structuredColumn } from './llm-builders.ts'

const hose = row({ product: 'hose' })
const limits = (maxConversationRestarts: number, maxConversationCorrectionSteps = 0) => ({
  limits: { maxConversationRestarts, maxConversationCorrectionSteps },
})
const native = { model: model({ nativeStructuredOutput: true }) }
const good = '{"title": "Hose", "rating": 4}'
const refusal = (message: string): ParquetryError => new ParquetryError('MODEL_BAD_REQUEST', message, { status: 400 })

describe('an llm-structured column', () => {
  it('asks by prompt, the schema between its tags, where the endpoint has no structured output', async () => {
    const { ports, asked } = scripted(`\`\`\`json\n${good}\n\`\`\``)
    expect(await compileLlmStructured(structuredColumn(), options()).generate(hose, ports)).toEqual({ title: 'Hose', rating: 4 })
    const prompt = asked[0]?.request.messages[0]?.content ?? ''
    expect(prompt.startsWith('Review hose\n\n')).toBe(true)
    expect(JSON.parse(/<response_schema>([\s\S]*)<\/response_schema>/.exec(prompt)?.[1] ?? '')).toEqual(PRODUCT_SCHEMA)
    expect(asked[0]?.request.responseSchema).toBeUndefined()
  })

  it('asks natively where the endpoint can, the prompt left as it is', async () => {
    const { ports, asked } = scripted(good)
    await compileLlmStructured(structuredColumn(), options(native)).generate(hose, ports)
    expect(asked[0]?.request).toMatchObject({
      messages: [{ role: 'user', content: 'Review hose' }],
      responseSchema: { name: 'summary', schema: PRODUCT_SCHEMA },
    })
  })

  it('takes out what the schema does not name, and stores what it does', async () => {
    const { ports } = scripted('{"title": "Hose", "rating": 4.0, "extra": {"deep": 1}}')
    expect(await compileLlmStructured(structuredColumn(), options()).generate(hose, ports)).toEqual({ title: 'Hose', rating: 4 })
  })

  it('tells the model what does not fit, in a correction round', async () => {
    const { ports, asked } = scripted('{"title": "Hose", "rating": 9}', good)
    await compileLlmStructured(structuredColumn(), options(limits(0, 1))).generate(hose, ports)
    expect(asked[1]?.request.messages.at(-1)?.content).toContain('/rating must be <= 5, found 9')
    expect(asked[1]?.ordinal).toEqual({ restart: 0, step: 1 })
  })

  it('gives up with the kind of fault: no JSON, or JSON that does not fit', async () => {
    const parse = await rejection(
      compileLlmStructured(structuredColumn(), options(limits(1))).generate(hose, scripted('no', 'never').ports),
    )
    expect(parse).toMatchObject({ code: 'ANSWER_INVALID', details: { reason: 'parse', calls: 2 } })
    const schema = await rejection(
      compileLlmStructured(structuredColumn(), options(limits(1))).generate(hose, scripted('no', '{"title": 3}').ports),
    )
    expect(schema).toMatchObject({ code: 'ANSWER_INVALID', details: { reason: 'schema' } })
    expect(schema.message).toContain("must have required property 'rating'")
  })

  it('does not complete an answer that the token limit cut, and says so', async () => {
    const { ports } = scripted({ content: '```json\n{"rating": 4, "title": "An unfinished ti', finishReason: 'length' })
    expect(await rejection(compileLlmStructured(structuredColumn(), options()).generate(hose, ports))).toMatchObject({
      details: { reason: 'parse', truncated: true },
    })
  })

  it('refuses an integer that cannot be kept exactly', async () => {
    const column = structuredColumn({ output_format: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] } })
    const types = { summary: { kind: 'group', fields: [{ name: 'id', type: { kind: 'int64' } }] } } as const
    const error = await rejection(
      compileLlmStructured(column, options({ types })).generate(hose, scripted('{"id": 9007199254740993}').ports),
    )
    expect(error).toMatchObject({ code: 'ANSWER_INVALID', details: { reason: 'schema' } })
    expect(error.message).toContain('/id: expected an integer')
  })

  it.each([
    ['a schema that is none', { type: 'strin' }],
    ['a reference that leads nowhere', { type: 'object', properties: { a: { $ref: '#/$defs/none' } } }],
    ['a reference to another document', { $ref: 'https://example.com/schema.json' }],
    ['an expression that is none', { type: 'string', pattern: '(' }],
  ])('refuses %s when it is compiled, not at the first row', (_name, output_format) => {
    expect(() => compileLlmStructured(structuredColumn({ output_format }), options())).toThrow(
      /columns\.summary\.output_format: expected a JSON schema/,
    )
  })

  it.each([
    [
      'draft 7',
      { $schema: 'http://json-schema.org/draft-07/schema#', type: 'array', items: [{ type: 'integer' }], additionalItems: false },
      '[1]',
      '["a"]',
    ],
    [
      '2020-12',
      { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'array', prefixItems: [{ type: 'integer' }], items: false },
      '[1]',
      '["a"]',
    ],
    ['no named draft, by its formats', { type: 'array', items: { type: 'string', format: 'date' } }, '["2025-01-31"]', '["2025-02-31"]'],
    ['prices in cents', { type: 'array', items: { type: 'number', multipleOf: 0.01 } }, '[19.99, 1.15]', '[19.999]'],
  ])('judges by %s', async (_name, output_format, fits, fitsNot) => {
    const generator = compileLlmStructured(structuredColumn({ output_format }), options({ types: { summary: { kind: 'json' } } }))
    expect(await generator.generate(hose, scripted(fits).ports)).toEqual(JSON.parse(fits))
    expect(await rejection(generator.generate(hose, scripted(fitsNot).ports))).toMatchObject({
      code: 'ANSWER_INVALID',
      details: { reason: 'schema' },
    })
  })
})

describe('an answer that sets a trap', () => {
  it('is a bad answer like any other when it replaces valueOf', async () => {
    const output_format = { type: 'array', items: { type: 'object' }, uniqueItems: true }
    const generator = compileLlmStructured(structuredColumn({ output_format }), options({ types: { summary: { kind: 'json' } } }))
    const error = await rejection(generator.generate(hose, scripted('[{"valueOf": 1}, {"valueOf": 1}]').ports))
    expect(error).toMatchObject({ code: 'ANSWER_INVALID', details: { reason: 'schema' } })
  })
})

describe('an endpoint that refuses structured output', () => {
  const text = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."

  it('is asked by prompt instead, as the next restart', async () => {
    const { ports, asked } = scripted(refusal(text), good)
    expect(await compileLlmStructured(structuredColumn(), options(native)).generate(hose, ports)).toEqual({ title: 'Hose', rating: 4 })
    expect(asked.map(({ ordinal }) => ordinal)).toEqual([
      { restart: 0, step: 0 },
      { restart: 1, step: 0 },
    ])
    expect(asked[1]?.request.responseSchema).toBeUndefined()
    expect(asked[1]?.request.messages[0]?.content).toContain('<response_schema>')
  })

  it('is not asked natively again, and later cells ask under the numbers they would have had, so that the journal finds them', async () => {
    const generator = compileLlmStructured(structuredColumn(), options(native))
    const { ports, asked } = scripted(refusal(text), good, good)
    await generator.generate(hose, ports)
    await generator.generate(hose, ports)
    expect(asked.length).toBe(3)
    expect(asked[2]).toEqual(asked[1])
  })

  it('still gets all restarts', async () => {
    const { ports, asked } = scripted(refusal(text), 'no', 'no', good)
    expect(await compileLlmStructured(structuredColumn(), options({ ...native, ...limits(2) })).generate(hose, ports)).toEqual({
      title: 'Hose',
      rating: 4,
    })
    expect(asked.at(-1)?.ordinal).toEqual({ restart: 3, step: 0 })
  })

  it('is told from a request that is bad for another reason', async () => {
    const other = refusal('temperature must be at most 1')
    expect(await rejection(compileLlmStructured(structuredColumn(), options(native)).generate(hose, scripted(other).ports))).toBe(other)
  })
})
