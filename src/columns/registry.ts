/** From the kind of a column to the generator of its cells. A new kind is one file and one line here. */
import { compileTemplate } from '../template/template.ts'
import { ParquetryError } from '../errors.ts'
import type { CellColumn, CompiledDataset } from '../config/compiled.ts'
import { compileCustom } from './custom.ts'
import type { CustomCode } from './custom.ts'
import { compileEmbedding } from './embedding.ts'
import { compileExpression } from './expression.ts'
import type { CellGenerator } from './generator.ts'
import { compileImage } from './image.ts'
import { compileLlmJudge } from './llm-judge.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'
import { compileLlmCode } from './llm-code.ts'
import { compileLlmStructured } from './llm-structured.ts'
import { compileLlmText } from './llm-text.ts'
import { withSkip } from './skip.ts'

/**
 * The generators of all columns that are made cell by cell, in `compiled.order`. Samplers are drawn together, elsewhere. `custom` is the
 * code of custom columns; null where there is none.
 */
export function compileCellGenerators(compiled: CompiledDataset, custom: CustomCode | null = null): readonly CellGenerator[] {
  const columns = new Map(compiled.columns.map((column) => [column.name, column]))
  const skippable = new Set<string>()
  return compiled.order.map((name) => {
    const column = columns.get(name)
    if (column !== undefined && column.column_type !== 'sampler' && column.column_type !== 'seed-dataset') {
      const generator = withSkip(compileCellGenerator(column, compiled, custom), column, {
        types: compiled.types,
        compileTemplate,
        skippable,
      })
      if (generator.canSkip === true) for (const made of [name, ...(generator.sideEffects ?? [])]) skippable.add(made)
      return generator
    }
    const found = column === undefined ? 'no such column' : 'a sampler'
    throw new ParquetryError('INTERNAL', `Expected "${name}" in the order of columns to be made cell by cell, found ${found}.`)
  })
}

function compileCellGenerator(column: CellColumn, compiled: CompiledDataset, custom: CustomCode | null): CellGenerator {
  switch (column.column_type) {
    case 'expression':
      return compileExpression(column, compiled.types)
    case 'llm-text':
      return compileLlmText(column, llmOptions(column, compiled))
    case 'llm-code':
      return compileLlmCode(column, llmOptions(column, compiled))
    case 'llm-structured':
      return compileLlmStructured(column, llmOptions(column, compiled))
    case 'llm-judge':
      return compileLlmJudge(column, llmOptions(column, compiled))
    case 'custom':
      return compileCustom(column, compiled, custom)
    case 'embedding':
      return compileEmbedding(column, llmOptions(column, compiled))
    case 'image':
      return compileImage(column, llmOptions(column, compiled))
  }
}

function llmOptions(column: { readonly name: string; readonly model_alias: string }, compiled: CompiledDataset): LlmColumnOptions {
  const model = Object.hasOwn(compiled.models, column.model_alias) ? compiled.models[column.model_alias] : undefined
  if (model === undefined) {
    throw new ParquetryError('INTERNAL', `Column "${column.name}": expected a compiled model "${column.model_alias}", found none.`)
  }
  return { model, types: compiled.types, compileTemplate, limits: compiled.policies }
}
