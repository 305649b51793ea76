import { describe, expect, it } from 'vitest'
import { compileCellGenerators } from '../../src/columns/registry.ts'
import type { CompiledDataset, ExpressionColumn } from '../../src/config/compiled.ts'
import { model, options, row, scripted, structuredColumn, textColumn } from './llm-builders.ts'

const label: ExpressionColumn = {
  column_type: 'expression',
  name: 'label',
  drop: false,
  skip: null,
  propagate_skip: true,
  expr: '{{ product | upper }}!',
  dtype: 'str',
}

function dataset(more: Partial<CompiledDataset> = {}): CompiledDataset {
  const columns = [structuredColumn({ prompt: 'Sum up {{ review }}' }), textColumn({ prompt: 'Review {{ label }}, {{ product }}' }), label]
  return {
    columns,
    people: {},
    generators: {},
    order: ['label', 'review', 'summary'],
    inputs: { label: ['product'], review: ['label', 'product'], summary: ['review'] },
    types: { ...options().types, label: { kind: 'string' } },
    seed: null,
    constraints: [],
    processors: [],
    datasetProcessors: [],
    models: { writer: model() },
    policies: {
      refillAttempts: 2,
      maxDropShare: 0.5,
      maxDropped: { rows: 0 },
      maxConversationRestarts: 1,
      maxConversationCorrectionSteps: 0,
      maxConcurrentRowGroups: 4,
      preserveDroppedColumns: true,
      journalSyncMs: 1_000,
    },
    schema: [],
    droppedSchema: [],
    fingerprint: { hash: 'sha256:0', parts: {} },
    ...more,
  }
}

describe('the registry of column kinds', () => {
  it('makes one generator for every column of the order, in that order', () => {
    const generators = compileCellGenerators(dataset())
    expect(generators.map((generator) => generator.column)).toEqual(['label', 'review', 'summary'])
    expect(generators.map((generator) => generator.isSync)).toEqual([true, false, false])
    expect(generators.map((generator) => [...generator.inputs].sort())).toEqual([['product'], ['label', 'product'], ['review']])
  })

  it('makes a row from start to end with the real template engine and the limits of the policies', async () => {
    const values: Record<string, unknown> = { product: 'hose' }
    const { ports, asked } = scripted('', 'A fine hose.', '{"title": "Hose", "rating": 4}')
    for (const generator of compileCellGenerators(dataset())) {
      values[generator.column] = await generator.generate(row(values as Parameters<typeof row>[0]), ports)
    }
    expect(values).toEqual({ product: 'hose', label: 'HOSE!', review: 'A fine hose.', summary: { title: 'Hose', rating: 4 } })
    expect(asked[1]).toMatchObject({
      ordinal: { restart: 1, step: 0 },
      request: { messages: [{ role: 'user', content: 'Review HOSE!, hose' }] },
    })
    expect(asked[2]?.request.messages[0]?.content).toMatch(/^Sum up A fine hose\./)
  })

  it('refuses an order that names no column, and a model that was not compiled', () => {
    expect(() => compileCellGenerators(dataset({ order: ['nobody'] }))).toThrow('"nobody"')
    expect(() => compileCellGenerators(dataset({ models: {} }))).toThrow('"writer"')
  })

  it('refuses an unreadable template when it is compiled', () => {
    expect(() => compileCellGenerators(dataset({ columns: [textColumn({ prompt: '{{ product' })], order: ['review'] }))).toThrow()
  })
})
