import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { coerceScore } from '../../src/columns/llm-judge.ts'
import { codeLanguage, parseCodeAnswer } from '../../src/columns/parse-code-answer.ts'
import { withSkip } from '../../src/columns/skip.ts'
import { compileTemplate } from '../../src/template/index.ts'
import type { Value } from '../../src/values.ts'
import { row, scripted, textColumn } from './llm-builders.ts'

/** What data-designer 0.9.6 does, written by make-dd-cases.py. */
interface Cases {
  readonly values: readonly Value[]
  readonly skip: readonly { readonly when: string; readonly skipped: readonly (0 | 1)[] }[]
  readonly code: readonly { readonly answer: string; readonly code: string | null }[]
  readonly scores: readonly { readonly options: readonly (string | number)[]; readonly said: unknown; readonly meant: unknown }[]
}
const cases = JSON.parse(await readFile(new URL('dd-cases.json', import.meta.url), 'utf8')) as Cases

describe('as in DataDesigner', () => {
  it.each(cases.skip)('cells are skipped where $when', ({ when, skipped }) => {
    const column = textColumn({ name: 'c', skip: { when, value: null } })
    const inner = { column: 'c', inputs: [], isSync: true, generate: () => null }
    const generator = withSkip(inner, column, { types: {}, compileTemplate, skippable: new Set() })
    const ours = cases.values.map((x) => {
      const cells = row({ x, y: 1 })
      void generator.generate(cells, scripted().ports)
      return cells.isSkipped('c') ? 1 : 0
    })
    expect(ours).toEqual(skipped)
  })

  it.each(cases.code)('code is found in $answer', ({ answer, code }) => {
    const parsed = parseCodeAnswer(answer, codeLanguage('python'), false)
    expect(parsed.isFound ? parsed.code : null).toBe(code)
  })

  it.each(cases.scores)('$said among $options means $meant', ({ options, said, meant }) => {
    expect(coerceScore(said, options)).toEqual(meant)
  })
})
