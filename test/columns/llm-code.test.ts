import { describe, expect, it } from 'vitest'
import { compileLlmCode } from '../../src/columns/llm-code.ts'
import { codeColumn, options, rejection, row, scripted } from './llm-builders.ts'

const product = row({ product: 'hose' })

describe('an llm-code column', () => {
  it('asks for one fenced block of its language and stores the code only', async () => {
    const { ports, asked } = scripted('Sure:\n```python\ndef f():\n    return 1\n```\nDone.')
    expect(await compileLlmCode(codeColumn(), options()).generate(product, ports)).toBe('def f():\n    return 1')
    expect(asked[0]?.request.messages).toEqual([
      {
        role: 'user',
        content:
          'Code for hose\n\nWrite the code in Python. Answer with exactly one fenced code block that begins with ```python, and write nothing after it.',
      },
    ])
  })

  it('names the dialect of SQL, and asks for a block marked sql', async () => {
    const { ports, asked } = scripted('```sql\nSELECT 1;\n```')
    expect(await compileLlmCode(codeColumn({ code_lang: 'sql:postgres' }), options()).generate(product, ports)).toBe('SELECT 1;')
    expect(asked[0]?.request.messages[0]?.content).toContain('Write the code in SQL (dialect postgres). ')
    expect(asked[0]?.request.messages[0]?.content).toContain('begins with ```sql,')
  })

  it('tells the model in a correction round what was wrong, then begins anew', async () => {
    const limits = { maxConversationRestarts: 1, maxConversationCorrectionSteps: 1 }
    const { ports, asked } = scripted('no code', '```js\n1\n```', '```python\n1\n```')
    expect(await compileLlmCode(codeColumn(), options({ limits })).generate(product, ports)).toBe('1')
    expect(asked.map(({ ordinal }) => ordinal)).toEqual([
      { restart: 0, step: 0 },
      { restart: 0, step: 1 },
      { restart: 1, step: 0 },
    ])
    expect(asked[1]?.request.messages.at(-1)?.content).toContain('it holds no fenced block of code')
    expect(asked[2]?.request).toEqual(asked[0]?.request)
  })

  it('gives the row up when every answer is in another language', async () => {
    const { ports } = scripted('```js\n1\n```')
    const error = await rejection(compileLlmCode(codeColumn(), options()).generate(product, ports))
    expect(error).toMatchObject({ code: 'ANSWER_INVALID', details: { reason: 'parse', column: 'code' } })
    expect(error.message).toContain('marked as js, expected Python')
  })
})
