import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonAnswer } from '../../src/columns/parse-json-answer.ts'

const value = (text: string, wants?: 'object' | 'array' | 'any'): unknown => {
  const parsed = parseJsonAnswer(text, wants)
  return parsed.isFound ? parsed.value : parsed
}
const refused = (text: string, wants?: 'object' | 'array' | 'any'): string => {
  const parsed = parseJsonAnswer(text, wants)
  return parsed.isFound ? `found ${JSON.stringify(parsed.value)}` : parsed.message
}

describe('the JSON in an answer', () => {
  it.each([
    ['bare', '{"a": 1}'],
    ['in a json fence', '```json\n{"a": 1}\n```'],
    ['in a fence on one line', 'Here: ```json {"a": 1} ```'],
    ['in a fence with prose around it', 'Sure, [as asked]:\n\n```json\n{"a": 1}\n```\nI hope that helps {really}.'],
    ['in the last of several json fences', '```json\n{"a": 0}\n```\nNo, rather:\n```json\n{"a": 1}\n```'],
    ['in a json fence before a fence of another language', '```json\n{"a": 1}\n```\n```python\nprint({})\n```'],
    ['in a fence without a language', '```\n{"a": 1}\n```'],
    ['in a fence of the wrong language', '```python\n{"a": 1}\n```'],
    ['in an upper-case fence with Windows line ends', '```JSON\r\n{"a": 1}\r\n```\r\n'],
    ['in a fence that is closed without a line break', '```json\n{"a": 1}```'],
    ['in a fence that never closes, though its JSON does', '```json\n{"a": 1}'],
    ['in prose', 'The record is {"a": 1} as you see.'],
    ['in prose with stray brackets', 'See [1] and {this}: {"a": 1} [end]'],
    ['after thoughts', '<think>maybe {"a": 0}?</think>\n{"a": 1}'],
    ['with a trailing comma', '```json\n{"a": 1,}\n```'],
    ['with single quotes', "{'a': 1}"],
    ['with a comment', '```json\n{"a": 1 // one\n}\n```'],
    ['with an unquoted key', '```json\n{a: 1}\n```'],
    ['with the closing brace forgotten inside a closed fence', '```json\n{"a": 1\n```'],
  ])('is found %s', (_name, text) => expect(value(text, 'object')).toEqual({ a: 1 }))

  it('reads Python constants', () => expect(value('```json\n{"a": True, "b": None}\n```')).toEqual({ a: true, b: null }))

  it('keeps fences inside JSON strings', () => {
    const code = { code: 'Use:\n```json\n{"x": 1}\n```\ndone', other: '```' }
    expect(value(JSON.stringify(code))).toEqual(code)
    expect(value(`\`\`\`json\n${JSON.stringify(code)}\n\`\`\``)).toEqual(code)
    expect(value(`\`\`\`json\n${JSON.stringify(code, null, 2)}\n\`\`\``)).toEqual(code)
  })

  it('takes lists and scalars where they are the whole answer', () => {
    expect(value('[1, 2]', 'array')).toEqual([1, 2])
    expect(value(' "text" ')).toBe('text')
    expect(value('```json\n5\n```')).toBe(5)
  })

  it('prefers the kind of value that the schema wants', () => {
    const text = 'Notes [1, 2] on {"a": 1} and [3].'
    expect(value(text, 'object')).toEqual({ a: 1 })
    expect(value(text, 'array')).toEqual([3])
  })

  it('finds whatever JSON is written, bare, fenced or in prose', () => {
    const json = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue(), { minLength: 1 }))
    fc.assert(
      fc.property(json, fc.boolean(), (written, isPretty) => {
        const text = isPretty ? JSON.stringify(written, null, 2) : JSON.stringify(written)
        const expected: unknown = JSON.parse(text)
        expect(value(text)).toEqual(expected)
        expect(value(`Sure!\n\`\`\`json\n${text}\n\`\`\`\nDone.`)).toEqual(expected)
        expect(value(`The record: ${text} as asked`, Array.isArray(written) ? 'array' : 'object')).toEqual(expected)
      }),
    )
  })
})

describe('an answer without usable JSON', () => {
  it.each([
    'I would rather not.',
    '',
    '```json\n```',
    '[rehearsal] I would rather not.',
    '{this} is [not] JSON',
    '`{}`s are braces, says {',
  ])('is refused: %j', (text) => expect(refused(text, 'object')).not.toMatch(/^found \{"|^found \[/))

  it('is called cut off when it ends inside its JSON, and never completed', () => {
    const record = { title: 'A hose', tags: ['long', 'green'], nested: { deep: 'value' }, last: 'an ending that matters' }
    const text = JSON.stringify(record, null, 1)
    for (let end = 12; end < text.length; end += 1) {
      expect(refused(text.slice(0, end), 'object')).toContain('cut off')
      expect(refused(`Sure!\n\`\`\`json\n${text.slice(0, end)}`, 'object')).toContain('cut off')
    }
  })

  it('is called cut off when its thoughts never end', () => expect(refused('<think>perhaps {"a": 1}')).toContain('cut off'))

  it('is refused when two values stand where one was asked for', () =>
    expect(refused('```json\n{"a": 1}\n{"a": 2}\n```')).toContain('does not parse'))

  it('is refused when it nests without end, and costs little', () => {
    const startedAt = performance.now()
    expect(refused('['.repeat(100_000))).not.toMatch(/^found/)
    expect(refused(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).not.toMatch(/^found/)
    expect(refused('{"a":'.repeat(50_000))).not.toMatch(/^found/)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  it('never throws, whatever the text', () => {
    const piece = fc.constantFrom(
      '```',
      'json',
      '\n',
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      'a',
      '\\',
      "'",
      ' ',
      '<think>',
      '</think>',
      '1',
      '//',
      '/*',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(() => parseJsonAnswer(pieces.join(''), 'object')).not.toThrow()
      }),
      { numRuns: 3000 },
    )
  })
})
