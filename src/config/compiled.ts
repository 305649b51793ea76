/**
 * The compiled dataset: what a config means, checked and made explicit. Plain JSON-safe data, a pure function of the config
 * text and the recorded settings, so that client and worker compile the same thing from the same files.
 * Config fields keep DataDesigner's snake_case names; everything derived is camelCase.
 */
import type { ToolTarget } from '../mcp/tools.ts'
import type { ModelTarget } from '../model/client.ts'
import type { GeneratorFacts } from '../plan/generator-facts.ts'
import type { People } from '../plan/people.ts'
import type { ScipyName } from '../plan/scipy.ts'
import type { JudgeScore } from '../plan/judge-schema.ts'
import type { Budget } from '../plan/budget.ts'
import type { CheckedLanguage } from '../plan/code-checks.ts'
import type { Price } from '../plan/pricing.ts'
import type { SeedFacts, SeedSource } from '../seed/source.ts'
import type { Schema, ValueType } from '../values.ts'
import type { DatasetProcessorConfig } from './schema-dataset-processors.ts'
import type { ProfilerConfig } from './schema-profilers.ts'

/** Params of one sampler, as in DataDesigner (defaults filled in). */
export type SamplerParams =
  | { readonly sampler_type: 'uuid'; readonly prefix: string | null; readonly short_form: boolean; readonly uppercase: boolean }
  | { readonly sampler_type: 'category'; readonly values: readonly (string | number)[]; readonly weights: readonly number[] | null }
  | {
      readonly sampler_type: 'subcategory'
      readonly category: string
      readonly values: Readonly<Record<string, readonly (string | number)[]>>
    }
  | { readonly sampler_type: 'uniform'; readonly low: number; readonly high: number; readonly decimal_places: number | null }
  | { readonly sampler_type: 'gaussian'; readonly mean: number; readonly stddev: number; readonly decimal_places: number | null }
  | { readonly sampler_type: 'bernoulli'; readonly p: number }
  | { readonly sampler_type: 'binomial'; readonly n: number; readonly p: number }
  | { readonly sampler_type: 'poisson'; readonly mean: number }
  | {
      readonly sampler_type: 'scipy'
      readonly dist_name: ScipyName
      /** scipy's parameters, `loc` and `scale` filled in. */
      readonly dist_params: Readonly<Record<string, number>>
      readonly decimal_places: number | null
    }
  | {
      readonly sampler_type: 'bernoulli_mixture'
      /** Probability of a value of the distribution; else the value is 0. */
      readonly p: number
      readonly dist_name: ScipyName
      readonly dist_params: Readonly<Record<string, number>>
    }
  | { readonly sampler_type: 'datetime'; readonly start: string; readonly end: string; readonly unit: 'Y' | 'M' | 'D' | 'h' | 'm' | 's' }
  | {
      readonly sampler_type: 'timedelta'
      readonly dt_min: number
      readonly dt_max: number
      readonly reference_column_name: string
      readonly unit: 'D' | 'h' | 'm' | 's'
    }
  | {
      readonly sampler_type: 'person'
      readonly locale: string
      readonly sex: 'Male' | 'Female' | null
      readonly city: string | readonly string[] | null
      readonly age_range: readonly [number, number]
      /** Field → values of which a person has one; null takes all people. */
      readonly select_field_values: Readonly<Record<string, readonly string[]>> | null
      readonly with_synthetic_personas: boolean
    }
  | {
      readonly sampler_type: 'person_from_faker'
      readonly locale: string
      readonly sex: 'Male' | 'Female' | null
      readonly city: string | readonly string[] | null
      readonly age_range: readonly [number, number]
    }

/** Sampler types of this release. */
export type SamplerType = SamplerParams['sampler_type']

interface CommonColumn {
  readonly name: string
  /** Generated and usable by others, but not in the final rows. */
  readonly drop: boolean
}

