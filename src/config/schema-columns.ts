/** zod schemas of columns. Fields of DataDesigner that this release cannot do accept their idle value only. */
import { z } from 'zod'
import { multiModalContexts } from './schema-media.ts'
import { samplerParams } from './schema-samplers.ts'

const name = z.string().describe('Unique; the name of the column in the dataset.')
const drop = z.boolean().default(false).describe('Generated, and usable by other columns, but not in the final rows.')
const skipping = {
  skip: z
    .strictObject({
      when: z.string().describe('Jinja template such as {{ stock == 0 }}; the cell is skipped where it is true.'),
      value: z.union([z.boolean(), z.number(), z.string(), z.null()]).default(null).describe('What stands in a skipped cell.'),
    })
    .nullable()
    .default(null)
    .describe('Leaves out cells; their rows stay.'),
  propagate_skip: z.boolean().default(true).describe('Skip a cell too where a column that it needs was skipped.'),
} as const
/** Samplers are drawn together, so none of their cells can be skipped. */
const unskippable = {
  skip: z.null().default(null).describe('Not for samplers and seed columns.'),
  propagate_skip: z.boolean().default(true).describe('Of no effect on samplers and seed columns.'),
} as const

function sampler<Type extends keyof typeof samplerParams>(type: Type) {
  const params = samplerParams[type]
  return z.strictObject({
    name,
    column_type: z.literal('sampler'),
    drop,
    ...unskippable,
    sampler_type: z.literal(type),
    params: params as (typeof samplerParams)[Type],
    conditional_params: z
      .record(z.string(), params as (typeof samplerParams)[Type])
      .default({})
      .describe('Jinja condition without braces → params of the rows where it holds; of several the last wins.'),
    convert_to: z
      .string()
      .nullable()
      .default(null)
      .describe('float, int or str for numbers and categories; a strftime pattern for date-times.'),
  })
}

/** Sampler type → schema of the whole column. */
export const samplerColumns = {
  uuid: sampler('uuid'),
  category: sampler('category'),
  subcategory: sampler('subcategory'),
  uniform: sampler('uniform'),
  gaussian: sampler('gaussian'),
  bernoulli: sampler('bernoulli'),
  binomial: sampler('binomial'),
  poisson: sampler('poisson'),
  scipy: sampler('scipy'),
  bernoulli_mixture: sampler('bernoulli_mixture'),
  datetime: sampler('datetime'),
  timedelta: sampler('timedelta'),
  person: sampler('person'),
  person_from_faker: sampler('person_from_faker'),
} as const

const model = {
  ...skipping,
  prompt: z.string().describe('Jinja template; other columns as {{ column_name }}.'),
  model_alias: z.string().describe('Alias of a model config.'),
  system_prompt: z.string().nullable().default(null).describe('Jinja template.'),
  multi_modal_context: multiModalContexts,
  tool_alias: z.null().default(null).describe('Not supported yet.'),
  with_trace: z
    .enum(['none', 'last_message', 'all_messages'])
    .default('none')
    .describe('Keep the conversation of each cell in the column <name>__trace.'),
  extract_reasoning_content: z
    .boolean()
    .default(false)
    .describe('Keep what the model thought in the column <name>__reasoning_content; null where it says nothing.'),
} as const

/** A column computed from other columns. */
export const expressionColumn = z.strictObject({
  name,
  column_type: z.literal('expression'),
  drop,
  ...skipping,
  expr: z.string().describe('Jinja template; a row for which it renders to nothing is dropped.'),
  dtype: z.enum(['int', 'float', 'str', 'bool']).default('str'),
})

/** A column written by a model as plain text. */
export const llmTextColumn = z.strictObject({ name, column_type: z.literal('llm-text'), drop, ...model })

/** Languages of code columns; of SQL, dialects. */
export const CODE_LANGUAGES = [
  'bash',
  'c',
  'cobol',
  'cpp',
  'csharp',
  'go',
  'java',
  'javascript',
  'kotlin',
  'python',
  'ruby',
  'rust',
  'scala',
  'swift',
  'typescript',
  'sql:sqlite',
  'sql:tsql',
  'sql:bigquery',
  'sql:mysql',
  'sql:postgres',
  'sql:ansi',
] as const

