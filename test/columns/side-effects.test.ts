import { describe, expect, it } from 'vitest'
import { compileLlmStructured } from '../../src/columns/llm-structured.ts'
import { compileLlmText } from '../../src/columns/llm-text.ts'
import { withSkip } from '../../src/columns/skip.ts'
import { options, row, scripted, simpleTemplate, structuredColumn, textColumn } from './llm-builders.ts'

const said = (role: string, text: string, reasoning_content: string | null = null): object => ({
  role,
  content: [{ type: 'text', text }],
  reasoning_content,
  tool_calls: null,
  tool_call_id: null,
})
const both = { with_trace: 'all_messages', extract_reasoning_content: true } as const

describe('the side-effect columns of a model column', () => {
  it('are named after it, and only those that are asked for are made', () => {
    const made = (more: object): unknown => compileLlmText(textColumn(more), options()).sideEffects
    expect(made({})).toEqual([])
    expect(made({ with_trace: 'last_message' })).toEqual(['review__trace'])
    expect(made(both)).toEqual(['review__trace', 'review__reasoning_content'])
  })

  it('hold the whole conversation with its thoughts, and those before the last answer', async () => {
    const cells = row({ product: 'hose' })
    const column = textColumn({ ...both, system_prompt: 'You write.' })
    const { ports } = scripted({ content: ' A hose.\n', reasoning: '\n It is long. ' })
    expect(await compileLlmText(column, options()).generate(cells, ports)).toBe('A hose.')
    expect(cells.get('review__trace')).toEqual([
      said('system', 'You write.'),
      said('user', 'Review hose'),
      said('assistant', 'A hose.', '\n It is long. '),
    ])
    expect(cells.get('review__reasoning_content')).toBe('It is long.')
  })

  it('hold correction rounds, but no conversation that was given up', async () => {
    const cells = row({ product: 'hose' })
    const limits = { maxConversationRestarts: 1, maxConversationCorrectionSteps: 1 }
    const { ports } = scripted('lost', 'lost too', { content: '[]', reasoning: 'hm' }, '{"title": "Hose", "rating": 4}')
    await compileLlmStructured(structuredColumn(both), options({ limits })).generate(cells, ports)
    expect(cells.get('summary__trace')).toMatchObject([
      { role: 'user' },
      said('assistant', '[]', 'hm'),
      { role: 'user', content: [{ text: expect.stringContaining('That answer cannot be used') }] },
      said('assistant', '{"title": "Hose", "rating": 4}'),
    ])
    expect(cells.get('summary__reasoning_content')).toBeNull()
  })

  it('hold the last message only, where no more is asked for', async () => {
    const cells = row({ product: 'hose' })
    await compileLlmText(textColumn({ with_trace: 'last_message' }), options()).generate(cells, scripted('A hose.').ports)
    expect(cells.get('review__trace')).toEqual([said('assistant', 'A hose.')])
  })

  it.each([undefined, '', ' \n'])('hold no thoughts where the model says %j', async (reasoning) => {
    const cells = row({ product: 'hose' })
    const answer = { content: 'A hose.', ...(reasoning === undefined ? {} : { reasoning }) }
    await compileLlmText(textColumn(both), options()).generate(cells, scripted(answer).ports)
    expect(cells.get('review__reasoning_content')).toBeNull()
  })

  it('are skipped with their column', async () => {
    const cells = row({ product: 'hose', stock: 0 })
    const column = textColumn({ ...both, skip: { when: '{{ stock }}', value: 'none' } })
    const generator = withSkip(compileLlmText(column, options()), column, {
      types: {},
      compileTemplate: (source) => ({ ...simpleTemplate(source), render: () => 'True' }),
      skippable: new Set(),
    })
    expect(await generator.generate(cells, scripted().ports)).toBe('none')
    expect(cells.get('review__trace')).toBeNull()
    expect(['review', 'review__trace', 'review__reasoning_content'].every((column) => cells.isSkipped(column))).toBe(true)
  })
})