/** A column drawn from a distribution. */
export interface SamplerColumn extends CommonColumn {
  readonly column_type: 'sampler'
  readonly sampler_type: SamplerType
  readonly params: SamplerParams
  /** Jinja condition without braces → params used where it renders to True; of several matches the last wins. */
  readonly conditional_params: Readonly<Record<string, SamplerParams>>
  readonly convert_to: string | null
}

/** When the cells of a column are left out, and what stands there instead. */
export interface Skip {
  /** Jinja template; a cell is skipped where it renders to something true, or cannot be rendered. */
  readonly when: string
  /** Of the column's type. */
  readonly value: boolean | number | string | null
}

/** A column that is made cell by cell, from other columns. */
interface MadeColumn extends CommonColumn {
  readonly skip: Skip | null
  /** Skip a cell where a column that it needs was skipped. */
  readonly propagate_skip: boolean
}

/** A column computed from a Jinja expression. */
export interface ExpressionColumn extends MadeColumn {
  readonly column_type: 'expression'
  readonly expr: string
  readonly dtype: 'int' | 'float' | 'str' | 'bool'
}

/** What of a column is shown to a model beside the words. */
export interface MediaContext {
  readonly modality: 'image' | 'audio' | 'video'
  readonly column_name: string
  /** Null: told by the cell. */
  readonly data_type: 'url' | 'base64' | null
  readonly image_format?: 'png' | 'jpg' | 'jpeg' | 'gif' | 'webp' | null
  readonly audio_format?: 'mp3' | 'wav' | null
  readonly video_format?: 'mp4' | 'mov' | 'webm' | null
}

interface ModelColumn extends MadeColumn {
  readonly prompt: string
  /** Absent when there is none. */
  readonly multi_modal_context?: readonly MediaContext[]
  readonly system_prompt: string | null
  readonly model_alias: string
  /** Alias of the tools that the model may call; absent for none. */
  readonly tool_alias?: string
  readonly with_trace: 'none' | 'last_message' | 'all_messages'
  readonly extract_reasoning_content: boolean
}

/** A column written by a model as plain text. */
export interface LlmTextColumn extends ModelColumn {
  readonly column_type: 'llm-text'
}

/** A column written by a model as code in one language. */
export interface LlmCodeColumn extends ModelColumn {
  readonly column_type: 'llm-code'
  /** A language, or `sql:` and a dialect. */
  readonly code_lang: string
}

/** A column written by a model as JSON that fits a schema. */
export interface LlmStructuredColumn extends ModelColumn {
  readonly column_type: 'llm-structured'
  readonly output_format: Readonly<Record<string, unknown>>
}

/** A column of the seed data, as it stands there. */
export interface SeedColumn extends CommonColumn {
  readonly column_type: 'seed-dataset'
}

/** A column in which a model scores other columns. */
export interface LlmJudgeColumn extends ModelColumn {
  readonly column_type: 'llm-judge'
  readonly scores: readonly JudgeScore[]
}

/** What is judged by a validator, and how. */
interface AnyValidationColumn extends MadeColumn {
  readonly column_type: 'validation'
  /** ≥ 1 columns. */
  readonly target_columns: readonly string[]
  /** Records in one request to a remote validator, ≥ 1. */
  readonly batch_size: number
}

/** A column that holds what checkers of code say of other columns, of each for itself. */
export interface CodeValidationColumn extends AnyValidationColumn {
  readonly validator_type: 'code'
  readonly validator_params: { readonly validator_type: 'code'; readonly code_lang: CheckedLanguage }
}

/** A column that holds what a validator elsewhere says of other columns together. */
export interface RemoteValidationColumn extends AnyValidationColumn {
  readonly validator_type: 'remote'
  readonly validator_params: {
    readonly validator_type: 'remote'
    readonly endpoint_url: string
    /** JSON schema of a whole answer, or null. */
    readonly output_schema: Readonly<Record<string, unknown>> | null
    /** Seconds for one request, > 0. */
    readonly timeout: number
    readonly max_retries: number
    /** Seconds before the first repetition, > 1. */
    readonly retry_backoff: number
    readonly max_parallel_requests: number
  }
}

