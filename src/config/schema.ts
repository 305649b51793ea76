/**
 * The zod schema of a config file: DataDesigner's fields, wrapped or as shorthand, and our two additions, `model_providers` and
 * `parquetry`. It makes the types of `defineDataset` and the JSON schema for editors; reading goes part by part
 * (`read-config.ts`), so that one mistake does not hide another.
 */
import { z } from 'zod'
import { anyColumn } from './schema-columns.ts'
import { judgeScoreProfiler } from './schema-profilers.ts'
import { modelConfig, modelProvider } from './schema-models.ts'
import { seedConfig } from './schema-seed.ts'
import { remoteMcpProvider, toolConfig } from './schema-tools.ts'
import { parquetrySettings } from './schema-settings.ts'

const operator = z.enum(['lt', 'le', 'gt', 'ge'])
/** A sampler column against a number. */
export const scalarConstraint = z.strictObject({
  constraint_type: z.literal('scalar_inequality').default('scalar_inequality'),
  target_column: z.string(),
  operator,
  rhs: z.number(),
})
/** A sampler column against another one. */
export const columnConstraint = z.strictObject({
  constraint_type: z.literal('column_inequality').default('column_inequality'),
  target_column: z.string(),
  operator,
  rhs: z.string().describe('Name of the other sampler column.'),
})

/** Removes columns from the final rows. */
export const dropColumnsProcessor = z.strictObject({
  processor_type: z.literal('drop_columns'),
  name: z.string(),
  column_names: z.array(z.string()).describe('Names, or patterns with *.'),
})
/** Writes a second dataset of another shape beside the first. */
export const schemaTransformProcessor = z.strictObject({
  processor_type: z.literal('schema_transform'),
  name: z.string(),
  template: z.record(z.string(), z.unknown()).describe('New column → Jinja template, or a list or mapping of templates.'),
})

const dataDesignerFields = {
  columns: z.array(anyColumn),
  model_configs: z.array(modelConfig).nullable().optional(),
  tool_configs: z.array(toolConfig).nullable().optional().describe('Tools that models may call.'),
  seed_config: seedConfig.nullable().optional().describe('Rows to begin with: their columns become columns of the dataset.'),
  constraints: z
    .array(z.union([scalarConstraint, columnConstraint]))
    .nullable()
    .optional(),
  profilers: z.array(judgeScoreProfiler).nullable().optional().describe('Summaries of judge scores, made when the rows are there.'),
  processors: z
    .array(z.discriminatedUnion('processor_type', [dropColumnsProcessor, schemaTransformProcessor]))
    .nullable()
    .optional(),
} as const

/** What Parquetry adds at the root of a config file. */
const additions = {
  model_providers: z.array(modelProvider).nullable().optional().describe('Providers that only this config uses.'),
  mcp_providers: z
    .array(remoteMcpProvider)
    .nullable()
    .optional()
    .describe('Servers of tools that only this config uses; programs to be started (stdio) come from --mcp-providers or the home folder.'),
  parquetry: parquetrySettings.nullable().optional(),
} as const

/** A config without a wrapper. */
export const shorthandConfig = z.strictObject({ ...dataDesignerFields, ...additions })
/** A config as DataDesigner's builder writes it. */
export const wrappedConfig = z.strictObject({
  data_designer: z.strictObject(dataDesignerFields),
  library_version: z.string().nullable().optional(),
  ...additions,
})

/** A config file. */
export const configFile = z.union([shorthandConfig, wrappedConfig])

/** Fields of the root, as shorthand; used for near misses. */
export const ROOT_FIELDS: readonly string[] = Object.keys(shorthandConfig.shape)
/** Fields of DataDesigner's own part. */
export const DATA_DESIGNER_FIELDS: readonly string[] = Object.keys(dataDesignerFields)
/** Fields that Parquetry adds beside it. */
export const OWN_FIELDS: readonly string[] = Object.keys(additions)

/** What may be written in a config: the shorthand form, defaults left out. */
export type DatasetConfig = z.input<typeof shorthandConfig>
/** What may be written in a config, wrapped. */
export type WrappedDatasetConfig = z.input<typeof wrappedConfig>
/** A constraint as read. */
export type ConstraintConfig = z.output<typeof scalarConstraint> | z.output<typeof columnConstraint>
/** A processor as read. */
export type ProcessorConfig = z.output<typeof dropColumnsProcessor> | z.output<typeof schemaTransformProcessor>
