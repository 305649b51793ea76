import { createHash } from 'node:crypto'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerRehearsal, digestOf } from '../../src/rehearsal/answer.ts'
import { drawsFrom } from '../../src/rehearsal/draws.ts'
import { matching } from '../../src/rehearsal/pattern.ts'
import { SCHEMAS } from './schemas.ts'

function judge(schema: object): (value: unknown) => { ok: boolean; errors: unknown } {
  const isDraft7 = JSON.stringify(schema).includes('draft-07') || ('items' in schema && Array.isArray(schema.items))
  const ajv = isDraft7 ? new Ajv({ strict: false }) : new Ajv2020({ strict: false })
  ajvFormats.default(ajv)
  const validate = ajv.compile(schema)
  return (value) => ({ ok: validate(value) === true, errors: validate.errors })
}

function answerFor(schema: object, prompt: string): unknown {
  const request = {
    messages: [{ role: 'user', content: prompt }],
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
  }
  return JSON.parse(answerRehearsal(request, digestOf(request)).content)
}

describe('JSON made to fit a schema', () => {
  it('covers at least 25 schemas', () => expect(Object.keys(SCHEMAS).length).toBeGreaterThanOrEqual(25))

  it.each(Object.entries(SCHEMAS))('fits %s, whatever the prompt', (_name, schema) => {
    const check = judge(schema)
    for (let at = 0; at < 40; at += 1) {
      const value = answerFor(schema, `Review number ${at} of a garden hose, for Łódź & 東京, in an angry tone`)
      expect(check(value), JSON.stringify(value)).toMatchObject({ ok: true })
    }
  })

  it('fits any schema that a person can put together from the usual parts', () => {
    fc.assert(
      fc.property(anySchema(), fc.string(), (schema, prompt) => {
        expect(judge(schema)(answerFor(schema, prompt))).toMatchObject({ ok: true })
      }),
      { numRuns: 400 },
    )
  })

  it('labels every string that is free text, and only those', () => {
    const value = answerFor(SCHEMAS['a flat object'] as object, 'Review a hose reel') as {
      title: string
      tags: string[]
      sentiment: string
    }
    for (const text of [value.title, ...value.tags]) expect(text.startsWith('[rehearsal] ')).toBe(true)
    expect(['positive', 'neutral', 'negative']).toContain(value.sentiment)
  })

  it('refuses a schema that nothing fits, and one that is none', () => {
    expect(() => answerFor({ allOf: [{ type: 'string' }, { type: 'integer' }] }, 'x')).toThrow(/found none in 60 tries/)
    expect(() => answerFor({ type: 'strin' }, 'x')).toThrow(/cannot be read/)
  })

  it('ends on a schema that only an infinite value would fit', () => {
    const endless = { $defs: { N: { type: 'object', properties: { next: { $ref: '#/$defs/N' } }, required: ['next'] } }, $ref: '#/$defs/N' }
    expect(() => answerFor(endless, 'x')).toThrow(/found none/)
  })
})

describe('strings that match a pattern', () => {
  it('match patterns put together from the parts that are understood', () => {
    const atom = fc.oneof(
      fc.constantFrom('a', 'Z', '\\d', '\\w', '\\s', '[a-f]', '[^x]', '[A-Z0-9_-]', '\\.', 'é', '\\u0041', '.', '[\\d,]', '\\x42', '😀'),
      fc.constantFrom('(?:ab|cd)', '(x|yz|)', '(?:q(?:r|s))'),
    )
    const piece = fc.tuple(atom, fc.constantFrom('', '?', '*', '+', '{2}', '{1,3}', '{2,}', '*?')).map(([a, q]) => a + q)
    const pattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => `^(?<named>${pieces.join('')})$`)
    fc.assert(
      fc.property(pattern, fc.nat(), (source, seed) => {
        const draws = drawsFrom(createHash('sha256').update(String(seed)).digest(), 0)
        expect(matching(source, draws, 4)).toMatch(new RegExp(source, 'u'))
      }),
      { numRuns: 500 },
    )
  })

  it('says so when it cannot read an expression', () => {
    const draws = drawsFrom(new Uint8Array(32), 0)
    expect(matching('(unclosed', draws, 4)).toBeUndefined()
    expect(matching('[z-a]', draws, 4)).toBeUndefined()
  })
})

/** Schemas that some value fits, by construction. */
function anySchema(): fc.Arbitrary<object> {
  const { schema } = fc.letrec<{ schema: object }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      scalar,
      fc
        .record({ minItems: fc.nat(3), items: tie('schema') })
        .map(({ minItems, items }) => ({ type: 'array', items, minItems, maxItems: minItems + 2 })),
      fc
        .dictionary(fc.constantFrom('name', 'age', 'tags', 'a b', 'ключ', 'constructor'), tie('schema'), { maxKeys: 4 })
        .chain((properties) =>
          fc.record({ required: fc.subarray(Object.keys(properties)), closed: fc.boolean() }).map(({ required, closed }) => ({
            type: 'object',
            properties,
            required,
            ...(closed ? { additionalProperties: false } : {}),
          })),
        ),
      fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
      tie('schema').map((inner) => ({ allOf: [inner] })),
      tie('schema').map((additionalProperties) => ({ type: 'object', additionalProperties, minProperties: 1 })),
    ),
  }))
  return schema.map((root) => ({ ...root }))
}

const scalar: fc.Arbitrary<object> = fc.oneof(
  fc
    .tuple(fc.integer({ min: -1000, max: 1000 }), fc.nat(1000))
    .map(([low, span]) => ({ type: 'integer', minimum: low, maximum: low + span })),
  fc
    .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }))
    .map(([low, span]) => ({ type: 'number', minimum: low, maximum: low + span })),
  fc.tuple(fc.nat(60), fc.nat(60)).map(([minLength, span]) => ({ type: 'string', minLength, maxLength: minLength + span })),
  fc
    .array(fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)), { minLength: 1, maxLength: 5 })
    .map((values) => ({ enum: values })),
  fc.constantFrom(
    { type: 'boolean' },
    { type: 'null' },
    { type: ['string', 'null'] },
    {},
    { type: 'string', format: 'date-time' },
    { type: 'integer', multipleOf: 7 },
  ),
  // ajv itself throws on constants with such a key.
  fc
    .jsonValue({ maxDepth: 1 })
    .filter((value) => !/"(?:valueOf|toString)":/.test(JSON.stringify(value)))
    .map((value) => ({ const: value })),
)
