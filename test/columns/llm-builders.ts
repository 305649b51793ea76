/** Builders for tests of model columns. */
import type { CallOrdinal, CellPorts, CellRow } from '../../src/columns/generator.ts'
import type { CompileTemplate, LlmColumnOptions } from '../../src/columns/llm-prompt.ts'
import type { CompiledModel, LlmCodeColumn, LlmJudgeColumn, LlmStructuredColumn, LlmTextColumn } from '../../src/config/compiled.ts'
import { NO_MEDIA } from '../../src/columns/media/cell-media.ts'
import { outputValueType } from '../../src/config/output-types.ts'
import type { ChatAnswer, ChatRequest } from '../../src/model/client.ts'
import { judgeSchema } from '../../src/plan/judge-schema.ts'
import type { Value } from '../../src/values.ts'

/** A template engine that knows `{{ name }}` and `{{ random }}` only: these tests are not about templates. */
export const simpleTemplate: CompileTemplate = (source) => {
  const names = [...source.matchAll(/\{\{ (\w+) \}\}/g)].map((match) => match[1] ?? '')
  return {
    references: [...new Set(names.filter((name) => name !== 'random'))],
    render: (values, options) =>
      source.replaceAll(/\{\{ (\w+) \}\}/g, (_match, name: string) => {
        if (name === 'random') return String(options?.random?.())
        const value = values[name]
        return value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
      }),
  }
}

export function textColumn(more: Partial<LlmTextColumn> = {}): LlmTextColumn {
  return {
    column_type: 'llm-text',
    name: 'review',
    drop: false,
    skip: null,
    propagate_skip: true,
    prompt: 'Review {{ product }}',
    system_prompt: null,
    model_alias: 'writer',
    with_trace: 'none',
    extract_reasoning_content: false,
    ...more,
  }
}

export const PRODUCT_SCHEMA = {
  type: 'object',
  properties: { title: { type: 'string' }, rating: { type: 'integer', minimum: 1, maximum: 5 } },
  required: ['title', 'rating'],
}

export function structuredColumn(more: Partial<LlmStructuredColumn> = {}): LlmStructuredColumn {
  const { column_type: _type, ...common } = textColumn()
  return { ...common, column_type: 'llm-structured', name: 'summary', output_format: PRODUCT_SCHEMA, ...more }
}

export function codeColumn(more: Partial<LlmCodeColumn> = {}): LlmCodeColumn {
  return { ...textColumn(), column_type: 'llm-code', name: 'code', prompt: 'Code for {{ product }}', code_lang: 'python', ...more }
}

export const SCORES = [
  { name: 'accuracy', description: 'Is it true?', options: { 1: 'wrong', 2: 'half right', 3: 'right' } },
  { name: 'tone', description: 'How does it sound?', options: { Rude: 'hurts', Friendly: 'pleases' } },
]

export function judgeColumn(more: Partial<LlmJudgeColumn> = {}): LlmJudgeColumn {
  return { ...textColumn(), column_type: 'llm-judge', name: 'verdict', prompt: 'Judge {{ product }}', scores: SCORES, ...more }
}

export function model(more: Partial<CompiledModel> = {}): CompiledModel {
  return {
    target: {
      alias: 'writer',
      model: 'provider/model-1',
      provider: { name: 'p', endpoint: 'http://127.0.0.1:1/v1', type: 'openai', apiKeyEnv: null, extraHeaders: {}, extraBody: {} },
      maxParallelRequests: 4,
      timeoutMs: 60_000,
    },
    temperature: null,
    topP: null,
    maxTokens: null,
    extraBody: {},
    price: null,
    skipHealthCheck: false,
    nativeStructuredOutput: false,
    ...more,
  }
}

export function options(more: Partial<LlmColumnOptions> = {}): LlmColumnOptions {
  return {
    model: model(),
    types: {
      product: { kind: 'string' },
      review: { kind: 'string' },
      verdict: outputValueType(judgeSchema(SCORES)),
      summary: {
        kind: 'group',
        fields: [
          { name: 'title', type: { kind: 'string' } },
          { name: 'rating', type: { kind: 'int64' } },
        ],
      },
    },
    compileTemplate: simpleTemplate,
    limits: { maxConversationRestarts: 0, maxConversationCorrectionSteps: 0 },
    ...more,
  }
}

export function row(values: Readonly<Record<string, Value>>): CellRow {
  const skipped = new Set<string>()
  const made: Record<string, Value> = { ...values }
  return {
    rowIndex: 0,
    refill: 0,
    get: (column) => made[column] ?? null,
    setSideEffect: (column, value) => void (made[column] = value),
    isSkipped: (column) => skipped.has(column),
    markSkipped: (columns) => columns.forEach((column) => skipped.add(column)),
    random: () => {
      let draw = 0
      return { next: () => (draw += 1), nextUint32: () => 0 }
    },
  }
}

export interface Asked {
  readonly alias: string
  readonly request: ChatRequest
  readonly ordinal: CallOrdinal
}

/** Ports that answer from a script: a string is an answer, an error is thrown. Running out of script is an error of the test. */
export function scripted(...script: readonly (string | Error | Partial<ChatAnswer>)[]): {
  readonly ports: CellPorts
  readonly asked: Asked[]
} {
  const asked: Asked[] = []
  return {
    asked,
    ports: {
      media: NO_MEDIA,
      signal: new AbortController().signal,
      ask: (alias, request, ordinal) => {
        const next = script[asked.length]
        asked.push({ alias, request, ordinal })
        if (next === undefined) throw new Error(`The script ends after ${script.length} answers.`)
        if (next instanceof Error) return Promise.reject(next)
        const answer = typeof next === 'string' ? { content: next } : next
        return Promise.resolve({ content: '', finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 1 }, ...answer })
      },
    },
  }
}

/** What a promise is rejected with. */
export async function rejection(work: unknown): Promise<{ code?: string; message: string; details: Record<string, unknown> }> {
  try {
    await work
  } catch (error) {
    return error as { code?: string; message: string; details: Record<string, unknown> }
  }
  throw new Error('Expected a rejection, found a value.')
}