/** A column written by a model as code: the last fenced block of its answer. */
export const llmCodeColumn = z.strictObject({
  name,
  column_type: z.literal('llm-code'),
  drop,
  ...model,
  code_lang: z.enum(CODE_LANGUAGES).describe('Language of the code; the fence of the answer must name it, or no language.'),
})

/** One thing that a judge scores. */
const judgeScore = z.strictObject({
  name: z.string().min(1).describe('Unique in its column; field of the answer.'),
  description: z.string().describe('What is scored, and how.'),
  options: z.record(z.string(), z.string()).describe('Score → what it means. Whole numbers make integers, anything else texts.'),
})

/** A column in which a model scores other columns. */
export const llmJudgeColumn = z.strictObject({
  name,
  column_type: z.literal('llm-judge'),
  drop,
  ...model,
  scores: z.array(judgeScore).min(1).describe('Each becomes a field with reasoning and score.'),
})

/** A column written by a model as JSON. */
export const llmStructuredColumn = z.strictObject({
  name,
  column_type: z.literal('llm-structured'),
  drop,
  ...model,
  output_format: z.record(z.string(), z.unknown()).describe('JSON schema of the answer.'),
})

/** A column that a program makes. What it needs and what type it has stand in the registration, not in the config. */
export const customColumn = z.strictObject({
  name,
  column_type: z.literal('custom'),
  drop,
  ...skipping,
  generator_function: z
    .string()
    .min(1)
    .describe('Name of a generator in columnGenerators of the program, or of the module given with --extensions.'),
  generation_strategy: z.enum(['cell_by_cell', 'full_column']).optional().describe("The generator's own; may be left out."),
  generator_params: z.record(z.string(), z.json()).nullable().default(null).describe('Given to the generator; part of the fingerprint.'),
})

/** The vectors of another column's texts. */
export const embeddingColumn = z.strictObject({
  name,
  column_type: z.literal('embedding'),
  drop,
  ...skipping,
  target_column: z.string().describe('Column with the text; a list of texts, also as JSON, gets one vector for each.'),
  model_alias: z.string().describe('Alias of a model config of the generation type embedding.'),
})

/** Pictures drawn by a model, as files in the dataset's folder. */
export const imageColumn = z.strictObject({
  name,
  column_type: z.literal('image'),
  drop,
  ...skipping,
  prompt: z.string().describe('Jinja template; other columns as {{ column_name }}.'),
  model_alias: z.string().describe('Alias of a model config of the generation type image, or of a chat model that draws.'),
  multi_modal_context: multiModalContexts,
})

/** A column of the seed data. `seed_config` brings them; DataDesigner lists them in what it stores. */
export const seedColumn = z.strictObject({ name, column_type: z.literal('seed-dataset'), drop, ...unskippable })

/** Any column. */
export const anyColumn = z.discriminatedUnion('column_type', [
  z.discriminatedUnion('sampler_type', [
    samplerColumns.uuid,
    samplerColumns.category,
    samplerColumns.subcategory,
    samplerColumns.uniform,
    samplerColumns.gaussian,
    samplerColumns.bernoulli,
    samplerColumns.binomial,
    samplerColumns.poisson,
    samplerColumns.scipy,
    samplerColumns.bernoulli_mixture,
    samplerColumns.datetime,
    samplerColumns.timedelta,
    samplerColumns.person,
    samplerColumns.person_from_faker,
  ]),
  expressionColumn,
  llmTextColumn,
  llmCodeColumn,
  llmStructuredColumn,
  llmJudgeColumn,
  customColumn,
  embeddingColumn,
  imageColumn,
  seedColumn,
])

/** A column as read: defaults filled in. */
export type ColumnConfig = z.output<typeof anyColumn>
/** A custom column as read. */
export type CustomColumnConfig = z.output<typeof customColumn>
/** A sampler column as read. */
export type SamplerColumnConfig = Extract<ColumnConfig, { column_type: 'sampler' }>
