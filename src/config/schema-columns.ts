/** zod schemas of columns. Fields of DataDesigner that this release cannot do accept their idle value only. */
import { z } from 'zod'
import { samplerParams } from './schema-samplers.ts'

const name = z.string().describe('Unique; the name of the column in the dataset.')
const drop = z.boolean().default(false).describe('Generated, and usable by other columns, but not in the final rows.')
const idle = {
  skip: z.null().default(null).describe('Not supported yet.'),
  propagate_skip: z.boolean().default(true).describe('Of no effect without skip.'),
} as const

function sampler<Type extends keyof typeof samplerParams>(type: Type) {
  const params = samplerParams[type]
  return z.strictObject({
    name,
    column_type: z.literal('sampler'),
    drop,
    ...idle,
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
  datetime: sampler('datetime'),
  timedelta: sampler('timedelta'),
  person_from_faker: sampler('person_from_faker'),
} as const

const model = {
  ...idle,
  prompt: z.string().describe('Jinja template; other columns as {{ column_name }}.'),
  model_alias: z.string().describe('Alias of a model config.'),
  system_prompt: z.string().nullable().default(null).describe('Jinja template.'),
  multi_modal_context: z.null().default(null).describe('Not supported yet.'),
  tool_alias: z.null().default(null).describe('Not supported yet.'),
  with_trace: z.literal('none').default('none').describe('Traces are not supported yet.'),
  extract_reasoning_content: z.literal(false).default(false).describe('Not supported yet.'),
} as const

/** A column computed from other columns. */
export const expressionColumn = z.strictObject({
  name,
  column_type: z.literal('expression'),
  drop,
  ...idle,
  expr: z.string().describe('Jinja template; a row for which it renders to nothing is dropped.'),
  dtype: z.enum(['int', 'float', 'str', 'bool']).default('str'),
})

/** A column written by a model as plain text. */
export const llmTextColumn = z.strictObject({ name, column_type: z.literal('llm-text'), drop, ...model })

/** A column written by a model as JSON. */
export const llmStructuredColumn = z.strictObject({
  name,
  column_type: z.literal('llm-structured'),
  drop,
  ...model,
  output_format: z.record(z.string(), z.unknown()).describe('JSON schema of the answer.'),
})

/** A column of the seed data. `seed_config` brings them; DataDesigner lists them in what it stores. */
export const seedColumn = z.strictObject({ name, column_type: z.literal('seed-dataset'), drop, ...idle })

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
    samplerColumns.datetime,
    samplerColumns.timedelta,
    samplerColumns.person_from_faker,
  ]),
  expressionColumn,
  llmTextColumn,
  llmStructuredColumn,
  seedColumn,
])

/** A column as read: defaults filled in. */
export type ColumnConfig = z.output<typeof anyColumn>
/** A sampler column as read. */
export type SamplerColumnConfig = Extract<ColumnConfig, { column_type: 'sampler' }>