/** A column that judges others. */
export type ValidationColumn = CodeValidationColumn | RemoteValidationColumn

/** A column that a program makes. */
export interface CustomColumn extends MadeColumn {
  readonly column_type: 'custom'
  /** Name under which its generator is registered. */
  readonly generator_function: string
  readonly generation_strategy: GeneratorFacts['strategy']
  readonly generator_params: Readonly<Record<string, unknown>> | null
}

/** A column whose cells are conversations with a model. */
export type LlmColumn = LlmTextColumn | LlmCodeColumn | LlmStructuredColumn | LlmJudgeColumn

/** A column of vectors. */
export interface EmbeddingColumn extends MadeColumn {
  readonly column_type: 'embedding'
  readonly target_column: string
  readonly model_alias: string
}

/** A column of pictures. */
export interface ImageColumn extends MadeColumn {
  readonly column_type: 'image'
  readonly prompt: string
  readonly model_alias: string
  /** Absent when there is none. */
  readonly multi_modal_context?: readonly MediaContext[]
}

/** A column that asks a model. */
export type AskingColumn = LlmColumn | EmbeddingColumn | ImageColumn

/** A column that is made cell by cell. */
export type CellColumn = ExpressionColumn | AskingColumn | ValidationColumn | CustomColumn

/** Any column of a compiled dataset. */
export type Column = SeedColumn | SamplerColumn | CellColumn

/** A condition between sampler columns of one row. */
export type Constraint =
  | {
      readonly constraint_type: 'scalar_inequality'
      readonly target_column: string
      readonly operator: 'lt' | 'le' | 'gt' | 'ge'
      readonly rhs: number
    }
  | {
      readonly constraint_type: 'column_inequality'
      readonly target_column: string
      readonly operator: 'lt' | 'le' | 'gt' | 'ge'
      readonly rhs: string
    }

/** A processor of a row group, run before its commit (ruling 5). */
export type RowGroupProcessor =
  | { readonly processor_type: 'drop_columns'; readonly name: string; readonly column_names: readonly string[] }
  | { readonly processor_type: 'schema_transform'; readonly name: string; readonly template: Readonly<Record<string, unknown>> }

/** A post-generation processor of the config, with its name and what it reads; in the order in which they run. */
export type DatasetProcessor = DatasetProcessorConfig & {
  readonly name: string
  /** Name of the earlier processor whose rows it reads; null: the row groups'. */
  readonly input: string | null
}

/** What an inference parameter is drawn from: `high` is never drawn itself; weights sum to 1, null for all the same. */
export type Distribution =
  | { readonly distribution_type: 'uniform'; readonly params: { readonly low: number; readonly high: number } }
  | {
      readonly distribution_type: 'manual'
      readonly params: { readonly values: readonly number[]; readonly weights: readonly number[] | null }
    }

/** Seed data: where they are, what they were found to be, and which of their rows are taken in which order. */
export interface CompiledSeed {
  readonly source: SeedSource
  readonly sampling_strategy: 'ordered' | 'shuffle'
  readonly selection_strategy:
    | { readonly start: number; readonly end: number }
    | { readonly index: number; readonly num_partitions: number }
    | null
  readonly data: SeedFacts
  /** Of the rows selected, from 0. */
  readonly firstRow: number
  /** Of the rows selected, ≥ 1: row i of the dataset takes selected row i modulo this, or that place's of the shuffled order. */
  readonly rowCount: number
}

/** A model alias with all it takes to call it; secrets are read late, by the worker. */
export interface CompiledModel {
  readonly target: ModelTarget
  readonly temperature: number | null
  readonly topP: number | null
  readonly maxTokens: number | null
  /** Parameters that are drawn anew for every request; the fixed ones of the same name are null then. Absent when none is. */
  readonly drawn?: { readonly temperature: Distribution | null; readonly topP: Distribution | null }
  readonly extraBody: Readonly<Record<string, unknown>>
  /** Money per million tokens, or null when the config gives no price. */
  readonly price: Price | null
  readonly skipHealthCheck: boolean
  /** Aliases of the models that are asked, in this order, while this one is blocked. Absent when there are none. */
  readonly fallbacks?: readonly string[]
  /** True when the endpoint understands `response_format: json_schema`; otherwise the schema goes into the prompt. */
  readonly nativeStructuredOutput: boolean
  /** What the model is for, when it is no chat model. */
  readonly generation?:
    | { readonly kind: 'embedding'; readonly encodingFormat: 'float' | 'base64'; readonly dimensions: number | null }
    | { readonly kind: 'image'; readonly route: 'images' | 'chat' }
}

