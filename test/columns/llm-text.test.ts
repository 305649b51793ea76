import { describe, expect, it } from 'vitest'
import { compileLlmText } from '../../src/columns/llm-text.ts'
import { model, options, rejection, row, scripted, textColumn } from './llm-builders.ts'

const limits = { maxConversationRestarts: 2, maxConversationCorrectionSteps: 0 }

describe('an llm-text column', () => {
  it('stores the answer without the white space around it', async () => {
    const { ports } = scripted('\n  A fine hose.  \n')
    expect(await compileLlmText(textColumn(), options()).generate(row({ product: 'hose' }), ports)).toBe('A fine hose.')
  })

  it('names the columns of prompt and system prompt as its inputs, once each', () => {
    const column = textColumn({ prompt: '{{ product }} {{ tone }} {{ product }}', system_prompt: 'You are {{ persona }}, {{ tone }}' })
    expect(compileLlmText(column, options()).inputs).toEqual(['product', 'tone', 'persona'])
  })

  it('asks its alias with the rendered prompts and the inference settings, and nothing else', async () => {
    const { ports, asked } = scripted('ok')
    const column = textColumn({ system_prompt: 'You write about {{ product }}.' })
    const settings = model({ temperature: 0.5, topP: 0.9, maxTokens: 50, extraBody: { seed: 3 } })
    await compileLlmText(column, options({ model: settings })).generate(row({ product: 'hose' }), ports)
    expect(asked).toEqual([
      {
        alias: 'writer',
        ordinal: { restart: 0, step: 0 },
        request: {
          model: 'provider/model-1',
          messages: [
            { role: 'system', content: 'You write about hose.' },
            { role: 'user', content: 'Review hose' },
          ],
          temperature: 0.5,
          topP: 0.9,
          maxTokens: 50,
          extraBody: { seed: 3 },
        },
      },
    ])
  })

  it('leaves out of the request what the config does not set, and a system prompt that renders to nothing', async () => {
    const { ports, asked } = scripted('ok')
    await compileLlmText(textColumn({ system_prompt: '{{ persona }} ' }), options()).generate(row({ product: 'hose' }), ports)
    expect(asked[0]?.request).toEqual({ model: 'provider/model-1', messages: [{ role: 'user', content: 'Review hose' }] })
  })

  it('draws from one stream for both prompts, the same whenever the row is made again', async () => {
    const { ports, asked } = scripted('ok', 'ok')
    const generator = compileLlmText(textColumn({ prompt: 'p {{ random }}', system_prompt: 's {{ random }}' }), options())
    await generator.generate(row({}), ports)
    await generator.generate(row({}), ports)
    expect(asked[0]?.request.messages.map((message) => message.content)).toEqual(['s 1', 'p 2'])
    expect(asked[1]?.request).toEqual(asked[0]?.request)
  })

  it('asks again, as a new call, when the answer is empty', async () => {
    const { ports, asked } = scripted('', '  \n', 'text')
    expect(await compileLlmText(textColumn(), options({ limits })).generate(row({ product: 'hose' }), ports)).toBe('text')
    expect(asked.map(({ ordinal }) => ordinal.restart)).toEqual([0, 1, 2])
    expect(asked[2]?.request).toEqual(asked[0]?.request)
  })

  it('gives up after its restarts, and says that the token limit cut the answer', async () => {
    const { ports } = scripted('', '', { content: '', finishReason: 'length' })
    const error = await rejection(compileLlmText(textColumn(), options({ limits })).generate(row({ product: 'hose' }), ports))
    expect(error).toMatchObject({ code: 'ANSWER_INVALID', details: { reason: 'parse', truncated: true, calls: 3, column: 'review' } })
    expect(error.details['wayOut']).toContain('max_tokens')
  })

  it('drops the row with the names of the empty inputs when the prompt is empty, without asking', async () => {
    const { ports, asked } = scripted()
    const generator = compileLlmText(textColumn({ prompt: '{{ product }}{{ note }}{{ tone }}' }), options())
    const error = await rejection(generator.generate(row({ product: ' ', tone: '' }), ports))
    expect(error).toMatchObject({ code: 'EMPTY_PROMPT', details: { emptyInputs: ['product', 'note', 'tone'] } })
    expect(error.message).toContain('product, note, tone')
    expect(asked).toEqual([])
  })
})
