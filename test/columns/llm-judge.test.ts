import { describe, expect, it } from 'vitest'
import { coerceScore, compileLlmJudge } from '../../src/columns/llm-judge.ts'
import { judgeColumn, model, options, rejection, row, scripted } from './llm-builders.ts'

const product = row({ product: 'hose' })
const answer = (accuracy: unknown, tone: unknown): string =>
  JSON.stringify({ accuracy: { reasoning: 'It leaks.', score: accuracy }, tone: { reasoning: 'Kind words.', score: tone } })

describe('an llm-judge column', () => {
  it('shows the model every score with its options, and stores reasoning and option of each', async () => {
    const { ports, asked } = scripted(answer(2, 'Friendly'))
    expect(await compileLlmJudge(judgeColumn(), options()).generate(product, ports)).toEqual({
      accuracy: { reasoning: 'It leaks.', score: 2 },
      tone: { reasoning: 'Kind words.', score: 'Friendly' },
    })
    const prompt = asked[0]?.request.messages[0]?.content ?? ''
    expect(prompt).toMatch(/^Judge hose\n\n/)
    for (const text of ['Is it true?', '* 2: half right', 'How does it sound?', '* Rude: hurts']) expect(prompt).toContain(text)
    expect(prompt.indexOf('"reasoning"')).toBeLessThan(prompt.indexOf('"score"'))
  })

  it('asks natively where the endpoint has structured output', async () => {
    const { ports, asked } = scripted(answer(1, 'Rude'))
    await compileLlmJudge(judgeColumn(), options({ model: model({ nativeStructuredOutput: true }) })).generate(product, ports)
    expect(asked[0]?.request.responseSchema).toMatchObject({ name: 'verdict', schema: { required: ['accuracy', 'tone'] } })
  })

  it('takes a score for the option it means, without paying for another answer', async () => {
    const { ports, asked } = scripted(answer('3', ' friendly '))
    expect(await compileLlmJudge(judgeColumn(), options()).generate(product, ports)).toMatchObject({
      accuracy: { score: 3 },
      tone: { score: 'Friendly' },
    })
    expect(asked).toHaveLength(1)
  })

  it.each([
    ['a score that is no option', answer(4, 'Rude'), '/accuracy/score'],
    ['true for 1', answer(true, 'Rude'), '/accuracy/score'],
    ['a missing reasoning', '{"accuracy": {"score": 1}, "tone": {"reasoning": "r", "score": "Rude"}}', "required property 'reasoning'"],
    ['a missing score', '{"accuracy": {"reasoning": "r", "score": 1}}', "required property 'tone'"],
    ['a bare option', '{"accuracy": 1, "tone": "Rude"}', '/accuracy must be object'],
  ])('refuses %s and tells the model what it expected', async (_, bad, message) => {
    const limits = { maxConversationRestarts: 0, maxConversationCorrectionSteps: 1 }
    const { ports, asked } = scripted(bad, answer(1, 'Rude'))
    await compileLlmJudge(judgeColumn(), options({ limits })).generate(product, ports)
    expect(asked[1]?.request.messages.at(-1)?.content).toContain(message)
    const { ports: stubborn } = scripted(bad, bad)
    expect(await rejection(compileLlmJudge(judgeColumn(), options({ limits })).generate(product, stubborn))).toMatchObject({
      code: 'ANSWER_INVALID',
      details: { reason: 'schema' },
    })
  })
})

describe('a score', () => {
  const numbers = [1, 2, 3]
  const texts = ['Good', 'Bad', 'True', '7']
  it.each<[unknown, readonly (string | number)[], unknown]>([
    [2, numbers, 2],
    ['2', numbers, 2],
    [' 2\n', numbers, 2],
    [2.5, numbers, 2.5],
    [true, numbers, true],
    [null, numbers, null],
    [[2], numbers, [2]],
    ['good', texts, 'Good'],
    [true, texts, 'True'],
    [7, texts, '7'],
    ['better', texts, 'better'],
    ['good', ['Good', 'GOOD'], 'good'],
    ['GOOD', ['Good', 'GOOD'], 'GOOD'],
  ])('%j among %j means %j', (score, among, meant) => {
    expect(coerceScore(score, among)).toEqual(meant)
  })
})
