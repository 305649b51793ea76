/** zod schemas of post-generation processors: `parquetry.processors` in a config (DataDesigner has none of them). */
import { z } from 'zod'

const name = z.string().describe('Folder below processors-files/. Default: the processor_type.')
const input = z
  .string()
  .nullable()
  .describe(
    'Name of an earlier deduplicate or shuffle whose rows are read; null: the rows as generated. Default: the nearest earlier one, else the rows as generated.',
  )
const columns = z.array(z.string()).min(1)
const seed = z.union([z.int(), z.string().min(1).max(200)]).describe("Default: the dataset's seed.")
const format = z.enum(['jsonl', 'csv', 'parquet'])

const shared = { name: name.optional(), input: input.optional() } as const

/** Keeps the first of rows that say the same. */
export const deduplicateProcessor = z.strictObject({
  processor_type: z.literal('deduplicate'),
  ...shared,
  method: z.enum(['exact', 'near']).default('exact').describe('exact: same values. near: texts much alike (MinHash). Default exact.'),
  columns: columns.optional().describe('Columns compared; for near: text columns. Default: all columns (exact only).'),
  threshold: z
    .number()
    .min(0.1)
    .max(1)
    .default(0.8)
    .describe('For near: Jaccard similarity of 5-character shingles from which texts are duplicates. Default 0.8.'),
})
/** All rows in a random order. */
export const shuffleProcessor = z.strictObject({ processor_type: z.literal('shuffle'), ...shared, seed: seed.optional() })
/** Rows in several files. */
export const splitProcessor = z.strictObject({
  processor_type: z.literal('split'),
  ...shared,
  shares: z
    .record(z.string(), z.number().gt(0).max(1))
    .default({ train: 0.8, validation: 0.1, test: 0.1 })
    .describe('Split → share of the rows, up to chance; together 1. Default train 0.8, validation 0.1, test 0.1.'),
  by: columns.optional().describe('Rows with the same values in these columns go to the same split. Default: all columns.'),
  seed: seed.optional(),
  format: format.default('parquet'),
})
/** Rows in one file. */
export const exportProcessor = z.strictObject({
  processor_type: z.literal('export'),
  ...shared,
  format,
  columns: columns.optional().describe('Columns of the file, in this order. Default: all.'),
})
/** One that is registered on the worker. */
export const customProcessor = z.strictObject({
  processor_type: z.literal('custom'),
  ...shared,
  processor: z.string().min(1).describe('Name under which the worker has it in datasetProcessors.'),
  options: z.record(z.string(), z.json()).default({}).describe('Given to it as they are; other options make its output anew.'),
})

/** All kinds by `processor_type`. */
export const datasetProcessorKinds = {
  deduplicate: deduplicateProcessor,
  shuffle: shuffleProcessor,
  split: splitProcessor,
  export: exportProcessor,
  custom: customProcessor,
} as const

/** A processor of any kind, for editors. */
export const anyDatasetProcessor = z.discriminatedUnion('processor_type', [
  deduplicateProcessor,
  shuffleProcessor,
  splitProcessor,
  exportProcessor,
  customProcessor,
])

/** A `deduplicate` as read. */
export type DeduplicateConfig = z.output<typeof deduplicateProcessor>
/** A `shuffle` as read. */
export type ShuffleConfig = z.output<typeof shuffleProcessor>
/** A `split` as read. */
export type SplitConfig = z.output<typeof splitProcessor>
/** An `export` as read. */
export type ExportConfig = z.output<typeof exportProcessor>
/** A processor as read. */
export type DatasetProcessorConfig = z.output<typeof anyDatasetProcessor>
