/** zod schemas of Parquetry's own settings (`parquetry:` in a config) and of DataDesigner's run config (`-c`). */
import { z } from 'zod'
import { anyDatasetProcessor } from './schema-dataset-processors.ts'

const price = z.strictObject({
  input_per_million: z.number().min(0).describe('Money for a million input tokens.'),
  output_per_million: z.number().min(0).describe('Money for a million output tokens.'),
  cache_read_per_million: z.number().min(0).optional().describe("Input tokens read from the provider's cache; default as input."),
  cache_write_per_million: z.number().min(0).optional().describe("Input tokens written to the provider's cache; default as input."),
  currency: z.string().min(1).max(8).default('USD'),
})

const rowGroups = {
  buffer_size: z.int().min(1).max(1_000_000).describe('Rows of a row group, that is, of one parquet file. Default 1000.'),
  max_concurrent_row_groups: z.int().min(1).max(1_000).describe('Row groups open at once. Default 8.'),
  max_conversation_restarts: z.int().min(0).max(100).describe('Fresh conversations for an answer that does not fit. Default 5.'),
  max_conversation_correction_steps: z.int().min(0).max(100).describe('Correction rounds within one conversation. Default 0.'),
  preserve_dropped_columns: z.boolean().describe('Keep dropped columns in dropped-columns-parquet-files/. Default true.'),
} as const

/** What Parquetry adds to a config. Every field may be left out. */
export const parquetrySettings = z
  .strictObject({
    seed: z.union([z.int(), z.string().min(1).max(200)]).describe('Makes the same random values again. Default: drawn once and recorded.'),
    reference_time: z.string().describe('ISO 8601: the day on which drawn people have their age. Default: the start of the first run.'),
    ...rowGroups,
    processors: z.array(anyDatasetProcessor).describe('Processors over the whole dataset, in this order, when it is complete.'),
    prices: z.record(z.string(), price).describe('Model alias → price.'),
    limits: z
      .record(
        z.string(),
        z.strictObject({
          requests_per_minute: z.number().positive().optional(),
          tokens_per_minute: z.number().positive().optional().describe('Input and output together.'),
        }),
      )
      .describe('Model alias → what a worker may ask of it a minute; the smallest of the aliases of one provider and model holds.'),
    budget: z
      .strictObject({
        money: z.number().positive().optional().describe('In the currency of the prices; every model needs a price then.'),
        tokens: z.int().min(1).optional().describe('Input and output together.'),
      })
      .describe('What the dataset may cost in all; at the limit the run waits until it is raised. Default: no limit.'),
    fallbacks: z
      .record(z.string(), z.array(z.string()).min(1))
      .describe('Model alias → aliases that are asked in its place, in this order, while its own model is blocked (key, quota, outage).'),
    native_structured_output: z.array(z.string()).describe('Model aliases whose endpoint understands response_format json_schema.'),
    refill_attempts: z.int().min(0).max(100).describe('More tries at a row that failed for good. Default 2.'),
    max_drop_share: z.number().min(0).max(1).describe('Share of a row group that may drop before the run waits. Default 0.5.'),
    journal_sync_ms: z
      .int()
      .min(0)
      .max(60_000)
      .describe(
        'Milliseconds until an answer in the journal is fsynced: a power cut costs at most the answers of that time, a killed process none. 0: every answer before it is used. Default 1000.',
      ),
    traces: z
      .enum(['none', 'sampled', 'all'])
      .describe(
        'Whose answers stay when a row group is committed, for `parquetry explain`: of no row, of one in a hundred, of all. Default none.',
      ),
    max_dropped: z
      .union([z.number().min(0), z.string().regex(/^\d+(?:\.\d+)?\s*%$/)])
      .describe('Rows that may be missing in a dataset called complete: a count, a share below 1, or a text like 1%. Default 0.'),
  })
  .partial()

/** DataDesigner's run config. What has no meaning here is accepted with a warning, see `run-config.ts`. */
export const runConfig = z
  .strictObject({
    ...rowGroups,
    disable_early_shutdown: z.boolean(),
    shutdown_error_rate: z.number().min(0).max(1),
    shutdown_error_window: z.int().min(1),
    max_in_flight_tasks: z.int().min(1),
    non_inference_max_parallel_workers: z.int().min(1),
    jinja_rendering_engine: z.enum(['secure', 'native']),
    async_trace: z.boolean(),
    write_scheduler_events: z.boolean(),
    display_tui: z.boolean(),
    progress_bar: z.boolean(),
    progress_interval: z.number().positive(),
    otel_metrics_port: z.int().min(1).max(65_535).nullable(),
    request_admission: z.record(z.string(), z.unknown()).nullable(),
    throttle: z.record(z.string(), z.unknown()).nullable(),
  })
  .partial()

/** Parquetry's settings as read. */
export type ParquetrySettings = z.output<typeof parquetrySettings>
/** A run config as read. */
export type RunConfig = z.output<typeof runConfig>