/** Rows whose answers are kept once their row group is committed. */
export type KeptTraces = 'sampled' | 'all'

/** How a run deals with what goes wrong; none of it changes a value. */
export interface Policies {
  /** Absent: none are kept. */
  readonly traces?: KeptTraces
  /** More tries at a row that failed for good, at the same row index. Default 2. */
  readonly refillAttempts: number
  /** Share of a row group (of at least 20 rows) that may drop before the run waits instead. Default 0.5. */
  readonly maxDropShare: number
  /** Rows that may be missing in a dataset called complete: a count, or a share below 1. Default 0. */
  readonly maxDropped: { readonly rows: number } | { readonly share: number }
  /** Fresh conversations after the first for an answer that does not fit. Default 5. */
  readonly maxConversationRestarts: number
  /** Correction rounds within one conversation. Default 0, as DataDesigner's. */
  readonly maxConversationCorrectionSteps: number
  /** Row groups open at once. Default 8. */
  readonly maxConcurrentRowGroups: number
  /** Keep dropped columns in `dropped-columns-parquet-files/`. Default true. */
  readonly preserveDroppedColumns: boolean
  /** Milliseconds until a journalled answer is fsynced, ≥ 0: what a power cut may cost; 0 is every answer at once. Default 1,000. */
  readonly journalSyncMs: number
  /** What the dataset may cost in all; absent for no limit. */
  readonly budget?: Budget
}

/** What a config means. */
export interface CompiledDataset {
  /** All columns in the order of the config. */
  readonly columns: readonly Column[]
  /** Names of the non-sampler columns in an order in which every column follows its inputs; those of the seed data are not among them. */
  readonly order: readonly string[]
  /** Column → columns it needs. */
  readonly inputs: Readonly<Record<string, readonly string[]>>
  /** Column → its declared type, side-effect columns included. */
  readonly types: Readonly<Record<string, ValueType>>
  /** Null for a dataset without seed data. */
  readonly seed: CompiledSeed | null
  readonly constraints: readonly Constraint[]
  /** Locale → where its people come from; only locales that a `person` column draws from. */
  readonly people: People
  /** Name → what the registered generator declares; only those that a column names. */
  readonly generators: Readonly<Record<string, GeneratorFacts>>
  readonly processors: readonly RowGroupProcessor[]
  /** Ours, from `parquetry.processors`; not in the fingerprint (ruling 19). */
  readonly datasetProcessors: readonly DatasetProcessor[]
  /** They read the finished rows; not in the fingerprint (ruling 19). */
  readonly profilers: readonly ProfilerConfig[]
  /** Alias → model; only aliases that a column or a profiler uses. */
  readonly models: Readonly<Record<string, CompiledModel>>
  /** Alias → tools; only aliases that a column uses, absent when none does. */
  readonly tools?: Readonly<Record<string, ToolTarget>>
  readonly policies: Policies
  /** Columns of the main files, in order. */
  readonly schema: Schema
  /** Columns of `dropped-columns-parquet-files/`; empty when none are kept. */
  readonly droppedSchema: Schema
  readonly fingerprint: Fingerprint
}

/** What makes two configs the same dataset (ruling 19). */
export interface Fingerprint {
  /** `sha256:<hex>` over the per-column fingerprints and all else that changes a value. */
  readonly hash: string
  /** Column, or `constraints` / `processors` → `sha256:<hex>`; used to name the first difference. */
  readonly parts: Readonly<Record<string, string>>
}
