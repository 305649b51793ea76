/** Configs and shortcuts for tests of configs. */
import { compileConfig } from '../../src/config/compile.ts'
import type { CompiledConfig } from '../../src/config/compile.ts'
import type { CompileSources } from '../../src/config/sources.ts'
import { parsedConfigOf } from '../../src/config/sources.ts'
import { isParquetryError } from '../../src/errors.ts'
import type { ParquetryError, Problem } from '../../src/errors.ts'

export type Mapping = Record<string, unknown>

/** A sampler column. */
export function sampler(name: string, type: string, params: Mapping, more: Mapping = {}): Mapping {
  return { name, column_type: 'sampler', sampler_type: type, params, ...more }
}

/** An expression column. */
export function expression(name: string, expr: string, more: Mapping = {}): Mapping {
  return { name, column_type: 'expression', expr, ...more }
}

/** A text column asking the alias `m`. */
export function text(name: string, prompt: string, more: Mapping = {}): Mapping {
  return { name, column_type: 'llm-text', model_alias: 'm', prompt, ...more }
}

/** A code column asking the alias `m`. */
export function code(name: string, prompt: string, code_lang: string, more: Mapping = {}): Mapping {
  return { name, column_type: 'llm-code', model_alias: 'm', prompt, code_lang, ...more }
}

/** A judge column asking the alias `m`. */
export function judge(name: string, prompt: string, scores: readonly Mapping[], more: Mapping = {}): Mapping {
  return { name, column_type: 'llm-judge', model_alias: 'm', prompt, scores, ...more }
}

/** A structured column asking the alias `m`. */
export function structured(name: string, prompt: string, output_format: Mapping, more: Mapping = {}): Mapping {
  return { name, column_type: 'llm-structured', model_alias: 'm', prompt, output_format, ...more }
}

export const city = sampler('city', 'category', { values: ['Rome', 'Oslo'] })
export const modelM = { alias: 'm', model: 'stub-1', provider: 'openai' }

/** A config of these columns, with the model `m` at openai. */
export function configOf(columns: readonly Mapping[], more: Mapping = {}): Mapping {
  return { columns, model_configs: [modelM], ...more }
}

/** Compiles with an empty environment unless told otherwise. */
export function compile(config: unknown, sources: Partial<CompileSources> = {}): CompiledConfig {
  return compileConfig(parsedConfigOf(config), { env: {}, ...sources })
}

/** The error that compiling throws. */
export function failureOf(config: unknown, sources: Partial<CompileSources> = {}): ParquetryError {
  try {
    compile(config, sources)
  } catch (error) {
    if (isParquetryError(error)) return error
    throw error
  }
  throw new Error('expected the config to be refused, but it compiled')
}

/** Errors of a config as `path: message`. */
export function errorsOf(config: unknown, sources: Partial<CompileSources> = {}): readonly string[] {
  return linesOf(failureOf(config, sources).details.problems ?? [], 'error')
}

/** Warnings of a config that compiles, as `path: message`. */
export function warningsOf(config: unknown, sources: Partial<CompileSources> = {}): readonly string[] {
  return linesOf(compile(config, sources).warnings, 'warning')
}

function linesOf(problems: readonly Problem[], level: Problem['level']): readonly string[] {
  return problems.filter((problem) => problem.level === level).map(({ path, message }) => `${path}: ${message}`)
}
